// The topics that users of one topic like as well, and how much more often than all users do.
//
// :param topic => 'climbing';
//   NAME(Topic), required: the topic
// :param least => 0.3;
//   FLOAT 0..1: the least probability of an interest that counts
// :param floor => 5;
//   INTEGER >= 1: users who must like both
// :param k => 10;
//   INTEGER >= 1: how many rows
//
// columns: topic, users (of both), share (of the users of the first), lift
// index: Topic(name)
// scans: none
// cost: the interests of the topic's users, and the users of each topic found
MATCH (topic:Topic) WHERE topic.name = $topic
MATCH (topic)<-[interest:INTERESTED_IN]-(user:User)
WHERE interest.run = topic.profileRun AND interest.score >= $least
WITH topic, collect(user) AS members
UNWIND members AS user
MATCH (user)-[interest:INTERESTED_IN]->(topic2:Topic)
WHERE interest.run = topic.profileRun AND interest.score >= $least AND topic2 <> topic
WITH topic, size(members) AS members, topic2, count(*) AS users
WHERE users >= $floor
WITH topic2, users, toFloat(users) / members AS share,
     COUNT { MATCH (topic2)<-[interest:INTERESTED_IN]-(:User) WHERE interest.run = topic.profileRun AND interest.score >= $least } AS fans
RETURN topic2.name AS topic, users, share, share * COUNT { (:User) } / fans AS lift
ORDER BY lift DESC, users DESC, topic LIMIT $k

// The pairs of topics that occur together most above chance, over all topics.
//
// :param least => 0.3;
//   FLOAT 0..1: the least probability of an interest that counts
// :param floor => 10;
//   INTEGER >= 1: users who must like both
// :param k => 20;
//   INTEGER >= 1: how many rows
//
// columns: topic, also, users (of both), lift
// index: none
// scans: ProfileRun (a node for each published run), Topic (every topic is compared)
// cost: for each user the square of their interests
MATCH (run:ProfileRun) WHERE run.state = 'live'
WITH run.id AS live
MATCH (topic:Topic)
MATCH (topic)<-[interest:INTERESTED_IN]-(user:User)
WHERE interest.run = live AND interest.score >= $least
WITH live, topic, collect(user) AS members
UNWIND members AS user
MATCH (user)-[interest:INTERESTED_IN]->(topic2:Topic)
WHERE interest.run = live AND interest.score >= $least AND topic.name < topic2.name
WITH live, topic, size(members) AS members, topic2, count(*) AS users
WHERE users >= $floor
WITH topic, topic2, users, members,
     COUNT { MATCH (topic2)<-[interest:INTERESTED_IN]-(:User) WHERE interest.run = live AND interest.score >= $least } AS fans
RETURN topic.name AS topic, topic2.name AS also, users, toFloat(users) * COUNT { (:User) } / members / fans AS lift
ORDER BY lift DESC, users DESC, topic, also LIMIT $k

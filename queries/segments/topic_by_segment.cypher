// How much each segment likes one topic, beside all users.
//
// :param topic => 'climbing';
//   NAME(Topic), required: the topic
// :param by => 'segment';
//   STRING: the property that names a user's segment: segment, segmentName, community, or one of your own such as 'city'
// :param least => 0.3;
//   FLOAT 0..1: the least probability of an interest that counts
//
// columns: segment, users (of the segment), fans (who like the topic), share, lift (over the share of all)
// index: Topic(name)
// scans: User (the size of each segment is counted)
// cost: every user once, and the users interested in the topic
MATCH (topic:Topic) WHERE topic.name = $topic
MATCH (topic)<-[interest:INTERESTED_IN]-(user:User)
WHERE interest.run = topic.profileRun AND interest.score >= $least AND user[$by] IS NOT NULL
WITH user[$by] AS segment, count(*) AS fans
WITH collect({segment: segment, fans: fans}) AS parts, sum(fans) AS all_fans
MATCH (user:User) WHERE user[$by] IS NOT NULL
WITH parts, all_fans, user[$by] AS segment, count(*) AS users
WITH parts, all_fans, collect({segment: segment, users: users}) AS sizes, sum(users) AS total
UNWIND sizes AS part
WITH part, all_fans, total, coalesce([entry IN parts WHERE entry.segment = part.segment | entry.fans][0], 0) AS fans
WHERE all_fans > 0
RETURN part.segment AS segment, part.users AS users, fans, toFloat(fans) / part.users AS share,
       toFloat(fans) / part.users * total / all_fans AS lift
ORDER BY lift DESC, users DESC, segment

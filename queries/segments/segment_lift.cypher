// What sets each segment apart: the topics its users like more often than all users do.
//
// :param by => 'segment';
//   STRING: the property that names a user's segment: segment, segmentName, community, or one of your own such as 'city'
// :param least => 0.3;
//   FLOAT 0..1: the least probability of an interest that counts
// :param floor => 5;
//   INTEGER >= 1: users of the segment who must like the topic
// :param k => 3;
//   INTEGER >= 1: how many topics for each segment
//
// columns: segment, topic, users (of the segment, who like it), share (of the segment), lift (over the share of all)
// index: none
// scans: ProfileRun (a node for each published run), User (all segments are compared)
// cost: every user and their interests
MATCH (run:ProfileRun) WHERE run.state = 'live'
WITH run.id AS live
MATCH (user:User) WHERE user[$by] IS NOT NULL
WITH live, user[$by] AS segment, collect(user) AS members
WITH live, segment, members, size(members) AS segment_size
UNWIND members AS user
MATCH (user)-[interest:INTERESTED_IN]->(topic:Topic)
WHERE interest.run = live AND interest.score >= $least
WITH segment, segment_size, topic, count(*) AS users
WITH topic, collect({segment: segment, segment_size: segment_size, users: users}) AS parts, sum(users) AS fans
WITH collect({topic: topic.name, fans: fans, parts: parts}) AS topics, COUNT { MATCH (user:User) WHERE user[$by] IS NOT NULL } AS total
UNWIND topics AS entry
UNWIND entry.parts AS part
WITH part.segment AS segment, entry.topic AS topic, part.users AS users, toFloat(part.users) / part.segment_size AS share,
     toFloat(entry.fans) / total AS usual
WHERE users >= $floor
WITH segment, topic, users, share, share / usual AS lift ORDER BY segment, lift DESC, topic
WITH segment, collect({topic: topic, users: users, share: share, lift: lift})[..$k] AS best
UNWIND best AS entry
RETURN segment, entry.topic AS topic, entry.users AS users, entry.share AS share, entry.lift AS lift
ORDER BY segment, lift DESC, topic

// How large each segment is, and what its users like most.
//
// :param by => 'segment';
//   STRING: the property that names a user's segment: segment, segmentName, community, or one of your own such as 'city'
// :param k => 20;
//   INTEGER >= 1: how many rows
//
// columns: segment, users, share (of all users that have one), top_topics
// index: none
// scans: ProfileRun (a node for each published run), User (every user is counted)
// cost: every user, and the interests of all of them
MATCH (run:ProfileRun) WHERE run.state = 'live'
WITH run.id AS live
MATCH (user:User) WHERE user[$by] IS NOT NULL
WITH live, user[$by] AS segment, collect(user) AS members
WITH live, collect({segment: segment, members: members, users: size(members)}) AS segments, sum(size(members)) AS total
UNWIND segments AS part
WITH live, part, total ORDER BY part.users DESC, part.segment LIMIT $k
WITH live, part, total, part.members AS members
RETURN part.segment AS segment, part.users AS users, toFloat(part.users) / total AS share,
       COLLECT { UNWIND members AS user
                 MATCH (user)-[interest:INTERESTED_IN]->(topic:Topic) WHERE interest.run = live
                 WITH topic.name AS name, sum(interest.score) AS mass ORDER BY mass DESC, name LIMIT 3 RETURN name } AS top_topics
ORDER BY users DESC, segment

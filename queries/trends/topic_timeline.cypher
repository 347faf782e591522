// A topic through time: what was done with its items, and by how many users, in each month.
//
// :param topic => 'climbing';
//   NAME(Topic), required: the topic
// :param since => datetime('2025-01-01T00:00:00Z');
//   DATETIME: nothing before
//
// columns: month, actions, users, new_users (who did their first with this topic)
// index: Topic(name)
// scans: none
// cost: all that was done with the topic's items
MATCH (topic:Topic) WHERE topic.name = $topic
MATCH (topic)<-[:ABOUT]-(item:Item)<-[did:!RECOMMENDED]-(user:User)
WHERE did.at IS NOT NULL
WITH user, did.at AS at ORDER BY at
WITH user, collect(at) AS times
UNWIND range(0, size(times) - 1) AS place
WITH user, times[place] AS at, place
WHERE at >= datetime($since)
WITH toString(date.truncate('month', at)) AS day, user, place
RETURN left(day, 7) AS month, count(*) AS actions, count(DISTINCT user) AS users, count(CASE place WHEN 0 THEN 1 END) AS new_users
ORDER BY month

// The items of a topic that draw most users in a time window, beside the window of equal length before it.
//
// :param topic => 'climbing';
//   NAME(Topic), required: the topic
// :param since => datetime('2026-01-01T00:00:00Z');
//   DATETIME, required: begin of the window
// :param until => datetime('2026-04-01T00:00:00Z');
//   DATETIME, required: end of the window
// :param k => 10;
//   INTEGER >= 1: how many rows
//
// columns: id, name, before, now (users), change
// index: Topic(name)
// scans: none
// cost: all that was done with the topic's items
MATCH (topic:Topic) WHERE topic.name = $topic
MATCH (topic)<-[:ABOUT]-(item:Item)<-[did:!RECOMMENDED]-(user:User)
WITH item, user, did, datetime($since) AS since, datetime($until) AS until
WHERE did.at < until AND did.at >= since - duration.inSeconds(since, until)
WITH item, count(DISTINCT CASE WHEN did.at < since THEN user END) AS before, count(DISTINCT CASE WHEN did.at >= since THEN user END) AS now
WHERE now > 0
RETURN item.id AS id, item.title AS name, before, now, now - before AS change
ORDER BY change DESC, now DESC, id LIMIT $k

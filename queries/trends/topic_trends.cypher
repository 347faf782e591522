// Rising and falling topics: what was done with their items in a time window, beside the window of equal length before it.
//
// :param since => datetime('2026-01-01T00:00:00Z');
//   DATETIME, required: begin of the window
// :param until => datetime('2026-04-01T00:00:00Z');
//   DATETIME, required: end of the window
// :param falling => false;
//   BOOLEAN: the falling ones first
// :param floor => 5;
//   INTEGER >= 1: actions in both windows together
// :param k => 10;
//   INTEGER >= 1: how many rows
//
// columns: topic, before, now, share_before, share_now (of all actions), change (share_now over share_before, as a base-2 logarithm), users
// index: none
// scans: Topic (all topics are compared)
// cost: all that was done with items that have a topic
MATCH (topic:Topic)
MATCH (topic)<-[:ABOUT]-(item:Item)<-[did:!RECOMMENDED]-(user:User)
WITH topic, user, did, datetime($since) AS since, datetime($until) AS until
WHERE did.at < until AND did.at >= since - duration.inSeconds(since, until)
WITH topic, count(CASE WHEN did.at < since THEN 1 END) AS before, count(CASE WHEN did.at >= since THEN 1 END) AS now,
     count(DISTINCT CASE WHEN did.at >= since THEN user END) AS users
WITH collect({topic: topic.name, before: before, now: now, users: users}) AS entries, sum(before) AS all_before, sum(now) AS all_now
WHERE all_before > 0 AND all_now > 0
UNWIND entries AS entry
WITH entry, toFloat(entry.before) / all_before AS share_before, toFloat(entry.now) / all_now AS share_now,
     log((entry.now + 1.0) / (all_now + 1.0) / ((entry.before + 1.0) / (all_before + 1.0))) / log(2) AS change
WHERE entry.before + entry.now >= $floor
RETURN entry.topic AS topic, entry.before AS before, entry.now AS now, share_before, share_now, change, entry.users AS users
ORDER BY CASE WHEN $falling THEN change ELSE -change END, topic LIMIT $k

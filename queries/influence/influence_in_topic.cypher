// Who leads whom in a topic: pairs of friends of whom one had the topic's items shortly before the other, again and again.
//
// :param topic => 'climbing';
//   NAME(Topic), required: the topic
// :param days => 30;
//   INTEGER >= 1: how long before at most
// :param k => 20;
//   INTEGER >= 1: how many rows
//
// columns: leader, follower, leader_name, follower_name, items, credit (an item shares it among all friends who were earlier)
// index: Topic(name)
// scans: none
// cost: for each item of the topic, the ties of its users
MATCH (topic:Topic) WHERE topic.name = $topic
MATCH (topic)<-[:ABOUT]-(item:Item)<-[did:!RECOMMENDED]-(user:User) WHERE did.at IS NOT NULL
WITH item, user, min(did.at) AS moment
MATCH (user)-[:KNOWS]-(friend:User)
WITH DISTINCT item, user, moment, friend
MATCH (friend)-[did:!RECOMMENDED]->(item)
WHERE did.at < moment AND did.at >= moment - duration({days: $days})
WITH item, user, collect(DISTINCT friend) AS leaders
UNWIND leaders AS friend
WITH friend, user, count(item) AS items, sum(1.0 / size(leaders)) AS credit
RETURN friend.id AS leader, user.id AS follower, friend.name AS leader_name, user.name AS follower_name, items, credit
ORDER BY credit DESC, items DESC, leader, follower LIMIT $k

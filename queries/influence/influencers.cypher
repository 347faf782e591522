// The users who reach most others, by the expected number of friends that each would move at once.
//
// A friend with d ties is moved with probability 1/d (the weighted cascade). `influence`, where it is written, is shown beside.
//
// :param k => 10;
//   INTEGER >= 1: how many rows
//
// columns: id, name, ties, moved (expected friends moved), influence, tags (five at most)
// index: none
// scans: User (every user is ranked)
// cost: every tie twice
MATCH (user:User)
MATCH (user)-[:KNOWS]-(friend:User)
WITH DISTINCT user, friend
WITH user, count(friend) AS ties, sum(1.0 / COUNT { (friend)-[:KNOWS]-() }) AS moved
ORDER BY moved DESC, ties DESC, user.id LIMIT $k
RETURN user.id AS id, user.name AS name, ties, moved, user.influence AS influence, user.tags[..5] AS tags
ORDER BY moved DESC, ties DESC, id

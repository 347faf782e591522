// The friends of friends to meet: those with most friends in common, a friend with few ties counting more (Adamic-Adar).
//
// :param user => 'u0042';
//   KEY(User), required: for whom
// :param k => 10;
//   INTEGER >= 1: how many rows
//
// columns: id, name, score, friends_in_common, through (names of up to three), shared_tags (five at most)
// index: User(id)
// scans: none
// cost: the ties of the user's friends
MATCH (user:User) WHERE user.id = $user
MATCH (user)-[:KNOWS]-(friend:User)
WITH DISTINCT user, friend
WITH user, friend, 1.0 / log(1 + COUNT { (friend)-[:KNOWS]-() }) AS weight
MATCH (friend)-[:KNOWS]-(other:User)
WHERE other <> user
WITH DISTINCT user, friend, weight, other ORDER BY weight DESC, friend.id
WITH user, other, sum(weight) AS score, collect(friend) AS through
WHERE NOT EXISTS { (user)-[:KNOWS]-(other) }
WITH user, other, score, through ORDER BY score DESC, other.id LIMIT $k
RETURN other.id AS id, other.name AS name, score, size(through) AS friends_in_common, [friend IN through | friend.name][..3] AS through,
       [tag IN other.tags WHERE tag IN user.tags][..5] AS shared_tags
ORDER BY score DESC, id

// The items that friends had and the user has not: recommendation by ties alone, without any model.
//
// Each friend gives one voice over the root of how many users the item has, so that what everybody has does not win.
//
// :param user => 'u0042';
//   KEY(User), required: for whom
// :param k => 10;
//   INTEGER >= 1: how many rows
//
// columns: id, name, score, friends, by (names of up to three of them)
// index: User(id)
// scans: none
// cost: what the friends did
MATCH (user:User) WHERE user.id = $user
MATCH (user)-[:KNOWS]-(friend:User)
WITH DISTINCT user, friend
MATCH (friend)-[:!RECOMMENDED]->(item:Item)
WITH DISTINCT user, friend, item ORDER BY friend.id
WITH user, item, collect(friend) AS voices
WHERE NOT EXISTS { (user)-[:!RECOMMENDED]->(item) }
WITH item, voices, size(voices) / sqrt(COUNT { MATCH (other:User)-[:!RECOMMENDED]->(item) RETURN DISTINCT other }) AS score
ORDER BY score DESC, item.id LIMIT $k
RETURN item.id AS id, item.title AS name, score, size(voices) AS friends, [friend IN voices | friend.name][..3] AS by
ORDER BY score DESC, id

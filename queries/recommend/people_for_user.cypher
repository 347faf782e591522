// The people to recommend to a user: alike, not tied yet, and better the more friends both have.
//
// :param user => 'u0042';
//   KEY(User), required: for whom
// :param pool => 200;
//   INTEGER >= 1: how many of the most alike users are looked at
// :param k => 10;
//   INTEGER >= 1: how many rows
//
// columns: id, name, score (cosine + .1 for each doubling of the friends in common), cosine, friends_in_common, shared_tags (five at most)
// index: User(id), then the vector index over User(embedding)
// scans: none
// cost: one look-up in the vector index, and the friends of the user once for each of the pool
CYPHER 25
MATCH (user:User) WHERE user.id = $user
MATCH (other:User) SEARCH other IN (VECTOR INDEX sociogram_vector_User FOR user.embedding LIMIT $pool + 1) SCORE AS score
WITH user, other, 2 * score - 1 AS cosine
WHERE other <> user AND other.profileRun = user.profileRun AND NOT EXISTS { (user)-[:KNOWS]-(other) }
WITH user, other, cosine, COUNT { MATCH (user)-[:KNOWS]-(friend:User)-[:KNOWS]-(other) RETURN DISTINCT friend } AS friends_in_common
WITH user, other, cosine, friends_in_common, cosine + 0.1 * log(1 + friends_in_common) / log(2) AS score
ORDER BY score DESC, other.id LIMIT $k
RETURN other.id AS id, other.name AS name, score, cosine, friends_in_common, [tag IN other.tags WHERE tag IN user.tags][..5] AS shared_tags
ORDER BY score DESC, id

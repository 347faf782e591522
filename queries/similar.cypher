// The users whose embeddings are closest to a user's by cosine, through the vector index.
// :param user => ['u0412'];
// :param k => 10;
MATCH (user:User) WHERE user.id IN $user
CALL db.index.vector.queryNodes('sociogram_vector_User', $k + 1, user.embedding) YIELD node AS other, score
WHERE other <> user AND other.profileRun = user.profileRun
WITH user, other, 2 * score - 1 AS cosine ORDER BY cosine DESC LIMIT $k
RETURN other.id AS id, other.name AS name, cosine,
       [tag IN other.tags WHERE tag IN user.tags][..3] AS shared_tags,
       EXISTS { (user)-[:KNOWS]-(other) } AS tied,
       COUNT { MATCH (user)-[:KNOWS]-(friend)-[:KNOWS]-(other) RETURN DISTINCT friend } AS friends_in_common
ORDER BY cosine DESC, id

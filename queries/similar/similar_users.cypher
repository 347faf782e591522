// The users most alike one user, by the cosine of their embeddings, with what both share.
//
// :param user => 'u0042';
//   KEY(User), required: whom to compare with
// :param k => 10;
//   INTEGER >= 1: how many rows
//
// columns: id, name, cosine, shared_tags (five at most), tied, friends_in_common
// index: User(id), then the vector index over User(embedding)
// scans: none
// cost: one look-up in the vector index, and the friends of the user once for each row
CYPHER 25
MATCH (user:User) WHERE user.id = $user
MATCH (other:User) SEARCH other IN (VECTOR INDEX sociogram_vector_User FOR user.embedding LIMIT $k + 1) SCORE AS score
WITH user, other, 2 * score - 1 AS cosine
WHERE other <> user AND other.profileRun = user.profileRun
WITH user, other, cosine ORDER BY cosine DESC LIMIT $k
RETURN other.id AS id, other.name AS name, cosine,
       [tag IN other.tags WHERE tag IN user.tags][..5] AS shared_tags,
       EXISTS { (user)-[:KNOWS]-(other) } AS tied,
       COUNT { MATCH (user)-[:KNOWS]-(friend:User)-[:KNOWS]-(other) RETURN DISTINCT friend } AS friends_in_common
ORDER BY cosine DESC, id

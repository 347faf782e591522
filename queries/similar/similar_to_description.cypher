// The users who fit a description in words, such as "climbers who bake".
//
// `sociogram query` and `engine.query` make the vector of words. In another client give any vector of the users' space: the embedding
// of a user, or a mean of some.
//
// :param vector => COLLECT { MATCH (user:User) WHERE user.id = 'u0042' RETURN user.embedding }[0];
//   VECTOR, required: words, or a list of as many numbers as an embedding has
// :param k => 10;
//   INTEGER >= 1: how many rows
//
// columns: id, name, cosine, tags (five at most)
// index: the vector index over User(embedding)
// scans: ProfileRun (a node for each published run)
// cost: one look-up in the vector index
CYPHER 25
MATCH (run:ProfileRun) WHERE run.state = 'live'
WITH run.id AS live
MATCH (other:User) SEARCH other IN (VECTOR INDEX sociogram_vector_User FOR $vector LIMIT $k) SCORE AS score
WITH live, other, 2 * score - 1 AS cosine
WHERE other.profileRun = live
RETURN other.id AS id, other.name AS name, cosine, other.tags[..5] AS tags
ORDER BY cosine DESC, id

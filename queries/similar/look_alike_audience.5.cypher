// The users who look most like a list of seed users: an audience that resembles your best customers.
//
// :param seeds => ['u0042', 'u0107', 'u0256'];
//   LIST<KEY(User)>, required: the users to resemble; they are left out of the answer
// :param k => 10;
//   INTEGER >= 1: how many rows
//
// columns: id, name, cosine (with the mean direction of the seeds), ties_to_seeds, tags (five at most)
// index: User(id), then the vector index over User(embedding)
// scans: none
// cost: one look-up in the vector index for k + as many as there are seeds; some 100 numbers for each seed
MATCH (seed:User) WHERE seed.id IN $seeds AND seed.embedding IS NOT NULL
WITH seed, sqrt(reduce(total = 0.0, x IN seed.embedding | total + x * x)) AS norm
WHERE norm > 0
WITH collect(seed) AS seeds, collect([x IN seed.embedding | x / norm]) AS directions, max(seed.profileRun) AS live
WHERE size(seeds) > 0
WITH seeds, live, [d IN range(0, size(directions[0]) - 1) | reduce(total = 0.0, x IN directions | total + x[d])] AS centre
CALL db.index.vector.queryNodes('sociogram_vector_User', $k + size($seeds), centre) YIELD node AS other, score
WITH seeds, live, other, 2 * score - 1 AS cosine
WHERE other.profileRun = live AND NOT other IN seeds
WITH seeds, other, cosine ORDER BY cosine DESC LIMIT $k
RETURN other.id AS id, other.name AS name, cosine,
       COUNT { MATCH (other)-[:KNOWS]-(seed:User) WHERE seed IN seeds RETURN DISTINCT seed } AS ties_to_seeds,
       other.tags[..5] AS tags
ORDER BY cosine DESC, id

// The user whose embedding is closest to a user's by cosine, through the vector index.
// :param user => ['u0412'];
MATCH (user:User) WHERE user.id IN $user AND any(x IN user.embedding WHERE x <> 0)
CALL db.index.vector.queryNodes('sociogram_vector_User', 3, user.embedding) YIELD node AS other, score
WHERE other <> user AND other.profileRun = user.profileRun
RETURN other.id AS id, other.name AS name ORDER BY score DESC, id LIMIT 1

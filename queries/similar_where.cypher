// The closest users among those whose properties equal the given ones: an exact scan, so always k rows where there are k.
// :param user => ['u0412'];
// :param k => 10;
// :param where => {country: 'DE'};
MATCH (user:User) WHERE user.id IN $user
MATCH (other:User) // a label scan, on purpose: any property can be asked for
WHERE other <> user AND other.profileRun = user.profileRun AND all(name IN keys($where) WHERE other[name] = $where[name])
WITH user, other, 2 * vector.similarity.cosine(user.embedding, other.embedding) - 1 AS cosine ORDER BY cosine DESC LIMIT $k
RETURN other.id AS id, other.name AS name, cosine,
       [tag IN other.tags WHERE tag IN user.tags][..3] AS shared_tags,
       EXISTS { (user)-[:KNOWS]-(other) } AS tied,
       COUNT { MATCH (user)-[:KNOWS]-(friend)-[:KNOWS]-(other) RETURN DISTINCT friend } AS friends_in_common
ORDER BY cosine DESC, id

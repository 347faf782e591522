// The users most alike one user among those who have a given value of any property: always k rows where there are k.
//
// :param user => 'u0042';
//   KEY(User), required: whom to compare with
// :param property => 'city';
//   STRING, required: the property of the other users
// :param value => 'Madrid';
//   ANY, required: its value, of the property's own type
// :param k => 10;
//   INTEGER >= 1: how many rows
//
// columns: id, name, cosine, shared_tags (five at most)
// index: User(id)
// scans: User (any property may be asked for, so there may be no index on it)
// cost: one property of every user, and one cosine for each user that has the value
MATCH (user:User) WHERE user.id = $user
WITH user LIMIT 1
MATCH (other:User)
WHERE other[$property] = $value AND other <> user AND other.profileRun = user.profileRun
WITH user, other, 2 * vector.similarity.cosine(user.embedding, other.embedding) - 1 AS cosine
ORDER BY cosine DESC LIMIT $k
RETURN other.id AS id, other.name AS name, cosine, [tag IN other.tags WHERE tag IN user.tags][..5] AS shared_tags
ORDER BY cosine DESC, id

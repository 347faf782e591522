// The users most alike one user among those interested in a topic: exact, always k rows where there are k.
//
// :param user => 'u0042';
//   KEY(User), required: whom to compare with
// :param topic => 'climbing';
//   NAME(Topic), required: what they must be interested in
// :param least => 0.5;
//   FLOAT 0..1: the least probability of that interest
// :param k => 10;
//   INTEGER >= 1: how many rows
//
// columns: id, name, cosine, score (of the topic), shared_tags (five at most)
// index: User(id), Topic(name)
// scans: none
// cost: one cosine for each user interested in the topic
MATCH (user:User) WHERE user.id = $user
WITH user LIMIT 1
MATCH (topic:Topic) WHERE topic.name = $topic
MATCH (topic)<-[interest:INTERESTED_IN]-(other:User)
WHERE interest.run = topic.profileRun AND interest.score >= $least AND other <> user AND other.profileRun = user.profileRun
WITH user, other, interest.score AS score, 2 * vector.similarity.cosine(user.embedding, other.embedding) - 1 AS cosine
ORDER BY cosine DESC LIMIT $k
RETURN other.id AS id, other.name AS name, cosine, score, [tag IN other.tags WHERE tag IN user.tags][..5] AS shared_tags
ORDER BY cosine DESC, id

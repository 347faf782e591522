// What two users have in common, each with the part of their cosine that lies along it: cos(user, it) cos(other, it).
// :param user => ['u0412'];
// :param other => ['u0077'];
MATCH (user:User) WHERE user.id IN $user
WITH user LIMIT 1
MATCH (other:User) WHERE other.id IN $other AND other.profileRun = user.profileRun
WITH user, other, 2 * vector.similarity.cosine(user.embedding, other.embedding) - 1 AS score
CALL (user, other, score) {
  RETURN 'claim' AS kind, other.id AS id, other.name AS name, [] AS one, [] AS two, 0.0 AS weight, null AS likes, null AS likewise
UNION ALL
  MATCH (user)-[tie:KNOWS]-(other)
  WITH user, other, score, collect(DISTINCT type(tie)) AS types
  RETURN 'tie' AS kind, other.id AS id, other.name AS name, types AS one, [] AS two, score * abs(score) AS weight, null AS likes, null AS likewise
UNION ALL
  MATCH (user)-[tie:KNOWS]-(friend:User)-[tie2:KNOWS]-(other) WHERE friend.embedding IS NOT NULL
  WITH user, other, friend, collect(DISTINCT type(tie)) AS one, collect(DISTINCT type(tie2)) AS two
  RETURN 'friend' AS kind, friend.id AS id, friend.name AS name, one, two,
         (2 * vector.similarity.cosine(user.embedding, friend.embedding) - 1) * (2 * vector.similarity.cosine(other.embedding, friend.embedding) - 1) AS weight,
         null AS likes, null AS likewise
UNION ALL
  MATCH (user)-[did:!RECOMMENDED]->(item:Item)<-[did2:!RECOMMENDED]-(other) WHERE item.embedding IS NOT NULL
  WITH user, other, item, collect(DISTINCT type(did)) AS one, collect(DISTINCT type(did2)) AS two
  RETURN 'item' AS kind, item.id AS id, item.title AS name, one, two,
         (2 * vector.similarity.cosine(user.embedding, item.embedding) - 1) * (2 * vector.similarity.cosine(other.embedding, item.embedding) - 1) AS weight,
         null AS likes, null AS likewise
UNION ALL
  MATCH (user)-[interest:INTERESTED_IN]->(topic:Topic)<-[likewise:INTERESTED_IN]-(other)
  WHERE interest.run = user.profileRun AND likewise.run = user.profileRun AND topic.embedding IS NOT NULL
  RETURN 'topic' AS kind, topic.id AS id, topic.name AS name, [type(interest)] AS one, [type(likewise)] AS two,
         (2 * vector.similarity.cosine(user.embedding, topic.embedding) - 1) * (2 * vector.similarity.cosine(other.embedding, topic.embedding) - 1) AS weight,
         interest.score AS likes, likewise.score AS likewise
}
RETURN score, kind, id, name, one, two, weight, likes, likewise

// What speaks for an item with a user, each with the part of their likeness that lies along it: cos(user, it) cos(item, it).
// :param user => ['u0412'];
// :param item => ['i0004'];
MATCH (user:User) WHERE user.id IN $user
WITH user LIMIT 1
MATCH (item:Item) WHERE item.id IN $item
WITH user, item LIMIT 1
OPTIONAL MATCH (user)-[recommended:RECOMMENDED]->(item) WHERE recommended.run = user.profileRun
WITH user, item, recommended.score AS score
CALL (user, item) {
  RETURN 'claim' AS kind, item.id AS id, item.title AS name, [] AS one, [] AS two, 0.0 AS weight
UNION ALL
  MATCH (user)-[tie:KNOWS]-(friend:User)-[did:!RECOMMENDED]->(item) WHERE friend.embedding IS NOT NULL
  WITH user, item, friend, collect(DISTINCT type(tie)) AS one, collect(DISTINCT type(did)) AS two
  RETURN 'friend' AS kind, friend.id AS id, friend.name AS name, one, two,
         (2 * vector.similarity.cosine(user.embedding, friend.embedding) - 1) * (2 * vector.similarity.cosine(item.embedding, friend.embedding) - 1) AS weight
UNION ALL
  MATCH (item)-[about:ABOUT]->(topic:Topic)<-[interest:INTERESTED_IN]-(user) WHERE interest.run = user.profileRun AND topic.embedding IS NOT NULL
  RETURN 'topic' AS kind, topic.id AS id, topic.name AS name, [type(interest)] AS one, [type(about)] AS two,
         (2 * vector.similarity.cosine(user.embedding, topic.embedding) - 1) * (2 * vector.similarity.cosine(item.embedding, topic.embedding) - 1) AS weight
UNION ALL
  MATCH (user)-[did:!RECOMMENDED]->(item2:Item) WHERE item2 <> item AND item2.embedding IS NOT NULL
  WITH user, item, item2, collect(DISTINCT type(did)) AS one
  RETURN 'item' AS kind, item2.id AS id, item2.title AS name, one, [] AS two,
         (2 * vector.similarity.cosine(user.embedding, item2.embedding) - 1) * (2 * vector.similarity.cosine(item.embedding, item2.embedding) - 1) AS weight
}
RETURN score, kind, id, name, one, two, weight

// Why two users are alike: friends, items and topics in common, and the shortest social path between them.
//
// :param user => 'u0042';
//   KEY(User), required: one
// :param other => 'u0107';
//   KEY(User), required: the other
// :param k => 5;
//   INTEGER >= 1: how many friends, items and topics each
//
// columns: kind (cosine, path, friend, topic, item), what, strength
// index: User(id)
// scans: none
// cost: friends, items and interests of the two; a search from both sides over at most four ties for the path
MATCH (user:User) WHERE user.id = $user
WITH user LIMIT 1
MATCH (other:User) WHERE other.id = $other
CALL (user, other) {
  WITH user, other WHERE user.profileRun = other.profileRun
  RETURN 1 AS place, 'cosine' AS kind, 'of the embeddings' AS what,
         2 * vector.similarity.cosine(user.embedding, other.embedding) - 1 AS strength
UNION ALL
  MATCH path = ANY SHORTEST (user)-[:KNOWS]-{1,4}(other)
  RETURN 2 AS place, 'path' AS kind, reduce(text = '', friend IN nodes(path) | text + CASE text WHEN '' THEN '' ELSE ' - ' END + friend.name) AS what,
         1.0 / length(path) AS strength
UNION ALL
  MATCH (user)-[:KNOWS]-(friend:User)-[:KNOWS]-(other)
  WITH DISTINCT friend
  RETURN 3 AS place, 'friend' AS kind, friend.name AS what, 1.0 / log(1 + COUNT { (friend)-[:KNOWS]-() }) AS strength
  ORDER BY strength DESC, what LIMIT $k
UNION ALL
  MATCH (user)-[interest:INTERESTED_IN]->(topic:Topic)<-[likewise:INTERESTED_IN]-(other)
  WHERE interest.run = topic.profileRun AND likewise.run = topic.profileRun
  RETURN 4 AS place, 'topic' AS kind, topic.name AS what,
         CASE WHEN interest.score < likewise.score THEN interest.score ELSE likewise.score END AS strength
  ORDER BY strength DESC, what LIMIT $k
UNION ALL
  MATCH (user)-[:!RECOMMENDED]->(item:Item)<-[:!RECOMMENDED]-(other)
  WITH DISTINCT item
  RETURN 5 AS place, 'item' AS kind, item.title AS what, 1.0 / log(1 + COUNT { (item)<-[:!RECOMMENDED]-(:User) }) AS strength
  ORDER BY strength DESC, what LIMIT $k
}
RETURN kind, what, strength
ORDER BY place, strength DESC, what

// Why an item suits a user: the published rank, friends who had it, topics in common, own items that the same users had.
//
// :param user => 'u0042';
//   KEY(User), required: for whom
// :param item => 'i0004';
//   KEY(Item), required: which item
// :param k => 5;
//   INTEGER >= 1: how many friends, topics and items each
//
// columns: kind (rank, had, friend, topic, item), what, strength
// index: User(id), Item(id)
// scans: none
// cost: the friends and items of the user, and the users of the item
MATCH (user:User) WHERE user.id = $user
WITH user LIMIT 1
MATCH (item:Item) WHERE item.id = $item
CALL (user, item) {
  MATCH (user)-[recommended:RECOMMENDED]->(item) WHERE recommended.run = user.profileRun
  RETURN 1 AS place, 'rank' AS kind, 'recommended at place ' + toString(recommended.rank) AS what, toFloat(recommended.score) AS strength
UNION ALL
  MATCH (user)-[did:!RECOMMENDED]->(item)
  RETURN 2 AS place, 'had' AS kind, 'already: ' + type(did) AS what, toFloat(count(*)) AS strength
UNION ALL
  MATCH (user)-[tie:KNOWS]-(friend:User)
  WITH item, friend, max(coalesce(tie.weight, 1.0)) AS closeness
  WHERE EXISTS { (friend)-[:!RECOMMENDED]->(item) }
  RETURN 3 AS place, 'friend' AS kind, friend.name AS what, toFloat(closeness) AS strength
  ORDER BY strength DESC, what LIMIT $k
UNION ALL
  MATCH (item)-[:ABOUT]->(topic:Topic)<-[interest:INTERESTED_IN]-(user) WHERE interest.run = user.profileRun
  RETURN DISTINCT 4 AS place, 'topic' AS kind, topic.name AS what, interest.score AS strength
  ORDER BY strength DESC, what LIMIT $k
UNION ALL
  MATCH (user)-[:!RECOMMENDED]->(item2:Item)
  WITH DISTINCT item, item2 WHERE item2 <> item
  WITH item2, COUNT { MATCH (item)<-[:!RECOMMENDED]-(other:User)-[:!RECOMMENDED]->(item2) RETURN DISTINCT other } AS both,
       COUNT { (item)<-[:!RECOMMENDED]-(:User) } AS one, COUNT { (item2)<-[:!RECOMMENDED]-(:User) } AS two
  WHERE both > 0
  RETURN 5 AS place, 'item' AS kind, item2.title AS what, both / sqrt(toFloat(one) * two) AS strength
  ORDER BY strength DESC, what LIMIT $k
}
RETURN kind, what, strength
ORDER BY place, strength DESC, what

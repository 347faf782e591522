// What speaks for an interest of a user: what carried it when it was predicted, then what the graph has on it.
//
// Of kind `evidence` are the pieces that the live run published with the interest, each with its share of the claim. The others are the
// user's own word, all items about the topic and all friends who like it, whether or not they carried anything.
//
// :param user => 'u0042';
//   KEY(User), required: whose interest
// :param topic => 'climbing';
//   NAME(Topic), required: which interest
// :param k => 10;
//   INTEGER >= 1: how many items and friends each
//
// columns: kind (published, evidence, said, item, friend), what, how (the kind of evidence, what was done, or the friend's own), weight
// index: Topic(name), User(id)
// scans: none
// cost: the items and friends of one user
MATCH (topic:Topic) WHERE topic.name = $topic
WITH topic LIMIT 1
MATCH (user:User) WHERE user.id = $user
CALL (user, topic) {
  MATCH (user)-[interest:INTERESTED_IN]->(topic) WHERE interest.run = user.profileRun
  RETURN 1 AS place, 'published' AS kind, topic.name AS what, 'probability' AS how, interest.score AS weight
UNION ALL
  MATCH (user)-[interest:INTERESTED_IN]->(topic) WHERE interest.run = user.profileRun
  UNWIND range(0, size(coalesce(interest.evidence, [])) - 1) AS piece
  WITH interest, piece WHERE interest.evidenceKind[piece] <> 'said'
  RETURN 2 AS place, 'evidence' AS kind, interest.evidenceText[piece] AS what, interest.evidenceKind[piece] AS how,
         interest.evidenceShare[piece] AS weight
UNION ALL
  MATCH (user)-[tagged:TAGGED]->(topic)
  RETURN 3 AS place, 'said' AS kind, topic.name AS what, 'in the source' AS how, toFloat(coalesce(tagged.weight, 1)) AS weight
UNION ALL
  MATCH (user)-[did:!RECOMMENDED]->(item:Item)-[about:ABOUT]->(topic)
  WITH item, max(coalesce(about.weight, 1.0)) AS about, collect(DISTINCT type(did)) AS ways, count(did) AS times
  RETURN 4 AS place, 'item' AS kind, item.title AS what, reduce(text = '', way IN ways | text + CASE text WHEN '' THEN '' ELSE ', ' END + way) AS how,
         toFloat(about * times) AS weight
  ORDER BY weight DESC, what LIMIT $k
UNION ALL
  MATCH (user)-[tie:KNOWS]-(friend:User)
  WITH user, topic, friend, max(coalesce(tie.weight, 1.0)) AS closeness
  MATCH (friend)-[interest:INTERESTED_IN]->(topic) WHERE interest.run = user.profileRun
  RETURN 5 AS place, 'friend' AS kind, friend.name AS what,
         CASE WHEN EXISTS { (friend)-[:TAGGED]->(topic) } THEN 'said so' ELSE 'likely' END AS how, toFloat(closeness * interest.score) AS weight
  ORDER BY weight DESC, what LIMIT $k
}
RETURN kind, what, how, weight
ORDER BY place, weight DESC, what

// The items recommended to a user by the live run, best first, with reasons.
//
// :param user => 'u0042';
//   KEY(User), required: for whom
// :param k => 10;
//   INTEGER >= 1: how many rows; 20 are published unless publishing was told otherwise
//
// columns: rank, id, name, score, friends (who already had it), topics (it shares with the user)
// index: User(id)
// scans: none
// cost: the user's recommendations, and the friends once for each row
MATCH (user:User) WHERE user.id = $user
MATCH (user)-[recommended:RECOMMENDED]->(item:Item)
WHERE recommended.run = user.profileRun
WITH user, item, recommended ORDER BY recommended.rank LIMIT $k
RETURN recommended.rank AS rank, item.id AS id, item.title AS name, recommended.score AS score,
       COUNT { MATCH (user)-[:KNOWS]-(friend:User)-[:!RECOMMENDED]->(item) RETURN DISTINCT friend } AS friends,
       COLLECT { MATCH (item)-[:ABOUT]->(topic:Topic) WHERE topic.name IN user.tags RETURN DISTINCT topic.name ORDER BY topic.name } AS topics
ORDER BY rank

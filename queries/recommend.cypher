// What is recommended to a user and not had since, best first, with the friends who already had it and the topics it shares with the user.
// :param user => ['u0412'];
// :param k => 10;
MATCH (user:User) WHERE user.id IN $user
MATCH (user)-[recommended:RECOMMENDED]->(item:Item)
WHERE recommended.run = user.profileRun AND NOT EXISTS { (user)-[:!RECOMMENDED]->(item) } // had since then
WITH user, item, recommended ORDER BY recommended.rank LIMIT $k
RETURN item.id AS id, item.name AS name, recommended.rank AS rank, recommended.score AS score,
       COUNT { MATCH (user)-[:KNOWS]-(friend)-[:VIEWED]->(item) RETURN DISTINCT friend } AS friends,
       COLLECT { MATCH (item)-[:ABOUT]->(topic:Topic) WHERE topic.name IN user.tags RETURN topic.name ORDER BY topic.name LIMIT 3 } AS topics
ORDER BY rank

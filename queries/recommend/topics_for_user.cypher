// The topics to show to a user: likely interests that the user never named, those rarer among all users first where as likely.
//
// :param user => 'u0042';
//   KEY(User), required: for whom
// :param k => 5;
//   INTEGER >= 1: how many rows
//
// columns: topic, score (probability), because (the piece of evidence with the largest share), friends (who like it), items (about it, that the user has not had)
// index: User(id)
// scans: none
// cost: the user's interests, the friends and the topics' items once for each row
MATCH (user:User) WHERE user.id = $user
MATCH (user)-[interest:INTERESTED_IN]->(topic:Topic)
WHERE interest.run = user.profileRun AND interest.score < 1 AND NOT EXISTS { (user)-[:TAGGED]->(topic) }
WITH user, topic, interest, interest.score AS score, COUNT { (topic)<-[:INTERESTED_IN]-() } AS fans
ORDER BY score DESC, fans, topic.name LIMIT $k
RETURN topic.name AS topic, score, interest.evidenceText[0] AS because,
       COUNT { MATCH (user)-[:KNOWS]-(friend:User)-[likewise:INTERESTED_IN]->(topic) WHERE likewise.run = user.profileRun RETURN DISTINCT friend } AS friends,
       COUNT { MATCH (topic)<-[:ABOUT]-(item:Item) WHERE NOT EXISTS { (user)-[:!RECOMMENDED]->(item) } RETURN DISTINCT item } AS items
ORDER BY score DESC, fans, topic

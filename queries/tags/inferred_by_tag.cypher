// The users who never said that they like a topic and very likely do, with what carries it most.
//
// :param topic => 'climbing';
//   NAME(Topic), required: the topic
// :param least => 0.5;
//   FLOAT 0..1: the least probability
// :param k => 20;
//   INTEGER >= 1: how many rows
//
// columns: id, name, score, because (the piece of evidence with the largest share), friends_who_like_it, items_about_it
// index: Topic(name)
// scans: none
// cost: the users interested in the topic; friends and items of those shown
MATCH (topic:Topic) WHERE topic.name = $topic
MATCH (topic)<-[interest:INTERESTED_IN]-(user:User)
WHERE interest.run = topic.profileRun AND interest.score >= $least AND interest.score < 1 AND NOT EXISTS { (user)-[:TAGGED]->(topic) }
WITH topic, user, interest, interest.score AS score
ORDER BY score DESC, user.id LIMIT $k
RETURN user.id AS id, user.name AS name, score, interest.evidenceText[0] AS because,
       COUNT { MATCH (user)-[:KNOWS]-(friend:User)-[:TAGGED]->(topic) RETURN DISTINCT friend } AS friends_who_like_it,
       COUNT { MATCH (user)-[:!RECOMMENDED]->(item:Item)-[:ABOUT]->(topic) RETURN DISTINCT item } AS items_about_it
ORDER BY score DESC, id

// The users interested in a topic, with at least a given confidence.
//
// :param topic => 'climbing';
//   NAME(Topic), required: the topic
// :param least => 0.5;
//   FLOAT 0..1: the least probability
// :param k => 20;
//   INTEGER >= 1: how many rows
//
// columns: id, name, score (a calibrated probability), observed (the graph itself says so)
// index: Topic(name)
// scans: none
// cost: the users interested in the topic
MATCH (topic:Topic) WHERE topic.name = $topic
MATCH (topic)<-[interest:INTERESTED_IN]-(user:User)
WHERE interest.run = topic.profileRun AND interest.score >= $least
WITH topic, user, interest.score AS score
ORDER BY score DESC, user.id LIMIT $k
RETURN user.id AS id, user.name AS name, score, score = 1 OR EXISTS { (user)-[:TAGGED]->(topic) } AS observed
ORDER BY score DESC, id

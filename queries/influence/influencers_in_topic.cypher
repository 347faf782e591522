// The users who like a topic and have the most friends to move for it: each friend counts by their own interest over their ties.
//
// :param topic => 'climbing';
//   NAME(Topic), required: the topic
// :param least => 0.3;
//   FLOAT 0..1: the least probability that the user and a friend like the topic
// :param k => 10;
//   INTEGER >= 1: how many rows
//
// columns: id, name, score (of the user for the topic), friends_who_like_it, moved (expected friends moved)
// index: Topic(name)
// scans: none
// cost: the ties of the users interested in the topic
MATCH (topic:Topic) WHERE topic.name = $topic
MATCH (topic)<-[interest:INTERESTED_IN]-(user:User)
WHERE interest.run = topic.profileRun AND interest.score >= $least
MATCH (user)-[:KNOWS]-(friend:User)
WITH DISTINCT topic, user, interest.score AS score, friend
MATCH (friend)-[likewise:INTERESTED_IN]->(topic)
WHERE likewise.run = topic.profileRun AND likewise.score >= $least
WITH user, score, count(friend) AS friends_who_like_it, sum(likewise.score / COUNT { (friend)-[:KNOWS]-() }) AS moved
ORDER BY moved DESC, user.id LIMIT $k
RETURN user.id AS id, user.name AS name, score, friends_who_like_it, moved
ORDER BY moved DESC, id

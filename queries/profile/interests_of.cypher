// A user's interests, strongest first, what carries each most, and how many friends share it.
//
// :param user => 'u0042';
//   KEY(User), required: whose interests
//
// columns: topic, score (a calibrated probability), observed (the graph itself says so), because (the piece of evidence with the largest share), friends
// index: User(id)
// scans: none
// cost: the user's interests, and the friends once for each
MATCH (user:User) WHERE user.id = $user
MATCH (user)-[interest:INTERESTED_IN]->(topic:Topic)
WHERE interest.run = user.profileRun
RETURN topic.name AS topic, interest.score AS score, interest.score = 1 OR EXISTS { (user)-[:TAGGED]->(topic) } AS observed, interest.evidenceText[0] AS because,
       COUNT { MATCH (user)-[:KNOWS]-(friend:User)-[likewise:INTERESTED_IN]->(topic) WHERE likewise.run = user.profileRun RETURN DISTINCT friend } AS friends
ORDER BY score DESC, topic

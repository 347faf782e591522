// A user's interests, strongest first; `observed` where the graph itself says so.
// :param user => ['u0412'];
MATCH (user:User) WHERE user.id IN $user
MATCH (user)-[interest:INTERESTED_IN]->(topic:Topic)
WHERE interest.run = user.profileRun
RETURN topic.id AS id, topic.name AS name, interest.score AS score, interest.score = 1 OR EXISTS { (user)-[:TAGGED]->(topic) } AS observed
ORDER BY score DESC, [place IN range(0, size(user.tags) - 1) WHERE user.tags[place] = topic.name][0], name

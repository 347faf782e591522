// What carries a user's interest in a topic, as the live run published it.
// :param user => ['u0412'];
// :param topic => 'climbing';
MATCH (topic:Topic) WHERE topic.name = $topic
MATCH (user:User)-[interest:INTERESTED_IN]->(topic) WHERE user.id IN $user AND interest.run = user.profileRun
RETURN topic.id AS id, topic.name AS name, interest.score AS score, interest.evidence AS path, interest.evidenceKind AS kind,
       interest.evidenceKey AS key, interest.evidenceText AS sentence, interest.evidenceShare AS share
LIMIT 1

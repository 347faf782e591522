// The users who are interested in all of several topics, those surest of all of them first.
//
// :param topics => ['climbing', 'baking'];
//   LIST<NAME(Topic)>, required: every one of them must be an interest
// :param least => 0.0;
//   FLOAT 0..1: the least probability of each interest
// :param k => 10;
//   INTEGER >= 1: how many rows
//
// columns: id, name, score (the geometric mean of the probabilities), interests
// index: Topic(name)
// scans: none
// cost: the interested users of the topics
MATCH (topic:Topic) WHERE topic.name IN $topics
MATCH (topic)<-[interest:INTERESTED_IN]-(user:User)
WHERE interest.run = topic.profileRun AND interest.score >= $least
WITH user, collect([topic.name, interest.score]) AS interests, exp(avg(log(interest.score))) AS score
WHERE size(interests) = COUNT { UNWIND $topics AS wanted RETURN DISTINCT wanted }
RETURN user.id AS id, user.name AS name, score, [i IN interests | i[0] + ' ' + toString(round(i[1], 2))] AS interests
ORDER BY score DESC, id LIMIT $k

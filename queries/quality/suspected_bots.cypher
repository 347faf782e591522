// The users who behave like machines: a clock-like rhythm, bursts, one item over and over, no friends, ties that nobody returns, no taste.
//
// A suspicion, not a proof: look at what each signal says before you act.
//
// :param least => 20;
//   INTEGER >= 3: actions a user must have to be judged
// :param signals => 2;
//   INTEGER 1..6: how many of the six signals it takes
// :param k => 20;
//   INTEGER >= 1: how many rows
//
// columns: id, name, signals, actions, rhythm (deviation over mean of the gaps; under .5 is clock-like), per_hour (most in one hour; over 20
//   is a burst), variety (items over actions; under .2 is repetition), friends (none is the fourth signal), started (share of the ties
//   that the user began; .9 of ten and more is the fifth), leaning (share of the topic seen most; under .25 is the sixth)
// index: none
// scans: User (every user is judged)
// cost: all that was ever done, sorted by time for each user, with the topics of the items; the ties of each user judged
MATCH (user:User)
CALL (user) {
  MATCH (user)-[did:!RECOMMENDED]->(item:Item)
  WHERE did.at IS NOT NULL
  WITH item, datetime(did.at).epochMillis AS moment ORDER BY moment
  RETURN collect(moment) AS moments, count(DISTINCT item) AS items
}
WITH user, moments, items, size(moments) AS actions, COUNT { (user)-[:KNOWS]-() } AS friends
WHERE actions >= $least
WITH user, moments, actions, friends, toFloat(items) / actions AS variety, toFloat(last(moments) - moments[0]) / (actions - 1) AS mean
CALL (moments) {
  UNWIND moments AS moment
  WITH moment / 3600000 AS hour, count(*) AS times
  RETURN max(times) AS per_hour
}
WITH user, actions, friends, variety, per_hour,
     CASE mean WHEN 0.0 THEN 0.0 ELSE sqrt(reduce(total = 0.0, place IN range(1, actions - 1) |
       total + (moments[place] - moments[place - 1] - mean) ^ 2) / (actions - 1)) / mean END AS rhythm
WITH user, actions, friends, variety, per_hour, rhythm,
     CASE friends WHEN 0 THEN NULL ELSE toFloat(COUNT { (user)-[:KNOWS]->() }) / friends END AS started
CALL (user) {
  MATCH (user)-[did:!RECOMMENDED]->(item:Item)-[:ABOUT]->(topic:Topic)
  WITH topic, count(did) AS times
  RETURN toFloat(max(times)) / sum(times) AS leaning
}
WITH user, actions, friends, variety, per_hour, rhythm, started, leaning,
     CASE WHEN rhythm < 0.5 THEN 1 ELSE 0 END + CASE WHEN per_hour > 20 THEN 1 ELSE 0 END
       + CASE WHEN variety < 0.2 THEN 1 ELSE 0 END + CASE friends WHEN 0 THEN 1 ELSE 0 END
       + CASE WHEN friends >= 10 AND started >= 0.9 THEN 1 ELSE 0 END + CASE WHEN leaning < 0.25 THEN 1 ELSE 0 END AS found
WHERE found >= $signals
RETURN user.id AS id, user.name AS name, found AS signals, actions, rhythm, per_hour, variety, friends, started, leaning
ORDER BY signals DESC, actions DESC, id LIMIT $k

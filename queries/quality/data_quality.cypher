// What is missing or odd in the graph, counted: the first thing to look at before you trust a profile.
//
// columns: check, found, of
// index: none
// scans: ProfileRun, User, Item, Topic (everything is counted)
// cost: every node once, and the degree of each
MATCH (run:ProfileRun) WHERE run.state = 'live'
WITH run.id AS live
CALL (live) {
  MATCH (user:User)
  WITH count(*) AS of, count(CASE WHEN user.profileRun IS NULL THEN 1 END) AS bare,
       count(CASE WHEN user.profileRun <> live THEN 1 END) AS old,
       count(CASE WHEN NOT EXISTS { (user)-[:KNOWS]-() } THEN 1 END) AS lonely,
       count(CASE WHEN NOT EXISTS { (user)-[:!RECOMMENDED]->(:Item) } THEN 1 END) AS idle,
       count(CASE WHEN NOT EXISTS { (user)-[:TAGGED]->() } THEN 1 END) AS silent,
       count(CASE WHEN EXISTS { (user)-[:KNOWS]->(user) } THEN 1 END) AS loops,
       count(CASE WHEN user.tags = [] THEN 1 END) AS unsure
  UNWIND [['users without a profile', bare], ['users with the profile of another run', old], ['users without a tie', lonely],
          ['users who did nothing', idle], ['users who named no topic', silent], ['users tied to themselves', loops],
          ['users with a profile and no tag sure enough', unsure]] AS entry
  RETURN entry[0] AS check, entry[1] AS found, of
UNION ALL
  MATCH (item:Item)
  WITH count(*) AS of, count(CASE WHEN NOT EXISTS { (item)-[:ABOUT]->() } THEN 1 END) AS plain,
       count(CASE WHEN NOT EXISTS { (item)<-[:!RECOMMENDED]-(:User) } THEN 1 END) AS unused,
       count(CASE WHEN item.profileRun IS NULL THEN 1 END) AS bare
  UNWIND [['items without a topic', plain], ['items that nobody had', unused], ['items without an embedding', bare]] AS entry
  RETURN entry[0] AS check, entry[1] AS found, of
UNION ALL
  MATCH (topic:Topic)
  WITH count(*) AS of, count(CASE WHEN NOT EXISTS { (topic)<-[:ABOUT]-() } THEN 1 END) AS plain,
       count(CASE WHEN NOT EXISTS { (topic)<-[:TAGGED]-() } THEN 1 END) AS unnamed
  UNWIND [['topics without an item', plain], ['topics that nobody named', unnamed]] AS entry
  RETURN entry[0] AS check, entry[1] AS found, of
}
RETURN check, found, of
ORDER BY toFloat(found) / of DESC, check

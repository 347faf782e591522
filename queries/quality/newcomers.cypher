// The users who have no profile of the live run yet, and what is known of them: those with most to go by first.
//
// :param k => 20;
//   INTEGER >= 1: how many rows
//
// columns: id, name, ties, actions, declared (topics named), profile (the run of an older profile, if any)
// index: none
// scans: ProfileRun (a node for each published run), User (any user may lack a profile)
// cost: one property of every user
MATCH (run:ProfileRun) WHERE run.state = 'live'
WITH run.id AS live
MATCH (user:User) WHERE user.profileRun IS NULL OR user.profileRun <> live
WITH user, COUNT { (user)-[:KNOWS]-() } AS ties, COUNT { (user)-[:!RECOMMENDED]->(:Item) } AS actions, COUNT { (user)-[:TAGGED]->() } AS declared
RETURN user.id AS id, user.name AS name, ties, actions, declared, user.profileRun AS profile
ORDER BY ties + actions + declared DESC, id LIMIT $k

// One user's published profile.
// :param user => ['u0412'];
MATCH (user:User) WHERE user.id IN $user
RETURN user.id AS id, user.name AS name, user.tags AS tags, user.tagScores AS scores, user.keywords AS keywords,
       user.embedding AS embedding, user.profileRun AS run, user.profiledAt AS at, properties(user) AS properties
LIMIT 1

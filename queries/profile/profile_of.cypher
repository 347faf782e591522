// One user's profile: interests with their probabilities, keywords, predicted attributes.
//
// :param user => 'u0042';
//   KEY(User), required: whose profile
//
// columns: id, name, interests, keywords, predicted, run, at
// index: User(id)
// scans: none
// cost: one node
MATCH (user:User) WHERE user.id = $user
RETURN user.id AS id, user.name AS name,
       [place IN range(0, size(coalesce(user.tags, [])) - 1) | user.tags[place] + ' ' + toString(round(user.tagScores[place], 2))] AS interests,
       user.keywords AS keywords,
       [key IN keys(user) WHERE key CONTAINS 'predicted' AND NOT key ENDS WITH 'Confidence' AND NOT key STARTS WITH 'next_'
         | substring(key, size(split(key, 'predicted')[0]) + 9) + ': ' + toString(CASE WHEN valueType(user[key]) STARTS WITH 'LIST'
             THEN reduce(text = '', x IN user[key] | text + CASE text WHEN '' THEN '' ELSE ', ' END + toString(x))
             WHEN valueType(user[key]) STARTS WITH 'FLOAT' THEN round(user[key], 2) ELSE user[key] END)] AS predicted,
       user.profileRun AS run, user.profiledAt AS at

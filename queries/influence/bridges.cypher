// The users who tie groups together: their ties go evenly to many groups (participation coefficient).
//
// :param by => 'community';
//   STRING: the property that names a user's group: community, segment, or one of your own such as 'city'
// :param least => 5;
//   INTEGER >= 1: ties a user must have
// :param k => 20;
//   INTEGER >= 1: how many rows
//
// columns: id, name, own_group, ties, groups, participation (0: one group only), bridging (where it is written)
// index: none
// scans: User (every user is ranked)
// cost: every tie twice
MATCH (user:User) WHERE user[$by] IS NOT NULL
MATCH (user)-[:KNOWS]-(friend:User) WHERE friend[$by] IS NOT NULL
WITH DISTINCT user, friend
WITH user, friend[$by] AS place, count(*) AS ties
WITH user, collect(ties) AS counts, sum(ties) AS ties, count(*) AS groups
WHERE ties >= $least AND groups > 1
WITH user, ties, groups, 1 - reduce(total = 0.0, x IN counts | total + (toFloat(x) / ties) ^ 2) AS participation
ORDER BY participation DESC, ties DESC, user.id LIMIT $k
RETURN user.id AS id, user.name AS name, user[$by] AS own_group, ties, groups, participation, user.bridging AS bridging
ORDER BY participation DESC, ties DESC, id

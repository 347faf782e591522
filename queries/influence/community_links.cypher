// Which groups are tied to which, beside what chance would tie, and the user who holds most of those ties.
//
// :param by => 'community';
//   STRING: the property that names a user's group: community, segment, or one of your own such as 'city'
// :param k => 20;
//   INTEGER >= 1: how many rows
//
// columns: one, other, ties, lift (ties over those that chance would give), held_by, held (ties of that user)
// index: none
// scans: User (all groups are compared)
// cost: every tie twice
MATCH (user:User) WHERE user[$by] IS NOT NULL
MATCH (user)-[:KNOWS]-(friend:User) WHERE friend[$by] IS NOT NULL
WITH user, user[$by] AS one, friend[$by] AS other, count(*) AS held
ORDER BY held DESC, user.id
WITH one, other, sum(held) AS ties, collect([user.name, held])[0] AS top
WITH collect({one: one, other: other, ties: ties, top: top}) AS links
WITH links, reduce(total = 0, x IN links | total + x.ties) AS total
UNWIND links AS link
WITH link, total,
     reduce(s = 0, x IN links | s + CASE WHEN x.one = link.one THEN x.ties ELSE 0 END) AS ends,
     reduce(s = 0, x IN links | s + CASE WHEN x.one = link.other THEN x.ties ELSE 0 END) AS other_ends
WHERE link.one < link.other
RETURN link.one AS one, link.other AS other, link.ties AS ties, toFloat(link.ties) * total / ends / other_ends AS lift,
       link.top[0] AS held_by, link.top[1] AS held
ORDER BY ties DESC, one, other LIMIT $k

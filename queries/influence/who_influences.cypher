// Whom a user follows in what they do: friends who had the same items shortly before, each with their share of the credit.
//
// An item that several friends had before shares its credit equally among them. Being earlier is no proof of influence: alike people
// find the same things.
//
// :param user => 'u0042';
//   KEY(User), required: who may be influenced
// :param days => 30;
//   INTEGER >= 1: how long before at most
// :param k => 10;
//   INTEGER >= 1: how many rows
//
// columns: id, name, items (had before the user), credit, share (of all the user's items)
// index: User(id)
// scans: none
// cost: the user's items, and those of the friends
MATCH (user:User) WHERE user.id = $user
MATCH (user)-[did:!RECOMMENDED]->(item:Item) WHERE did.at IS NOT NULL
WITH user, item, min(did.at) AS moment
WITH user, collect([item, moment]) AS mine
UNWIND mine AS entry
WITH user, size(mine) AS total, entry[0] AS item, entry[1] AS moment
MATCH (user)-[:KNOWS]-(friend:User)
WITH DISTINCT total, item, moment, friend
MATCH (friend)-[did:!RECOMMENDED]->(item)
WHERE did.at < moment AND did.at >= moment - duration({days: $days})
WITH total, item, collect(DISTINCT friend) AS earlier
UNWIND earlier AS friend
WITH total, friend, count(item) AS items, sum(1.0 / size(earlier)) AS credit
RETURN friend.id AS id, friend.name AS name, items, credit, credit / total AS share
ORDER BY credit DESC, items DESC, id LIMIT $k

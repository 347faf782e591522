// How an item spread: who had it when, and which friends had it before.
//
// :param item => 'i0004';
//   KEY(Item), required: the item
// :param k => 50;
//   INTEGER >= 1: how many rows, the earliest first
//
// columns: at, id, name, friends_before, after (names of up to three friends who were earlier)
// index: Item(id)
// scans: none
// cost: the ties of the item's users
MATCH (item:Item) WHERE item.id = $item
MATCH (item)<-[did:!RECOMMENDED]-(user:User) WHERE did.at IS NOT NULL
WITH item, user, min(did.at) AS at
ORDER BY at, user.id LIMIT $k
WITH item, user, at,
     COLLECT { MATCH (user)-[:KNOWS]-(friend:User)-[did:!RECOMMENDED]->(item) WHERE did.at < at
               RETURN DISTINCT friend ORDER BY friend.id } AS earlier
RETURN at, user.id AS id, user.name AS name, size(earlier) AS friends_before, [friend IN earlier | friend.name][..3] AS after
ORDER BY at, id

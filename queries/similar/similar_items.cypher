// The items that the users of an item have as well, more than chance alone would have it.
//
// :param item => 'i0004';
//   KEY(Item), required: the item to start from
// :param k => 10;
//   INTEGER >= 1: how many rows
//
// columns: id, name, users_in_common, cosine (of the two sets of users)
// index: Item(id)
// scans: none
// cost: all that the item's users did
MATCH (item:Item) WHERE item.id = $item
MATCH (item)<-[:!RECOMMENDED]-(user:User)
WITH item, collect(DISTINCT user) AS users
UNWIND users AS user
MATCH (user)-[:!RECOMMENDED]->(item2:Item)
WHERE item2 <> item
WITH users, item2, count(DISTINCT user) AS users_in_common
WITH item2, users_in_common, users_in_common / sqrt(size(users) * COUNT { MATCH (user:User)-[:!RECOMMENDED]->(item2) RETURN DISTINCT user }) AS cosine
ORDER BY cosine DESC, users_in_common DESC LIMIT $k
RETURN item2.id AS id, item2.title AS name, users_in_common, cosine
ORDER BY cosine DESC, id

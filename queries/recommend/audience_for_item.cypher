// The users to whom the live run recommends an item: whom to tell about it first.
//
// :param item => 'i0004';
//   KEY(Item), required: the item
// :param k => 20;
//   INTEGER >= 1: how many rows
//
// columns: id, name, rank (of the item for that user), score, friends_who_had_it
// index: Item(id)
// scans: none
// cost: the users who have the item among their published recommendations
MATCH (item:Item) WHERE item.id = $item
MATCH (item)<-[recommended:RECOMMENDED]-(user:User)
WHERE recommended.run = user.profileRun AND user.profileRun = item.profileRun
WITH item, user, recommended ORDER BY recommended.rank, recommended.score DESC, user.id LIMIT $k
RETURN user.id AS id, user.name AS name, recommended.rank AS rank, recommended.score AS score,
       COUNT { MATCH (user)-[:KNOWS]-(friend:User)-[:!RECOMMENDED]->(item) RETURN DISTINCT friend } AS friends_who_had_it
ORDER BY rank, score DESC, id

// How many users have an item and each of some others.
// :param item => ['i0004'];
// :param items => ['i0007', 'i0011'];
MATCH (item:Item) WHERE item.id IN $item
WITH item LIMIT 1
MATCH (item2:Item) WHERE item2.id IN $items
RETURN item2.id AS id, COUNT { MATCH (item)<-[:!RECOMMENDED]-(other:User)-[:!RECOMMENDED]->(item2) RETURN DISTINCT other } AS both

// Names of users, items and topics by key.
// :param ids => ['u0412', 'i0004'];
MATCH (user:User) WHERE user.id IN $ids
RETURN 'user' AS role, user.id AS id, user.name AS name
UNION ALL
MATCH (item:Item) WHERE item.id IN $ids
RETURN 'item' AS role, item.id AS id, item.title AS name
UNION ALL
MATCH (topic:Topic) WHERE topic.id IN $ids
RETURN 'topic' AS role, topic.id AS id, topic.name AS name

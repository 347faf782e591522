// Names of users, items and topics by key.
// :param keys => ['u0412', 'i0004'];
MATCH (user:User) WHERE user.id IN $keys
RETURN 'user' AS role, user.id AS id, user.name AS name
UNION ALL
MATCH (item:Item) WHERE item.id IN $keys
RETURN 'item' AS role, item.id AS id, item.title AS name
UNION ALL
MATCH (topic:Topic) WHERE topic.id IN $keys
RETURN 'topic' AS role, topic.id AS id, topic.name AS name

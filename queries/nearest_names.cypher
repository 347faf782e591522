// Users whose key or name contains the beginning of what was asked for.
// :param start => 'mar';
// :param most => 2000;
MATCH (user:User) // a label scan, on purpose: only asked when a user was not found
WHERE toLower(toString(user.id)) CONTAINS $start OR toLower(toString(user.name)) CONTAINS $start
RETURN user.id AS id, user.name AS name LIMIT $most

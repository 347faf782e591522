// Is there such a user, by key or by exact name?
// :param user => ['u0412'];
// :param name => 'Mara';
OPTIONAL MATCH (user:User) WHERE user.id IN $user
WITH user LIMIT 1
OPTIONAL MATCH (other:User) WHERE user IS NULL AND other.name = $name
RETURN coalesce(user.id, other.id) AS id, coalesce(user.profileRun, other.profileRun) AS run LIMIT 2

// How much each segment takes to one item or brand, beside all users.
//
// :param item => 'i0004';
//   KEY(Item), required: the item or brand
// :param by => 'segment';
//   STRING: the property that names a user's segment: segment, segmentName, community, or one of your own such as 'city'
//
// columns: segment, users (of the segment), buyers (users of it who had the item), share, lift (over the share of all)
// index: Item(id)
// scans: User (the size of each segment is counted)
// cost: every user once, and the users of the item
MATCH (item:Item) WHERE item.id = $item
MATCH (item)<-[:!RECOMMENDED]-(user:User)
WHERE user[$by] IS NOT NULL
WITH user[$by] AS segment, count(DISTINCT user) AS buyers
WITH collect({segment: segment, buyers: buyers}) AS parts, sum(buyers) AS all_buyers
MATCH (user:User) WHERE user[$by] IS NOT NULL
WITH parts, all_buyers, user[$by] AS segment, count(*) AS users
WITH parts, all_buyers, collect({segment: segment, users: users}) AS sizes, sum(users) AS total
UNWIND sizes AS part
WITH part, all_buyers, total, coalesce([entry IN parts WHERE entry.segment = part.segment | entry.buyers][0], 0) AS buyers
WHERE all_buyers > 0
RETURN part.segment AS segment, part.users AS users, buyers, toFloat(buyers) / part.users AS share,
       toFloat(buyers) / part.users * total / all_buyers AS lift
ORDER BY lift DESC, users DESC, segment

"""Chinese of what the Engine says, by its English templates."""

SENTENCES: dict[str, str] = {
    # between texts
    ", ": "、",
    "; ": "；",
    " or ": " 或 ",
    "{words} and {last}": "{words}和{last}",
    # who somebody is
    "{name} ({facts})": "{name}（{facts}）",
    "{who} {parts}.": "{who}{parts}。",
    "is into {known}, likely {likely}": "喜欢{known}，可能还喜欢{likely}",
    "is into {known}": "喜欢{known}",
    "is likely into {likely}": "可能喜欢{likely}",
    "has no interest that is sure enough to show": "没有足够确定、可以显示的兴趣",
    "writes of {words}": "常写到{words}",
    "most like {other}": "与 {other} 最相似",
    "in segment {segment}": "属于群组“{segment}”",
    "{influence:.2f} (alone reaches {reach:,.1f} users)": "{influence:.2f}（独自能影响 {reach:,.1f} 人）",
    # why people are alike, and why something is recommended
    "tied": "有直接关系",
    "{n} friend in common": "{n} 位共同好友",
    "{n} friends in common": "{n} 位共同好友",
    "{n} item in common": "{n} 个共同物品",
    "{n} items in common": "{n} 个共同物品",
    "alike in text and behaviour": "文本和行为相似",
    "{n} friend": "{n} 位好友",
    "{n} friends": "{n} 位好友",
    "already had": "已经有过",
    "beyond the stored list, by embedding": "超出已存列表，按向量推荐",
    "new, by its text": "新内容，按其文本推荐",
    "from friends, since nothing is known of the user's own": "来自好友（没有本人的信息）",
    "near to what the user writes and popular, since nothing is known of the user's own": (
        "接近本人所写且热门（没有本人的行为信息）"
    ),
    "popular, since nothing else is known": "热门（没有其他信息）",
    "people alike had it": "相似的人有过",
    "alike to what they have": "与已有的相似",
    # what carries an interest
    "the graph says so": "图中已有",
    'said so of "{name}"': "对“{name}”这样表示过",
    "tied to {name}": "与 {name} 有关系",
    "tied to {name}, who likes {liked}": "与喜欢{liked}的 {name} 有关系",
    "tied to {name}, who seems to like {liked}": "与似乎喜欢{liked}的 {name} 有关系",
    "tied to {name}, who has {n} item about {liked}": "与 {name} 有关系，此人有 {n} 个关于{liked}的物品",
    "tied to {name}, who has {n} items about {liked}": "与 {name} 有关系，此人有 {n} 个关于{liked}的物品",
    "also likes {name}": "也喜欢{name}",
    "also likes {name}; of {all} others who do, {some} like {liked}": "也喜欢{name}；另外 {all} 人也喜欢，其中 {some} 人喜欢{liked}",
    '{did} "{name}"; of {all} others who did, {some} like {liked}': "{did}“{name}”；另外 {all} 人也如此，其中 {some} 人喜欢{liked}",
    '{did} "{name}"': "{did}“{name}”",
    '{did} "{name}", about {liked}': "{did}“{name}”，其主题是{liked}",
    "both tied to {name}": "都与 {name} 有关系",
    'both have "{name}"': "都有“{name}”",
    "both like {name}": "都喜欢{name}",
    "{what} ({one:.2f} and {two:.2f})": "{what}（{one:.2f} 和 {two:.2f}）",
    '{did} "{name}", as {n} who have this did': "{did}“{name}”，有此物品的 {n} 人也是如此",
    "likes {name}, which it is about": "喜欢{name}，而这正是它的主题",
    "tied to {name}, who has it": "与有它的 {name} 有关系",
    # what has changed
    "tag {name}": "标签 {name}",
    "predicted {name}": "{name}（预测）",
    # segments
    "{n:,} users are too few for several segments of at least {least:,}": (
        "{n:,} 人太少，不足以分成多个至少 {least:,} 人的群组"
    ),
    "{k} segments: the most that hold nearly as well as the best number (stability {stability:.2f}, silhouette {silhouette:.2f}; tried {tried})": (
        "{k} 个群组：在与最佳数目几乎同样稳定的数目中最多（稳定性 {stability:.2f}，轮廓系数 {silhouette:.2f}；试过 {tried}）"
    ),
    "{n:,} users have no tie to any segment of {least:,} or more: other": (
        "{n:,} 人与任何 {least:,} 人以上的群组都没有关系：归入其他"
    ),
    "{rule!r} holds for {n:,} users not taken before, fewer than {least:,}: other": (
        "规则 {rule!r} 只适用于 {n:,} 个尚未归组的人，少于 {least:,}：归入其他"
    ),
    "{n} segment below {least:,} users joined the most tied": "{n} 个不足 {least:,} 人的群组并入了关系最多的群组",
    "{n} segments below {least:,} users joined the most tied": "{n} 个不足 {least:,} 人的群组并入了关系最多的群组",
    "{n} segment below {least:,} users joined the nearest": "{n} 个不足 {least:,} 人的群组并入了最近的群组",
    "{n} segments below {least:,} users joined the nearest": "{n} 个不足 {least:,} 人的群组并入了最近的群组",
    "lift was not measured: the rules read what the run has learned from all behaviour": (
        "未测量提升度：规则读取的是从全部行为中学到的内容"
    ),
    "lift was not measured: the run held no interests out": "未测量提升度：这次运行没有留出兴趣用于检验",
    "lift was not measured: nothing could be held out": "未测量提升度：没有可以留出的内容",
    "stability: with other seeds the adjusted Rand index is {seeds} (least {seeds_least}), on resamples {again} (least {again_least}); 1 is the same, 0 chance": (
        "稳定性：换随机种子时调整兰德指数为 {seeds}（最低 {seeds_least}），重抽样时为 {again}（最低 {again_least}）；1 为完全相同，0 为随机"
    ),
    "lift: a held-out behaviour is {lift:.2f} times (95 % {low:.2f} to {high:.2f}) as common in the user's own segment as among all; "
    "in random segments of the same sizes {random:.2f} times ({random_low:.2f} to {random_high:.2f})": (
        "提升度：留出的行为在本人所在群组中的常见程度是全体的 {lift:.2f} 倍（95 % {low:.2f} 到 {high:.2f}）；"
        "在同样大小的随机群组中为 {random:.2f} 倍（{random_low:.2f} 到 {random_high:.2f}）"
    ),
    # fewer than asked for
    "only {found:,} of the {k:,} asked for: there are no more {label} nodes with a profile.": (
        "要求 {k:,} 个，只有 {found:,} 个：没有更多带画像的 {label} 节点。"
    ),
    "only {found:,} of the {k:,} asked for: no more satisfy {filter}.": (
        "要求 {k:,} 个，只有 {found:,} 个：没有更多符合 {filter} 的。"
    ),
    "nobody with a profile satisfies {filter}.{held}": "没有带画像的人符合 {filter}。{held}",
    " {property} is for instance {values}.": " {property} 的值例如 {values}。",
    # unknown names
    " The nearest: {near}.": " 最接近的：{near}。",
    " There are: {known}.": " 现有：{known}。",
    "{some} and more": "{some}等",
    "there is no {label} {user!r}.{near}": "没有 {label} {user!r}。{near}",
    "more than one {label} is called {user!r}: ask by key ({keys}).": (
        "不止一个 {label} 叫 {user!r}：请按编号查询（{keys}）。"
    ),
    "there is no topic {topic!r}.{near}": "没有主题 {topic!r}。{near}",
    "there is no topic {topic!r}. Near it: {near}.": "没有主题 {topic!r}。相近的：{near}。",
    "there is no topic {topic!r}. Name one of the graph's topics.": "没有主题 {topic!r}。请使用图中已有的主题。",
    "there is no {label} with the key {user!r} in either run.": "两次运行中都没有编号为 {user!r} 的 {label}。",
    "the run has no {label} {user!r}.": "这次运行中没有 {label} {user!r}。",
    "these are no users: {some}.": "以下不是用户：{some}。",
    "these are no users: {some} and others.": "以下不是用户：{some}等。",
    "there is no audience {name!r} (there are: {known}).": "没有受众 {name!r}（现有：{known}）。",
    "there is no run {run!r} in {folder} (the latest: {known}).": "{folder} 中没有运行 {run!r}（最近的：{known}）。",
    "no {labels} has a property {name!r}.{hint}": "没有 {labels} 带有属性 {name!r}。{hint}",
    # questions that cannot be meant
    "k must be a whole number, got {k!r}.": "k 必须是整数，得到的是 {k!r}。",
    "k must be at least 1, got {k}.": "k 至少为 1，得到的是 {k}。",
    "k must be at least 1 and skip at least 0, got {k} and {skip}.": "k 至少为 1，skip 至少为 0，得到的是 {k} 和 {skip}。",
    "an audience needs a name of 1 to {most} characters.": "受众需要 1 到 {most} 个字符的名称。",
    "nobody is in this audience. Widen the search first.": "这个受众里没有人。请先放宽搜索条件。",
    "the description is empty. Say in words whom to look for, such as 'climbers who bake'.": (
        "描述是空的。请用文字说明要找谁，例如“喜欢烘焙的攀岩者”。"
    ),
    "{property} holds {types} (for instance {example!r})": "{property} 的类型是 {types}（例如 {example!r}）",
    "{kind}: {property} cannot be compared by {operator} with {value!r}.": (
        "{kind}：{property} 不能用 {operator} 与 {value!r} 比较。"
    ),
    "{label}.{name} is private in the mapping: nothing reads it.": "{label}.{name} 在映射中是私有的：不会被读取。",
    "{user} is compared with itself: name another user.": "{user} 不能与自己比较：请选择另一个用户。",
    "{user} does not have the tag {tag!r}, so there is no reason for it. {user} has no tags that are sure enough to show.": (
        "{user} 没有标签 {tag!r}，所以没有原因可说。{user} 没有足够确定、可以显示的标签。"
    ),
    "{user} does not have the tag {tag!r}, so there is no reason for it. {user} has {tags}.": (
        "{user} 没有标签 {tag!r}，所以没有原因可说。{user} 的标签有 {tags}。"
    ),
    "explain needs exactly one of tag, similar and item; got {given}.": (
        "解释只能针对 tag、similar 和 item 之一；得到的是 {given}。"
    ),
    "run goes with tag: what users have in common is asked of the live run.": (
        "run 只能与 tag 一起使用：用户的共同点要向使用中的运行查询。"
    ),
    "words need the run that is live and its text encoder. Give a vector instead.": (
        "按文字搜索需要使用中的运行及其文本编码器。请改用向量。"
    ),
    "words need the run that is live and its text encoder, which {folder} does not have. Publish a run from here (sociogram fit), or give a vector.": (
        "按文字搜索需要使用中的运行及其文本编码器，而 {folder} 中没有。请从这里发布一次运行（sociogram fit），或改用向量。"
    ),
    "the run knows no topics, and words are read as topics. Give a vector (numbers) instead.": (
        "这次运行没有主题，而文字是按主题理解的。请改用向量（数字）。"
    ),
    "words need a graph with one label of topics. Give a vector (numbers) instead of words.": (
        "按文字搜索需要图中恰有一种主题标签。请改用向量（数字）。"
    ),
    "no profile says anything of these words. Give a vector (numbers) instead of words.": (
        "没有画像与这些文字有关。请改用向量（数字）。"
    ),
    "the description has nothing in common with any topic of the graph. Use words that topics have.": (
        "这段描述与图中的任何主题都没有共同点。请使用主题里出现的词。"
    ),
    # runs and publishing
    "nothing is published in the graph at {address} yet. Learn and publish profiles first: sociogram fit": (
        "{address} 的图中还没有发布任何画像。请先学习并发布：sociogram fit"
    ),
    "{user!r} has no profile yet: it came after the published run. Fit again: sociogram fit": (
        "{user!r} 还没有画像：它是在已发布的运行之后加入的。请重新学习：sociogram fit"
    ),
    "{user!r} has no profile of the live run {run}: it came after it. Fit again: sociogram fit": (
        "{user!r} 在使用中的运行 {run} 里没有画像：它是之后加入的。请重新学习：sociogram fit"
    ),
    "the run was learnt without reasons, by an earlier version. Learn again: sociogram fit": (
        "这次运行由较早的版本学习，没有保存原因。请重新学习：sociogram fit"
    ),
    "run {run} did not finish ({state}). Continue it first: sociogram fit": (
        "运行 {run} 没有完成（{state}）。请先继续它：sociogram fit"
    ),
    "run {run} was published from another machine, or its folder is gone: {folder} does not hold it. Name one that is here: sociogram runs, then: sociogram rollback RUN": (
        "运行 {run} 是从另一台机器发布的，或者文件夹已不存在：{folder} 中没有它。请选择这里有的运行：先 sociogram runs，再 sociogram rollback RUN"
    ),
    "there is no earlier published run to go back to. See: sociogram runs": (
        "没有更早发布的运行可以回滚。请查看：sociogram runs"
    ),
    "the live run has no folder in {folder}: it was published from elsewhere, or none is published yet. Publish one from here: sociogram fit": (
        "使用中的运行在 {folder} 里没有文件夹：它是从别处发布的，或者还没有发布。请从这里发布一次：sociogram fit"
    ),
    "there is no finished run in {folder}. Learn one first: sociogram fit": (
        "{folder} 中没有已完成的运行。请先学习一次：sociogram fit"
    ),
    "a run is being made live, and until then some profiles are of another run. Ask again in a moment.": (
        "一次运行正在生效，在此之前部分画像属于另一次运行。请稍后再查询。"
    ),
    "run {run} is being made live in several transactions, and until the last of them some profiles are of another run. Ask again when it is live: sociogram runs": (
        "运行 {run} 正在分多个事务生效，在最后一个完成之前，部分画像属于另一次运行。请在它生效后再查询：sociogram runs"
    ),
    "making run {run} live was cut in the middle, and some profiles are of another run. Unless it is being published again just now "
    "(sociogram runs), end it: sociogram publish {run}": (
        "运行 {run} 的生效过程中断，部分画像属于另一次运行。如果它现在没有在重新发布（sociogram runs），请完成它：sociogram publish {run}"
    ),
    "{n:,} {label} nodes already have a property {name!r} that Sociogram did not write. Give ours another name in graph.toml "
    '([write] prefix = "sg_"), or say --overwrite to replace it.': (
        "{n:,} 个 {label} 节点已有不是 Sociogram 写入的属性 {name!r}。请在 graph.toml 中为我们的属性换名"
        '（[write] prefix = "sg_"），或用 --overwrite 覆盖。'
    ),
    # influence
    "model 'lt' shares out the ties' weights, and some are negative or missing. Correct them.": (
        "线性阈值模型要分配关系的权重，而有些权重为负或缺失。请更正。"
    ),
    "the graph has no ties between users, so nobody can influence anybody. Load ties, or map one as role 'tie'.": (
        "图中用户之间没有关系，所以谁也影响不了谁。请载入关系，或把一种关系映射为 tie。"
    ),
    "all ties between users are ties to oneself or weigh nothing. Load ties between two users.": (
        "用户之间的关系都指向自己或权重为零。请载入两个用户之间的关系。"
    ),
    "the graph has no interests in topics. Leave the topic out, or learn profiles first: sociogram fit": (
        "图中没有对主题的兴趣。请不选主题，或先学习画像：sociogram fit"
    ),
    # loading and learning
    "Nothing to learn from: the graph has no {label} nodes. Load users first, or map another label as user.": (
        "没有可学习的内容：图中没有 {label} 节点。请先载入用户，或把另一种标签映射为用户。"
    ),
    "Nothing to learn from: the graph has {users} users, but 0 relationships, 0 texts and {topics} topics. "
    "Load ties, behaviours, texts or topics, or give their roles in graph.toml.": (
        "没有可学习的内容：图中有 {users} 个用户，但有 0 个关系、0 段文本和 {topics} 个主题。"
        "请载入关系、行为、文本或主题，或在 graph.toml 中指定它们的角色。"
    ),
    "the graph at {address} is empty. Load something first: sociogram load --help": (
        "{address} 的图是空的。请先载入数据：sociogram load --help"
    ),
    '{table} has no column "{column}" (found: {found}).\nSay which one it is: --column {option}={name}': (
        "{table} 没有列“{column}”（现有：{found}）。\n请说明是哪一列：--column {option}={name}"
    ),
    "the database holds data of {sources}; a demo community does not go on top. Empty it first with --replace, or name another SOCIOGRAM_HOME.": (
        "数据库中已有 {sources} 的数据；虚构社区不能叠加在上面。请先用 --replace 清空，或使用另一个 SOCIOGRAM_HOME。"
    ),
    "the database holds {sources}: {name} is the same data in other words, and both in one graph would mix the two. "
    "Empty it first with --replace, or name another SOCIOGRAM_HOME.": (
        "数据库中已有 {sources}：{name} 是同样的数据、不同的说法，放在一个图里会混在一起。请先用 --replace 清空，或使用另一个 SOCIOGRAM_HOME。"
    ),
    "{path} is empty; expected a CSV file with a header line, or a Parquet file.": (
        "{path} 是空的；应为带标题行的 CSV 文件，或 Parquet 文件。"
    ),
    "{path} is {what} text; expected UTF-8. Save it as UTF-8 and load it again.": (
        "{path} 是 {what} 文本；应为 UTF-8。请另存为 UTF-8 后重新载入。"
    ),
    "{path} is {what}; expected a CSV or Parquet file.": "{path} 是{what}；应为 CSV 或 Parquet 文件。",
    "not text": "非文本文件",
    "{path} has no header line; expected the names of the columns in its first line.": (
        "{path} 没有标题行；第一行应为各列的名称。"
    ),
    '{path} has two columns named "{name}". Rename one of them.': "{path} 有两列都叫“{name}”。请改名其中一列。",
    # what was guessed of a graph
    "{n:,} nodes": "{n:,} 个节点",
    "{n:,} nodes; no relationships: ignored": "{n:,} 个节点；没有关系：忽略",
    "{n:,} relationships": "{n:,} 个关系",
    "{role}: {why}": "{role}：{why}",
    "looks like personal data; never read": "像是个人数据；从不读取",
    "temporal values": "时间类型的值",
    "true or false": "真或假",
    "values of type {type}": "类型为 {type} 的值",
    "whole numbers that are epoch times": "表示时间戳的整数",
    "numbers that name something": "作为编号的数字",
    "numbers": "数字",
    "numbers from {low:g} to {high:g}": "从 {low:g} 到 {high:g} 的数字",
    "links": "链接",
    "{mean:.0f} characters on average": "平均 {mean:.0f} 个字符",
    "names something": "作为名称或编号",
    "{n} distinct values": "{n} 个不同的值",
    "{n:,} distinct short strings": "{n:,} 个不同的短字符串",
    # the Neo4j at the other end
    "the address holds a user or password; put them into NEO4J_USERNAME and NEO4J_PASSWORD instead.": (
        "地址中含有用户名或密码；请改填到各自的栏中，或使用 NEO4J_USERNAME 和 NEO4J_PASSWORD。"
    ),
    "{uri!r} is no address of a Neo4j: expected for instance neo4j://localhost:7687": (
        "{uri!r} 不是 Neo4j 地址：应类似 neo4j://localhost:7687"
    ),
    "the Neo4j at {address} refused the user or password. Set NEO4J_USERNAME and NEO4J_PASSWORD, or use --password-file.": (
        "{address} 的 Neo4j 拒绝了用户名或密码。请检查，或设置 NEO4J_USERNAME 和 NEO4J_PASSWORD，或使用 --password-file。"
    ),
    "no Neo4j answers at {address} ({why}). Is it running? For the managed one: sociogram db start; then run the same command again.": (
        "{address} 没有 Neo4j 响应（{why}）。它在运行吗？启动托管的 Neo4j：sociogram db start；然后重试。"
    ),
    "the server at {address} is too old for Sociogram, which needs Neo4j 5.26 or newer ({why}).": (
        "{address} 的服务器太旧，Sociogram 需要 Neo4j 5.26 或更新版本（{why}）。"
    ),
    "the connection to {address} failed: {why}. Run the same command again.": "与 {address} 的连接失败：{why}。请重试。",
    "there is no such database at {address} ({why}). Name another with --database.": (
        "{address} 没有这个数据库（{why}）。请指定另一个（--database）。"
    ),
    "the database at {address} is not online ({why}). Start it, or name another with --database.": (
        "{address} 的数据库不在线（{why}）。请启动它，或指定另一个（--database）。"
    ),
}

"""Write docs/cypher.md: every query of the library, run on a demo community.

Run: python -m benchmarks.cypher_page > docs/cypher.md
Needs what these leave behind: sociogram load demo --users 600, sociogram fit --encoder light --mode frozen,
sociogram fit --mode frozen (two runs, so that they can be compared).
"""

import textwrap
from typing import Any

import sociogram
from sociogram.engine import Engine
from sociogram.queries.catalogue import LTS_SUFFIX, Catalogue
from sociogram.queries.header import Query
from sociogram.queries.rows import readable

MOST_ROWS = 4
MOST_CHARACTERS = 70  # of a cell
TOPICS = {
    "similar": "Similar users and items",
    "tags": "Tags",
    "profile": "Profiles and runs",
    "influence": "Influence",
    "recommend": "Recommendation",
    "segments": "Segments",
    "trends": "Trends",
    "quality": "Newcomers, suspects, quality",
}
ASKED: dict[str, dict[str, str]] = {  # where the example in the header would show little here
    "segments": {"by": "segmentName"},
    "segment_lift": {"by": "segmentName", "k": "1"},
    "topic_by_segment": {"topic": "climbing", "by": "segmentName"},
    "item_by_segment": {"item": "i0004", "by": "segmentName"},
    "similar_to_description": {"vector": "climbers who bake"},
    "evidence_for_tag": {"user": "u0001", "topic": "photography"},
    "why_item": {"user": "u0042", "item": "i0024"},
    "who_influences": {"user": "u0278", "days": "90"},
}
CAME = """
MATCH (friend:User {id: 'u0042'}), (topic:Topic {name: 'climbing'})
MERGE (user:User {id: 'u9001', name: 'Nadia Roth'}) MERGE (user)-[:KNOWS {weight: 1.0}]->(friend) MERGE (user)-[:TAGGED {weight: 1.0}]->(topic)
"""
LEFT = "MATCH (user:User {id: 'u9001'}) DETACH DELETE user"

OPENING = """# Cypher cookbook

Some forty questions that people ask of profiles, each with a name, an answer and its Cypher. List them, ask one, or print its Cypher to paste it elsewhere:

```sh
sociogram queries
sociogram query users_by_tag --param topic=climbing
sociogram query users_by_tag --show
```

The answer is a table; `--json` gives it to other programs. In Python:

```python
engine.query("users_by_tag", topic="climbing", least=0.7).to_pandas()
```

Over HTTP: [`POST /v1/queries/{name}`](reference/http.md#queries). The answers below come from a demo community of 600 people (`sociogram load demo --users 600`,
then `fit --encoder light --mode frozen` and `fit --mode frozen`), to which one user, Nadia Roth, was added after the last fit. In yours other people are in it.

## How to run one

- **`sociogram query` and `engine.query`** take users by key or name, and say in one line what is wrong with a parameter. They translate labels, types and properties to
  your own graph; `sociogram query NAME --show --mapping graph.toml` prints the translation.
- **Neo4j Browser and `cypher-shell`**: each question is a file `queries/<topic>/<name>.cypher` of plain Cypher for the [default names](reference/data-model.md). Enter the `:param` lines of its
  header (without the slashes), then the text. Where a `.5.cypher` lies beside the file, use that one for Neo4j 5.26.
- **A driver** takes the text as it is, with the parameters.

All of them only read, keep to one published run, and start at an index unless the header declares a scan (tests read their plans). Each question names the indexes that it uses.

Parameters have types: `KEY(User)` and `KEY(Item)` are the key as the graph has it (text or whole number), `NAME(Topic)` is a topic's name, and `VECTOR` a list of numbers, for which
`sociogram` also takes words.

## Add your own

Put files of the same form into a folder, and name it: `sociogram queries --folder mine`, `sociogram query NAME --folder mine`, or `sg.open(queries=["mine"])`.
The file `mine/sales/best.cypher` is then called `sales/best`; a file directly in the folder belongs to the topic `own`. A file is refused if it has no header, a clause that writes, or a
parameter that its header does not declare:

```cypher
// The users of a city, those surest of a topic first.
//
// :param city => 'Madrid';
//   STRING, required: the city
// :param topic => 'climbing';
//   NAME(Topic), required: the topic
// :param k => 10;
//   INTEGER >= 1: how many rows
//
// columns: id, name, score
// index: Topic(name)
// scans: none
// cost: the users interested in the topic
MATCH (topic:Topic) WHERE topic.name = $topic
MATCH (topic)<-[interest:INTERESTED_IN]-(user:User)
WHERE interest.run = topic.profileRun AND user.city = $city
RETURN user.id AS id, user.name AS name, interest.score AS score
ORDER BY score DESC, id LIMIT $k
```

To work on a mapped graph as well, name your variables so that they can be translated: `user`, `other`, `friend` and `seed` are users, `topic` and `topic2` topics, `item` and `item2` items, and `did`, `tie`,
`tagged` and `about` are relationships of that role. Their key, name, `at` and `weight` then become those of the mapping. `[:!RECOMMENDED]` between a user and an item stands for any behaviour. Times are DATETIME or DATE."""


def main() -> None:
    """Print the page."""
    print(OPENING)
    with sociogram.open() as engine:
        engine.store.write(CAME)
        try:
            _sections(engine)
        finally:
            engine.store.write(LEFT)


def _sections(engine: Engine) -> None:
    found = Catalogue().all()
    lts = {q.name for q in Catalogue(lts=True).all() if q not in found}
    for topic, title in TOPICS.items():
        print(f"\n## {title}")
        for query in found:
            if query.topic == topic:
                _section(engine, query, query.name in lts)


def _section(engine: Engine, query: Query, has_lts: bool) -> None:
    given = ASKED.get(query.name) or {p.name: _plain(p.value) for p in query.parameters if p.required}
    words = [
        f"--param {name}={value!r}" if " " in value else f"--param {name}={value}" for name, value in given.items()
    ]
    rows = engine.query(query.name, **given).to_dicts()
    file = f"queries/{query.topic}/{query.name}"
    also = f", for 5.26 [`{LTS_SUFFIX}`](../{file}{LTS_SUFFIX})" if has_lts else ""
    print(f"\n### [{query.name}](../{file}.cypher)\n\n{query.answers} {query.notes}".rstrip())
    print(f"\nIndex: {query.index}; scans: {query.scans}{also}.\n")
    print(f"```sh\n{' '.join(['sociogram query', query.name, *words])}\n```\n")
    print(_table(rows) if rows else "No rows in this community.")
    print(f"\n<details><summary>Cypher</summary>\n\n```cypher\n{query.body}\n```\n\n</details>")


def _plain(value: str) -> str:
    """A literal of Cypher as the command line takes it."""
    if value.startswith("["):
        return ",".join(part.strip().strip("'") for part in value[1:-1].split(","))
    return value.removeprefix("datetime(").rstrip(")").strip("'")


def _table(rows: list[dict[str, Any]]) -> str:
    shown = rows[:MOST_ROWS]
    lines = [list(shown[0]), ["---"] * len(shown[0]), *([_cell(v) for v in row.values()] for row in shown)]
    more = f"\n\n{len(rows):,} rows in all." if len(rows) > MOST_ROWS else ""
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + more


def _cell(value: Any) -> str:
    text = "" if value is None else readable(value)
    return textwrap.shorten(text, MOST_CHARACTERS, placeholder=" ...").replace("|", "\\|")


if __name__ == "__main__":
    main()

"""People to meet and topics to show: from published vectors and interests, else from friends, else from what most have."""

from collections.abc import Sequence
from typing import Any

from sociogram.errors import NotFoundError
from sociogram.graph.mapping import GraphMapping
from sociogram.graph.schema import quote
from sociogram.graph.store import Store
from sociogram.graph.vector_index import index_name
from sociogram.queries.narrow import conditions, narrowed
from sociogram.queries.rows import Recommendation
from sociogram.queries.serving import Item, Key, Serving

POOL = 200  # of the most alike users, at least
BEYOND = 5  # times as many as are asked for


class Social:
    """Reads for people and topics; users are named by their keys."""

    def __init__(self, store: Store, mapping: GraphMapping) -> None:
        self._store, self._mapping = store, mapping
        w, user = mapping.write, mapping.user
        self._label, self._key = quote(user.label), quote(user.key)
        self._name = (
            f"coalesce(toString(o.{quote(user.name)}), toString(o.{self._key}))"
            if user.name
            else f"toString(o.{self._key})"
        )
        self._vector, self._run, self._tags = (quote(w.name(n)) for n in ("embedding", "run", "tags"))
        self._interested = quote(w.interested_in)
        self._ties = "|".join(sorted({quote(r.type) for r in mapping.with_role("tie")})) or "`-`"
        self._stated = "|".join(sorted({quote(r.type) for r in mapping.with_role("interest")})) or "`-`"

    # people ---------------------------------------------------------------------------------------------------------

    def people(self, user: Key, k: int, where: Any, topic: str | None, *, profiled: bool) -> list[Recommendation]:
        """Users to meet, nobody tied already: cosine + .1 for each doubling of the friends in common.

        Without a profile the friends of friends (Adamic-Adar), then whoever has most ties. Raises InputError for a filter that cannot be
        meant, NotFoundError where it leaves nobody.
        """
        test, parameters = self._narrowed(where, topic)
        if profiled:
            found = self._alike(user, k, test, parameters)
        else:
            found = self._through_friends(user, k, test, parameters)
            if len(found) < k:
                found += self._most_tied(user, k - len(found), test, parameters, [row["id"] for row in found])
        return [
            Recommendation(
                r["id"], r["name"], rank, r["score"], r["friends"], r["topics"] or [], source=r["source"], what="people"
            )
            for rank, r in enumerate(found, 1)
        ]

    def _narrowed(self, where: Any, topic: str | None) -> tuple[str, dict[str, Any]]:
        asked = conditions(where)
        tests: list[str] = []
        parameters: dict[str, Any] = {}
        if asked:
            (made,) = narrowed(self._store, self._mapping, "user", asked, "o")
            tests.append(made.test)
            parameters |= made.parameters
        if topic is not None:
            _, key = Serving(self._store, self._mapping).topic(topic)
            tests.append(
                f"EXISTS {{ (o)-[i:{self._interested}]->(t) WHERE i.run = o.{self._run} AND {self._topic_key('t')} = $topic }}"
            )
            parameters["topic"] = key
        test = " AND ".join(tests)
        if test and not self._store.read(f"MATCH (o:{self._label}) WHERE {test} RETURN 1 AS one LIMIT 1", parameters):
            said = " and ".join([*map(str, asked), *([f"interested in {topic!r}"] if topic else [])])
            raise NotFoundError(f"nobody is left by the filter: {said}. Ask for less, or see which values there are.")
        return test, parameters

    def _topic_key(self, variable: str) -> str:
        keys = dict.fromkeys(quote(self._mapping.node(n).key) for n in self._mapping.labels("topic"))
        return f"coalesce({', '.join(f'{variable}.{key}' for key in keys)})"

    @property
    def _untied(self) -> str:
        return f"o <> u AND NOT EXISTS {{ (u)-[:{self._ties}]-(o) }}"

    @property
    def _in_common(self) -> str:
        return f"COUNT {{ MATCH (u)-[:{self._ties}]-(f:{self._label})-[:{self._ties}]-(o) RETURN DISTINCT f }}"

    @property
    def _shared(self) -> str:
        return f"[tag IN o.{self._tags} WHERE tag IN u.{self._tags}][..3]"

    def _alike(self, user: Key, k: int, test: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        if test:
            candidates = f"MATCH (o:{self._label}) WHERE {test}"  # whoever satisfies a filter is looked at
        else:
            candidates = (
                "CALL (u) { CALL db.index.vector.queryNodes($index, "
                f"$pool + COUNT {{ (u)-[:{self._ties}]-() }}, u.{self._vector}) YIELD node AS o RETURN o "
                f"UNION MATCH (u)-[:{self._ties}]-(:{self._label})-[:{self._ties}]-(o:{self._label}) RETURN o }}"
            )
        return self._store.read(
            f"MATCH (u:{self._label} {{{self._key}: $user}}) {candidates} "
            f"WITH DISTINCT u, o WHERE {self._untied} AND o.{self._run} = u.{self._run} "
            f"WITH u, o, {self._in_common} AS friends, "
            f"2 * vector.similarity.cosine(u.{self._vector}, o.{self._vector}) - 1 AS cosine "
            f"WITH u, o, friends, cosine + 0.1 * log(1 + friends) / log(2) AS score ORDER BY score DESC, o.{self._key} LIMIT $k "
            f"RETURN o.{self._key} AS id, {self._name} AS name, score, friends, {self._shared} AS topics, 'model' AS source",
            {
                "user": user,
                "k": k,
                "index": index_name(self._mapping.user.label),
                "pool": max(POOL, BEYOND * k),
                **parameters,
            },
        )

    def _through_friends(self, user: Key, k: int, test: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        return self._store.read(
            f"MATCH (u:{self._label} {{{self._key}: $user}})-[:{self._ties}]-(f:{self._label}) WITH DISTINCT u, f "
            f"WITH u, f, 1.0 / log(1 + COUNT {{ (f)-[:{self._ties}]-() }}) AS weight "
            f"MATCH (f)-[:{self._ties}]-(o:{self._label}) WITH DISTINCT u, f, weight, o WHERE {self._untied} AND {test or 'true'} "
            f"WITH u, o, sum(weight) AS score, count(f) AS friends ORDER BY score DESC, o.{self._key} LIMIT $k "
            f"RETURN o.{self._key} AS id, {self._name} AS name, score, friends, {self._shared} AS topics, 'friends' AS source",
            {"user": user, "k": k, **parameters},
        )

    def _most_tied(
        self, user: Key, k: int, test: str, parameters: dict[str, Any], known: list[Key]
    ) -> list[dict[str, Any]]:
        return self._store.read(
            f"MATCH (u:{self._label} {{{self._key}: $user}}) MATCH (o:{self._label}) "
            f"WHERE {self._untied} AND NOT o.{self._key} IN $known AND {test or 'true'} "
            f"WITH u, o, COUNT {{ (o)-[:{self._ties}]-() }} AS ties ORDER BY ties DESC, o.{self._key} LIMIT $k "
            f"RETURN o.{self._key} AS id, {self._name} AS name, toFloat(ties) AS score, 0 AS friends, {self._shared} AS topics, "
            "'popular' AS source",
            {"user": user, "k": k, "known": known, **parameters},
        )

    # topics ---------------------------------------------------------------------------------------------------------

    def topics(self, user: Key, k: int, predicted: Sequence[tuple[Item, float]] | None) -> list[Recommendation]:
        """Topics that a user never stated: the likeliest of `predicted` (of the published interests where that is None), else those that
        friends state, else those that most state.
        """
        likely = self._published(user) if predicted is None else dict(predicted)
        found = self._told(user, [(item, p, "model") for item, p in sorted(likely.items(), key=lambda row: -row[1])])
        for source, rows in (("friends", self._of_friends), ("popular", self._of_most)):
            if len(found) < k:
                known = {(r["label"], r["id"]) for r in found}
                found += self._told(
                    user, [(item, n, source) for item, n in rows(user, k + len(known)) if item not in known]
                )
        return [
            Recommendation(r["id"], r["name"], rank, r["score"], r["friends"], [], source=r["source"], what="topics")
            for rank, r in enumerate(found[:k], 1)
        ]

    def _published(self, user: Key) -> dict[Item, float]:
        rows: dict[Item, float] = {}
        for label in self._mapping.labels("topic"):
            key = quote(self._mapping.node(label).key)
            rows |= {
                (label, r["key"]): r["score"]
                for r in self._store.read(
                    f"MATCH (u:{self._label} {{{self._key}: $user}})-[i:{self._interested}]->(t:{quote(label)}) "
                    f"WHERE i.run = u.{self._run} RETURN t.{key} AS key, i.score AS score",
                    user=user,
                )
            }
        return rows

    def _of_friends(self, user: Key, most: int) -> list[tuple[Item, float]]:
        return self._counted(
            f"MATCH (u:{self._label} {{{self._key}: $user}})-[:{self._ties}]-(f:{self._label})-[:{self._stated}]->(t:$label) ",
            user,
            most,
        )

    def _of_most(self, user: Key, most: int) -> list[tuple[Item, float]]:
        return self._counted(f"MATCH (f:{self._label})-[:{self._stated}]->(t:$label) ", user, most)

    def _counted(self, match: str, user: Key, most: int) -> list[tuple[Item, float]]:
        found: list[tuple[Item, float]] = []
        for label in self._mapping.labels("topic"):
            rows = self._store.read(
                match.replace("$label", quote(label))
                + f"WITH t, count(DISTINCT f) AS n ORDER BY n DESC, t.{quote(self._mapping.node(label).key)} LIMIT $most "
                f"RETURN t.{quote(self._mapping.node(label).key)} AS key, n",
                user=user,
                most=most,
            )
            found += [((label, r["key"]), float(r["n"])) for r in rows]
        return sorted(found, key=lambda row: -row[1])

    def _told(self, user: Key, rows: Sequence[tuple[Item, float, str]]) -> list[dict[str, Any]]:
        """Name and friends of those that the graph still has and the user has not stated, in the same order."""
        known: dict[Item, dict[str, Any]] = {}
        for label in self._mapping.labels("topic"):
            node = self._mapping.node(label)
            key = quote(node.key)
            name = f"coalesce(toString(t.{quote(node.name)}), toString(t.{key}))" if node.name else f"toString(t.{key})"
            read = self._store.read(
                f"MATCH (u:{self._label} {{{self._key}: $user}}) UNWIND $keys AS key MATCH (t:{quote(label)} {{{key}: key}}) "
                f"WHERE NOT EXISTS {{ (u)-[:{self._stated}]->(t) }} RETURN key AS id, {name} AS name, "
                f"COUNT {{ MATCH (u)-[:{self._ties}]-(f:{self._label})-[:{self._stated}|{self._interested}]->(t) RETURN DISTINCT f }} AS friends",
                user=user,
                keys=[key for (of, key), _, _ in rows if of == label],
            )
            known |= {(label, r["id"]): r | {"label": label} for r in read}
        return [known[item] | {"score": score, "source": source} for item, score, source in rows if item in known]

"""INTERESTED_IN and RECOMMENDED: staged as lists of keys on the user, made relationships only when the run goes live.

A relationship costs the database far more than an entry in a list, so each is created once, in the transaction that makes the run live,
and a stage that is thrown away leaves no relationships behind.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sociogram.graph.mapping import GraphMapping
from sociogram.graph.profile import Key, Profiles
from sociogram.graph.schema import quote

EVIDENCE = (
    "evidence",
    "evidenceKind",
    "evidenceKey",
    "evidenceText",
    "evidenceShare",
)  # lists of equal length on INTERESTED_IN
PIECES = 3  # of them at most
SEPARATOR = "\u001f"
NOTHING: Mapping[str, list[str]] = {}


@dataclass(frozen=True)
class LinkGroup:
    """The relationships of one type to nodes of one label whose keys have one type (a list property holds only one)."""

    kind: str
    label: str
    key_type: str  # int | str
    bounds: NDArray[np.int64]  # [users + 1]: the entries of user row u are bounds[u]:bounds[u + 1]
    columns: dict[
        str, list[Any]
    ]  # to, score; of recommendations, rank; of interests, what carries them (a list joined by SEPARATOR)

    @property
    def names(self) -> list[str]:
        """The properties of the user node that hold the staged lists, without the prefix of staged names."""
        return [f"{self.kind} {self.label} {self.key_type} {column}" for column in self.columns]

    def of(self, user: int) -> list[list[Any] | None]:
        """The lists of one user row, in the order of `names`; None (no property) where there is nothing."""
        if not len(self):
            return [None] * len(self.columns)
        start, stop = self.bounds[user], self.bounds[user + 1]
        return [values[start:stop] if stop > start else None for values in self.columns.values()]

    def without_entries(self) -> "LinkGroup":
        """The group alone."""
        return replace(self, bounds=self.bounds[:1], columns={column: [] for column in self.columns})

    def __len__(self) -> int:
        return int(self.bounds[-1])


def link_groups(mapping: GraphMapping, profiles: Profiles, most: int) -> list[LinkGroup]:
    """All that publishing these profiles links: the shown tags and the `most` best unseen items of each user."""
    tags = shown_tags(profiles)
    groups = [
        group
        for label, part in tags.groupby("topic_label", sort=True)
        for group in _split(
            profiles,
            mapping.write.interested_in,
            str(label),
            part["topic"],
            part,
            "probability",
            evidence_columns(profiles, str(label), part),
        )
    ]
    table = profiles.recommendations
    if not most or table.empty:
        return groups
    table = table[~table["seen"].to_numpy(bool)]
    rank = table.groupby("user").cumcount() + 1
    table = table.assign(rank=rank)[rank <= most]
    for label, part in table.groupby("item_label", sort=True):
        groups += _split(profiles, mapping.write.recommended, str(label), part["item"], part, "score")
    return groups


def shown_tags(profiles: Profiles) -> pd.DataFrame:
    """The tags that go to the graph, best first within a user."""
    return profiles.tags[profiles.tags["shown"].to_numpy(bool)]


def statements(mapping: GraphMapping, groups: list[LinkGroup], mark: str, prefix: str) -> list[str]:
    """Cypher that replaces the live relationships of the users `$keys` by their staged lists, where `mark` says `$run`.

    Between two runs most users keep most of their tags: what goes is deleted, what stays is given what is new about it, and only what
    comes is made.
    """
    users = _users(mapping, mark)
    made = []
    for kind in (mapping.write.interested_in, mapping.write.recommended):
        own = [group for group in groups if group.kind == kind]
        made.append(f"{_linked(users, kind)} AND NOT ({_stays(mapping, own, prefix)}) DELETE r")
        for group in own:
            made += _kept_and_new(users, group, mapping.node(group.label).key, prefix)
    return made


def counts(mapping: GraphMapping, groups: list[LinkGroup], mark: str, prefix: str) -> list[str]:
    """Cypher that counts, of the live relationships of the users `$keys`, all (n) and those that will go."""
    return [
        f"{_linked(_users(mapping, mark), kind)} RETURN count(r) AS n, count(CASE WHEN NOT ({stays}) THEN 1 END) AS gone"
        for kind in (mapping.write.interested_in, mapping.write.recommended)
        for stays in [_stays(mapping, [group for group in groups if group.kind == kind], prefix)]
    ]


def _users(mapping: GraphMapping, mark: str) -> str:
    user = mapping.user
    return f"UNWIND $keys AS key MATCH (u:{quote(user.label)} {{{quote(user.key)}: key}}) WHERE u.{quote(mark)} = $run"


def _linked(users: str, kind: str) -> str:
    return f"{users} MATCH (u)-[r:{quote(kind)}]->(t) WHERE r.run IS NOT NULL"


def _stays(mapping: GraphMapping, groups: list[LinkGroup], prefix: str) -> str:
    listed = (
        f"(t:{quote(g.label)} AND t.{quote(mapping.node(g.label).key)} IN coalesce(u.{quote(prefix + g.names[0])}, []))"
        for g in groups
    )
    return " OR ".join(listed) or "false"


def _kept_and_new(users: str, group: LinkGroup, key: str, prefix: str) -> Iterator[str]:
    kind, target = quote(group.kind), f"(t:{quote(group.label)})"
    held = {column: f"u.{quote(prefix + name)}" for column, name in zip(group.columns, group.names, strict=True)}
    start = f"{users} AND {held['to']} IS NOT NULL WITH u, {', '.join(f'{x} AS {c}' for c, x in held.items())}"
    values = {column: _value(column, f"{column}[i]") for column in held if column != "to"}
    yield (
        f"{start} MATCH (u)-[r:{kind}]->{target} WHERE r.run IS NOT NULL "
        f"WITH *, [i IN range(0, size(to) - 1) WHERE to[i] = t.{quote(key)}][0] AS i WHERE i IS NOT NULL "
        f"SET r = {{{', '.join(f'{column}: {value}' for column, value in values.items())}, run: $run}}"  # and nothing of the run before
    )
    yield (
        f"{start}, COLLECT {{ MATCH (u)-[r:{kind}]->{target} WHERE r.run IS NOT NULL RETURN t.{quote(key)} }} AS linked "
        f"UNWIND [i IN range(0, size(to) - 1) WHERE NOT to[i] IN linked] AS i "
        f"MATCH (t:{quote(group.label)} {{{quote(key)}: to[i]}}) "
        f"CREATE (u)-[:{kind} {{{', '.join(f'{c}: {v}' for c, v in values.items())}, run: $run}}]->(t)"
    )


def _value(column: str, held: str) -> str:
    """What becomes of an entry of a staged list: lists within are staged as one text, since a property cannot hold a list of lists."""
    if column not in EVIDENCE:
        return held
    parts = f"split({held}, $separator)"
    parts = f"[part IN {parts} | toFloat(part)]" if column == "evidenceShare" else parts
    return f"CASE {held} WHEN '' THEN [] ELSE {parts} END"


def evidence_columns(profiles: Profiles, label: str, part: pd.DataFrame) -> dict[str, list[str]]:
    """What carries each tag of `part`, EVIDENCE name -> joined pieces in the order of its rows; nothing where the run has no reasons."""
    table = profiles.evidence
    if table is None:
        return {}
    table = table[(table["topic_label"] == label) & (table["place"] < PIECES)]
    shares = [f"{share:.4f}" for share in table["share"].tolist()]
    lists = [table[name].tolist() for name in ("path", "kind", "key", "sentence")]
    columns = dict(zip(EVIDENCE, [*lists, shares], strict=True))
    pairs = list(zip(table["user"].tolist(), table["topic"].tolist(), strict=True))
    out = {}
    for name, values in columns.items():
        pieces: dict[tuple[int, int], list[str]] = {}
        for pair, value in zip(pairs, values, strict=True):
            pieces.setdefault(pair, []).append(value.replace(SEPARATOR, " "))
        wanted = zip(part["user"].tolist(), part["topic"].tolist(), strict=True)
        out[name] = [SEPARATOR.join(pieces.get(pair, ())) for pair in wanted]
    return out


def _split(
    profiles: Profiles,
    kind: str,
    label: str,
    targets: "pd.Series[Any]",
    part: pd.DataFrame,
    score: str,
    more: Mapping[str, list[str]] = NOTHING,
) -> Iterator[LinkGroup]:
    keys: list[Key] = [profiles.keys[label][row] for row in targets.tolist()]
    users = part["user"].to_numpy(np.int64)
    scores = np.round(part[score].to_numpy(np.float64), 4)
    for key_type in (int, str):
        chosen = np.fromiter((isinstance(key, key_type) for key in keys), bool, len(keys))
        if not chosen.any():
            continue
        columns = {"to": [keys[i] for i in np.flatnonzero(chosen)], "score": scores[chosen].tolist()}
        if "rank" in part:
            columns["rank"] = part["rank"].to_numpy()[chosen].tolist()
        at = np.flatnonzero(chosen).tolist()
        columns |= {name: [values[i] for i in at] for name, values in more.items()}
        bounds = np.searchsorted(users[chosen], np.arange(len(profiles.keys[profiles.user_label]) + 1))
        yield LinkGroup(kind, label, key_type.__name__, bounds.astype(np.int64), columns)

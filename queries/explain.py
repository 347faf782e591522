"""Reasons: what carries a published tag, what two users have in common, what speaks for an item."""

from collections.abc import Sequence
from typing import Any, cast

from sociogram.errors import InputError, NotFoundError
from sociogram.graph.evidence_words import found_again
from sociogram.graph.mapping import GraphMapping
from sociogram.graph.profile import Profiles
from sociogram.graph.store import Store
from sociogram.queries.ask import Asker, Key, positive, spellings
from sociogram.queries.explanation import Explanation, Reason
from sociogram.queries.library import query
from sociogram.queries.named import NamedQueries
from sociogram.queries.one_run import of_one_run
from sociogram.queries.rows import Rows
from sociogram.said import Joined, Said

Row = dict[str, Any]
MENTIONED = 8  # tags in an error
WITHOUT = "the run was learnt without reasons, by an earlier version. Learn again: sociogram fit"
IN_COMMON = {
    "tie": "tied to {name}",
    "friend": "both tied to {name}",
    "item": 'both have "{name}"',
    "topic": "both like {name}",
}


class Explainer:
    """Reasons from one published graph."""

    def __init__(self, store: Store, mapping: GraphMapping) -> None:
        self._store, self._mapping, self._ask = store, mapping, Asker(store, mapping)
        self._named = NamedQueries(store, mapping, lambda text: [])

    def _read(self, name: str, /, **parameters: Any) -> list[Row]:
        return self._store.read(query(name, self._mapping), parameters)

    @of_one_run
    def claim(self, user: Key, tag: str | None, similar: Key | None, item: Key | None, k: int) -> Explanation:
        """Whichever of the three is given."""
        if tag is not None:
            return self.tag(user, tag, k)
        return self.similar(user, similar, k) if similar is not None else self.item(user, cast(Key, item), k)

    def tag(self, user: Key, tag: str, k: int) -> Explanation:
        """What carries a published interest; raises NotFoundError where the user does not have it."""
        key = self._ask.resolve(user)
        rows = self._read("explain_tag", user=[key], topic=tag)
        if not rows:
            raise absent(key, self._ask.topic(tag), [t.name for t in self._ask.tags(key)])
        row = rows[0]
        if row["kind"] is None:
            raise NotFoundError(Said(WITHOUT))
        columns = (row[n] for n in ("kind", "key", "share", "path", "sentence"))
        pieces = list(zip(*columns, strict=True))[:k]
        named = self._names([at for _, at, *_ in pieces])
        did = sorted({m.type.lower() for m in self._mapping.with_role("behaviour")})
        found = []
        for kind, at, share, path, sentence in pieces:
            key_of, name = named.get((_role(kind, path), at), (at, at))
            found.append(Reason(kind, key_of, name, share, path, found_again(sentence, name, str(row["name"]), did)))
        return Explanation(key, "tag", row["id"], str(row["name"]), row["score"], Rows(found))

    def similar(self, user: Key, other: Key, k: int) -> Explanation:
        """What two users have in common, by the part of their cosine that lies along it."""
        key, to = self._ask.resolve(user), self._ask.resolve(other)
        if key == to:
            raise InputError(Said("{user} is compared with itself: name another user.", user=key))
        rows = self._read("explain_similar", user=[key], other=[to])
        claim = next(row for row in rows if row["kind"] == "claim")
        found = []
        for row, share in _best([row for row in rows if row["kind"] != "claim"], k):
            name, middle = str(row["name"]), _node(row["id"], row["name"])
            one, two = "|".join(row["one"]), "|".join(row["two"])
            path = f"({key})-[:{one}]-{middle}" + (f"-[:{two}]-({to})" if two else "")
            sentence = Said(IN_COMMON[row["kind"]], name=name)
            if row["likes"] is not None:
                scores = {"one": row["likes"], "two": row["likewise"]}
                sentence = Said("{what} ({one:.2f} and {two:.2f})", what=sentence, **scores)
            found.append(Reason(row["kind"], row["id"], name, share, path, sentence))
        return Explanation(key, "similar", to, str(claim["name"]), claim["score"], Rows(found))

    def item(self, user: Key, item: Key, k: int) -> Explanation:
        """What speaks for an item with a user, by the part of their likeness that lies along it."""
        key, to = self._ask.resolve(user), self._named.item(item)
        rows = self._read("explain_item", user=[key], item=[to])
        claim = next(row for row in rows if row["kind"] == "claim")
        best = _best([row for row in rows if row["kind"] != "claim"], k)
        items = [row["id"] for row, _ in best if row["kind"] == "item"]
        both = {row["id"]: row["both"] for row in self._read("explain_both", item=[to], items=items)}
        found = []
        for row, share in best:
            name, middle = str(row["name"]), _node(row["id"], row["name"])
            one, two = "|".join(row["one"]), "|".join(row["two"])
            if row["kind"] == "item":
                others = both.get(row["id"], 0)
                way = f"<-[:{one}]-(:{self._mapping.user.label})--({to})" if others else ""
                path = f"({key})-[:{one}]->{middle}{way}"
                sentence = Said('{did} "{name}", as {n} who have this did', did=one.lower(), name=name, n=others)
            elif row["kind"] == "topic":
                path = f"({key})-[:{one}]->{middle}<-[:{two}]-({to})"
                sentence = Said("likes {name}, which it is about", name=name)
            else:
                path = f"({key})-[:{one}]-{middle}-[:{two}]->({to})"
                sentence = Said("tied to {name}, who has it", name=name)
            found.append(Reason(row["kind"], row["id"], name, share, path, sentence))
        return Explanation(key, "item", to, str(claim["name"]), claim["score"], Rows(found))

    def _names(self, keys: Sequence[str]) -> dict[tuple[str, str], tuple[Key, str]]:
        """(role, key as text) -> key and name."""
        wanted = [spelling for key in keys for spelling in spellings(key)]
        rows = self._read("explain_names", ids=wanted)
        return {(row["role"], str(row["id"])): (row["id"], str(row["name"])) for row in rows}


def kept(profiles: Profiles, user: Key, tag: str, k: int) -> Explanation:
    """What carries an interest in the profiles of any run; raises NotFoundError where the user, the tag or the reasons are not there."""
    label = profiles.user_label
    keys, names = profiles.keys[label], profiles.names[label]
    wanted = spellings(user)
    row = next((i for i, key in enumerate(keys) if key in wanted), None)
    row = names.index(str(user)) if row is None and str(user) in names else row
    if row is None:
        raise NotFoundError(Said("the run has no {label} {user!r}.", label=label, user=user))
    if profiles.evidence is None:
        raise NotFoundError(Said(WITHOUT))
    tags = profiles.tags[(profiles.tags["user"] == row) & profiles.tags["shown"].to_numpy(bool)]
    called = [profiles.names[of][at] for of, at in zip(tags["topic_label"], tags["topic"], strict=True)]
    if tag not in called:
        raise absent(keys[row], tag, called)
    claim = tags.iloc[called.index(tag)]
    of, at = str(claim["topic_label"]), int(claim["topic"])
    table = profiles.evidence
    mine = table[(table["user"] == row) & (table["topic"] == at) & (table["topic_label"] == of)]
    pieces = mine[["kind", "key", "name", "share", "path", "sentence"]].head(k).itertuples(index=False)
    found = [Reason(*piece) for piece in pieces]
    return Explanation(keys[row], "tag", profiles.keys[of][at], tag, float(claim["probability"]), Rows(found))


def _role(kind: str, path: str) -> str:
    """Which kind of node the key of a piece belongs to; a text is on an item where its path leads to one."""
    text = "item" if "-[" in path else "user"
    return {"friend": "user", "topic": "topic", "said": "topic", "text": text}.get(kind, "item")


def absent(user: Key, tag: str, tags: Sequence[str]) -> NotFoundError:
    """That a user does not have a tag, and which they have."""
    if not tags:
        none = Said(
            "{user} does not have the tag {tag!r}, so there is no reason for it. {user} has no tags that are sure enough to show.",
            user=user,
            tag=tag,
        )
        return NotFoundError(none)
    have: Said = Joined(", ", tags[:MENTIONED])
    if len(tags) > MENTIONED:
        have = Said("{some} and more", some=have)
    said = Said(
        "{user} does not have the tag {tag!r}, so there is no reason for it. {user} has {tags}.",
        user=user,
        tag=tag,
        tags=have,
    )
    return NotFoundError(said)


def one_claim(tag: str | None, similar: Key | None, item: Key | None, k: int, run: object = None) -> None:
    """Raises InputError unless exactly one thing is asked about; another run than the live one knows of tags only."""
    positive(k)
    given = [name for name, value in (("tag", tag), ("similar", similar), ("item", item)) if value is not None]
    if len(given) != 1:
        raise InputError(
            Said("explain needs exactly one of tag, similar and item; got {given}.", given=", ".join(given) or "none")
        )
    if run is not None and tag is None:
        raise InputError(Said("run goes with tag: what users have in common is asked of the live run."))


def _node(key: Key, name: Any) -> str:
    return f"({key})" if name is None or str(name) == str(key) else f'({key} "{name}")'


def _best(rows: list[Row], k: int) -> list[tuple[Row, float]]:
    """The k rows of the most weight and their share of all positive weight; ties by kind and key."""
    good = sorted((row for row in rows if row["weight"] > 0), key=lambda r: (-r["weight"], r["kind"], str(r["id"])))
    total = sum(row["weight"] for row in good)
    return [(row, row["weight"] / total) for row in good[:k]]

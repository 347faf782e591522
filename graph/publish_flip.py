"""The second half of publishing: what is staged becomes live, block by block of nodes, in one transaction where that fits."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from sociogram.config import HEAP
from sociogram.errors import DatabaseUnavailable, PublishError, TransactionTooLarge
from sociogram.graph.mapping import GraphMapping
from sociogram.graph.profile import Profiles
from sociogram.graph.profile_blocks import StoredProfiles
from sociogram.graph.publish_links import SEPARATOR, LinkGroup, counts, statements
from sociogram.graph.publish_lock import Held
from sociogram.graph.publish_runs import RUN_LABEL, written_by_us
from sociogram.graph.publish_stage import NEXT
from sociogram.graph.schema import quote
from sociogram.graph.snapshot import now
from sociogram.graph.store import Execute, Store
from sociogram.progress import SILENT, Progress

BLOCK = 10_000  # nodes that a statement changes: what it remembers until it ends is bounded by that
LEAST = 200  # nodes in one of several transactions
SHARE = 8  # of the memory, for one of several transactions
SAMPLE = 2_000  # users
ALL = 2**62
GIB = 2**30
# what a flip remembers until it is committed, as measured: 3.8 GiB for 100,000 users of width 128 with ten links, eight of them kept
NODE_BYTES, VALUE_BYTES = 14_000, 120  # VALUE_BYTES for each component of its vector: old, new and staged
LINK_BYTES, KEPT_BYTES = 1_400, 600
Statement = tuple[str, dict[str, Any]]


class Flip:
    """The statements that make one run live."""

    def __init__(
        self,
        store: Store,
        mapping: GraphMapping,
        run: str,
        names: dict[str, list[str]],
        staged: dict[str, list[str]],
        groups: list[LinkGroup],
        links: int,
        profiles: Profiles | StoredProfiles,
    ) -> None:
        self.mapping, self.run, self.names, self.staged = mapping, run, names, staged
        self.groups, self.links, self.keys = groups, links, profiles.keys
        self.values = sum(x.shape[0] * x.shape[1] for x in profiles.embeddings.values())
        self.mark = NEXT + mapping.write.name("run")
        self.ours, types = written_by_us(store)
        self.types = types | {mapping.write.interested_in, mapping.write.recommended}

    @property
    def nodes(self) -> int:
        """That are staged."""
        return sum(len(self.keys[label]) for label in self.names)

    def refuse_strange(self, execute: Execute, held: Held) -> None:
        """A publisher that slept through its replacement may have woken up in the middle of a batch, and staged its run on our nodes."""
        for label in self.names:
            query = f"MATCH (n:{quote(label)}) WHERE n.{quote(self.mark)} <> $run RETURN count(*) AS n"
            if execute(query, {"run": self.run})[0]["n"]:
                raise held.lost(None)

    def sample(self, store: Store) -> tuple[int, int]:
        """Live links of some users, and how many of these will go."""
        keys = self.keys[self.mapping.user.label]
        said = {"run": self.run, "keys": keys[:: max(len(keys) // SAMPLE, 1)]}
        rows = [store.read(query, said)[0] for query in counts(self.mapping, self.groups, self.mark, NEXT)]
        return sum(row["n"] for row in rows), sum(row["gone"] for row in rows)

    def first(self) -> list[Statement]:
        """The audit trail, where the run is to go live in parts."""
        return [
            (f"MATCH (r:{RUN_LABEL} {{id: $run}}) WHERE r.state <> 'live' SET r.state = 'flipping'", {"run": self.run})
        ]

    def blocks(self, size: int = BLOCK) -> Iterator[list[Statement]]:
        """What changes `size` nodes at a time: each is wholly of the run before, or wholly of this one."""
        for label in self.names:
            made = statements(self.mapping, self.groups, self.mark, NEXT) if label == self.mapping.user.label else []
            made.append(self._live(label))
            keys = self.keys[label]
            for start in range(0, len(keys), size):
                said = {"run": self.run, "separator": SEPARATOR, "keys": keys[start : start + size]}
                yield [(query, said) for query in made]

    def rest(self) -> Iterator[str]:
        """What this run does not know, newcomers at a rollback, keeps nothing of another one; with `$most` changes at a time."""
        for kind in sorted(self.types):
            yield f"MATCH ()-[r:{quote(kind)}]->() WHERE r.run <> $run WITH r LIMIT $most DELETE r RETURN count(*) AS n"
        run = quote(self.mapping.write.name("run"))
        for label, names in self.ours.items():
            removes = ", ".join(f"n.{quote(name)}" for name in sorted(names))
            yield (
                f"MATCH (n:{quote(label)}) WHERE (n.{run} IS NULL OR n.{run} <> $run) AND ({any_of(names)}) "
                f"WITH n LIMIT $most REMOVE {removes} RETURN count(*) AS n"
            )

    def last(self) -> list[Statement]:
        """The audit trail."""
        return [
            (f"MATCH (r:{RUN_LABEL}) WHERE r.state = 'live' SET r.state = 'superseded'", {}),
            (f"MATCH (r:{RUN_LABEL}) WHERE r.state = 'flipping' SET r.state = 'staging'", {}),
            (
                f"MATCH (r:{RUN_LABEL} {{id: $run}}) SET r.state = 'live', r.finishedAt = $now",
                {"run": self.run, "now": now()},
            ),
        ]

    def _live(self, label: str) -> str:
        key, names, staged = self.mapping.node(label).key, self.names[label], self.staged[label]
        values = {name: f"n.{quote(NEXT + name)}" for name in names}
        values |= dict.fromkeys([*staged, *sorted(self.ours.get(label, set()) - {*names, *staged})], "null")
        return (
            f"UNWIND $keys AS key MATCH (n:{quote(label)} {{{quote(key)}: key}}) WHERE n.{quote(self.mark)} = $run "
            f"SET n += {{{', '.join(f'{quote(name)}: {value}' for name, value in values.items())}}}"
        )


def flip(store: Store, held: Held, made: Flip, progress: Progress = SILENT) -> None:
    """Make the staged run live: in one transaction, or in several where the server's memory does not hold one."""
    memory = Memory.of(store, made)
    why = memory.too_small()
    if why is None:
        try:
            return _flipping(held, lambda: _at_once(store, held, made))
        except TransactionTooLarge as error:
            why = str(error)
    progress.say("going live", _said(made, why))
    return _flipping(held, lambda: _in_parts(store, held, made, memory.part(made.nodes), progress))


def _flipping(held: Held, work: Callable[[], None]) -> None:
    """Whatever comes of it, readers are told when it is over."""
    try:
        work()
    except DatabaseUnavailable:
        raise  # there is nobody to tell
    except BaseException:
        held.end_flip()
        raise
    held.end_flip()


def _at_once(store: Store, held: Held, made: Flip) -> None:
    def whole(execute: Execute) -> None:
        if held.may_flip(execute):
            made.refuse_strange(execute, held)
            for block in made.blocks():
                _run(execute, block)
            _run(execute, ((query, {"run": made.run, "most": ALL}) for query in made.rest()))
            _run(execute, made.last())

    store.transaction(whole, before_commit=held.begin_flip)


def _in_parts(store: Store, held: Held, made: Flip, size: int, progress: Progress) -> None:
    """Each part is whole, and doing one again changes nothing: a publish that is cut in the middle is ended by publishing again."""

    def begin(execute: Execute) -> None:
        held.may_go_on(execute)
        made.refuse_strange(execute, held)
        _run(execute, made.first())
        held.begin_parts(execute)

    def between(execute: Execute) -> None:
        held.may_go_on(execute)
        made.refuse_strange(execute, held)  # such nodes were left out, and are not to be taken for unknown ones

    def end(execute: Execute) -> None:
        if held.may_flip(execute):
            _run(execute, made.last())

    store.transaction(begin)
    with progress.stage("going live", made.nodes, "nodes") as stage, _explained(held):
        for block in made.blocks(size):
            store.transaction(partial(_part, held, block))
            stage.advance(len(block[0][1]["keys"]))
        store.transaction(between)
        for query in made.rest():
            while store.transaction(partial(_part, held, [(query, {"run": made.run, "most": size})])):
                pass
        store.transaction(end)


@contextmanager
def _explained(held: Held) -> Iterator[None]:
    try:
        yield
    except TransactionTooLarge as error:
        raise PublishError(
            f"even a part of run {held.run} needs more memory than Neo4j allows; some profiles are live and others of the run before. Give Neo4j "
            f"more (managed: set {HEAP}=8g, then sociogram db stop; your own: server.memory.heap.max_size), then: sociogram publish {held.run}. {error}"
        ) from None


def _part(held: Held, statements: Iterable[Statement], execute: Execute) -> int:
    """How much the last statement says it changed."""
    held.may_go_on(execute)
    rows = _run(execute, statements)
    return int(rows[0]["n"]) if rows else 0


def _run(execute: Execute, statements: Iterable[Statement]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for statement in statements:
        rows = execute(*statement)
    return rows


@dataclass(frozen=True)
class Memory:
    """Bytes: what one transaction may need for a flip at most, and what the server allows (None: it does not say)."""

    needed: int
    allowed: int | None

    @classmethod
    def of(cls, store: Store, made: Flip) -> "Memory":
        """By what will change, for links as a sample of users has it."""
        old = sum(store.read(f"MATCH ()-[r:{quote(kind)}]->() RETURN count(r) AS n")[0]["n"] for kind in made.types)
        seen, gone = made.sample(store)
        kept = old * (seen - gone) / max(seen, 1)
        changed = max(old - kept, 0) + max(made.links - kept, 0)
        needed = changed * LINK_BYTES + kept * KEPT_BYTES + made.nodes * NODE_BYTES + made.values * VALUE_BYTES
        return cls(int(needed), store.transaction_memory())

    def too_small(self) -> str | None:
        """Why one transaction cannot hold the flip; None where it can, or only trying will tell."""
        if self.allowed is None or self.needed <= self.allowed:
            return None
        return f"one may need {self.needed / GIB:.1f} GiB of memory, and Neo4j allows {self.allowed / GIB:.1f} GiB"

    def part(self, nodes: int) -> int:
        """How many of the nodes to change in one of several transactions: what they need is a small part of what is allowed."""
        if self.allowed is None:
            return LEAST
        return int(min(max(self.allowed / SHARE / (self.needed / max(nodes, 1)), LEAST), BLOCK))


def _said(made: Flip, why: str) -> str:
    links = (
        " or leave out links with --no-recommended"
        if any(g.kind == made.mapping.write.recommended for g in made.groups)
        else ""
    )
    return (
        f"{made.nodes:,} profiles with {made.links:,} links go live in several transactions: {why}. Until the last of them queries are refused, "
        f"and if this is cut, run it again. For one transaction give Neo4j more (managed: {HEAP}=16g){links}"
    )


def any_of(names: Iterable[str]) -> str:
    """A condition on n: it holds one of these properties."""
    return " OR ".join(f"n.{quote(name)} IS NOT NULL" for name in sorted(names))

"""All questions about influence, asked of one snapshot: `engine.influence`, or `Influence(Snapshot.open(folder))`."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sociogram.errors import InputError, NotFoundError
from sociogram.graph.snapshot import Key, Snapshot
from sociogram.progress import SILENT, Progress
from sociogram.queries.influence.cascades import CascadeGraph, Direction, Model, cascade_graph
from sociogram.said import Joined, Said

if TYPE_CHECKING:
    from sociogram.queries.influence.attribute import Attribution
    from sociogram.queries.influence.maximise import Maximised
    from sociogram.queries.influence.simulate import Simulated
    from sociogram.queries.influence.verdict import Verdict

Interests = Callable[[str], Mapping[Key, float]]  # a topic's name to users and their probability of interest


class Influence:
    """Influence among the users of a snapshot; `interests` gives profiles' probabilities, else the observed interests count."""

    def __init__(self, snapshot: Snapshot, *, progress: Progress = SILENT, interests: Interests | None = None) -> None:
        self.snapshot = snapshot
        self.progress = progress
        self._interests = interests

    def graph(
        self,
        model: Model = "wc",
        *,
        p: "float | str | Mapping[tuple[Key, Key], float] | None" = None,
        direction: Direction = "auto",
        topic: str | None = None,
    ) -> CascadeGraph:
        """The graph that cascades run on; see `cascade_graph`. `topic` scales the edges by both ends' interest in it.

        `p="learned"` takes the probabilities that `attribute` finds.
        """
        if p == "learned":
            p = self.attribute(direction=direction).p
        interest = None if topic is None else self._interest(topic)
        return cascade_graph(self.snapshot, model=model, p=p, direction=direction, interest=interest)

    def maximise(
        self,
        k: int | None = None,
        *,
        model: Model = "wc",
        p: "float | str | Mapping[tuple[Key, Key], float] | None" = None,
        direction: Direction = "auto",
        topic: str | None = None,
        **options: Any,
    ) -> "Maximised":
        """The k users (or those that `budget` buys) who would reach most, with a certificate.

        `options`: budget, costs {user: cost}, exclude [users], epsilon, delta, seed, memory (bytes).
        """
        from sociogram.queries.influence.maximise import maximise

        graph = self.graph(model, p=p, direction=direction, topic=topic)
        return maximise(graph, k, progress=self.progress, **options)

    def simulate(
        self,
        seeds: Sequence[Key],
        *,
        model: Model = "wc",
        p: "float | str | Mapping[tuple[Key, Key], float] | None" = None,
        direction: Direction = "auto",
        topic: str | None = None,
        **options: Any,
    ) -> "Simulated":
        """Expected spread of given users with its interval, for every prefix of them; `options`: runs, seed, top."""
        from sociogram.queries.influence.simulate import simulate

        graph = self.graph(model, p=p, direction=direction, topic=topic)
        return simulate(graph, seeds, progress=self.progress, **options)

    def attribute(self, *, direction: Direction = "auto", types: Sequence[str] = ()) -> "Attribution":
        """Who influenced whom and whose behaviours spread, from timed behaviours (of the given types, or all)."""
        from sociogram.queries.influence.attribute import attribute
        from sociogram.queries.influence.behaviours import behaviour_log

        return attribute(self.graph(direction=direction), behaviour_log(self.snapshot, types))

    def test(self, *, direction: Direction = "auto", types: Sequence[str] = (), **options: Any) -> "Verdict":
        """Whether it is influence at all, homophily, both or neither; `options`: level, shuffles, seed."""
        from sociogram.queries.influence.behaviours import behaviour_log
        from sociogram.queries.influence.verdict import judge

        log = behaviour_log(self.snapshot, types)
        return judge(self.graph(direction=direction), log, progress=self.progress, **options)

    def _interest(self, topic: str) -> Mapping[Key, float]:
        if self._interests is not None:
            return self._interests(topic)
        return observed_interest(self.snapshot, topic)


def observed_interest(snapshot: Snapshot, topic: str) -> dict[Key, float]:
    """Users whom the graph itself links to a topic (by name or key), each with 1; raises NotFoundError for an unknown topic."""
    found: dict[Key, float] = {}
    known: list[str] = []
    there = False
    for e in snapshot.edges_with_role("interest"):
        nodes = snapshot.nodes[e.key[2]]
        names = nodes.names
        rows = {i for i, (name, key) in enumerate(zip(names, nodes.keys, strict=True)) if topic in {name, str(key)}}
        known += names
        there = there or bool(rows)
        users = e.sources[[t in rows for t in e.targets.tolist()]] if rows else ()
        found |= {snapshot.users.keys[u]: 1.0 for u in set(map(int, users))}
    if not known:
        raise InputError(
            Said("the graph has no interests in topics. Leave the topic out, or learn profiles first: sociogram fit")
        )
    if not there:
        from difflib import get_close_matches

        near = get_close_matches(topic, list(dict.fromkeys(known)), 3)
        raise NotFoundError(
            Said("there is no topic {topic!r}. Near it: {near}.", topic=topic, near=Joined(", ", near))
            if near
            else Said("there is no topic {topic!r}. Name one of the graph's topics.", topic=topic)
        )
    return found

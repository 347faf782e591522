"""The whole story: load -> snapshot -> encode -> fit -> publish -> ask."""

import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sociogram.config import Home
from sociogram.errors import InputError, NotFoundError, PublishError, SociogramError
from sociogram.graph.mapping import GraphMapping
from sociogram.graph.snapshot import Snapshot
from sociogram.graph.store import Store
from sociogram.learn import fit_snapshot, tag_table
from sociogram.progress import SILENT, Progress
from sociogram.runs import Run, Runs, sweep
from sociogram.said import Said

if TYPE_CHECKING:
    import neo4j
    import networkx as nx

    from sociogram.audiences import Audience, Audiences
    from sociogram.gnn.description import Describer
    from sociogram.graph.embeddings import Embeddings
    from sociogram.graph.inspect import Found
    from sociogram.graph.publish import Written
    from sociogram.graph.publish_runs import PublishedRun
    from sociogram.loaders.load import LoadReport
    from sociogram.loaders.source import Source
    from sociogram.queries.ask import Asker, Key
    from sociogram.queries.changes import Change
    from sociogram.queries.explanation import Explanation
    from sociogram.queries.influence.influence import Influence
    from sociogram.queries.named import NamedQueries
    from sociogram.queries.neighbourhood import Neighbourhood
    from sociogram.queries.people import Directory, People, Person
    from sociogram.queries.rows import Interested, Profile, Recommendation, Rows, Tag
    from sociogram.queries.segments.compare import Borders
    from sociogram.queries.segments.rules import Rules
    from sociogram.queries.segments.segments import Segmentation
    from sociogram.queries.similar.find import SimilarRows, SimilarUsers
    from sociogram.recommending.options import What
    from sociogram.recommending.serve import Recommendations

ASKED_FIRST = 20  # users


class Engine:
    """Everything that Sociogram does with one graph.

    `graph` is a Store or the user's own `neo4j.Driver`; `mapping` says how to read the graph (a GraphMapping, a path to
    graph.toml, or None: the mapping that loading stored in the graph, else a guess as `sociogram inspect` makes it); `queries` are
    folders with `.cypher` files of your own.
    """

    def __init__(
        self,
        graph: "Store | neo4j.Driver",
        database: str | None = None,
        *,
        mapping: GraphMapping | Path | str | None = None,
        home: Home | None = None,
        progress: Progress = SILENT,
        queries: Sequence[Path | str] = (),
    ) -> None:
        self.store = graph if isinstance(graph, Store) else Store(graph, database)
        self.store.check()
        self.home = home or Home.default()
        self.runs = Runs(self.home.runs)
        self.progress = progress
        self.folders = tuple(map(Path, [queries] if isinstance(queries, str | Path) else queries))
        self._mapping = GraphMapping.read(Path(mapping)) if isinstance(mapping, str | Path) else mapping
        self._prepared: tuple[str, int] | None = None  # the run that `prepare` was for, and the flip it went live with
        self._kept_describer: tuple[Path, Describer] | None = None

    # load ---------------------------------------------------------------------------------------------------------

    def load(
        self,
        source: "Source | nx.Graph | dict[str, pd.DataFrame]",
        *,
        replace: bool = False,
        keep_private: bool = False,
    ) -> "LoadReport":
        """Write a source into the graph; loading twice changes nothing.

        A source is one of `sociogram.loaders`, a networkx graph, or frames by kind: {"users": df, "ties": df, ...}.
        """
        from sociogram.loaders import frames, networkx
        from sociogram.loaders.load import load

        if isinstance(source, dict):
            source = frames(**source)
        elif hasattr(source, "adjacency"):
            source = networkx(source)
        self._forget()  # a load can change the mapping
        return load(source, self.store, self.home, self.progress, replace=replace, keep_private=keep_private)

    def inspect(self) -> "Found":
        """Guess a mapping for whatever is in the graph."""
        from sociogram.graph.inspect import inspect

        return inspect(self.store)

    @property
    def mapping(self) -> GraphMapping:
        """The mapping in force: given, stored by a load, or guessed."""
        from sociogram.graph.stored_mapping import stored_mapping

        return self._mapping or stored_mapping(self.store) or self.inspect().mapping

    # snapshot -----------------------------------------------------------------------------------------------------

    def snapshot(self, folder: Path) -> Snapshot:
        """Export the mapped graph; raises MappingError where the mapping does not fit the database."""
        from sociogram.graph.export import export
        from sociogram.graph.inspect import check

        mapping = self.mapping
        check(self.store, mapping, typed=self._mapping is not None)
        return export(self.store, mapping, folder, self.progress)

    # fit ----------------------------------------------------------------------------------------------------------

    def fit(
        self,
        *,
        encoder: str = "all-MiniLM-L6-v2",
        revision: str | None = None,
        truth: Path | None = None,
        finish: bool = False,
        **settings: Any,
    ) -> Run:
        """Export the graph and learn from it; `settings` are those of FitConfig (mode, seed, ...). Publishing is a step of its own.

        `finish` makes profiles of the best that an interrupted run had come to. `truth`, the planted truth of a demo community, is
        only compared with in the report.
        """
        from tempfile import TemporaryDirectory

        started = time.perf_counter()
        self.home.runs.mkdir(parents=True, exist_ok=True)
        sweep(self.home.runs)
        with TemporaryDirectory(prefix=f".snapshot-{os.getpid()}-", dir=self.home.runs) as folder:
            snapshot = self.snapshot(Path(folder) / "snapshot")
            return fit_snapshot(
                snapshot,
                self.home,
                encoder=encoder,
                revision=revision,
                truth=truth,
                progress=self.progress,
                started=started,
                finish=finish,
                **settings,
            )

    # publish ------------------------------------------------------------------------------------------------------

    def publish(self, run: Run | str, *, recommended: int = 20, overwrite: bool = False, wait: float = 60) -> "Written":
        """Make a run's profiles the live ones, in one transaction where Neo4j's memory holds it.

        Waits for another publisher, `wait` seconds at most.
        """
        from sociogram.graph.profile_blocks import StoredProfiles
        from sociogram.graph.publish import publish

        run = self.runs.get(run) if isinstance(run, str) else run
        record = run.record
        if record["state"] != "finished":
            raise PublishError(
                Said(
                    "run {run} did not finish ({state}). Continue it first: sociogram fit",
                    run=run.id,
                    state=record["state"],
                )
            )
        self._forget()
        return publish(
            self.store,
            self.mapping,
            run.id,
            StoredProfiles(run.folder),
            config=record["config"],
            metrics=record.get("metrics", {}),
            recommended=recommended,
            overwrite=overwrite,
            wait=wait,
            progress=self.progress,
        )

    def published(self) -> "list[PublishedRun]":
        """The audit trail: every run that was published to this graph, newest first."""
        from sociogram.graph.publish_runs import published_runs

        return published_runs(self.store)

    def rollback(self, run: str | None = None) -> "Written":
        """Publish an earlier run again (unless named the last superseded one, or the live one where another was cut half way)."""
        run = run or self._before_cut() or self._earlier()
        if run not in self.runs and run in {p.id for p in self.published()}:
            raise PublishError(
                Said(
                    "run {run} was published from another machine, or its folder is gone: {folder} does not hold it. "
                    "Name one that is here: sociogram runs, then: sociogram rollback RUN",
                    run=run,
                    folder=self.home.runs,
                )
            )
        return self.publish(run)

    def _before_cut(self) -> str | None:
        """Id of the live run where part of the nodes have another one."""
        states = {p.state: p.id for p in self.published()}
        return states.get("live") if "flipping" in states else None

    def _earlier(self) -> str:
        """Id of the run that was published before the live one."""
        earlier = [p for p in self.published() if p.state == "superseded"]
        if not earlier:
            raise PublishError(Said("there is no earlier published run to go back to. See: sociogram runs"))
        return max(earlier, key=lambda p: p.finished_at or "").id

    def unpublish(self) -> int:
        """Remove everything that publishing wrote, and nothing else; returns how many nodes changed."""
        from sociogram.graph.publish import unpublish

        return unpublish(self.store, self.progress)

    # ask ----------------------------------------------------------------------------------------------------------

    def _forget(self) -> None:
        """What is known of the mapping, and of the live run's index and vectors."""
        for kept in ("_asker", "_similar", "_directory"):
            self.__dict__.pop(kept, None)
        self._prepared = None

    def prepare(self) -> None:
        """Hold the live run in memory, and open its text encoder and its ranking: for a program that is asked often.

        Nothing where no run is live, or one is being made live just now. Call it again where `is_prepared` says no; until then questions
        are answered from the database.
        """
        from sociogram.graph.publish_lock import flip_state
        from sociogram.graph.publish_runs import live_run
        from sociogram.graph.published_tags import published_tags, read_tags
        from sociogram.queries.similar.memory import MOST_BYTES, HeldRun

        state, run = flip_state(self.store), live_run(self.store)
        if run is None or state.flipping or state.halfway:
            return
        live, mapping = self._live_folder(), self.mapping
        users = self.embeddings(mapping.user.label, run=run)
        tags = read_tags(live.folder) if live else published_tags(self.store, mapping, run, users.ids)
        if flip_state(self.store) != state:
            return
        self._forget()  # the mapping may be another as well
        if users.vectors.nbytes <= MOST_BYTES:
            self._similar.hold(HeldRun(run, users.ids, users.vectors, tags, state.flips))
        if live is not None:
            self._recommendations.open(mapping, live)
            if len(live.profiles.tags):
                self._describer(live)
        self._prepared = run, state.flips
        self._ask_first(mapping, users)

    def is_prepared(self) -> bool:
        """Whether nothing went live since `prepare`."""
        from sociogram.graph.publish_lock import flip_state
        from sociogram.graph.publish_runs import live_run

        run = live_run(self.store)
        return run is None or self._prepared == (run, flip_state(self.store).flips)

    def _ask_first(self, mapping: GraphMapping, users: "Embeddings") -> None:
        """The database plans a question when it is first asked, and reads an index when it is first searched: longer than an answer takes."""
        filters = {*mapping.user.categorical, *mapping.user.numeric}
        for user, vector in zip(users.ids[:ASKED_FIRST], users.vectors[:ASKED_FIRST], strict=True):
            with suppress(SociogramError):
                known = self.profile(user).properties
                self.tags(user)
                self.similar(user)
                self.similar(vector=vector)
                for name in [name for name in filters if isinstance(known.get(name), str | int | float)]:
                    filters.remove(name)
                    self.similar(user, where={name: known[name]})

    @property
    def _ask(self) -> "Asker":
        return self._asker if self._prepared else self._new_asker()

    @cached_property
    def _asker(self) -> "Asker":
        return self._new_asker()

    def _new_asker(self) -> "Asker":
        from sociogram.queries.ask import Asker

        return Asker(self.store, self.mapping, self._similar.most_like if self._prepared else None)

    def profile(self, user: "Key") -> "Profile":
        """Everything that was published about a user, by key or exact name."""
        return self._ask.profile(user)

    def people(
        self,
        name: str = "",
        where: Mapping[str, Any] | None = None,
        *,
        k: int = 50,
        skip: int = 0,
        facets: bool = False,
    ) -> "People":
        """Users whose name or key holds `name` and who satisfy `where` (as for `similar`), the most influential first.

        `.total` counts all of them and, with `facets`, `.facets` those of each tag, segment and value of an attribute.
        """
        return self._directory.find(name, where, k=k, skip=skip, facets=facets)

    def people_of(self, keys: "Sequence[Key]") -> "list[Person]":
        """These users as `people` shows them, in the order given; those who are gone are left out."""
        return self._directory.some(keys)

    @cached_property
    def _directory(self) -> "Directory":
        from sociogram.queries.people import Directory

        return Directory(self.store, self.mapping)

    def neighbourhood(self, user: "Key", most: int = 12) -> "Neighbourhood":
        """The strongest ties, items and interests of a user, at most so many of each, with the ties among them."""
        from sociogram.queries.neighbourhood import Surroundings

        return Surroundings(self.store, self.mapping).of(user, most)

    @property
    def audiences(self) -> "Audiences":
        """Saved groups of users, by name."""
        from sociogram.audiences import Audiences

        return Audiences(self.home.audiences)

    def save_audience(
        self,
        name: str,
        users: "Sequence[Key] | None" = None,
        *,
        text: str | None = None,
        called: str = "",
        where: Mapping[str, Any] | None = None,
        k: int = 100,
    ) -> "Audience":
        """Save an audience: these `users`, or the k nearest to a `text`, or all whose name or key holds `called`; `where` narrows both."""
        from sociogram.graph.publish_runs import live_run

        asked: dict[str, Any] = {"text": text, "called": called, "where": dict(where or {})}
        if users is None:
            found = (
                [row.id for row in self.similar(text=text, k=k, where=where)]
                if text
                else self._directory.keys(called, where)
            )
        else:
            found, asked = self._directory.known(users), {"chosen": len(users)}
        return self.audiences.save(name, found, {q: a for q, a in asked.items() if a}, live_run(self.store))

    def changes(self, user: "Key", since: Run | str | None = None) -> "Rows[Change]":
        """What changed about a user (key) from the run `since`, by default the one published before, to the live run."""
        from sociogram.queries.changes import changes

        if since is None:
            since = self._earlier()
        before = self.runs.get(since) if isinstance(since, str) else since
        return changes(before.profiles, self._run(None).profiles, user)

    def tags(self, user: "Key") -> "Rows[Tag]":
        """A user's published interests, strongest first."""
        return self._ask.tags(user)

    def similar(
        self,
        user: "Key | None" = None,
        k: int = 10,
        where: Mapping[str, Any] | None = None,
        *,
        text: str | None = None,
        vector: Any = None,
        exclude: "Iterable[Key] | Key" = (),
        explain: bool = False,
    ) -> "SimilarRows":
        """The k users most like a user, a description in words or a vector, with reasons: k of them wherever k satisfy `where`.

        engine.similar("u0412", k=5, where={"city": ["Lyon", "Oslo"], "age": {"gte": 18, "lt": 30}, "tag": "climbing"})
        engine.similar(text="climbers who bake", where={"cypher": "u.age > 30 AND EXISTS { (u)-[:BOUGHT]->() }"})

        `exclude` leaves users out by key or name. With `explain` the answer has `.explained`: the plan, selectivity, candidates, time.
        """
        return self._similar.find(user, k, where, text=text, vector=vector, exclude=exclude, explain=explain)

    async def similar_soon(self, user: "Key", k: int = 10) -> "SimilarRows | None":
        """`similar` for an event loop: questions of a prepared Engine that come at once are answered together, and no thread waits.

        None where `similar` has to be asked: not prepared, a name instead of a key, a publish under way, equals at the edge.
        """
        return await self._similar.soon(user, k)

    @cached_property
    def _similar(self) -> "SimilarUsers":
        from sociogram.queries.similar.find import SimilarUsers

        return SimilarUsers(self.store, self.mapping, self._live_words)

    def recommend(
        self,
        user: "Key",
        k: int = 10,
        *,
        include_seen: bool = False,
        where: "Mapping[str, Any] | None" = None,
        topic: str | None = None,
        diversity: float = 0.0,
        popularity: float = 0.0,
        include_new: bool = False,
        what: "What" = "items",
    ) -> "Rows[Recommendation]":
        """The k best items (people to meet, topics to show) for a user, with reasons and their source.

        `where` ({"language": "de", "year": {"gte": 2020}}) and `topic` narrow items, or people; `diversity` 0..1 is the weight of MMR
        (Carbonell and Goldstein 1998), `popularity` goes from -1 (rare first) to 1 (well known first); `include_new` lets items that came after training compete by
        their text. Items that the user has are left out unless `include_seen`. There are k rows wherever k are left by the filter: what
        the model does not rank comes from embeddings, texts, friends or popularity, and says so. Raises InputError, NotFoundError.
        """
        from sociogram.queries.one_run import in_one_run
        from sociogram.recommending.options import Options

        options = Options(k, include_seen, where, topic, diversity, popularity, include_new, what)
        return in_one_run(
            self.store, lambda: self._recommendations.for_user(self.mapping, self._live_folder(), user, options)
        )

    @cached_property
    def _recommendations(self) -> "Recommendations":
        from sociogram.recommending.serve import Recommendations

        return Recommendations(self.store)

    def interested(
        self, topic: str, k: int = 10, *, description: str = "", run: Run | str | None = None
    ) -> "Rows[Interested]":
        """The k users most likely to be interested in a topic that no run has seen, from its name and description."""
        from sociogram.gnn.new_topic import TopicTower
        from sociogram.graph.export import join_texts
        from sociogram.queries.ask import positive
        from sociogram.queries.rows import Interested, Rows

        if not topic.strip():
            raise InputError("a topic needs a name, and a description helps: it is scored from its text.")
        positive(k)
        chosen = self._run(run)
        tower = TopicTower.load(chosen.folder)
        profiles = chosen.profiles
        scores = tower.scores(
            profiles.embeddings[profiles.user_label],
            chosen.encoder(self.home.cache).encode([join_texts([topic, description])])[0],
        )
        best = np.argsort(-scores, kind="stable")[:k]
        keys, names = profiles.keys[profiles.user_label], profiles.names[profiles.user_label]
        p = tower.probability(scores)
        return Rows([Interested(keys[u], names[u], float(p[u])) for u in best.tolist()])

    def explain(
        self,
        user: "Key",
        *,
        tag: str | None = None,
        similar: "Key | None" = None,
        item: "Key | None" = None,
        k: int = 3,
        run: Run | str | None = None,
    ) -> "Explanation":
        """The k friends, items, topics and sentences behind one claim, each with its share and its path in the graph.

        Exactly one of `tag`, `similar` (a user) and `item`. A tag's reasons come from the trained model, and `run` may name another than
        the live one. Raises NotFoundError where the user does not have the tag, and InputError unless exactly one claim is named.
        """
        from sociogram.graph.publish_links import PIECES
        from sociogram.queries.explain import Explainer, kept, one_claim

        one_claim(tag, similar, item, k, run)
        chosen = self._live_folder() if run is None and k > PIECES else run
        if tag is not None and chosen is not None:
            return kept(self._run(chosen).profiles, user, tag, k)
        return Explainer(self.store, self.mapping).claim(user, tag, similar, item, k)

    def cypher(self, text: str, **parameters: Any) -> "Rows[dict[str, Any]]":
        """The rows of any Cypher query that only reads, with parameters."""
        return self._ask.cypher(text, parameters)

    @property
    def _named(self) -> "NamedQueries":
        from sociogram.queries.named import NamedQueries

        return NamedQueries(self.store, self.mapping, self._words, self.folders)

    def query(self, name: str, /, **parameters: Any) -> "Rows[dict[str, Any]]":
        """The rows of a named query, of the library or of your own folders; users and topics may be given by name, a vector in words."""
        return self._named.run(name, parameters)

    def queries(self) -> "Rows[dict[str, Any]]":
        """The queries that `query` knows: topic, name, what each answers and its parameters."""
        from sociogram.queries.rows import Rows

        return Rows([query.to_dict() for query in self._named.catalogue.all()])

    def _words(self, text: str) -> list[float]:
        return self._describer(self._run(None)).describe(text)[0]

    def _live_words(self, text: str) -> tuple[list[float], list[str]]:
        """In the space of the live run: another run's vectors would mean nothing there."""
        live = self._live_folder()
        if live is None:
            raise NotFoundError(
                Said(
                    "words need the run that is live and its text encoder, which {folder} does not have. Publish a run from "
                    "here (sociogram fit), or give a vector.",
                    folder=self.home.runs,
                )
            )
        return self._describer(live).describe(text)

    def _describer(self, run: Run) -> "Describer":
        """Of the run that was asked for last: its encoder takes seconds to open."""
        from sociogram.gnn.description import Describer

        kept = self._kept_describer
        if kept is None or kept[0] != run.folder:
            kept = self._kept_describer = run.folder, Describer(run.profiles, run.encoder(self.home.cache))
        return kept[1]

    @property
    def influence(self) -> "Influence":
        """Questions about influence, asked of an export of the graph as it is now; keep it for several questions.

        seeds = engine.influence.maximise(k=50, model="wc"); seeds.certificate says how close they are to the best.
        """
        import tempfile
        import weakref

        from sociogram.queries.influence.influence import Influence

        folder = tempfile.mkdtemp(prefix="sociogram-influence-")
        try:
            asked = Influence(
                self.snapshot(Path(folder) / "snapshot"), progress=self.progress, interests=self._interests()
            )
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        weakref.finalize(asked, shutil.rmtree, folder, ignore_errors=True)
        return asked

    def _interests(self) -> "Callable[[str], dict[Key, float]] | None":
        """A topic's probability for the users, from the live run; None where none is published from here."""
        run = self._live_folder()
        if run is None:
            return None

        def interests(topic: str) -> "dict[Key, float]":
            table = self.tags_all(run=run)
            mine = table[(table["name"] == topic) | (table["topic"].astype(str) == topic)]
            if mine.empty:
                raise NotFoundError(f"run {run.id} has no topic {topic!r}. Name one that `sociogram tags --all` lists.")
            return dict(zip(mine["user"].tolist(), mine["probability"].tolist(), strict=True))

        return interests

    def segments(
        self,
        *,
        run: Run | str | None = None,
        method: str | None = None,
        k: int | None = None,
        floor: int | None = None,
        resolution: float | None = None,
        rules: "Rules | None" = None,
        seed: int | None = None,
        publish: bool = False,
    ) -> "Segmentation":
        """The segments of a run's users (the live run's, unless named), made anew: ids and names stay where the members do.

        `method`: embedding, leiden or rule; where nothing is said, the run's own way is taken. `k` and `floor` are numbers of segments
        and of users in one. `rules`: {name: condition}, texts "name: condition", or a TOML file. With `publish` they take the place of
        the run's own and the run is published.
        """
        from tempfile import TemporaryDirectory

        from sociogram.place import segment_anew

        chosen = self._run(run)
        asked = {"method": method, "k": k, "floor": floor, "resolution": resolution, "rules": rules, "seed": seed}
        with TemporaryDirectory(prefix="sociogram-segments-") as folder:
            snapshot = self.snapshot(Path(folder) / "snapshot")
            found = segment_anew(chosen, snapshot, asked, keep=publish, progress=self.progress)
        if publish:
            self.publish(chosen)
        return found

    def borders(self, ids: Sequence[int]) -> "Borders":
        """Which segments of the live run border on which: alike, next nearest, tied. Reads the run's folder and all ties once."""
        from sociogram.queries.segments.compare import borders

        return borders(self.store, self.mapping, self.live().profiles, ids)

    # for other programs -------------------------------------------------------------------------------------------

    def live(self) -> Run:
        """The live run, if its folder is on this machine; raises NotFoundError otherwise."""
        found = self._live_folder()
        if found is None:
            raise NotFoundError(
                Said(
                    "the live run has no folder in {folder}: it was published from elsewhere, or none is published yet. "
                    "Publish one from here: sociogram fit",
                    folder=self.home.runs,
                )
            )
        return found

    def _live_folder(self) -> Run | None:
        from sociogram.graph.publish_runs import live_run

        live = live_run(self.store)
        return self.runs.get(live) if live and live in self.runs else None

    def _run(self, run: Run | str | None) -> Run:
        if run is not None:
            return self.runs.get(run) if isinstance(run, str) else run
        found = self._live_folder() or self.runs.latest_finished()
        if found is None:
            raise NotFoundError(
                Said("there is no finished run in {folder}. Learn one first: sociogram fit", folder=self.home.runs)
            )
        return found

    def recommend_all(
        self,
        k: int = 20,
        *,
        include_seen: bool = False,
        where: "Mapping[str, Any] | None" = None,
        topic: str | None = None,
        diversity: float = 0.0,
        popularity: float = 0.0,
        include_new: bool = False,
        run: Run | str | None = None,
        named: bool = False,
    ) -> pd.DataFrame:
        """Columns user, item, rank, score, source (and, where `named`, name, seen) for every user of the live run.

        The options are those of `recommend`.
        """
        from sociogram.recommending.options import Options

        options = Options(k, include_seen, where, topic, diversity, popularity, include_new)
        return self._recommendations.for_all(self.mapping, self._run(run), options, named=named)

    def tags_all(self, top: int = 100, *, run: Run | str | None = None) -> pd.DataFrame:
        """Columns user, topic, name, probability, shown, observed: the best `top` topics of every user."""
        return tag_table(self._run(run).profiles, top)

    def embeddings(
        self, label: str, ids: "Iterable[Key] | None" = None, *, run: Run | str | None = None
    ) -> "Embeddings":
        """Keys and vectors of a label, or of some `ids` in their order, as a run left them (the live one unless named).

        From the run's own files where they are here; a live run that was made elsewhere is read from the graph.
        """
        from sociogram.graph.embeddings import published_embeddings, read_embeddings
        from sociogram.graph.publish_runs import live_run

        name = run.id if isinstance(run, Run) else run
        if name is None or name not in self.runs:
            live = live_run(self.store)
            if live is not None and name in (None, live) and live not in self.runs:
                found = published_embeddings(self.store, self.mapping, label, live)
                return found if ids is None else found.of(ids)
        chosen = self._run(run)
        found = read_embeddings(chosen.folder, label, chosen.id)
        return found if ids is None else found.of(ids)

    # housekeeping -------------------------------------------------------------------------------------------------

    def __enter__(self) -> "Engine":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


@contextmanager
def open(
    uri: str | None = None,
    *,
    user: str | None = None,
    password: str | None = None,
    database: str | None = None,
    mapping: GraphMapping | Path | str | None = None,
    home: Home | None = None,
    progress: Progress = SILENT,
    queries: Sequence[Path | str] = (),
) -> Iterator[Engine]:
    """An Engine on the Neo4j at `uri`; without one, on the managed Neo4j, which is started if it does not run."""
    home = home or Home.default()
    if uri is None:
        from sociogram.graph.server import ManagedServer

        address = ManagedServer(home).start(progress)
        uri, user, password = address.uri, address.user, address.password
    with Store.connect(uri, user=user, password=password, database=database) as store:
        yield Engine(store, mapping=mapping, home=home, progress=progress, queries=queries)

"""One question answered: which run, which way, which rows."""

import json
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd

from sociogram.graph.mapping import GraphMapping
from sociogram.graph.profile import Key
from sociogram.graph.publish_runs import RUN_LABEL
from sociogram.graph.store import Store
from sociogram.queries.ask import Asker
from sociogram.queries.rows import Recommendation, Rows
from sociogram.queries.serving import Item, Serving
from sociogram.queries.social import Social
from sociogram.recommending.options import Options
from sociogram.recommending.recommender import Recommender
from sociogram.recommending.shelf import SHARED, Shelf, shelf_of_graph, shelf_of_run
from sociogram.runs import Run

if TYPE_CHECKING:
    from sociogram.encoders.encoder import Encoder


class Recommendations:
    """Answers for one graph; what was read of a run is kept for the next question."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: tuple[str, Shelf, Callable[[], Encoder]] | None = None

    def open(self, mapping: GraphMapping, run: Run) -> None:
        """Read what a question of this run needs."""
        self._shelf(run, mapping)

    def for_user(self, mapping: GraphMapping, run: Run | None, user: Key, options: Options) -> Rows[Recommendation]:
        """`run` is the live run where its folder is here. Raises NotFoundError for an unknown user and where nothing is published."""
        asker = Asker(self._store, mapping)
        live = asker.live()
        key, profiled = asker.found(user)
        if options.what == "people":
            people = Social(self._store, mapping).people(
                key, options.k, options.where, options.topic, profiled=profiled
            )
            return Rows(people)
        if options.what == "topics":
            return Rows(Social(self._store, mapping).topics(key, options.k, self._predicted(run, key)))
        serving = Serving(self._store, mapping)
        if options.plain and profiled and any(True for _ in serving.had(key)):
            published = asker.recommend(key, options.k)
            if len(published) == options.k:
                return published
        if run is None:
            shelf, encoder = shelf_of_graph(serving, live, self._shared(live), key), None
        else:
            shelf, encoder = self._shelf(run, mapping)
        return Rows(Recommender(shelf, serving, encoder, options).one(key))

    def for_all(self, mapping: GraphMapping, run: Run, options: Options, *, named: bool) -> pd.DataFrame:
        """Columns user, item, rank, score, source (and name, seen), for every user of a run."""
        shelf, encoder = self._shelf(run, mapping)
        return Recommender(shelf, Serving(self._store, mapping), encoder, options).all(named=named)

    def _shelf(self, run: Run, mapping: GraphMapping) -> "tuple[Shelf, Callable[[], Encoder]]":
        if self._kept is None or self._kept[0] != run.id:
            self._kept = run.id, shelf_of_run(run, run.profiles, mapping.labels("item")), cache(run.encoder)
        return self._kept[1:]

    def _shared(self, live: str) -> int:
        rows = self._store.read(f"MATCH (r:{RUN_LABEL} {{id: $id}}) RETURN r.config AS config", id=live)
        config: dict[str, Any] = json.loads(rows[0]["config"] or "{}") if rows else {}
        return int(config.get("shared", SHARED))

    def _predicted(self, run: Run | None, user: Key) -> list[tuple[Item, float]] | None:
        if run is None:
            return None
        profiles = run.profiles
        keys = profiles.keys[profiles.user_label]
        if user not in keys:
            return []
        table = profiles.tags[(profiles.tags["user"] == keys.index(user)) & ~profiles.tags["observed"].to_numpy(bool)]
        return [
            ((label, profiles.keys[label][topic]), float(p))
            for label, topic, p in zip(
                table["topic_label"].tolist(), table["topic"].tolist(), table["probability"].tolist(), strict=True
            )
        ]

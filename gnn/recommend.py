"""Items for users: a blend of priors chosen on a validation cut, factors to store, the table of the best."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sociogram.gnn import metrics
from sociogram.gnn.blend import RARITY, Blend, Calibration, Recipe, blocks, choose, evaluate, fit_blend, fit_variants
from sociogram.gnn.distil import distil
from sociogram.gnn.factorise import SHIFTS, factorise
from sociogram.gnn.interactions import Cut, Interactions, cut, mask, read_interactions
from sociogram.gnn.priors import Factors, Floats, Part, Rows, fit_neighbours, standardised
from sociogram.graph.snapshot import Snapshot
from sociogram.progress import SILENT, Progress, Stage

SEEN = 20  # items that a user already has, kept in the table at most
MOST_ROWS = 5_000_000  # of the table: with more users each keeps fewer unseen items, LEAST at least
LEAST = 20


@dataclass
class ItemModel:
    """Scores of all items for all users, and factors whose dot product ranks nearly alike.

    `report`: {"rows": [{"method", "split": "validation", "ndcg@10", ...}], "chosen": {...}, "embedding": {"slope", "offset"}}, the last
    being the calibration of the factors' dot products, standardised over a user's items; rows are empty where nothing could be hidden.
    """

    user_factors: Floats  # [users, 64]
    item_factors: dict[str, Floats]  # label -> [n, 64]
    prior: (
        Factors  # plainer ones over all labels, which the network reads: what it learns does not hang on the distilling
    )
    report: dict[str, Any]
    interactions: Interactions = field(repr=False)
    blend: Blend = field(repr=False)
    calibration: Calibration = field(repr=False)

    def prior_factors(self, user: str) -> dict[str, Floats]:
        """The prior by label; `user` is that of the users."""
        return {user: self.prior.user, **_by_label(self.interactions, self.prior.item)}

    def scores(self, rows: Rows) -> Floats:
        """Blended scores [rows, items of all labels in order], z-scored per user and part: comparable within a user only."""
        return self.blend.scores(rows)

    def table(self, k: int = 20, seen: bool = True) -> pd.DataFrame:
        """The best k unseen items per user and, where `seen`, the best k seen ones (at most SEEN), as `Profiles.recommendations`.

        Columns user (row), item (row), item_label, rank, score, seen. `rank` counts from 1 over seen and unseen together by score:
        to leave the seen out, drop them and keep the order; to take them in, take the first k. `score` is in (0, 1),
        monotone in the model's score and calibrated on the validation cut: the chance that an unseen item is among those that the cut
        hid of the user. Of a seen item it says only how well the item fits.
        """
        return pd.concat([self._rows(rows, k, seen) for rows in blocks(*self.interactions.x.shape)], ignore_index=True)

    def _rows(self, rows: NDArray[np.int64], k: int, seen: bool) -> pd.DataFrame:
        scores, known = self.scores(rows), mask(self.interactions.x, rows)
        best = metrics.top_k(scores, k, known)
        if seen:
            best = np.hstack([best, metrics.top_k(scores, min(k, SEEN), ~known)])
        at, place = np.nonzero(best >= 0)
        column = best[at, place]
        raw = scores[at, column]
        order = np.lexsort((column, -raw, at))
        at, column, raw = at[order], column[order], raw[order]
        starts = np.searchsorted(at, at)  # where the user's rows begin
        edges = np.cumsum((0, *self.interactions.sizes))
        which = np.searchsorted(edges, column, side="right") - 1
        return pd.DataFrame(
            {
                "user": rows[at],
                "item": column - edges[which],
                "item_label": np.asarray(self.interactions.labels, object)[which],
                "rank": (np.arange(len(at)) - starts + 1).astype(np.int32),
                "score": self.calibration(raw),
                "seen": known[at, column],
            }
        )


def kept(wanted: int, users: int) -> int:
    """How many unseen items of each user the table holds."""
    return min(wanted, max(LEAST, MOST_ROWS // max(users, 1)))


def fit_items(snapshot: Snapshot, *, seed: int = 0, progress: Progress = SILENT) -> ItemModel | None:
    """Learn who would like which item; None when the snapshot has no behaviours.

    A tenth of each user's pairs is hidden; what is left chooses the parts and their weights, the way to the stored factors and the
    calibration of scores; then everything is fitted again on all pairs.
    """
    known = read_interactions(snapshot)
    if known is None:
        return None
    with progress.stage("items", 3, "steps") as stage:
        recipe, way, (calibration, embedding), rows = _chosen(known, cut(known.x, seed), seed, stage)
        blend = fit_blend(known, recipe, seed)
        stage.advance(1, "refitted on all pairs")
        prior, factors = _stored(blend, known, way, seed)
        stage.advance(1, "factors")
    chosen = {**recipe.to_dict(), "embedding": way.name}
    report = {"rows": rows, "chosen": chosen, "embedding": asdict(embedding)}
    item_factors = _by_label(known, factors.item)
    return ItemModel(factors.user, item_factors, prior, report, known, blend, calibration)


def _by_label(known: Interactions, items: Floats) -> dict[str, Floats]:
    return dict(zip(known.labels, np.split(items, np.cumsum(known.sizes)[:-1]), strict=True))


@dataclass(frozen=True)
class Way:
    """How factors are made: iALS or a truncated SVD of the blend for the prior, and whether what is stored is distilled."""

    shift: float | None = None
    distilled: bool = False

    @property
    def name(self) -> str:
        plain = "iALS, one seed" if self.shift is None else f"SVD of the blend above z = {self.shift:g}"
        return "the blend, distilled" if self.distilled else plain


def _chosen(
    known: Interactions, held: Cut, seed: int, stage: Stage
) -> tuple[Recipe, Way, tuple[Calibration, Calibration], list[dict[str, Any]]]:
    """Recipe, way to the stored factors, calibrations of the blend and of these, and report rows, all from the cut."""
    if not len(held.judges):
        stage.advance(1, "too few pairs to hide any: default blend")
        return Recipe(), Way(), (Calibration(), Calibration()), []
    part = known.with_x(held.train)
    variants, regularization = fit_variants(part, held, seed)
    recipe = choose(variants, held, regularization)
    blend = Blend({name: variants[name] for name in recipe.weights}, recipe.weights, Blend.popular(held.train))
    methods: dict[str, Part | Blend | None] = {"popularity": blend.popularity, "ItemKNN": fit_neighbours(held.train)}
    methods |= {_plain(n): p for n, p in variants.items() if n != RARITY and n in _best_names(recipe, variants)}
    methods["blend"] = blend
    rows = [evaluate(name, p, held) for name, p in methods.items() if p is not None]
    taught = blend.without(RARITY)  # vectors do worse with it: .1622 against .1650 on the validation cut of Last.fm
    plain = [_judged(Way(shift), _prior(taught, part, shift, seed), held) for shift in (None, *SHIFTS)]
    way, factors, row = max(plain, key=_value)
    made = distil(taught, part.x, _start(taught, part, seed))
    if made is not None:
        way, factors, row = max((way, factors, row), _judged(Way(way.shift, True), made, held), key=_value)
    stage.advance(1, f"N@10 {rows[-1]['ndcg@10']:.4f} on validation")
    calibrations = Calibration.fit(blend, held), Calibration.fit(_Standardised(factors), held)
    return recipe, way, calibrations, [*rows, row]


_Judged = tuple[Way, Factors, dict[str, Any]]


def _judged(way: Way, factors: Factors, held: Cut) -> _Judged:
    return way, factors, evaluate("embedding", factors, held)


def _value(judged: _Judged) -> float:
    return float(judged[2]["ndcg@10"] + judged[2]["ndcg@20"])


@dataclass(frozen=True)
class _Standardised:
    part: Part

    def scores(self, rows: Rows) -> Floats:
        return standardised(self.part.scores(rows))


def _stored(blend: Blend, known: Interactions, way: Way, seed: int) -> tuple[Factors, Factors]:
    """The prior and what is stored."""
    taught = blend.without(RARITY)
    prior = _prior(taught, known, way.shift, seed)
    made = distil(taught, known.x, _start(taught, known, seed)) if way.distilled else None
    return prior, prior if made is None else made


def _prior(blend: Blend, known: Interactions, shift: float | None, seed: int) -> Factors:
    ials = next((p for name, p in blend.parts.items() if name.startswith("iALS") and isinstance(p, Factors)), None)
    if shift is None and ials is not None:
        return ials.first_seed()
    return factorise(blend, known.x.shape, 0.0 if shift is None else shift, seed)


def _start(blend: Blend, known: Interactions, seed: int) -> Factors:
    return factorise(blend, known.x.shape, SHIFTS[0], seed)


def _best_names(recipe: Recipe, variants: Mapping[str, Part]) -> set[str]:
    """The variant of each method that the recipe names, else its first."""
    names = {}
    for name in variants:
        plain = _plain(name)
        if name in recipe.weights or plain not in names:
            names[plain] = name
    return set(names.values())


def _plain(name: str) -> str:
    return name.split("+", maxsplit=1)[0]

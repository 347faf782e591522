"""The demo community: equal for equal seeds, streamed, natural in shape, and neither trivial nor hopeless for simple baselines."""

import dataclasses
import hashlib
import json
import re
import tracemalloc
from collections import Counter, defaultdict
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from sociogram.config import Home
from sociogram.errors import InputError
from sociogram.evaluation.planted import load_truth
from sociogram.loaders.demo import Demo, demo
from sociogram.loaders.demo_people import STAGES
from sociogram.loaders.demo_words import WORDS
from sociogram.loaders.demo_words_zh import WORDS_ZH
from sociogram.loaders.source import Batch, NodeBatch, Quarantine, Source

NAMES = [w.name for w in WORDS]
OUTRIGHT = [
    re.compile(rf"\b({'|'.join(w.names)})\b|{'|'.join(WORDS_ZH[w.name].names)}", re.IGNORECASE) for w in WORDS
]  # per topic, what says it outright
SAID = re.compile("|".join(pattern.pattern for pattern in OUTRIGHT), re.IGNORECASE)
SEEDS = (0, 1)
ACTS = ("VIEWED", "LIKED", "BOUGHT", "POSTED")


def stream(source: Demo) -> list[Batch]:
    with Quarantine(source.truth.with_suffix(".quarantine")) as quarantine:
        return list(source.batches(quarantine))


def kind(batch: Batch) -> str:
    return batch.label if isinstance(batch, NodeBatch) else batch.type


@dataclasses.dataclass
class Community:
    """Everything of a demo in memory, users in row order."""

    rows: dict[str, list[dict[str, Any]]]
    truth: pd.DataFrame

    def __post_init__(self) -> None:
        self.row = {user: i for i, user in enumerate(self.truth["user"])}
        self.bot = (self.truth["archetype"] == "bot").to_numpy()
        held = self.truth["held_out"].to_numpy()
        self.train, self.test = ~held & ~self.bot, held & ~self.bot
        self.Y = np.array([[name in mine for name in NAMES] for mine in self.truth["interests"]], int)
        self.texts: list[list[str]] = [[row["bio"]] for row in self.rows["User"]]
        for row in self.rows["POSTED"]:
            self.texts[self.row[row["source"]]].append(row["text"])
        self.own = [" ".join(texts) for texts in self.texts]

    def neighbours(self) -> list[list[int]]:
        near: list[list[int]] = [[] for _ in self.own]
        for row in self.rows["KNOWS"]:
            a, b = self.row[row["source"]], self.row[row["target"]]
            near[a].append(b)
            near[b].append(a)
        return near


@cache
def community(folder: Path, seed: int) -> Community:
    source = demo(seed=seed, truth=folder / f"{seed}.parquet")
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for batch in stream(source):
        rows[kind(batch)] += batch.rows
    return Community(rows, load_truth(source.truth))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


def mean_ap(Y: np.ndarray, scores: np.ndarray) -> float:
    """Mean over users of the average precision of their ranking of topics."""
    values = []
    for truth, score in zip(Y, scores, strict=True):
        ranks = np.flatnonzero(truth[np.argsort(-score, kind="stable")]) + 1
        values.append((np.arange(1, len(ranks) + 1) / ranks).mean())
    return float(np.mean(values))


def text_scores(c: Community, *views: list[str]) -> np.ndarray:
    """TF-IDF (words, word pairs, Chinese characters) and one logistic regression a topic, from tagged users to held-out ones."""
    tfidf = TfidfVectorizer(
        token_pattern=r"[a-zA-Z']{2,}|[\u4e00-\u9fff]", ngram_range=(1, 2), min_df=2, sublinear_tf=True
    )
    tfidf.fit(c.own)
    X = sparse.hstack([tfidf.transform(view) for view in views]).tocsr()
    model = OneVsRestClassifier(LogisticRegression(C=10, max_iter=500)).fit(X[c.train], c.Y[c.train])
    return np.asarray(model.predict_proba(X[c.test]))


@pytest.mark.parametrize("seed", SEEDS)
def test_own_text_says_something_but_not_all_and_neighbours_add_to_it(folder: Path, seed: int) -> None:
    c = community(folder, seed)
    near = [" ".join(c.own[j] for j in others) for others in c.neighbours()]
    own = mean_ap(c.Y[c.test], text_scores(c, c.own))
    both = mean_ap(c.Y[c.test], text_scores(c, c.own, near))
    popular = mean_ap(c.Y[c.test], np.tile(c.Y[c.train].mean(0), (c.test.sum(), 1)))
    assert popular < 0.30
    assert 0.35 < own < 0.75
    assert own + 0.02 < both < 0.75


@pytest.mark.parametrize("seed", SEEDS)
def test_topics_of_own_items_do_not_give_interests_away(folder: Path, seed: int) -> None:
    c = community(folder, seed)
    about: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for row in c.rows["ABOUT"]:
        about[row["source"]].append((int(row["target"][1:]) - 1, row["weight"]))
    counts = np.tile(c.Y[c.train].mean(0) * 1e-3, (len(c.own), 1))
    for type_ in ACTS:
        for row in c.rows[type_]:
            for topic, weight in about[row["target"]]:
                counts[c.row[row["source"]], topic] += weight
    assert 0.35 < mean_ap(c.Y[c.test], counts[c.test]) < 0.75


@pytest.mark.parametrize("seed", SEEDS)
def test_topic_words_are_absent_from_half_of_the_texts(folder: Path, seed: int) -> None:
    c = community(folder, seed)
    texts = [text for mine, bot in zip(c.texts, c.bot, strict=True) if not bot for text in mine]
    assert 0.25 < np.mean([bool(SAID.search(text)) for text in texts]) < 0.5


def test_indirect_cues_do_not_say_their_topic() -> None:
    for words, outright in zip(WORDS, OUTRIGHT, strict=True):
        zh = WORDS_ZH[words.name]
        said = [
            cue for cue in (*words.doing, *words.things, *words.places, *zh.doing, *zh.things) if outright.search(cue)
        ]
        assert said == [], words.name


def test_shape_of_the_default_community(folder: Path) -> None:
    c = community(folder, 0)
    count = {name: len(rows) for name, rows in c.rows.items()}
    assert (count["User"], count["Item"], count["Topic"], count["BROADER"]) == (1500, 800, 24, 18)
    assert 8_500 < count["KNOWS"] < 10_500
    assert 29_000 < sum(count[type_] for type_ in ACTS) < 35_000
    kinds = Counter(c.truth["archetype"])
    assert kinds["ordinary"] > 900
    assert min(kinds[k] for k in ("newcomer", "text_only", "friends_only")) > 50
    assert 10 < kinds["bot"] < 60
    assert 0.35 < c.truth["held_out"].mean() < 0.45
    assert set(c.truth[~c.bot]["interests"].map(len)) == {1, 2, 3, 4}
    assert sum("\u4e00" <= text[0] <= "\u9fff" for text in c.own) > 75
    assert len({row["title"] for row in c.rows["Item"]}) == 800


def test_archetypes_keep_their_promise(folder: Path) -> None:
    c = community(folder, 0)
    kind_of = dict(zip(c.truth["user"], c.truth["archetype"], strict=True))
    ties, acts = Counter[str](), Counter[str]()
    for row in c.rows["KNOWS"]:
        ties.update((kind_of[row["source"]], kind_of[row["target"]]))
    for type_ in ACTS:
        acts.update(kind_of[row["source"]] for row in c.rows[type_])
    users = Counter(kind_of.values())
    assert ties["newcomer"] == 0
    assert acts["newcomer"] / users["newcomer"] < 2
    assert acts["friends_only"] / users["friends_only"] < 2.5
    assert acts["bot"] / users["bot"] > 50
    bios = [row["bio"] for row in c.rows["User"] if kind_of[row["id"]] == "friends_only"]
    assert not any(SAID.search(bio) for bio in bios)
    mine = dict(zip(c.truth["user"], c.truth["interests"].map(set), strict=True))
    shared = Counter(kind_of[r["source"]] for r in c.rows["KNOWS"] if mine[r["source"]] & mine[r["target"]])
    started = Counter(kind_of[r["source"]] for r in c.rows["KNOWS"])
    assert shared["friends_only"] / started["friends_only"] > 0.8
    assert shared["text_only"] / started["text_only"] < 0.35


def test_only_declared_users_are_tagged_and_with_their_planted_interests(folder: Path) -> None:
    c = community(folder, 0)
    tagged: dict[str, set[str]] = defaultdict(set)
    for row in c.rows["TAGGED"]:
        tagged[row["source"]].add(row["target"])
    for user, held_out, topics in zip(c.truth["user"], c.truth["held_out"], c.truth["topics"], strict=True):
        assert tagged.get(user, set()) == (set() if held_out else set(topics))


def test_attributes_can_be_inferred_and_the_hidden_ones_are_hidden(folder: Path) -> None:
    c = community(folder, 0)
    shown = np.array(["spend" in row for row in c.rows["User"]])
    assert (shown == ~c.truth["attributes_held_out"].to_numpy()).all()
    assert 0.65 < shown.mean() < 0.75
    train, test = shown & ~c.bot, ~shown & ~c.bot
    bios = np.array([row["bio"] for row in c.rows["User"]], dtype=object)
    stage = c.truth["lifeStage"].to_numpy()
    model = make_pipeline(TfidfVectorizer(min_df=2), LogisticRegression(C=10, max_iter=500)).fit(
        bios[train], stage[train]
    )
    assert set(stage) == set(STAGES)
    assert model.score(bios[test], stage[test]) > (stage[test] == "working").mean() + 0.15
    german = c.truth["languages"].map(lambda known: "German" in known).to_numpy()
    city = np.array([row["city"] for row in c.rows["User"]])
    assert german[city == "Berlin"].mean() > german[city != "Berlin"].mean() + 0.3
    bought, acts = np.zeros(len(city)), np.zeros(len(city))
    for type_ in ("VIEWED", "LIKED", "BOUGHT"):
        for row in c.rows[type_]:
            acts[c.row[row["source"]]] += 1
            bought[c.row[row["source"]]] += type_ == "BOUGHT"
    active = acts >= 10
    assert np.corrcoef(bought[active] / acts[active], np.log(c.truth["spend"].to_numpy()[active]))[0, 1] > 0.4


def digest(source: Demo) -> str:
    text = json.dumps([[kind(batch), batch.rows] for batch in stream(source)], default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def test_equal_seeds_are_byte_identical_and_others_are_not(tmp_path: Path) -> None:
    one, two = (demo(users=300, seed=5, truth=tmp_path / name) for name in ("1.parquet", "2.parquet"))
    assert digest(one) == digest(two)
    assert one.truth.read_bytes() == two.truth.read_bytes()
    assert digest(one) != digest(demo(users=300, seed=6, truth=tmp_path / "3.parquet"))


def test_the_demo_stays_what_it_was(tmp_path: Path) -> None:
    """Figures are comparable only while the demo does not move: who changes it changes this line and measures again."""
    rows = next(b for b in stream(demo(users=50, truth=tmp_path / "t.parquet")) if kind(b) == "User").rows
    words = "\n".join(f"{row['id']} {row['name']}: {row['bio']}" for row in rows)
    assert hashlib.sha256(words.encode()).hexdigest()[:16] == "3efeef9b29f79816"


def test_nothing_happens_before_both_ends_exist(folder: Path) -> None:
    c = community(folder, 0)
    born = {row["id"]: row["joinedAt"] for row in c.rows["User"]} | {
        row["id"]: row["publishedAt"] for row in c.rows["Item"]
    }
    for type_ in ("KNOWS", *ACTS):
        assert all(row["at"] >= max(born[row["source"]], born[row["target"]]) for row in c.rows[type_]), type_
    assert all(row["at"] >= born[row["source"]] for row in c.rows["TAGGED"])


@pytest.mark.parametrize("users", [1, 2, 5, 50])
@pytest.mark.parametrize("topics", [1, 5, 24])
def test_small_communities_are_whole(tmp_path: Path, users: int, topics: int) -> None:
    source = demo(users=users, topics=topics, truth=tmp_path / "t.parquet")
    keys: dict[str, set[str]] = defaultdict(set)
    for batch in stream(source):
        if isinstance(batch, NodeBatch):
            keys[batch.label] |= {row["id"] for row in batch.rows}
            continue
        assert batch.rows
        for row in batch.rows:
            assert row["source"] in keys[batch.source]
            assert row["target"] in keys[batch.target]
            assert batch.type != "KNOWS" or row["source"] != row["target"]
    assert len(keys["User"]) == users == len(load_truth(source.truth))
    assert len(keys["Topic"]) == topics
    assert len(keys["Item"]) == max(1, round(users * 8 / 15))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"users": 0}, "users must be from 1 to 1,000,000, got 0"),
        ({"users": 1_000_001}, "got 1,000,001"),
        ({"items": 0}, "items must be from 1"),
        ({"topics": 25}, "topics must be from 1 to 24, got 25"),
        ({"seed": -1}, "seed must be from 0"),
    ],
)
def test_sizes_out_of_range_are_refused(options: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        demo(**options)


def test_batches_are_mapped_unique_and_in_order(tmp_path: Path) -> None:
    source: Source = demo(users=300, truth=tmp_path / "t.parquet")
    mapped = {n.label: n.properties for n in source.mapping.nodes}
    types = {r.key: r for r in source.mapping.relationships}
    seen: set[tuple[Any, ...]] = set()
    with Quarantine(tmp_path / "q.parquet") as quarantine:
        for batch in source.batches(quarantine):
            if isinstance(batch, NodeBatch):
                assert all(set(row) <= set(mapped[batch.label]) for row in batch.rows)
                continue
            r = types[batch.source, batch.type, batch.target]
            named = {"source", "target", "eventId", r.weight, r.time, *r.text, *r.numeric}
            assert all(set(row) <= named for row in batch.rows)
            identity = [
                (batch.type, row["source"], row["target"], row.get("eventId") or row.get("at")) for row in batch.rows
            ]
            assert seen.isdisjoint(identity)
            assert len(set(identity)) == len(identity)
            seen.update(identity)
        assert quarantine.rejected == 0
        assert quarantine.read > 300


def test_large_communities_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is held grows by the plan's arrays only: an 8 times larger community takes far less than 8 times the memory."""
    monkeypatch.setattr(import_module("sociogram.loaders.demo"), "_BLOCK", 250)

    def peak(users: int) -> float:
        source = demo(users=users, truth=tmp_path / f"{users}.parquet")
        tracemalloc.start()
        with Quarantine(tmp_path / "q.parquet") as quarantine:
            for batch in source.batches(quarantine):
                assert len(batch.rows) <= 10_000
                if kind(batch) == "KNOWS":  # plan, users and items are done, relationships under way
                    break
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most / 1e6

    assert peak(6_000) < 2 * peak(750)


def test_truth_is_written_outside_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOCIOGRAM_HOME", str(tmp_path))
    source = demo(users=30, seed=3)
    assert source.truth == Home.default().truth / "demo-30-3.parquet"
    batches = stream(source)
    assert pq.read_metadata(source.truth).num_rows == 30
    assert list(source.truth.parent.glob("*.part")) == []
    forbidden = {"archetype", "interests", "held_out"}
    assert not any(forbidden & set(row) for batch in batches for row in batch.rows)

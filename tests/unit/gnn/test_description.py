"""Words as a direction in the users' space."""

import numpy as np
import pandas as pd
import pytest

from sociogram.errors import InputError
from sociogram.gnn.description import Describer, direction, parts
from sociogram.graph.profile import Profiles

NAMES = np.eye(3, 4, dtype=np.float32)


def profiles(labels: int = 1) -> Profiles:
    rng = np.random.default_rng(0)
    centres = np.eye(3, 8)
    users = np.repeat(centres, 10, 0) + 0.2 * rng.normal(size=(30, 8)) + 0.5
    tags = pd.DataFrame(
        {
            "user": range(30),
            "topic": np.repeat([0, 1, 2], 10),
            "topic_label": ["Topic"] * 29 + (["Topic"] if labels == 1 else ["Genre"]),
            "probability": 0.9,
            "shown": True,
            "observed": False,
        }
    )
    keys = {"User": list(range(30)), "Topic": ["a", "b", "c"]}
    names = {label: [str(k) for k in ks] for label, ks in keys.items()}
    return Profiles("User", keys, names, {"User": users.astype(np.float32)}, tags, pd.DataFrame(), [], {})


def nearest(described: np.ndarray, count: int) -> set[int]:
    made = profiles()
    users = made.embeddings["User"]
    cosine = users @ np.array(direction(made, NAMES, described.astype(np.float32))) / np.linalg.norm(users, axis=1)
    return set(np.argsort(-cosine)[:count].tolist())


def test_those_described_are_the_nearest() -> None:
    assert nearest(NAMES[1:2], 10) == set(range(10, 20))


def test_every_word_counts() -> None:
    both = np.stack([NAMES[0] + 0.4 * NAMES[2], NAMES[0], NAMES[2]])
    assert nearest(both, 20) == {*range(10), *range(20, 30)}


def test_parts_are_the_topics_that_are_named_then_the_other_words() -> None:
    topics = ["Dream-Pop", "pop", "shoegaze", "The Who", "who", "drum and bass", "bass"]
    text = "Shoegaze fans who love dream pop, shoegaze"
    assert parts(text, topics) == [text, "shoegaze", "dream pop", "fans"]
    assert parts("drum and bass of the who", topics)[1:] == ["drum and bass", "the who"]
    assert parts("climbers who bake, who", []) == ["climbers who bake, who", "climbers", "bake"]
    assert parts("drum and", topics)[1:] == ["drum"]
    assert parts("a taste of pop", [*topics, "a", "of"])[1:] == ["pop", "taste"]


def test_words_without_a_topic() -> None:
    with pytest.raises(InputError, match="nothing in common with any topic"):
        direction(profiles(), NAMES, -NAMES[:1] - NAMES[1:2] - NAMES[2:])
    with pytest.raises(InputError, match="one label of topics"):
        direction(profiles(2), NAMES, NAMES[:1])


class Counting:
    """An encoder whose texts are known, and counted."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode(self, texts: list[str]) -> np.ndarray:
        self.texts += texts
        return np.stack([NAMES["abc".index(text)] if text in {"a", "b", "c"} else NAMES[1] for text in texts])


def test_topics_are_read_once() -> None:
    encoder = Counting()
    describer = Describer(profiles(), encoder)  # type: ignore[arg-type]
    found, topics = describer.describe("climbers")
    assert (topics[0], describer.describe("climbers")[0]) == ("b", found)
    assert encoder.texts == ["a", "b", "c", "climbers", "climbers", "climbers", "climbers"]


def test_a_run_without_topics() -> None:
    made = profiles()
    made.tags = made.tags.iloc[:0]
    with pytest.raises(InputError, match="knows no topics"):
        Describer(made, Counting())  # type: ignore[arg-type]

"""Attributes: rare classes are found, confidence is that of the class that is named."""

from pathlib import Path

import numpy as np
from gnn_community import table
from scipy import sparse

from sociogram.gnn.attributes import predict_attribute
from sociogram.gnn.heads import Target, read_targets
from sociogram.gnn.matrices import csr
from sociogram.graph.mapping import GraphMapping, NodeMapping
from sociogram.graph.snapshot import Snapshot


def test_what_cannot_be_learnt_is_told(tmp_path: Path) -> None:
    mapping = GraphMapping(
        (NodeMapping("User", "user", predict={"town": "class", "age": "number", "few": "class"}),), ()
    )
    users = table(
        key=[f"u{i}" for i in range(30)],
        town=["Bern"] * 30,
        age=[40.0] * 30,
        few=["a", "b"] * 3 + [None] * 24,
    )
    found, skipped = read_targets(Snapshot.create(tmp_path / "s", mapping, {"User": users}, {}), 0)
    assert not found
    assert skipped["town"] == skipped["age"] == "all users who have it have the same value"
    assert skipped["few"] == "6 users have a value; at least 10 are needed"


def test_a_class_with_one_user_is_no_trouble(tmp_path: Path) -> None:
    y = np.zeros(40)
    y[7] = 1
    nothing = csr(sparse.csr_array((40, 40), dtype=np.float32))
    attribute, _ = predict_attribute(
        target(y, ["usual", "single"]), np.zeros((40, 2), np.float32), np.zeros((40, 3), np.float32), nothing
    )
    assert np.isfinite(attribute.confidence).all()


def target(y: np.ndarray, values: list[str], seed: int = 0) -> Target:
    part = np.random.default_rng(seed).permutation(len(y)) % 5
    known = np.ones(len(y), bool)
    return Target("kind", "class", y.astype(np.float32), known, part > 1, part == 0, part == 1, values)


def figures(report: dict, method: str) -> dict:  # type: ignore[type-arg]
    return next(row for row in report["rows"] if row["method"] == method)


def test_a_rare_class_is_named_where_that_is_worth_it() -> None:
    rng = np.random.default_rng(0)
    rare = rng.random(3000) < 0.08
    inputs = np.stack([rare * 1.6 + rng.normal(size=3000), rng.normal(size=3000)], 1).astype(np.float32)
    t = target(rare.astype(int), ["usual", "rare"])
    nothing = csr(sparse.csr_array((3000, 3000), dtype=np.float32))
    attribute, report = predict_attribute(t, np.zeros((3000, 2), np.float32), inputs, nothing)
    assert report["balance"] > 0
    assert figures(report, "sociogram")["macro_f1"] > figures(report, "linear")["macro_f1"] + 0.05
    named = np.array([value == "rare" for value in attribute.values])
    assert rare[named].mean() > 3 * rare.mean()
    assert (attribute.confidence[named] < 0.9).all()  # the honest probability, not that of the adjusted score
    assert abs(float(attribute.confidence[named].mean()) - float(rare[named].mean())) < 0.25


def test_even_classes_need_no_balance() -> None:
    rng = np.random.default_rng(1)
    y = rng.integers(2, size=1000)
    inputs = (y[:, None] * 3 + rng.normal(size=(1000, 1))).astype(np.float32)
    nothing = csr(sparse.csr_array((1000, 1000), dtype=np.float32))
    attribute, report = predict_attribute(target(y, ["a", "b"]), np.zeros((1000, 2), np.float32), inputs, nothing)
    assert figures(report, "sociogram")["accuracy"] > 0.9
    assert ((attribute.confidence >= 0) & (attribute.confidence <= 1)).all()

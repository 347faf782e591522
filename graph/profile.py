"""The profiles of one run: what learning hands to publishing, kept as Parquet and safetensors in the run folder."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from sociogram.errors import InputError

Key = int | str
USER_COLUMNS = ("influence", "reach", "community", "bridging", "segment", "segment_name")  # as in WriteMapping
USER_VALUES = "user_values.parquet"
VALUE, CONFIDENCE = "value of ", "confidence of "  # before the name of an attribute


@dataclass
class Attribute:
    """One predicted attribute: a value and a confidence in [0, 1] per user row; value None where the model abstains."""

    kind: str  # class | multilabel | number
    values: list[Any]
    confidence: NDArray[np.float32]  # [users]


@dataclass
class Profiles:
    """Profiles of a run, by row of the snapshot that it was trained on.

    `tags` columns: user (row), topic (row), topic_label, probability (float32), shown (bool: goes to `tags` and
    INTERESTED_IN), observed (bool: the graph already says so); sorted by user, then probability descending; the best 100 per user.
    `recommendations` columns: user (row), item (row), item_label, rank (from 1), score, seen (bool); the best unseen (and the
    seen, flagged) per user, sorted by user, rank.
    """

    user_label: str
    keys: dict[str, list[Key]]  # label -> keys in row order
    names: dict[str, list[str]]
    embeddings: dict[str, NDArray[np.float32]]  # label -> [n, d], not normalised: cosine for alike, dot for user x item
    tags: pd.DataFrame
    recommendations: pd.DataFrame
    keywords: list[list[str]]
    attributes: dict[str, Attribute] = field(default_factory=dict)
    evidence: pd.DataFrame | None = (
        None  # of the shown tags, as gnn.reasons makes it; runs of earlier versions have none
    )
    users: pd.DataFrame | None = None  # a row a user, columns USER_COLUMNS; None in runs of earlier versions

    def save(self, folder: Path) -> None:
        """Write under `folder`: profiles.json, embeddings.safetensors and a Parquet file for each table."""
        folder.mkdir(parents=True, exist_ok=True)
        save_file(
            {label: np.ascontiguousarray(x) for label, x in self.embeddings.items()}, folder / "embeddings.safetensors"
        )
        self.tags.to_parquet(folder / "tags.parquet", index=False)
        self.recommendations.to_parquet(folder / "recommendations.parquet", index=False)
        if self.evidence is not None:
            self.evidence.to_parquet(folder / "evidence.parquet", index=False)
        if self.users is not None:
            self.save_users(folder)
        save_user_values(folder, self.keywords, self.attributes)
        record = {
            "user_label": self.user_label,
            "keys": self.keys,
            "names": self.names,
            "attributes": {name: {"kind": a.kind} for name, a in self.attributes.items()},
        }
        staged = folder / "profiles.json.part"
        staged.write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
        staged.rename(folder / "profiles.json")  # last: a folder with it is complete

    def save_users(self, folder: Path) -> None:
        """Write the table of users alone, in one step: it changes when users are segmented anew."""
        if self.users is not None:
            staged = folder / "users.parquet.part"
            self.users.to_parquet(staged, index=False)
            staged.rename(folder / "users.parquet")

    @classmethod
    def load(cls, folder: Path) -> "Profiles":
        """Read what `save` wrote; raises InputError where the folder is not complete."""
        record = read_record(folder)
        keywords, attributes = user_values(pd.read_parquet(folder / USER_VALUES), record.pop("attributes"))
        evidence = folder / "evidence.parquet"
        return cls(
            embeddings=load_file(folder / "embeddings.safetensors"),
            tags=pd.read_parquet(folder / "tags.parquet"),
            recommendations=pd.read_parquet(folder / "recommendations.parquet"),
            keywords=keywords,
            attributes=attributes,
            evidence=pd.read_parquet(evidence) if evidence.exists() else None,
            users=pd.read_parquet(folder / "users.parquet") if (folder / "users.parquet").exists() else None,
            **record,
        )


def complete(folder: Path) -> None:
    """Raise InputError where a run folder holds no whole profiles."""
    if not (folder / "profiles.json").exists():
        raise InputError(f"{folder} holds no finished profiles. Run `sociogram fit` again (it resumes).")


def read_record(folder: Path) -> dict[str, Any]:
    """profiles.json; raises InputError where the folder is not complete."""
    complete(folder)
    record = dict(json.loads((folder / "profiles.json").read_text(encoding="utf-8")))
    if "keywords" in record and not (folder / USER_VALUES).exists():  # a run of before they had a file of their own
        said = {
            name: Attribute(**{**a, "confidence": np.asarray(a["confidence"])})
            for name, a in record["attributes"].items()
        }
        save_user_values(folder, record["keywords"], said)
    record.pop("keywords", None)
    return record


def save_user_values(folder: Path, keywords: list[list[str]], attributes: dict[str, Attribute]) -> None:
    """Write keywords and predicted attributes, a row a user; a value may be of any type, so it is kept as JSON."""
    table = pd.DataFrame({"keywords": keywords})
    for name, a in attributes.items():
        table[VALUE + name] = [None if v is None else json.dumps(v, ensure_ascii=False) for v in a.values]
        table[CONFIDENCE + name] = np.round(a.confidence, 4)
    table.to_parquet(folder / USER_VALUES, index=False)


def user_values(table: pd.DataFrame, kinds: dict[str, Any]) -> tuple[list[list[str]], dict[str, Attribute]]:
    """What `save_user_values` kept of some users."""
    attributes = {
        name: Attribute(
            said["kind"],
            [json.loads(v) if isinstance(v, str) else None for v in table[VALUE + name].tolist()],
            table[CONFIDENCE + name].to_numpy(np.float32),
        )
        for name, said in kinds.items()
    }
    return [list(words) for words in table["keywords"]], attributes

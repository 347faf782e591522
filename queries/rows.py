"""Typed answers that show well in a terminal and in a notebook."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Generic, TypeVar, overload

import pandas as pd

from sociogram.said import Joined, Said, counted

T = TypeVar("T")
ISO_TIME = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)(|Z|[+-]\d\d:\d\d)$")


class Rows(Sequence[T], Generic[T]):
    """A list of one kind of answer with `.to_pandas()`; a notebook shows it as a table."""

    def __init__(self, rows: Sequence[T]) -> None:
        self._rows = list(rows)

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> "Rows[T]": ...

    def __getitem__(self, index: int | slice) -> "T | Rows[T]":
        return Rows(self._rows[index]) if isinstance(index, slice) else self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[T]:
        return iter(self._rows)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self._rows))

    def to_dicts(self) -> list[dict[str, Any]]:
        """Plain dictionaries, ready for JSON."""
        return [row if isinstance(row, dict) else asdict(row) for row in self._rows]  # type: ignore[call-overload]

    def to_pandas(self) -> pd.DataFrame:
        """One row an answer."""
        return pd.DataFrame(self.to_dicts())

    def _repr_html_(self) -> str:
        return str(self.to_pandas().to_html(index=False, escape=True))


@dataclass(frozen=True)
class Tag:
    """An interest and its `probability` (of what the run's split hides); `observed` where the graph already has it."""

    id: int | str
    name: str
    probability: float
    observed: bool


@dataclass(frozen=True)
class Similar:
    """A user like another one, or near a description or vector; reasons are what both share, or the topics that match."""

    id: int | str
    name: str
    cosine: float
    shared_tags: list[str]
    tied: bool
    friends_in_common: int
    items_in_common: int = 0

    @property
    def reasons(self) -> str:
        """In words."""
        parts: list[Said] = [Joined(", ", self.shared_tags)] if self.shared_tags else []
        if self.tied:
            parts.append(Said("tied"))
        if self.friends_in_common:
            parts.append(counted(self.friends_in_common, "{n} friend in common", "{n} friends in common"))
        if self.items_in_common:
            parts.append(counted(self.items_in_common, "{n} item in common", "{n} items in common"))
        return Joined(" · ", parts) if parts else Said("alike in text and behaviour")

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON, with the reasons in words."""
        return asdict(self) | {"reasons": self.reasons}


@dataclass(frozen=True)
class Interested:
    """A user who may have a topic that came after training; `probability` is that of the held-out event, from the text alone."""

    id: int | str
    name: str
    probability: float


# Where a recommendation comes from, as a person reads it; of the stored list nothing needs to be said.
SOURCES = {
    "model": "",
    "embedding": "beyond the stored list, by embedding",
    "text": "new, by its text",
    "friends": "from friends, since nothing is known of the user's own",
    "content": "near to what the user writes and popular, since nothing is known of the user's own",
    "popular": "popular, since nothing else is known",
}
UNEXPLAINED = {
    "items": "people alike had it",
    "people": "alike in text and behaviour",
    "topics": "alike to what they have",
}


@dataclass(frozen=True)
class Recommendation:
    """An item, a person or a topic for a user, and where it comes from (a key of SOURCES).

    The `score` of an item that the model, an embedding or a text gives is the chance that it is among the next tenth of the user's
    behaviours, beyond the stored list at most that; of the other sources it only orders. `friends` had the item, are friends in common, or
    have the topic; `topics` are in common.
    """

    id: int | str
    name: str
    rank: int
    score: float
    friends: int
    topics: list[str]
    seen: bool = False
    source: str = "model"
    what: str = "items"

    @property
    def why(self) -> str:
        """The source in words; empty for the stored list."""
        return Said(SOURCES[self.source])

    @property
    def reasons(self) -> str:
        """In words."""
        parts: list[str] = [Joined(", ", self.topics)] if self.topics else []
        if self.friends:
            parts.append(counted(self.friends, "{n} friend", "{n} friends"))
        if self.seen:
            parts.append(Said("already had"))
        if self.why:
            parts.append(self.why)
        return Joined(" · ", parts) if parts else Said(UNEXPLAINED[self.what])

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON, with the reasons in words."""
        return asdict(self) | {"why": self.why, "reasons": self.reasons}


def readable(value: Any) -> str:
    """A property as a person reads it: four digits, times to the second, lists with commas."""
    if isinstance(value, list | tuple):
        return ", ".join(readable(v) for v in value)
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
    return ISO_TIME.sub(r"\1\3", value.isoformat() if hasattr(value, "isoformat") else str(value))


@dataclass(frozen=True)
class Profile:
    """What was published about one user."""

    id: int | str
    name: str
    tags: list[Tag]
    keywords: list[str]
    attributes: dict[str, tuple[Any, float | None]]  # predicted value and confidence
    properties: dict[str, Any]  # what the source says, without what we wrote
    embedding: list[float]
    run: str
    at: str
    sentence: str  # who the user is
    influence: float | None = (
        None  # share of the other users who reach fewer; None: no ties, or a run of an earlier version
    )
    reach: float | None = None  # users reached by this one alone (weighted cascade)
    community: int | None = None
    bridging: float | None = None  # share of the other users with less betweenness
    segment: int | None = None
    segment_name: str | None = None

    @property
    def place(self) -> list[tuple[str, str]]:
        """The user's place among the others, in words by name; only what is known."""
        said = []
        if self.segment is not None:
            said.append(("segment", f"{self.segment_name} ({self.segment})"))
        if self.community is not None:
            said.append(("community", str(self.community)))
        if self.influence is not None and self.reach is not None:
            reaches = Said(
                "{influence:.2f} (alone reaches {reach:,.1f} users)", influence=self.influence, reach=self.reach
            )
            said.append(("influence", reaches))
        if self.bridging is not None:
            said.append(("bridging", f"{self.bridging:.2f}"))
        return said

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)

    def _repr_html_(self) -> str:
        from html import escape

        rows = [("id", self.id), ("name", self.name), *((k, readable(v)) for k, v in self.properties.items())]
        rows += [("keywords", ", ".join(self.keywords))]
        rows += [
            (f"predicted {k}", f"{readable(v)} ({c:.2f})" if c is not None else "not sure")
            for k, (v, c) in self.attributes.items()
        ]
        rows += self.place
        rows += [(t.name, f"{t.probability:.2f}{' (observed)' if t.observed else ''}") for t in self.tags]
        body = "".join(f"<tr><th>{escape(str(k))}</th><td>{escape(str(v))}</td></tr>" for k, v in rows)
        return f"<p>{escape(self.sentence)}</p><table>{body}</table>"

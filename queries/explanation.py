"""A claim about a user and the pieces that carry it."""

from dataclasses import asdict, dataclass
from html import escape
from typing import Any

from sociogram.queries.ask import Key
from sociogram.queries.rows import Rows


@dataclass(frozen=True)
class Reason:
    """One piece of a claim: kind is friend, item, topic, text, said (the graph has the interest itself) or tie."""

    kind: str
    id: Key
    name: str
    share: float  # of the claim, in [0, 1]
    path: str  # in the graph, as Cypher draws it
    sentence: str


@dataclass(frozen=True)
class Explanation:
    """A claim about a user and what carries it; `rest` is carried by other pieces and the user's general profile."""

    user: Key
    claim: str  # tag | similar | item
    id: Key
    name: str
    score: float | None  # probability of a tag, cosine of a user, score of a recommended item; None: not recommended
    reasons: Rows[Reason]

    @property
    def rest(self) -> float:
        """The share that the reasons leave."""
        return max(0.0, 1.0 - sum(r.share for r in self.reasons))

    @property
    def sentence(self) -> str:
        """In words."""
        told = "; ".join(f"{r.sentence} ({r.share:.0%})" for r in self.reasons)
        return f"{self.user} {WHAT[self.claim]} {self.name}: {told or 'nothing single stands out'}. {REST[self.claim]}: {self.rest:.0%}."

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {**asdict(self), "reasons": self.reasons.to_dicts(), "rest": self.rest}

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.sentence)}</p>{self.reasons._repr_html_()}"


WHAT = {"tag": "likes", "similar": "is like", "item": "may like"}
REST = {
    "tag": "Others and the general profile",
    "similar": "Others that both have",
    "item": "Others that lead to it",
}

"""Whom the page of people is asked for, as its address says it."""

from dataclasses import dataclass, field
from typing import Any

from sociogram.queries.similar.where import Text


@dataclass
class Asked:
    """What the page's address says: whom to find."""

    q: str = ""
    how: str = "name"
    tag: list[str] = field(default_factory=list)
    segment: list[str] = field(default_factory=list)
    has: list[str] = field(default_factory=list)  # attribute=value
    view: str = "cards"
    at: int = 0

    def where(self) -> dict[str, Any]:
        """As `similar` and `people` take it."""
        made: dict[str, Any] = {}
        if self.tag:
            made["tag"] = list(self.tag)
        if self.segment:
            made["segmentName"] = list(self.segment)
        for pair in self.has:
            name, _, value = pair.partition("=")
            made.setdefault(name, []).append(Text(value))
        return made

    def address(self) -> dict[str, Any]:
        """For the page's address: what differs from the beginning."""
        plain = {**vars(self)}
        if plain["how"] == "name":
            plain.pop("how")
        if plain["view"] == "cards":
            plain.pop("view")
        return plain

    def flip(self, kind: str, value: str) -> None:
        """Ask for a value of a facet, or not any more."""
        chosen, entry = (
            (self.tag, value)
            if kind == "tag"
            else (self.segment, value)
            if kind == "segment"
            else (self.has, f"{kind}={value}")
        )
        chosen.remove(entry) if entry in chosen else chosen.append(entry)
        self.at = 0

    def chosen(self, kind: str, value: str) -> bool:
        """Whether a value is asked for."""
        return value in {"tag": self.tag, "segment": self.segment}.get(kind, []) or f"{kind}={value}" in self.has

    @property
    def described(self) -> bool:
        """Whether they are described in words."""
        return self.how == "words" and bool(self.q.strip())

"""What can be asked of a recommendation, checked before anything is looked up."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from sociogram.errors import InputError
from sociogram.queries.ask import positive
from sociogram.queries.narrow import conditions
from sociogram.queries.serving import control

What = Literal["items", "people", "topics"]
Source = Literal["model", "embedding", "text", "friends", "content", "popular"]
ONLY_ITEMS = ("diversity", "popularity", "include_seen", "include_new")


@dataclass(frozen=True)
class Options:
    """`diversity` 0..1 is that of MMR, `popularity` -1 (rare first) to 1 (well known first); raises InputError."""

    k: int = 10
    include_seen: bool = False
    where: Any = None
    topic: str | None = None
    diversity: float = 0.0
    popularity: float = 0.0
    include_new: bool = False
    what: What = "items"

    def __post_init__(self) -> None:
        if isinstance(self.k, bool) or not isinstance(self.k, int):
            raise InputError(f"k must be a whole number of at least 1, got {self.k!r}.")
        positive(self.k)
        control("diversity", self.diversity, 0.0, 1.0)
        control("popularity", self.popularity, -1.0, 1.0)
        conditions(self.where)
        if self.what not in get_args(What):
            raise InputError(f"what: expected one of {', '.join(get_args(What))}, got {self.what!r}.")
        if self.what != "items":
            for name in ONLY_ITEMS:
                if getattr(self, name):
                    raise InputError(f"{name} is for items: leave it out where {self.what} are asked for.")
        if self.what == "topics" and (self.where or self.topic):
            raise InputError("where and topic narrow items and people: leave them out where topics are asked for.")

    @property
    def narrowing(self) -> bool:
        return bool(self.where) or self.topic is not None

    @property
    def plain(self) -> bool:
        """Whether the list as it was published answers."""
        return not (self.narrowing or self.include_seen or self.diversity or self.popularity or self.include_new)

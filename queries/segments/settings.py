"""How users are segmented: what can be asked for, checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from sociogram.errors import InputError

MethodName = Literal["embedding", "leiden", "rule"]
LEAST = 10  # users of a segment where no floor is given, or a hundredth of all users if that is more


@dataclass(frozen=True)
class SegmentSettings:
    """Choices of one segmentation; raises InputError for those that do not go together."""

    method: MethodName = "embedding"
    k: int | None = None  # of embedding: how many; None is chosen by resampling
    floor: int | None = None  # users of a segment at least; None: 10, or a hundredth of the users
    resolution: float = 1.0  # of leiden: above 1 more and smaller ones
    rules: Mapping[str, str] = field(default_factory=dict)  # of rule: name to condition, in order
    seed: int = 0

    def __post_init__(self) -> None:
        if self.method not in get_args(MethodName):
            raise InputError(f"method: expected one of {', '.join(get_args(MethodName))}; got {self.method!r}.")
        if self.rules and self.method != "rule":
            raise InputError(
                f"rules belong to method 'rule', and the method is {self.method!r}. Leave one of them out."
            )
        if self.method == "rule" and not self.rules:
            raise InputError(
                "method 'rule' needs rules: --rule 'climbers: tag climbing >= .6', as often as needed, or --rules FILE."
            )
        if self.k is not None and self.method != "embedding":
            how = "a higher resolution gives more" if self.method == "leiden" else "each rule gives one"
            raise InputError(f"k belongs to method 'embedding'; {self.method} finds the number itself ({how}).")
        if self.k is not None and self.k < 1:
            raise InputError(f"k: expected at least 1 segment, got {self.k}.")
        if self.resolution != 1.0 and self.method != "leiden":
            raise InputError(f"resolution belongs to method 'leiden', and the method is {self.method!r}.")
        if not self.resolution > 0:
            raise InputError(f"resolution: expected a number above 0, got {self.resolution}. Try 1.")
        if self.floor is not None and self.floor < 1:
            raise InputError(f"floor: expected at least 1 user, got {self.floor}.")

    def least(self, users: int) -> int:
        """The floor in force; raises InputError where so many users cannot be had."""
        if self.floor is not None and self.floor > users:
            raise InputError(
                f"floor: at least {self.floor:,} users in a segment, but there are only {users:,}. Lower it."
            )
        least = self.floor or min(max(LEAST, users // 100), max(users, 1))
        if self.k is not None and self.k * least > users:
            raise InputError(
                f"k: {self.k:,} segments of at least {least:,} users need {self.k * least:,}, and there are {users:,} users. "
                "Ask for fewer segments, or lower the floor."
            )
        return least

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {**vars(self), "rules": dict(self.rules)}

"""Options of one fit; the command line builds it, the library never reads argv or the environment."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from sociogram.errors import InputError

Mode = Literal["frozen", "two_step", "joint", "em", "auto"]
CANDIDATES: dict[Mode, tuple[str, ...]] = {
    "frozen": ("frozen",),
    "two_step": ("two_step",),
    "joint": ("frozen", "two_step", "joint"),
    "em": ("em",),
    "auto": ("frozen", "two_step", "joint"),
}
Holdout = Literal["auto", "users", "pairs"]


@dataclass(frozen=True)
class FitConfig:
    """All choices of a run that are not in the mapping."""

    mode: Mode = "auto"
    seed: int = 0
    holdout: Holdout = "auto"  # users: all interests of a fifth of the users; pairs: a fifth of each user's interests
    folds: int = 4  # of the train labels, for out-of-fold priors and masked training
    hidden: int = 128  # width of a HeteroSAGE layer
    layers: int = 2
    shared: int = 64  # width of the shared user-item-topic space; the other 64 published are collaborative factors
    max_steps: int = 120  # gradient steps at most
    max_passes: int = 25_000_000  # relationships passed in full-batch steps at most: large graphs take fewer steps, alike on all machines
    budget_seconds: float | None = None  # for all of the learning; turned into steps once, after a few have been timed
    patience: int = 4  # validations without a better mAP before stopping
    validate_every: int = 6  # steps
    learning_rate: float = 3e-3
    weight_decay: float = 1e-3
    dropout: float = 0.3
    text_noise: float = 0.2  # standard deviations of Gaussian noise on text vectors while training
    item_loss: float = 1.0  # weight of the user-item link loss
    min_topic_users: int = 5  # topics with fewer interested users are shown where observed, never predicted
    max_topics: int = 1000  # predicted topics at most, the most popular first
    tags_per_user: int = 100
    recommendations: int = 100  # unseen items kept a user; fewer where there are very many users; 20 are published
    fanouts: tuple[int, ...] = (15, 10)  # sampled neighbours by layer, from the seeds outwards
    batch_users: int = 512
    full_batch_edges: int = 1_000_000  # more relationships than this: train on sampled neighbourhoods
    precision_floor: float = 0.5  # a tag is shown only at probabilities that reach this precision on validation
    checkpoint_every: int = 40  # steps
    encoder_method: str | None = None  # top_layers, full or lora; None: what was measured best for the kind of model
    encoder_layers: int | None = None  # top layers of the text encoder that learn; None: as above
    encoder_rate: float | None = None  # None: as above
    encoder_rank: int | None = None  # of LoRA adapters; None: as above
    encoder_targets: tuple[str, ...] | None = None  # parts of a layer that get adapters; None: as above
    encoder_steps: int = 120
    joint_weights: tuple[float, float] = (1.0, 0.3)  # links, network's gradient: in the candidate joint
    em_rounds: int = 1
    candidates: tuple[str, ...] | None = None  # tried instead of those of the mode
    lexical: bool = True  # words beside the text vectors; off only to see what they are worth
    skip: bool = True  # the linear parts beside the network; off only to see what they are worth
    device: str = "auto"  # auto | cpu | cuda

    def __post_init__(self) -> None:
        if self.mode not in get_args(Mode):
            raise InputError(f"mode: expected one of {', '.join(get_args(Mode))}; got {self.mode!r}.")
        unknown = [name for name in self.candidates or () if name == "auto" or name not in CANDIDATES]
        if unknown or self.candidates == ():
            raise InputError(f"candidates: expected some of frozen, two_step, joint, em; got {self.candidates}.")
        if self.holdout not in get_args(Holdout):
            raise InputError(f"holdout: expected one of {', '.join(get_args(Holdout))}; got {self.holdout!r}.")
        for name in (
            "folds", "hidden", "layers", "shared", "max_steps", "patience", "validate_every", "batch_users", "encoder_steps"
        ):  # fmt: skip
            if getattr(self, name) < 1:
                raise InputError(f"{name}: expected a positive number, got {getattr(self, name)}.")
        if self.budget_seconds is not None and not self.budget_seconds > 0:
            raise InputError(f"budget: expected a positive time such as 10m, got {self.budget_seconds:g} s.")
        if len(self.fanouts) != self.layers:
            raise InputError(f"fanouts: expected one number a layer ({self.layers}), got {self.fanouts}.")

    @property
    def tried(self) -> tuple[str, ...]:
        """The candidates for the text encoder, in the order in which they are tried."""
        return self.candidates or CANDIDATES[self.mode]

    @property
    def says_how_to_tune(self) -> bool:
        """Whether anything was said about how the text encoder learns: it is not to be left frozen silently then."""
        said = (self.encoder_method, self.encoder_layers, self.encoder_rate, self.encoder_rank, self.encoder_targets)
        return any(value is not None for value in said)

    def to_json(self) -> dict[str, Any]:
        """As a plain dict."""
        return {
            **asdict(self),
            "fanouts": list(self.fanouts),
            "joint_weights": list(self.joint_weights),
            "candidates": self.candidates and list(self.candidates),
            "encoder_targets": self.encoder_targets and list(self.encoder_targets),
        }

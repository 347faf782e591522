"""How a transformer's token states become one vector a text, and how a user spells it: `smollm2-135m?pooling=last&layers=20`."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import parse_qsl

from sociogram.errors import EncoderError

POOLINGS = ("mean", "mean_after_first", "last", "cls")
TEXT = "{text}"  # its place in a prompt
Options = Mapping[str, Any]


@dataclass(frozen=True)
class TransformerSettings:
    """What turns a text into one vector."""

    pooling: str = "mean"  # mean | mean_after_first (causal models: the first token is an attention sink) | last | cls
    normalise: bool = True  # to length 1, as all-MiniLM-L6-v2 has it
    max_length: int = 256  # tokens in a window, special tokens and prompt included
    max_windows: int = 8  # a longer text is cut after so many windows
    prompt: str = TEXT  # what stands around each window
    layers: int | None = None  # the lowest ones that are used; None: all
    whiten: bool = False  # decorrelate the dimensions, by the texts of the first call

    def __post_init__(self) -> None:
        if self.pooling not in POOLINGS:
            raise EncoderError(f"pooling is {self.pooling!r}, but one of {', '.join(POOLINGS)} was expected")
        if self.prompt.count(TEXT) != 1:
            raise EncoderError(
                f"the prompt is {self.prompt!r}, but {TEXT} was expected in it once, where the text goes"
            )
        if self.max_windows < 1:
            raise EncoderError(f"max_windows is {self.max_windows}, but at least 1 was expected")


def spelled(name: str) -> tuple[str, Options]:
    """Name and settings of `NAME?key=value&key=value`; in a value, %26 stands for & and + for a blank."""
    plain, _, query = name.partition("?")
    return plain, dict(parse_qsl(query, keep_blank_values=True))


def with_options(settings: TransformerSettings, options: Options) -> TransformerSettings:
    """The settings with those given in place of theirs; raises EncoderError for one that there is not, or of the wrong kind."""
    known = {field.name for field in fields(TransformerSettings)}
    unknown = sorted(set(options) - known)
    if unknown:
        raise EncoderError(f"an encoder has no setting {unknown[0]!r}; it has {', '.join(sorted(known))}")
    return replace(settings, **{key: _typed(key, value) for key, value in options.items()})


def _typed(key: str, value: Any) -> Any:
    """A setting as text in the type that it has."""
    if not isinstance(value, str) or key in ("pooling", "prompt"):
        return value
    try:
        if key in ("normalise", "whiten"):
            return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[value.lower()]
        return int(value)
    except (KeyError, ValueError) as error:
        kind = "true or false" if isinstance(error, KeyError) else "a whole number"
        raise EncoderError(f"the encoder setting {key} is {value!r}, but {kind} was expected") from error

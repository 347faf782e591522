"""What `fit` understands of times and of how the encoder learns."""

import pytest

from sociogram.cli.fit import seconds, tuning
from sociogram.errors import InputError


def test_how_the_encoder_learns() -> None:
    assert tuning("full") == {"encoder_method": "full"}
    assert tuning("lora?layers=2&rank=8&targets=q_proj, v_proj&rate=2e-3&steps=60") == {
        "encoder_method": "lora",
        "encoder_layers": 2,
        "encoder_rank": 8,
        "encoder_targets": ("q_proj", "v_proj"),
        "encoder_rate": 0.002,
        "encoder_steps": 60,
    }
    assert tuning("?steps=10") == {"encoder_steps": 10}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lora?depth=3", "no setting 'depth'; there are layers, rank, rate, steps, targets"),
        ("lora?rank=many", "rank is 'many', but a whole number was expected"),
        ("lora?rate=fast", "rate is 'fast', but a number was expected"),
    ],
)
def test_what_is_not_understood_is_named(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        tuning(text)


def test_times() -> None:
    assert [seconds(text) for text in ("90s", "10m", "1h30m", "600")] == [90, 600, 5400, 600]
    with pytest.raises(InputError, match="expected a time such as 90s"):
        seconds("soon")

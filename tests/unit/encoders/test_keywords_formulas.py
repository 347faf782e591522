"""TeX is no keyword."""

from sociogram.encoders.keywords import keywords


def test_formulas_are_left_out() -> None:
    text = r"the state $|\psi\rangle = \frac{1}{2}$ collapses, $$\exp(x)$$ collapses; it costs $5 or $6 in euros"
    assert set(keywords([[text]])[0]) == {"state", "collapses", "costs", "euros"}

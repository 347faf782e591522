"""Keys as people type them."""

from sociogram.queries.ask import spellings


def test_a_key_is_found_as_text_and_as_number() -> None:
    assert spellings(4) == [4, "4"]
    assert spellings("4") == ["4", 4]
    assert spellings("u4") == ["u4"]
    assert spellings("४") == ["४"]  # a digit, but none that a whole number is written with

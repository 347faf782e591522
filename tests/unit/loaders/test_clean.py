import unicodedata
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sociogram.loaders.clean import (
    Refused,
    clean_key,
    clean_text,
    clean_time,
    clean_weight,
    cut_text,
    is_missing,
    looks_like_html,
    strip_html,
)

NOW = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000)
MOMENT = int(datetime(2021, 1, 1, tzinfo=UTC).timestamp() * 1000)


@given(st.text())
def test_clean_text_is_valid_utf8_normal_and_stable(text: str) -> None:
    clean = clean_text(text)
    clean.encode("utf-8")
    assert clean == unicodedata.normalize("NFC", clean) == clean.strip() == clean_text(clean)
    assert "\x00" not in clean


@given(st.text(alphabet=st.characters(codec="ascii", categories=("L", "N", "P", "Zs"))))
def test_plain_text_survives(text: str) -> None:
    assert clean_text(text) == text.strip()


def test_control_characters_surrogates_and_line_ends() -> None:
    assert clean_text("  a\x00b\x07\r\nc\rd\t ") == "ab\nc\nd"
    assert clean_text("x\ud800y") == "x\ufffdy"
    assert clean_text("e\u0301") == "\u00e9"
    assert clean_text("\u4f60\u597d ") == "\u4f60\u597d"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Hello <b>there</b></p><p>you</p>", "Hello there\nyou"),
        ("<pre><code>if a &lt; b:\n  f(x)</code></pre>", "if a < b:\nf(x)"),
        ("one<br/>two &amp; three&nbsp;four", "one\ntwo & three\xa0four"),
        ("<p>a < b and c > d, vector<int> x</p>", "a < b and c > d, vector<int> x"),
        ("<script>alert(1)</script><p>x</p><style>p{}</style>", "x"),
        ('<a href="https://x.y/?a=1&b=2">link</a>', "link"),
        ("<p>never closed <b>text", "never closed text"),
        ("&lt;b&gt; literal", "<b> literal"),
    ],
)
def test_strip_html(html: str, text: str) -> None:
    assert strip_html(html) == text


@pytest.mark.parametrize("text", ["a < b", "x <- 3", "List<p>", "if i <p and q> 3", "<3 you", "a <b", "AT&T", "<user>"])
def test_plain_text_is_not_html(text: str) -> None:
    assert not looks_like_html(text)


@pytest.mark.parametrize("text", ["<p>x</p>", "a<br>b", '<A HREF="x">y</A>', "<img src=x>", "<b class='q'>w</b>"])
def test_html_is_seen(text: str) -> None:
    assert looks_like_html(text)


@given(st.text())
def test_strip_html_never_fails_and_leaves_no_known_tag_pairs(text: str) -> None:
    assert isinstance(strip_html(text), str)
    assert strip_html(f"<p>{'word'}</p>{text}").startswith("word")


@pytest.mark.parametrize(
    "value",
    [
        "2021-01-01",
        "2021-01-01T00:00:00Z",
        "2021/01/01 00:00",
        "2021-01-01T01:00:00+01:00",
        1609459200,
        "1609459200",
        1609459200000,
        "1609459200000",
        1609459200000000,
        1.6094592e18,
        "2021",
        2021,
        date(2021, 1, 1),
        datetime(2021, 1, 1),
        datetime(2021, 1, 1, tzinfo=UTC),
    ],
)
def test_times_in_all_spellings(value: object) -> None:
    assert clean_time(value, now=NOW) == MOMENT


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("1956-01-01", "before 1970"),
        ("0", "before 1970"),
        (-5, "before 1970"),
        ("2031-01-01", "future"),
        (1e30, "future"),
        ("99999999999", "future"),
        ("yesterday", "not a time"),
        ("31.12.2020", "not a time"),
        ("nan", "not a time"),
        (None, "not a time"),
        (float("inf"), "not a time"),
        ("2021-13-01", "not a time"),
    ],
)
def test_impossible_times(value: object, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        clean_time(value, now=NOW)


@given(st.one_of(st.text(), st.floats(), st.integers()))
def test_any_value_is_a_time_in_range_or_refused(value: object) -> None:
    try:
        moment = clean_time(value, now=NOW)
    except Refused:
        return
    assert 0 < moment <= NOW + 86_400_000


@given(st.one_of(st.text(), st.floats(), st.integers()))
def test_any_value_is_a_weight_or_refused(value: object) -> None:
    try:
        weight = clean_weight(value)
    except Refused:
        return
    assert 0 <= weight < float("inf")


@pytest.mark.parametrize(
    ("value", "reason"),
    [("nan", "NaN"), ("-1", "negative"), ("inf", "infinite"), ("-Infinity", "infinite"), ("x", "not a")],
)
def test_impossible_weights(value: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        clean_weight(value)


def test_keys_keep_their_type_and_spelling() -> None:
    assert clean_key(" 007 ") == "007"
    assert clean_key(7) == 7
    assert clean_key(7.0) == 7
    assert clean_key("e\u0301") == "\u00e9"


@pytest.mark.parametrize("value", ["", "  ", None, float("nan"), "\x00", 1.5, 2**70, True, "x" * 2000, "a\udc80"])
def test_keys_that_cannot_be(value: object) -> None:
    with pytest.raises(Refused, match="key"):
        clean_key(value)


def test_missing_and_cut() -> None:
    assert all(map(is_missing, (None, "", " NA ", "null", float("nan"), "None")))
    assert not any(map(is_missing, ("0", 0, False, "no")))
    assert cut_text("a" * 1_000_000, 10) == "a" * 10

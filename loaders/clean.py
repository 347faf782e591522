"""Cleaning of single values; a value that cannot be used raises `Refused` with a short, countable reason."""

import math
import re
import unicodedata
from datetime import UTC, date, datetime
from functools import lru_cache
from html.parser import HTMLParser
from typing import Any

Key = int | str

MAX_TEXT = 100_000  # characters kept of one text; an encoder reads far fewer
MAX_KEY = 1_000  # characters; an index refuses keys over about 8 kB
DAY_MS = 86_400_000
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_MISSING = frozenset(("", "na", "n/a", "nan", "null", "none", "nil", "-", "?"))


class Refused(ValueError):
    """A value that must not enter the graph; `reason` is the same for all values refused alike."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def clean_text(value: str) -> str:
    """NFC, trimmed, line ends as \\n, without control characters; lone surrogates become U+FFFD."""
    if value.isascii() and value.isprintable():
        return value.strip()
    value = value.replace("\r\n", "\n").replace("\r", "\n")
    value = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", _CONTROL.sub("", value))
    return unicodedata.normalize("NFC", value).strip()


def cut_text(value: str, limit: int = MAX_TEXT) -> str:
    """The first `limit` characters."""
    return value if len(value) <= limit else value[:limit].rstrip()


def is_missing(value: Any) -> bool:
    """Whether a table's cell stands for "no value": None, NaN, empty, NA, null and the like."""
    if value is None:
        return True
    if isinstance(value, str):
        return value.strip().lower() in _MISSING
    return isinstance(value, float) and math.isnan(value)


def clean_key(value: Any) -> Key:
    """A key as the source spells and types it: an integer stays one, text is cleaned."""
    if isinstance(value, str):
        text = clean_text(value)
        if not text:
            raise Refused("missing key")
        if len(text) > MAX_KEY:
            raise Refused(f"key longer than {MAX_KEY:,} characters")
        if "\N{REPLACEMENT CHARACTER}" in text and "\N{REPLACEMENT CHARACTER}" not in value:
            raise Refused("key is not valid Unicode")
        return text
    if isinstance(value, bool) or value is None or (isinstance(value, float) and math.isnan(value)):
        raise Refused("missing key")
    if isinstance(value, float):
        if not value.is_integer():
            raise Refused("key is neither text nor a whole number")
        value = int(value)
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise Refused("key is neither text nor a whole number") from None
    if not -(2**63) <= number < 2**63:
        raise Refused("key does not fit 64 bits")
    return number


def clean_number(value: Any) -> float:
    """A finite number."""
    if isinstance(value, bool):
        return float(value)
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise Refused("not a number") from None
    if math.isnan(number):
        raise Refused("number is NaN")
    if math.isinf(number):
        raise Refused("number is infinite")
    return number


def clean_weight(value: Any) -> float:
    """A finite number of at least zero."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise Refused("weight is not a number") from None
    if math.isnan(number):
        raise Refused("weight is NaN")
    if math.isinf(number):
        raise Refused("weight is infinite")
    if number < 0:
        raise Refused("weight is negative")
    return number


def clean_time(value: Any, *, now: int, earliest: int = 0) -> int:
    """Epoch milliseconds of an ISO 8601 text, a date, or an epoch in seconds, milli-, micro- or nanoseconds.

    The unit of an epoch is read off its size (seconds below 1e11, the year 5138); four digits are a year. A time without a
    zone is UTC. Refused: not after `earliest` (so that an epoch of 0, often "unknown", is refused), more than a day after `now`.
    """
    moment = _moment(value)
    if moment <= earliest:
        year = datetime.fromtimestamp((earliest + 1) / 1000, UTC).year
        raise Refused(f"time before {year}")
    if moment > now + DAY_MS:
        raise Refused("time in the future")
    return moment


def now_ms() -> int:
    """This moment as epoch milliseconds."""
    return int(datetime.now(UTC).timestamp() * 1000)


def _moment(value: Any) -> int:
    if isinstance(value, str):
        return _moment_of_text(value.strip())
    if isinstance(value, datetime):
        return _milliseconds(value)
    if isinstance(value, date):
        return _milliseconds(datetime(value.year, value.month, value.day, tzinfo=UTC))
    try:
        return _moment_of_number(float(value))
    except (TypeError, ValueError):
        raise Refused("not a time (ISO 8601 or an epoch)") from None


@lru_cache(maxsize=4096)
def _moment_of_text(text: str) -> int:
    try:
        return _moment_of_number(float(text))
    except ValueError:
        pass
    for form in (text, text.replace("/", "-"), text.removesuffix(" UTC")):
        try:
            return _milliseconds(datetime.fromisoformat(form))
        except (ValueError, OverflowError):
            continue
    raise Refused("not a time (ISO 8601 or an epoch)")


def _moment_of_number(number: float) -> int:
    if not math.isfinite(number):
        raise Refused("not a time (ISO 8601 or an epoch)")
    if number.is_integer() and 1000 <= number <= 2999:
        return _milliseconds(datetime(int(number), 1, 1, tzinfo=UTC))
    for limit, factor in ((1e11, 1000.0), (1e14, 1.0), (1e17, 1e-3)):
        if abs(number) < limit:
            return round(number * factor)
    return int(number * 1e-6)


def _milliseconds(moment: datetime) -> int:
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MILLISECOND


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = datetime.resolution * 1000

_TAGS = (
    "a|abbr|address|article|b|big|blockquote|body|br|caption|center|cite|code|dd|del|div|dl|dt|em|font|footer|h[1-6]|head|"
    "header|hr|html|i|iframe|img|input|ins|kbd|li|link|main|mark|meta|nav|ol|p|pre|q|s|samp|script|section|small|span|"
    "strike|strong|style|sub|sup|table|tbody|td|tfoot|th|thead|title|tr|tt|u|ul|var|video"
)
_ATTRIBUTES = r"""(?:\s+[\w:-]+\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>]+))*\s*/?"""
_CLOSING = re.compile(rf"</(?:{_TAGS})\s*>", re.IGNORECASE)
_OPENING = re.compile(rf"<(?:{_TAGS}){_ATTRIBUTES}>", re.IGNORECASE)
_VOID = re.compile(rf"<(?:br|hr|img){_ATTRIBUTES}>", re.IGNORECASE)
_ANY_TAG = re.compile(rf"</?(?:{_TAGS})\b[^<>]*>|<!--.*?-->|&(?:#\d+|#x[0-9a-f]+|[a-z]\w+);", re.IGNORECASE | re.DOTALL)
_BLOCK = re.compile(
    "address|article|blockquote|br|caption|center|d[dlt]|div|footer|h[1-6]|header|hr|li|main|nav|ol|p|pre|section|table|t[dhr]|ul"
)
_BLANKS = re.compile(r"[ \t\f\v]+")
_LINES = re.compile(r" *\n\s*")


def looks_like_html(text: str) -> bool:
    """Whether a text holds an element that was opened and closed, or a line break, rule or image; `a < b` does not."""
    if "<" not in text:
        return False
    return bool(_VOID.search(text) or (_CLOSING.search(text) and _OPENING.search(text)))


def strip_html(text: str) -> str:
    """The text of an HTML fragment: blocks on lines of their own, code kept, scripts and styles left out.

    A `<` that opens no known element is text: `vector<int>` and `a <b and c` survive.
    """
    parser = _TextOf()
    parser.feed(_escape_bare(text))
    parser.close()
    return _LINES.sub("\n", _BLANKS.sub(" ", "".join(parser.parts))).strip()


def _escape_bare(text: str) -> str:
    """`<` and `&` outside of known tags and entities as entities, so that the parser keeps them."""
    parts, last = [], 0
    for match in _ANY_TAG.finditer(text):
        parts += [_escape(text[last : match.start()]), match.group()]
        last = match.end()
    return "".join([*parts, _escape(text[last:])])


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


class _TextOf(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style"):
            self._silent += 1
        elif _BLOCK.fullmatch(tag):
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._silent = max(0, self._silent - 1)
        elif _BLOCK.fullmatch(tag):
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)

"""A community that talks in words of its own: a share of the content words of any source becomes words that no model has read.

It is the case for tuning the encoder: what a word means can only be learned from who uses it, where and with whom.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

from sociogram.encoders.keywords import FORMULA, HAN, LONGEST, NOT_WORDS, SCRIPTS, segmenter, stop_words
from sociogram.errors import InputError
from sociogram.graph.mapping import GraphMapping
from sociogram.loaders.source import Batch, NodeBatch, Provenance, Quarantine, Source

Spelling = Callable[[int, int, int], str]  # a random number, the length of the word, which attempt

_MARK = "-jargon-"  # in the name of a source, after its plain name
_LETTERS = "A-Za-zÀ-ÖØ-öø-ɏḀ-ỿ"
_WORD = re.compile(rf"(?<![^\W_])[{_LETTERS}]+(?:['’][{_LETTERS}]+)*(?![^\W_])")
_HAN = re.compile(f"[{HAN}]")
_KEPT = re.compile(rf"{FORMULA.pattern}|{NOT_WORDS.pattern}|`[^`\n]{{1,1000}}`", re.DOTALL)
_CODE = re.compile(
    r"[_\\={}|^~@&$%+<>`]"  # names, commands, comparisons
    r"|\w[(\[#]|\w[.:]+\w"  # calls, indices, c#; dotted names, e.g. node.js
    r"|[^\W\d_]\d|\d[^\W\d_]|[a-z][A-Z]"  # x9, 3d, camelCase
    r"|^(?:--|\.?/)\w|\w/\w+/"  # --option, paths
)
_TOKEN = re.compile(r"\S+")

_ONSETS = (
    *"bdfghjklmnprstvwz",
    "bl",
    "br",
    "dr",
    "fl",
    "gl",
    "gr",
    "kl",
    "kr",
    "pl",
    "pr",
    "sh",
    "st",
    "th",
    "tr",
    "vr",
)
_VOWELS = (*"aeiou", "ai", "au", "ou")
_ENDS = ("", "", "k", "l", "m", "n", "r", "x")
_HAN_SOUNDS = "阿巴贝比博布达德迪多厄尔法菲弗福盖格古哈赫霍基卡科克库拉莱勒里利卢鲁罗洛马梅米莫姆纳内尼诺帕佩皮普萨塞斯索塔泰特托图瓦维沃西亚伊扎"


def jargon(source: Source, share: float = 0.5, seed: int = 0) -> Source:
    """The source with a share of its content words, the vocabulary, coined anew; 0 is the source itself.

    A word becomes the same coined word in every text on nodes and relationships, in upper or lower case as it was; which words
    and what they become depends on the seed, and a larger share adds to the words of a smaller one. Stop words, numbers, addresses
    on the web, mentions, formulas and what looks like code stay, as do names, the names of topics among them: tags are called so.
    Latin letters and Chinese are rewritten, other scripts are not; Chinese is segmented as for keywords, and its coined words are
    written in the characters that spell foreign names. Raises InputError for a share that is none.
    """
    if not 0 <= share <= 1:
        raise InputError(f"jargon: expected a share of the words from 0 to 1, got {share}. Half of them is .5.")
    if plain_name(source.name) != source.name:
        raise InputError(f"jargon: {source.name} is jargon already. Give the plain source and one share.")
    return Jargon(source, share, seed) if share else source


def plain_name(name: str) -> str:
    """The name of a source without what `jargon` adds to it."""
    return name.partition(_MARK)[0]


@dataclass(frozen=True)
class Jargon:
    """See `jargon`."""

    source: Source
    share: float
    seed: int

    @property
    def name(self) -> str:
        """Another name than that of the plain source: the two are not the same data."""
        return f"{self.source.name}{_MARK}{self.share:g}-{self.seed}"

    @property
    def provenance(self) -> Provenance:
        return self.source.provenance

    @property
    def mapping(self) -> GraphMapping:
        return self.source.mapping

    def batches(self, quarantine: Quarantine) -> Iterator[Batch]:
        """The source's batches with their texts rewritten; memory holds the vocabulary."""
        words = Words(self.share, self.seed)
        for batch in self.source.batches(quarantine):
            columns = self._columns(batch)
            yield replace(batch, rows=[_rewritten(row, columns, words) for row in batch.rows]) if columns else batch

    def _columns(self, batch: Batch) -> Sequence[str]:
        if isinstance(batch, NodeBatch):
            node = self.mapping.node(batch.label)
            return [name for name in node.text if not (node.role == "topic" and name == node.name)]
        key = (batch.source, batch.type, batch.target)
        return next((r.text for r in self.mapping.relationships if r.key == key), ())


def _rewritten(row: dict[str, Any], columns: Sequence[str], words: "Words") -> dict[str, Any]:
    return row | {name: words.rewrite(row[name]) for name in columns if isinstance(row.get(name), str)}


class Words:
    """What each content word is written as. Distinct words stay distinct, and none is coined that a text has had before.

    No second pass is needed: a word met later that looks like one coined before is coined itself.
    """

    def __init__(self, share: float, seed: int) -> None:
        self._share, self._seed = share, seed
        self._written: dict[str, str] = {}  # word -> itself or a coined one
        self._taken: set[str] = set()  # all that was written

    def rewrite(self, text: str) -> str:
        """A text with the chosen words replaced."""
        parts, last = [], 0
        for kept in _KEPT.finditer(text):
            parts += [self._prose(text[last : kept.start()]), kept.group()]
            last = kept.end()
        return "".join([*parts, self._prose(text[last:])])

    def _prose(self, text: str) -> str:
        return "".join(
            "".join(map(self._chinese, segmenter().cut(run)))
            if _HAN.match(run)
            else _TOKEN.sub(lambda token: self._token(token.group()), run)
            for run in SCRIPTS.findall(text)
        )

    def _token(self, token: str) -> str:
        return token if _CODE.search(token) else _WORD.sub(lambda word: self._latin(word.group()), token)

    def _latin(self, word: str) -> str:
        key = word.lower().replace("’", "'")
        stem = key.removesuffix("'s")
        if key in stop_words() or not _content(stem):
            return word
        written = self._of(stem, _spelled)
        if written == stem:
            return word
        ending = word[-2:] if stem != key else ""  # 's stays
        return _cased(written, word.removesuffix(ending)) + ending

    def _chinese(self, word: str) -> str:
        return self._of(word, _spelled_in_han) if _content(word) else word

    def _of(self, word: str, spelled: Spelling) -> str:
        written = self._written.get(word)
        if written is None:
            kept = self._number("share", word) >= self._share * 2**64 and word not in self._taken
            written = word if kept else self._coin(word, spelled)
            self._written[word] = written
            self._taken.add(written)
        return written

    def _coin(self, word: str, spelled: Spelling) -> str:
        attempt = 0
        while True:
            coined = spelled(self._number(f"coin {attempt}", word), len(word), attempt)
            if coined != word and not (coined in self._taken or coined in self._written or coined in stop_words()):
                return coined
            attempt += 1

    def _number(self, purpose: str, word: str) -> int:
        """Even over 64 bits, the same on every machine."""
        digest = blake2b(f"{self._seed} {purpose} {word}".encode("utf-8", "replace"), digest_size=8).digest()
        return int.from_bytes(digest, "big")


def _content(word: str) -> bool:
    return 2 <= len(word) <= LONGEST and word not in stop_words()


def _spelled(number: int, length: int, attempt: int) -> str:
    """Three syllables for a short word, four for a long one, one more where many are taken."""
    parts = []
    for _ in range((3 if length < 8 else 4) + attempt // 8):
        number, onset = divmod(number, len(_ONSETS))
        number, vowel = divmod(number, len(_VOWELS))
        parts += [_ONSETS[onset], _VOWELS[vowel]]
    return "".join([*parts, _ENDS[number % len(_ENDS)]])


def _spelled_in_han(number: int, _: int, attempt: int) -> str:
    size = len(_HAN_SOUNDS)
    return "".join(_HAN_SOUNDS[number // size**i % size] for i in range(3 + attempt // 8))


def _cased(word: str, like: str) -> str:
    if like.isupper():
        return word.upper()
    return word.capitalize() if like[0].isupper() else word

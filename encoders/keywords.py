"""The words that tell a user from the others: TF-IDF in English, Chinese and whatever else splits at spaces."""

import html
import logging
import math
import re
import threading
import unicodedata
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from importlib import resources
from typing import Any

FORMULA = re.compile(r"\$\$.{1,2000}?\$\$|\$[^$\n]{0,300}[\\^_{|][^$\n]{0,300}\$", re.DOTALL)  # TeX between dollars
HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
SCRIPTS = re.compile(f"[{HAN}]+|[^{HAN}]+")
TAG = re.compile(r"<(?:/?[a-zA-Z][^<>]{0,500}|!--.{0,2000}?--)>", re.DOTALL)
NOT_WORDS = re.compile(
    r"(?:https?://|www\.)[^\s<>\"'()]+"  # addresses on the web
    r"|[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})+"  # e-mail: never a keyword
    r"|(?<!\w)@\w+"  # mentions name other people
)
LONGEST = 30  # characters: longer runs are hashes and codes
MOST_COMMON = 0.5  # a word that more than half of the users use tells nothing; counts from MANY users on
MANY = 20

_LOCK = threading.Lock()


def keywords(documents: Sequence[Sequence[str]], k: int = 8) -> list[list[str]]:
    """The k best words of each user, best first; `documents[u]` are the texts of user u.

    Score of word w: (1 + ln tf) (1 + ln((1 + n) / (1 + df))), tf its number in the user's texts and df the number of the n users
    who have it. Words of a single user that occur once are mostly slips and names: they come last. Ties go by the alphabet.
    """
    counts = [Counter(word for text in texts for word in tokenize(FORMULA.sub(" ", text))) for texts in documents]
    users = Counter(word for count in counts for word in count)
    common = {w for w, df in users.items() if len(counts) >= MANY and df > MOST_COMMON * len(counts)}

    def rank(word: str, tf: int) -> tuple[bool, float, str]:
        score = (1 + math.log(tf)) * (1 + math.log((1 + len(counts)) / (1 + users[word])))
        return tf == users[word] == 1, -round(score, 9), word

    return [
        [word for *_, word in sorted(rank(word, tf) for word, tf in count.items() if word not in common)[:k]]
        for count in counts
    ]


def tokenize(text: str) -> list[str]:
    """Words in lower case, in their order: no stop words, numbers, single characters, markup, addresses or mentions.

    Chinese is segmented by jieba (Sun 2012); its dictionary is read at the first Chinese text, which takes about a second.
    """
    return [word for word in _words(_plain(text)) if _tells(word)]


@lru_cache(maxsize=1)
def stop_words() -> frozenset[str]:
    """English and Chinese words that carry no topic."""
    return frozenset(_lines("stopwords_english.txt")) | frozenset(_lines("stopwords_chinese.txt"))


def _plain(text: str) -> str:
    """Compatibility forms folded, markup and addresses blanked, lower case."""
    text = unicodedata.normalize("NFKC", html.unescape(TAG.sub(" ", text)))
    text = NOT_WORDS.sub(" ", TAG.sub(" ", text))  # once more: escaped markup
    return unicodedata.normalize("NFKC", text.lower()).replace("’", "'")


def _words(text: str) -> Iterator[str]:
    for run in SCRIPTS.findall(text):
        if run[0] >= "\u3400" and re.match(f"[{HAN}]", run):
            yield from segmenter().cut(run)
        else:
            yield from (word.removesuffix("'s") for word in _word_pattern().findall(run))


def _tells(word: str) -> bool:
    return 2 <= len(word) <= LONGEST and word not in stop_words() and any(c.isalpha() for c in word)


@lru_cache(maxsize=1)
def _word_pattern() -> re.Pattern[str]:
    r"""Letters, digits and the marks that belong to them, which \w leaves out; an apostrophe inside; c++, c# and f# as they are."""
    marks = "".join(_ranges(c for c in range(0x300, 0x10000) if unicodedata.category(chr(c)) in ("Mn", "Mc")))
    letter = rf"(?:[^\W_]|[{marks}])"
    return re.compile(rf"[^\W_]{letter}*(?:'{letter}+)*(?:\+\+|#(?!\w))?")


def _ranges(codes: Iterable[int]) -> Iterator[str]:
    """Ascending codes as ranges of a character class."""
    start = last = -2
    for code in codes:
        if code != last + 1:
            if start >= 0:
                yield f"{chr(start)}-{chr(last)}"
            start = code
        last = code
    if start >= 0:
        yield f"{chr(start)}-{chr(last)}"


def segmenter() -> Any:
    """jieba, loaded once; `cut` parts a run of Chinese characters into words."""
    with _LOCK:
        return _load_segmenter()


@lru_cache(maxsize=1)
def _load_segmenter() -> Any:
    """jieba with its own dictionary in memory: it neither reads nor leaves its marshalled cache in the shared temporary folder."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # jieba asks for pkg_resources and has invalid escapes
        import jieba
    jieba.setLogLevel(logging.WARNING)
    segmenter = jieba.Tokenizer()
    segmenter.FREQ, segmenter.total = segmenter.gen_pfdict(segmenter.get_dict_file())
    segmenter.initialized = True
    return segmenter


def _lines(file: str) -> list[str]:
    text = resources.files("sociogram.encoders").joinpath(file).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]

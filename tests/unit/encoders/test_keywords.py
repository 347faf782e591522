import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sociogram.encoders.keywords import keywords, stop_words, tokenize


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I don't like the Graphs, but NETWORKS!", ["graphs", "networks"]),
        ("Python's asyncio, c++, C# and node.js", ["python", "asyncio", "c++", "c#", "node", "js"]),
        ("see https://example.org/graph?x=1 or www.example.org", []),
        ("write to ann.lee@example.org, @bob", ["write"]),
        ("<p>Some <b class='x'>bold</b> &lt;i&gt;claims&lt;/i&gt; &amp; proofs</p>", ["bold", "claims", "proofs"]),
        ("a < b and b > c stays a comparison", ["stays", "comparison"]),
        ("2024 3.14 1,000 3d x9 a", ["3d", "x9"]),
        ("naïve CAFÉ cafe\u0301 ＧＲＡＰＨ ﬁnance", ["naïve", "café", "café", "graph", "finance"]),
        ("हिन्दी भाषा русский язык", ["हिन्दी", "भाषा", "русский", "язык"]),
        ("我们非常喜欢机器学习和Python编程", ["机器", "学习", "python", "编程"]),
        ("周末在北京大学踢足球，2024年", ["北京大学", "踢足球"]),
        ("f" * 64, []),
        ("", []),
    ],
)
def test_tokenize(text, words):
    assert tokenize(text) == words


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(), max_size=80))
@example("İstanbul ẞ ǅ ﷺ ㍿ 🙂👩‍👩‍👧 \ud800 ͏ \x00 <")
@example("<" * 80)
@example("a@" * 40)
def test_words_are_clean_whatever_comes(text):
    words = tokenize(text)
    assert words == tokenize(text)
    for word in words:
        assert 2 <= len(word) <= 30
        assert word not in stop_words()
        assert any(c.isalpha() for c in word)
        assert not any(c.isspace() for c in word)


def test_long_hostile_texts_take_no_time():
    for part in ("<", "<a", "a.", "a@", "&lt;", "<!--", "www.", "x'"):
        assert len(tokenize(part * 20_000)) <= 40_000


def test_keywords_tell_users_apart():
    english = [["graph theory, graph networks"], ["pasta, pasta and theory"]]
    found = keywords([*english, ["足球比赛，足球"], [], ["the and of"]], k=2)
    assert found == [["graph", "theory"], ["pasta", "theory"], ["足球", "足球比赛"], [], []]


def test_slips_of_one_user_come_last():
    documents = [["chess opening teh"], ["chess endgame opening"], ["chess endgame"]]
    assert keywords(documents)[0] == ["opening", "chess", "teh"]


def test_words_of_nearly_everybody_tell_nothing():
    documents = [["platform", f"topic{i % 5}"] for i in range(30)]
    assert keywords(documents)[7] == ["topic2"]


def test_ties_go_by_the_alphabet_and_k_bounds():
    assert keywords([["zebra yak ape"], ["zebra yak ape"]], k=2) == [["ape", "yak"]] * 2
    assert keywords([["zebra"]], k=0) == [[]]
    assert keywords([]) == []


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.text("ab 图网络café<>&;#", max_size=20), max_size=3), max_size=5), st.randoms())
def test_order_of_users_and_texts_does_not_matter(documents, random):
    order = list(range(len(documents)))
    random.shuffle(order)
    shuffled = [random.sample(documents[i], len(documents[i])) for i in order]
    whole = keywords(documents)
    assert keywords(shuffled) == [whole[i] for i in order]
    assert all(len(words) == len(set(words)) <= 8 for words in whole)


def test_jieba_leaves_nothing_behind(capfd):
    cache = Path(tempfile.gettempdir()) / "jieba.cache"
    before = cache.stat().st_mtime_ns if cache.exists() else None
    tokenize("我们学习编程")
    assert (cache.stat().st_mtime_ns if cache.exists() else None) == before
    assert capfd.readouterr() == ("", "")

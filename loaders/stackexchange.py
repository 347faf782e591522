"""A Stack Exchange data dump: users, questions and answers as items with their text, tags as topics, replies as ties.

One `<row .../>` is parsed at a time, outside of any document: no entity can be declared, a broken row is put aside alone, and
memory holds only who wrote what. The Community account (-1) is no user; posts whose author is gone stay, without a behaviour.
E-mail hashes and addresses are not read. Reputation is kept but is no input: it tells how active a user became later.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any
from xml.parsers import expat  # one row at a time, without a DOCTYPE: see `_attributes`

from sociogram.errors import InputError
from sociogram.graph.mapping import GraphMapping, NodeMapping, RelationshipMapping
from sociogram.loaders.clean import MAX_TEXT, Refused, clean_text, clean_time, cut_text, now_ms, strip_html
from sociogram.loaders.source import Batch, NodeBatch, Provenance, Quarantine, RelationshipBatch

MAPPING = GraphMapping(
    nodes=(
        NodeMapping("User", "user", name="name", text=("bio",), categorical=("location",), time="createdAt"),
        NodeMapping("Item", "item", name="title", text=("title", "text"), categorical=("kind",), time="createdAt"),
        NodeMapping("Topic", "topic", name="name", text=("name", "description")),
    ),
    relationships=(
        RelationshipMapping("ASKED", "User", "Item", "behaviour", time="at"),
        RelationshipMapping("ANSWERED", "User", "Item", "behaviour", time="at"),
        RelationshipMapping("COMMENTED", "User", "Item", "behaviour", time="at", text=("text",)),
        RelationshipMapping("REPLIED_TO", "User", "User", "tie", weight="weight", time="at"),
        RelationshipMapping("ABOUT", "Item", "Topic", "about", weight="weight"),
        RelationshipMapping("TAGGED", "User", "Topic", "interest", weight="weight", time="at", item="item"),
        RelationshipMapping("ANSWERS", "Item", "Item", "related", time="at"),
        RelationshipMapping("LINKED", "Item", "Item", "related", time="at", categorical=("kind",)),
    ),
)

_QUESTION, _ANSWER, _EXCERPT = "1", "2", "4"  # PostTypeId
_LINKS = {"1": "linked", "3": "duplicate"}
_COMMUNITY = "-1"
_SIZE = 5_000  # rows a batch
_NEEDED = ("Users.xml", "Posts.xml")
_ENDING = b"/>"

Row = tuple[int, dict[str, str]]  # line, attributes


def stackexchange(folder: Path | str, *, provenance: Provenance = "public") -> "StackExchange":
    """The folder of a dump (Users.xml, Posts.xml; Comments.xml, Tags.xml and PostLinks.xml where they are there)."""
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(
            f"{folder}: no such folder; expected an unpacked Stack Exchange dump (Users.xml, Posts.xml, ...)."
        )
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    if missing:
        raise InputError(f"{folder} has no {', '.join(missing)}; expected an unpacked Stack Exchange dump.")
    for name in _NEEDED:
        _check(folder / name)
    return StackExchange(folder, provenance)


@dataclass(frozen=True)
class StackExchange:
    """See `stackexchange`."""

    folder: Path
    provenance: Provenance = "public"
    name: str = "stackexchange"

    @property
    def mapping(self) -> GraphMapping:
        return MAPPING

    def batches(self, quarantine: Quarantine) -> Iterator[Batch]:
        """Users, items, topics, then everything between them."""
        return _Dump(self.folder, quarantine).batches()


@dataclass(frozen=True)
class _Post:
    owner: str  # "" where the author is gone
    at: int
    question: str  # its own id for a question


@dataclass
class _Dump:
    """One pass over each file; what later files refer to is remembered."""

    folder: Path
    quarantine: Quarantine
    now: int = field(default_factory=now_ms)
    users: set[str] = field(default_factory=set)
    posts: dict[str, _Post] = field(default_factory=dict)
    tags: dict[str, list[str]] = field(default_factory=dict)  # of questions
    excerpts: dict[str, str] = field(default_factory=dict)

    def batches(self) -> Iterator[Batch]:
        yield from _nodes("User", self._users())
        yield from _nodes("Item", self._items())
        yield from _nodes("Topic", self._topics())
        questions = {key: post for key, post in self.posts.items() if key == post.question}
        answers = {key: post for key, post in self.posts.items() if key != post.question}
        yield from _links("ASKED", "User", "Item", _wrote(questions))
        yield from _links("ANSWERED", "User", "Item", _wrote(answers))
        about = ({"source": key, "target": tag, "weight": 1.0} for key, tags in self.tags.items() for tag in tags)
        yield from _links("ABOUT", "Item", "Topic", about)
        yield from _links("TAGGED", "User", "Topic", self._tagged())
        yield from _links("ANSWERS", "Item", "Item", self._answers(answers))
        yield from _links("LINKED", "Item", "Item", self._linked())
        for part in _cut(self._comments()):
            yield RelationshipBatch("COMMENTED", "User", "Item", [comment for comment, _ in part])
            if ties := [tie for _, tie in part if tie is not None]:
                yield RelationshipBatch("REPLIED_TO", "User", "User", ties)
        yield from _links("REPLIED_TO", "User", "User", self._replies(answers))

    def _users(self) -> Iterator[dict[str, Any]]:
        for _, row in self._rows("Users.xml", ("Id",)):
            if row["Id"] == _COMMUNITY:
                self.quarantine.note("the Community account (left out)")
                continue
            self.users.add(row["Id"])
            user: dict[str, Any] = {
                "id": row["Id"],
                "name": clean_text(row.get("DisplayName", "")),
                "bio": self._text(row.get("AboutMe", ""), html=True),
                "location": clean_text(row.get("Location", "")),
                "createdAt": self._time_or_none(row),
                "reputation": int(row["Reputation"]) if row.get("Reputation", "").isdigit() else None,
            }
            yield {name: value for name, value in user.items() if value not in (None, "")}

    def _items(self) -> Iterator[dict[str, Any]]:
        """Questions and answers; an answer whose question comes later in the file is fine."""
        for line, row in self._rows("Posts.xml", ("Id", "PostTypeId")):
            key, kind = row["Id"], row["PostTypeId"]
            if kind == _EXCERPT:
                self.excerpts[key] = self._text(row.get("Body", ""), html=True)
            if kind not in (_QUESTION, _ANSWER):
                self.quarantine.note("posts that are neither question nor answer (not items)")
                continue
            try:
                at = clean_time(row.get("CreationDate", ""), now=self.now)
            except Refused as refused:
                self.quarantine.reject("Posts.xml", line, "CreationDate", refused.reason, row)
                continue
            owner = row.get("OwnerUserId", "")
            owner = owner if owner in self.users else ""
            if not owner:
                self.quarantine.note("posts without a known author (kept, without a behaviour)")
            self.posts[key] = _Post(owner, at, key if kind == _QUESTION else row.get("ParentId", ""))
            if kind == _QUESTION:
                self.tags[key] = _tags(row.get("Tags", ""))
            item = {
                "id": key,
                "title": clean_text(row.get("Title", "")),
                "text": self._text(row.get("Body", ""), html=True),
                "createdAt": at,
                "kind": "question" if kind == _QUESTION else "answer",
            }
            yield {name: value for name, value in item.items() if value != ""}

    def _topics(self) -> Iterator[dict[str, Any]]:
        """Tags with their wiki excerpts; a tag that only posts mention is a topic as well."""
        met = set()
        rows = self._rows("Tags.xml", ("TagName",)) if (self.folder / "Tags.xml").is_file() else ()
        for _, row in rows:
            name = clean_text(row["TagName"])
            met.add(name)
            description = self.excerpts.get(row.get("ExcerptPostId", ""), "")
            yield {"id": name, "name": name, **({"description": description} if description else {})}
        for name in dict.fromkeys(chain.from_iterable(self.tags.values())):
            if name not in met:
                yield {"id": name, "name": name}

    def _tagged(self) -> Iterator[dict[str, Any]]:
        """Who asked or answered under which tag, through which question."""
        for key, post in self.posts.items():
            for tag in self.tags.get(post.question, ()) if post.owner else ():
                row = {"source": post.owner, "target": tag, "weight": 1.0}
                yield {**row, "at": post.at, "eventId": key, "item": post.question}

    def _answers(self, answers: dict[str, _Post]) -> Iterator[dict[str, Any]]:
        for key, post in answers.items():
            if post.question in self.posts:
                yield {"source": key, "target": post.question, "at": post.at}
            else:
                self.quarantine.note("answers whose question is missing (kept, without a link)")

    def _replies(self, answers: dict[str, _Post]) -> Iterator[dict[str, Any]]:
        for key, post in answers.items():
            asked = self.posts.get(post.question)
            tie = self._tie(post.owner, asked.owner if asked else "", post.at, f"post {key}")
            if tie is not None:
                yield tie

    def _comments(self) -> Iterator[tuple[dict[str, Any], dict[str, Any] | None]]:
        """COMMENTED with the text, and the tie to the author of the post."""
        for line, row in self._rows("Comments.xml", ("Id", "PostId")):
            user, post = row.get("UserId", ""), self.posts.get(row["PostId"])
            if user not in self.users:
                self.quarantine.reject("Comments.xml", line, "UserId", "unknown user", row)
            elif post is None:
                self.quarantine.reject("Comments.xml", line, "PostId", "unknown item", row)
            else:
                try:
                    at = clean_time(row.get("CreationDate", ""), now=self.now)
                except Refused as refused:
                    self.quarantine.reject("Comments.xml", line, "CreationDate", refused.reason, row)
                    continue
                comment = {"source": user, "target": row["PostId"], "at": at, "eventId": row["Id"]}
                comment["text"] = self._text(row.get("Text", ""), html=False)
                yield comment, self._tie(user, post.owner, at, f"comment {row['Id']}")

    def _linked(self) -> Iterator[dict[str, Any]]:
        for line, row in self._rows("PostLinks.xml", ("PostId", "RelatedPostId")):
            source, target = row["PostId"], row["RelatedPostId"]
            if source not in self.posts or target not in self.posts:
                column = "PostId" if source not in self.posts else "RelatedPostId"
                self.quarantine.reject("PostLinks.xml", line, column, "unknown item", row)
                continue
            at = self._time_or_none(row)
            link = {"source": source, "target": target, "kind": _LINKS.get(row.get("LinkTypeId", ""), "linked")}
            yield link if at is None else {**link, "at": at}

    def _tie(self, source: str, target: str, at: int, event: str) -> dict[str, Any] | None:
        if not source or not target:
            return None
        if source == target:
            self.quarantine.note("replies to oneself (no tie)")
            return None
        return {"source": source, "target": target, "weight": 1.0, "at": at, "eventId": event}

    def _text(self, text: str, *, html: bool) -> str:
        text = clean_text(strip_html(text) if html else text)
        if len(text) > MAX_TEXT:
            self.quarantine.note(f"text cut at {MAX_TEXT:,} characters")
        return cut_text(text)

    def _time_or_none(self, row: dict[str, str]) -> int | None:
        try:
            return clean_time(row.get("CreationDate", ""), now=self.now)
        except Refused as refused:
            self.quarantine.note(f"CreationDate: {refused.reason} (left out)")
            return None

    def _rows(self, name: str, needed: tuple[str, ...]) -> Iterator[Row]:
        """The rows of a file that may be missing; broken ones, and ones without what is needed, are rejected."""
        path = self.folder / name
        if not path.is_file():
            self.quarantine.note(f"{name} is not there")
            return
        for line, record in _records(path):
            self.quarantine.read += 1
            try:
                row = _attributes(record)
            except Refused as refused:
                self.quarantine.reject(name, line, None, refused.reason, record.decode("utf-8", "replace")[:10_000])
                continue
            absent = next((column for column in needed if not row.get(column)), None)
            if absent:
                self.quarantine.reject(name, line, absent, "missing value", row)
            else:
                yield line, row


def _records(path: Path) -> Iterator[tuple[int, bytes]]:
    """Line number and bytes of each `<row .../>`; one may run over several lines."""
    with path.open("rb") as file:
        held, start = b"", 0
        for line, raw in enumerate(file, 1):
            if not held:
                at = raw.find(b"<row ")
                if at < 0:
                    continue
                held, start = raw[at:], line
            elif raw.lstrip().startswith(b"<row "):  # the one before was never closed
                yield start, held
                held, start = raw, line
            else:
                held += raw
            if held.rstrip().endswith(_ENDING):
                yield start, held.strip()
                held = b""
        if held:
            yield start, held.strip()


def _attributes(record: bytes) -> dict[str, str]:
    """The attributes of one element that stands alone; raises Refused. Entities beyond XML's own five are unknown here."""
    found: list[dict[str, str]] = []
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = lambda tag, attributes: found.append(attributes)
    try:
        parser.Parse(record, True)
    except expat.ExpatError as error:
        reason = "broken UTF-8" if _not_utf8(record) else f"broken XML ({expat.ErrorString(error.code)})"
        raise Refused(reason) from None
    return found[0]


def _not_utf8(record: bytes) -> bool:
    try:
        record.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def _check(path: Path) -> None:
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty; expected rows of a Stack Exchange dump.")
    with path.open("rb") as file:
        start = file.read(65_536)
    if b"<row " not in start:
        raise InputError(f"{path} has no <row ...> elements; expected a file of a Stack Exchange dump.")


def _tags(text: str) -> list[str]:
    """`<a><b>` in older dumps, `|a|b|` in newer ones."""
    parts = text.replace("><", "|").strip("<>|").split("|")
    return list(dict.fromkeys(name for part in parts if (name := clean_text(part))))


def _wrote(posts: dict[str, _Post]) -> Iterator[dict[str, Any]]:
    return ({"source": post.owner, "target": key, "at": post.at} for key, post in posts.items() if post.owner)


def _nodes(label: str, rows: Iterable[dict[str, Any]]) -> Iterator[Batch]:
    return (NodeBatch(label, part) for part in _cut(rows))


def _links(kind: str, source: str, target: str, rows: Iterable[dict[str, Any]]) -> Iterator[Batch]:
    return (RelationshipBatch(kind, source, target, part) for part in _cut(rows))


def _cut(rows: Iterable[Any]) -> Iterator[list[Any]]:
    iterator = iter(rows)
    while part := list(islice(iterator, _SIZE)):
        yield part

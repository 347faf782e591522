"""The HetRec 2011 Last.fm files (Cantador et al., RecSys 2011): who listens to what, who knows whom, who tags what how.

Known defects of the release, and what is done: `tags.dat` is latin-1, the others UTF-8; quotes are part of names (quoting is
off); tag rows of artists that `artists.dat` does not have keep the user's link to the topic, without the item; years before
Last.fm existed are put aside. Ties are symmetric in the file: both directions are loaded. A folder with fewer rows is fine.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sociogram.errors import InputError
from sociogram.graph.mapping import GraphMapping, NodeMapping, RelationshipMapping
from sociogram.loaders.clean import Refused, clean_text, clean_time, clean_weight, now_ms
from sociogram.loaders.source import Batch, NodeBatch, Provenance, Quarantine, RelationshipBatch

FIRST_YEAR = 2002  # Last.fm did not exist before
_EARLIEST = int(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC).timestamp() * 1000) - 1
_SIZE = 10_000  # rows a batch
_FILES = {
    "artists.dat": ("id", "name"),
    "tags.dat": ("tagID", "tagValue"),
    "user_friends.dat": ("userID", "friendID"),
    "user_artists.dat": ("userID", "artistID", "weight"),
    "user_taggedartists.dat": ("userID", "artistID", "tagID", "day", "month", "year"),
}
_NODES = {"artists.dat": "title", "tags.dat": "name"}  # file and the property that its second column becomes
Line = tuple[int, list[str]]

MAPPING = GraphMapping(
    nodes=(
        NodeMapping("User", "user", name="name"),
        NodeMapping("Item", "item", name="title", text=("title",)),
        NodeMapping("Topic", "topic", name="name", text=("name",)),
    ),
    relationships=(
        RelationshipMapping("KNOWS", "User", "User", "tie"),
        RelationshipMapping("LISTENED", "User", "Item", "behaviour", weight="weight"),
        RelationshipMapping("ABOUT", "Item", "Topic", "about", weight="weight"),
        RelationshipMapping("TAGGED", "User", "Topic", "interest", weight="weight", time="at", item="item"),
    ),
)


def lastfm(folder: Path | str, *, provenance: Provenance = "public") -> "LastFM":
    """The HetRec Last.fm folder as a source; InputError where a file or a column is missing."""
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; expected the unpacked HetRec Last.fm files (artists.dat, ...).")
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"{folder} has no {', '.join(missing)}; expected the HetRec Last.fm files {', '.join(_FILES)}."
        )
    for name in _FILES:
        _header(folder / name)
    return LastFM(folder, provenance)


@dataclass(frozen=True)
class LastFM:
    """See `lastfm`."""

    folder: Path
    provenance: Provenance = "public"
    name: str = "lastfm"

    @property
    def mapping(self) -> GraphMapping:
        return MAPPING

    def batches(self, quarantine: Quarantine) -> Iterator[Batch]:
        """Items, topics, users, then KNOWS, LISTENED, TAGGED and ABOUT."""
        keys: dict[str, set[str]] = {"artists.dat": set(), "tags.dat": set()}
        for file, label in (("artists.dat", "Item"), ("tags.dat", "Topic")):
            for rows in _cut(self._nodes(file, quarantine)):
                keys[file].update(row["id"] for row in rows)
                yield NodeBatch(label, rows)
        artists, topics = keys.values()
        known, listened, tagged = (list(self._rows(file, quarantine)) for file in list(_FILES)[2:])
        users = dict.fromkeys(cells[0] for rows in (known, listened, tagged) for _, cells in rows)
        users |= dict.fromkeys(cells[1] for _, cells in known)
        for part in _cut({"id": user} for user in users):
            yield NodeBatch("User", part)
        for part in _cut(self._knows(known, quarantine)):
            yield RelationshipBatch("KNOWS", "User", "User", part)
        for part in _cut(self._listened(listened, artists, quarantine)):
            yield RelationshipBatch("LISTENED", "User", "Item", part)
        taggers: dict[tuple[str, str], set[str]] = defaultdict(set)
        for part in _cut(self._tagged(tagged, artists, topics, taggers, quarantine)):
            yield RelationshipBatch("TAGGED", "User", "Topic", part)
        about = ({"source": a, "target": t, "weight": float(len(users))} for (a, t), users in taggers.items())
        for part in _cut(about):
            yield RelationshipBatch("ABOUT", "Item", "Topic", part)

    def _rows(self, name: str, quarantine: Quarantine, optional: str | None = None) -> Iterator[Line]:
        """Line number and the wanted cells of each line, the optional one last (empty where there is none)."""
        columns = _header(self.folder / name)
        positions = [columns.index(column) for column in _FILES[name]]
        extra = columns.index(optional) if optional in columns else len(columns)
        encoding = "latin-1" if name == "tags.dat" else "utf-8"
        with (self.folder / name).open("rb") as file:
            for line, raw in enumerate(file, 1):
                if line == 1 or not raw.strip():
                    continue
                quarantine.read += 1
                try:
                    cells = raw.decode(encoding).rstrip("\r\n").split("\t")
                except UnicodeDecodeError:
                    quarantine.reject(name, line, None, "broken UTF-8", raw.decode("latin-1"))
                    continue
                if len(cells) <= max(positions):
                    quarantine.reject(name, line, None, "fewer cells than columns", cells)
                    continue
                wanted = [cells[i].strip() for i in positions]
                if not all(wanted[: len(wanted) - (name in _NODES)]):
                    quarantine.reject(name, line, _FILES[name][wanted.index("")], "missing value", cells)
                    continue
                yield line, [*wanted, cells[extra] if extra < len(cells) else ""]

    def _nodes(self, file: str, quarantine: Quarantine) -> Iterator[dict[str, Any]]:
        name = _NODES[file]
        for _, (key, text, url) in self._rows(file, quarantine, "url"):
            properties = {"id": key, name: clean_text(text), "url": clean_text(url)}
            yield {k: v for k, v in properties.items() if v}

    def _knows(self, rows: list[Line], quarantine: Quarantine) -> Iterator[dict[str, Any]]:
        for line, (user, friend, _) in rows:
            if user == friend:
                quarantine.reject("user_friends.dat", line, "friendID", "tie to oneself", [user, friend])
            else:
                yield {"source": user, "target": friend}

    def _listened(self, rows: list[Line], artists: set[str], quarantine: Quarantine) -> Iterator[dict[str, Any]]:
        for line, (user, artist, count, _) in rows:
            if artist not in artists:
                quarantine.reject("user_artists.dat", line, "artistID", "unknown item", [user, artist, count])
                continue
            try:
                yield {"source": user, "target": artist, "weight": clean_weight(count)}
            except Refused as refused:
                quarantine.reject("user_artists.dat", line, "weight", refused.reason, [user, artist, count])

    def _tagged(
        self,
        rows: list[Line],
        artists: set[str],
        topics: set[str],
        taggers: dict[tuple[str, str], set[str]],
        quarantine: Quarantine,
    ) -> Iterator[dict[str, Any]]:
        """TAGGED rows; fills `taggers`: (artist, topic) to the users who said so."""
        file, now = "user_taggedartists.dat", now_ms()
        months: dict[tuple[str, str, str], int] = {}
        for line, (user, artist, topic, *date, _) in rows:
            if topic not in topics:
                quarantine.reject(file, line, "tagID", "unknown topic", [user, artist, topic, *date])
                continue
            day = (date[0], date[1], date[2])
            try:
                at = months.get(day) or months.setdefault(day, _moment(day, now))
            except Refused as refused:
                quarantine.reject(file, line, "year", refused.reason, [user, artist, topic, *date])
                continue
            row = {"source": user, "target": topic, "weight": 1.0, "at": at, "eventId": artist}
            if artist in artists:
                row["item"] = artist
                taggers[artist, topic].add(user)
            else:
                quarantine.note("tag without its artist (kept, without item)")
            yield row


def _moment(date: tuple[str, str, str], now: int) -> int:
    try:
        day, month, year = (int(part) for part in date)
        moment = int(datetime(year, month, day, tzinfo=UTC).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise Refused("not a date") from None
    return clean_time(moment, now=now, earliest=_EARLIEST)


def _header(path: Path) -> list[str]:
    with path.open("rb") as file:
        columns = file.readline().decode("latin-1").removeprefix("\xef\xbb\xbf").strip().split("\t")
    for column in _FILES[path.name]:
        if column not in columns:
            found = ", ".join(filter(None, columns)) or "nothing"
            raise InputError(
                f'{path} has no column "{column}" (found: {found}). Is it the HetRec 2011 Last.fm release?'
            )
    return columns


def _cut(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    iterator = iter(rows)
    while part := list(islice(iterator, _SIZE)):
        yield part

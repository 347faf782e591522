"""Tables row by row from CSV, Parquet and pandas: streamed, with line numbers, broken rows put aside."""

import csv
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from sociogram.errors import InputError
from sociogram.loaders.source import Quarantine
from sociogram.said import Said

if TYPE_CHECKING:
    import pandas as pd

Row = tuple[int, list[Any]]  # line number (of the file, from 1; of the record in Parquet and frames), cells

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.\w+|\b(?:\d{1,3}\.){3}\d{1,3}\b")
_BOM = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_PACKED = {
    b"\x1f\x8b": "packed by gzip; unpack it (gunzip)",
    b"PK\x03\x04": "a zip archive or an Excel workbook; unpack it, or save the sheet as CSV UTF-8",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save the sheet as CSV UTF-8",
    b"\x28\xb5\x2f\xfd": "packed by zstd; unpack it (unzstd)",
    b"BZh": "packed by bzip2; unpack it (bunzip2)",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"%PDF": "a PDF document; save its table as CSV UTF-8",
}


class Discard(Quarantine):
    """Forgets what is rejected: for a first look at a table."""

    def __init__(self) -> None:
        super().__init__(Path())

    def reject(self, file: str, line: int | None, column: str | None, reason: str, row: Any = None) -> None:
        """Do nothing."""


class Table(Protocol):
    """A named table; `rows` may be asked for more than once."""

    @property
    def name(self) -> str: ...

    @property
    def columns(self) -> list[str]: ...

    def rows(self, quarantine: Quarantine) -> Iterator[Row]:
        """Rows with as many cells as columns; broken ones go to the quarantine."""


def open_table(path: Path | str) -> Table:
    """CSV (any of , ; tab |) or Parquet by the file's first bytes; InputError where there is nothing to read."""
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: no such file. Check the path; several files are given by repeating the option.")
    if path.is_dir():
        raise InputError(f"{path} is a folder; expected a CSV or Parquet file.")
    if path.stat().st_size == 0:
        raise InputError(Said("{path} is empty; expected a CSV file with a header line, or a Parquet file.", path=path))
    with path.open("rb") as file:
        start = file.read(4096)
    if start[:4] == b"PAR1":
        return ParquetTable(path)
    if start[:2] in _BOM:
        raise InputError(
            Said(
                "{path} is {what} text; expected UTF-8. Save it as UTF-8 and load it again.",
                path=path,
                what=_BOM[start[:2]],
            )
        )
    packed = next((what for magic, what in _PACKED.items() if start.startswith(magic)), None)
    if packed or b"\0" in start.split(b"\n")[0]:
        raise InputError(
            Said("{path} is {what}; expected a CSV or Parquet file.", path=path, what=packed or Said("not text"))
        )
    return CsvTable.open(path)


@dataclass(frozen=True)
class CsvTable:
    """A CSV file with a header line, or under the header of another file."""

    path: Path
    delimiter: str
    columns: list[str]
    headless: bool = False  # the first line is a row

    @classmethod
    def open(cls, path: Path) -> "CsvTable":
        """Read the header; the delimiter is the likeliest of comma, tab, semicolon and bar."""
        with path.open("rb") as file:
            head = file.readline(1_000_000).decode("utf-8-sig", "replace")
        if not head.strip():
            raise InputError(
                Said("{path} has no header line; expected the names of the columns in its first line.", path=path)
            )
        if "\r" in head.rstrip("\r\n"):
            raise InputError(f"{path} ends its lines with a lone carriage return; save it with LF or CRLF line ends.")
        delimiter = max(",\t;|", key=lambda d: len(next(csv.reader([head], delimiter=d))))
        columns = [name.strip() for name in next(csv.reader([head.rstrip("\r\n")], delimiter=delimiter))]
        doubled = next((name for i, name in enumerate(columns) if name and name in columns[:i]), None)
        if doubled is not None:
            raise InputError(
                Said('{path} has two columns named "{name}". Rename one of them.', path=path, name=doubled)
            )
        return cls(path, delimiter, columns)

    def header_only(self) -> bool:
        """Whether there is nothing below the header."""
        return next(self.rows(Discard()), None) is None

    def under(self, header: "CsvTable") -> "CsvTable":
        """The same file with the columns of a header in a file of its own."""
        return CsvTable(self.path, header.delimiter, header.columns, headless=True)

    @property
    def name(self) -> str:
        return self.path.name

    def rows(self, quarantine: Quarantine) -> Iterator[Row]:
        """Rows as text; refused: broken UTF-8, too few or too many cells, a quote that never closes."""
        csv.field_size_limit(sys.maxsize)  # the module's default refuses texts over 131,072 characters
        with self.path.open("rb") as file:
            reader = csv.reader(_lines(file), delimiter=self.delimiter, strict=True)
            width, line = len(self.columns), 1
            while True:
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    quarantine.read += 1
                    quarantine.reject(self.name, line, None, f"broken CSV ({error})")
                    line = reader.line_num + 1
                    continue
                here, line = line, reader.line_num + 1
                if (here == 1 and not self.headless) or not cells:
                    continue
                quarantine.read += 1
                if len(cells) != width:
                    reason = "fewer cells than columns" if len(cells) < width else "more cells than columns"
                    quarantine.reject(self.name, here, None, reason, _masked(cells))
                elif broken := _broken(cells):
                    quarantine.reject(self.name, here, self.columns[broken - 1], "broken UTF-8", _masked(cells))
                else:
                    yield here, cells


def _lines(file: BinaryIO) -> Iterator[str]:
    for i, raw in enumerate(file):
        line = raw.decode("utf-8", "surrogateescape")
        yield line.removeprefix("\ufeff") if i == 0 else line


def _broken(cells: list[str]) -> int:
    """Position from 1 of the first cell that was not UTF-8, else 0."""
    for i, cell in enumerate(cells):
        if not cell.isascii() and any("\udc80" <= c <= "\udcff" for c in cell):
            return i + 1
    return 0


def _masked(cells: list[str]) -> list[str]:
    """Cells without e-mail and IP addresses: in a row out of shape nobody knows which cell is private."""
    return [_ADDRESS.sub("(address)", cell) for cell in cells]


@dataclass(frozen=True)
class ParquetTable:
    """A Parquet file, read in record batches."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def columns(self) -> list[str]:
        return list(self._file().schema_arrow.names)

    def rows(self, quarantine: Quarantine) -> Iterator[Row]:
        """Rows as Python values; the line is the record's number."""
        line = 1
        for batch in self._file().iter_batches(batch_size=10_000):
            for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                quarantine.read += 1
                yield line, list(cells)
                line += 1

    def _file(self) -> Any:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return pq.ParquetFile(self.path)
        except (pa.ArrowInvalid, OSError) as error:
            raise InputError(f"{self.path} is not a readable Parquet file: {error}. Write it again.") from None


@dataclass(frozen=True)
class FrameTable:
    """A pandas DataFrame; its index is not read."""

    name: str
    frame: "pd.DataFrame"

    @property
    def columns(self) -> list[str]:
        return [str(name) for name in self.frame.columns]

    def rows(self, quarantine: Quarantine) -> Iterator[Row]:
        """Rows as Python values, missing ones as None; the line is the record's number."""
        for line, cells in enumerate(self.frame.itertuples(index=False, name=None), 1):
            quarantine.read += 1
            yield line, [_plain(cell) for cell in cells]


def _plain(cell: Any) -> Any:
    """A Python value of a pandas or NumPy one; a NaN stays, so that a weight of NaN can be refused."""
    if isinstance(cell, str | float) or cell is None:
        return cell
    if type(cell).__name__ in ("NAType", "NaTType"):
        return None
    if hasattr(cell, "to_pydatetime"):
        return cell.to_pydatetime(warn=False)
    return cell.tolist() if hasattr(cell, "tolist") else cell

"""Rows of cells out of a bar file, whatever its format: header, columns, damage to the file."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from adapters.bars.grid import shown
from ports.errors import BadBarFile

REQUIRED: Final = ("ts", "open", "high", "low", "close", "volume")
QUOTES: Final = ("bid", "ask")

_LONGEST_HEADER: Final = 1_000
_SUFFIXES: Final = (".csv", ".gz", ".parquet")
_DAMAGE: Final = (OSError, EOFError, zlib.error)


class CellRow(NamedTuple):
    """One data row.

    `number` is its line in a text file (the header is line 1), its row in Parquet (the
    first is 1). `cells` stand in the order of `REQUIRED` and `QUOTES`, quotes filled
    with empty cells. With a `flaw` the row could not be split, and `cells` is its text.
    """

    number: int
    cells: Sequence[Any]
    flaw: str


def read_rows(path: Path) -> tuple[str, Iterator[CellRow]]:
    """The word for a row's place ("line" or "row") and the rows of a file, streamed.

    The format is told by the name: .csv, .csv.gz (or .gz), .parquet.
    Errors: BadBarFile, here or while reading on, for a file that is missing, of another
    format, truncated or damaged, or whose header is wrong.
    """
    name = str(path)
    if not path.exists():
        raise BadBarFile(name, "", "no such file")
    if not path.is_file():
        raise BadBarFile(name, "", "is not a file")
    if path.suffix.lower() not in _SUFFIXES:
        raise BadBarFile(name, "", "is neither .csv, .csv.gz nor .parquet")
    if path.suffix.lower() == ".parquet":
        from adapters.bars.parquet import parquet_rows

        return "row", parquet_rows(path)
    return "line", _text_rows(path)


def check_columns(name: str, where: str, columns: Sequence[str]) -> tuple[str, ...]:
    """The columns to read, in the order of `CellRow`; BadBarFile if the header is wrong."""
    doubles = sorted({c for c in columns if columns.count(c) > 1})
    missing = [c for c in REQUIRED if c not in columns]
    unknown = [c for c in columns if c not in REQUIRED + QUOTES]
    if missing:
        raise BadBarFile(name, where, f"wrong header: column {missing[0]} is missing")
    if doubles:
        raise BadBarFile(name, where, f"wrong header: column {doubles[0]} stands there twice")
    if unknown:
        raise BadBarFile(name, where, f"wrong header: column {shown(unknown[0])} is unknown")
    quotes = [c for c in QUOTES if c in columns]
    if len(quotes) == 1:
        raise BadBarFile(name, where, f"wrong header: {quotes[0]} without its other side")
    return (*REQUIRED, *quotes)


def _text_rows(path: Path) -> Iterator[CellRow]:
    number = 1
    try:
        with _open_text(path) as lines:
            columns = _header(str(path), lines.readline(_LONGEST_HEADER))
            wanted = check_columns(str(path), "line 1", columns)
            for row in _split(lines, columns, wanted):
                number = row.number
                yield row
    except _DAMAGE as error:
        where = f"after line {number}" if number > 1 else ""
        raise BadBarFile(str(path), where, _damage(error)) from None


def _open_text(path: Path) -> IO[str]:
    """Bytes that are no UTF-8 become lone surrogates, which no number or time contains."""
    opener = gzip.open if path.suffix.lower() == ".gz" else open
    return opener(path, "rt", encoding="utf-8", errors="surrogateescape", newline="\n")


def _damage(error: BaseException) -> str:
    if isinstance(error, EOFError):
        return "the archive is truncated"
    if isinstance(error, gzip.BadGzipFile | zlib.error):
        return f"the archive is damaged: {error}"
    return f"cannot be read: {error}"


def _header(name: str, line: str) -> list[str]:
    if not line:
        raise BadBarFile(name, "", "the file is empty")
    text = line.removeprefix("\ufeff").rstrip("\r\n")
    cells = _quoted(text)
    if cells is None or len(line) >= _LONGEST_HEADER:
        raise BadBarFile(name, "line 1", f"wrong header: {shown(text)}")
    return [c.strip() for c in cells]


def _split(lines: IO[str], columns: Sequence[str], wanted: Sequence[str]) -> Iterator[CellRow]:
    """Data rows; blank lines are passed over. A quoted cell never spans lines: an open
    quote costs its own line, not the rest of the file."""
    width = len(columns)
    pad = [""] * (len(REQUIRED) + len(QUOTES) - len(wanted))
    pick = None if tuple(columns) == tuple(wanted) else itemgetter(*map(columns.index, wanted))
    for number, line in enumerate(lines, 2):
        text = line.rstrip("\r\n")
        cells = text.split(",") if '"' not in text else _quoted(text)
        if cells is None:
            yield CellRow(number, [text], "a quoted cell does not end")
        elif len(cells) != width:
            if text.strip():
                flaw = f"has {len(cells)} cells, the header {width}"
                yield CellRow(number, [text], flaw)
        elif pick is None:
            yield CellRow(number, [*cells, *pad] if pad else cells, "")
        else:
            yield CellRow(number, [*pick(cells), *pad], "")


def _quoted(text: str) -> list[str] | None:
    """The cells of one line, None if its quotes do not close."""
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error:
        return None

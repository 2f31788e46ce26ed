"""Bars from files, and minutes cut into the 5-second pieces that a gateway streams."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Final

SECOND: Final = 10**9
PIECE: Final = 5 * SECOND
MINUTE: Final = 60 * SECOND
_PIECES: Final = 12
_CORNERS: Final = (3, 7, 11)  # the pieces that end at a corner of the path


@dataclass(frozen=True, slots=True)
class Bar:
    """Prices in ticks, `start` in UTC nanoseconds; `bid` and `ask` at the end, if known."""

    start: int
    length: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    bid: int | None = None
    ask: int | None = None

    @property
    def end(self) -> int:
        return self.start + self.length

    @property
    def weighted(self) -> float:
        """A volume-weighted average price in ticks, as near as four prices tell."""
        return (self.open + self.high + self.low + self.close) / 4


@dataclass(frozen=True, slots=True)
class Piece:
    """Five seconds of the market; `whole` is the minute bar it was cut from, if it was."""

    bar: Bar
    whole: Bar | None = None


class BadBars(ValueError):
    """A file that is not made of bars of this product."""


def read(path: Path, tick: Decimal) -> list[Bar]:
    """The bars of a CSV file, plain or gzipped; `BadBars` if a row cannot be used."""
    data = path.read_bytes()
    lines = (gzip.decompress(data) if path.suffix == ".gz" else data).decode().splitlines()
    rows = [_bar(row, tick, path) for row in csv.DictReader(lines)]
    length = spacing(rows)
    for before, after in pairwise(rows):
        if after.start <= before.start:
            raise BadBars(f"{path.name}: times do not increase at {_stamp(after.start)}")
    return [
        Bar(b.start, length, b.open, b.high, b.low, b.close, b.volume, b.bid, b.ask) for b in rows
    ]


def spacing(rows: Iterable[Bar]) -> int:
    """5 seconds or a minute: the coarser that all times agree with."""
    return MINUTE if all(row.start % MINUTE == 0 for row in rows) else PIECE


def pieces(rows: Iterable[Bar]) -> Iterator[Piece]:
    """The 5-second pieces of bars of either size."""
    for row in rows:
        if row.length == PIECE:
            yield Piece(row)
        else:
            for part in cut(row):
                yield Piece(part, row)


def cut(bar: Bar) -> list[Bar]:
    """A minute as 12 pieces that join to exactly it.

    The path goes from the open to the nearer of high and low (the high if both are as near),
    then to the other, then to the close: a third of the time each. The four corners get
    volume first, the rest is spread evenly, and a piece without volume does not move unless
    the bar has less volume than corners.
    """
    near, far = bar.high, bar.low
    if bar.open - bar.low < bar.high - bar.open:
        near, far = bar.low, bar.high
    corners = (bar.open, near, far, bar.close)
    path = [
        corners[leg] + (corners[leg + 1] - corners[leg]) * step // 4
        for leg in range(3)
        for step in (1, 2, 3, 4)
    ]
    volumes = _volumes(bar.volume)
    parts: list[Bar] = []
    before = bar.open
    for number, (target, volume) in enumerate(zip(path, volumes, strict=True)):
        after = target if volume or number in _CORNERS else before
        ends = number == _PIECES - 1
        parts.append(
            Bar(
                bar.start + number * PIECE, PIECE, before, max(before, after),
                min(before, after), after, volume,
                bar.bid if ends else None, bar.ask if ends else None,
            )
        )  # fmt: skip
        before = after
    return parts


def _volumes(volume: int) -> list[int]:
    share, rest = divmod(volume, _PIECES)
    order = (0, *_CORNERS, *(n for n in range(1, _PIECES) if n not in _CORNERS))
    extra = set(order[:rest])
    return [share + (number in extra) for number in range(_PIECES)]


def join(rows: Iterable[Bar], length: int, begin: Callable[[int], int] | None = None) -> list[Bar]:
    """Bars of `length` nanoseconds made of smaller ones, on the grid of the clock, or that of
    `begin`: where the bar begins that holds an instant."""
    made: list[Bar] = []
    for row in rows:
        start = row.start - row.start % length if begin is None else begin(row.start)
        if made and made[-1].start == start:
            b = made[-1]
            made[-1] = Bar(
                start, length, b.open, max(b.high, row.high), min(b.low, row.low), row.close,
                b.volume + row.volume, row.bid, row.ask,
            )  # fmt: skip
        else:
            made.append(
                Bar(start, length, row.open, row.high, row.low, row.close, row.volume, row.bid,
                    row.ask)
            )  # fmt: skip
    return made


def _bar(row: dict[str, str], tick: Decimal, path: Path) -> Bar:
    try:
        moment = datetime.fromisoformat(row["ts"])
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        prices = [_ticks(row[name], tick) for name in ("open", "high", "low", "close")]
        bid, ask = (_ticks(row[n], tick) if row.get(n) else None for n in ("bid", "ask"))
        o, h, low, c = prices
        start = int(moment.timestamp()) * SECOND
        return Bar(start, MINUTE, o, h, low, c, int(float(row["volume"] or 0)), bid, ask)
    except (KeyError, ValueError, ArithmeticError, TypeError) as problem:
        raise BadBars(f"{path.name}: row {row}: {problem}") from problem


def _ticks(text: str, tick: Decimal) -> int:
    value = Decimal(text) / tick
    if value != value.to_integral_value():
        raise ValueError(f"{text} is not a multiple of {tick}")
    return int(value)


def _stamp(at: int) -> str:
    return datetime.fromtimestamp(at // SECOND, UTC).isoformat()

"""The rows of one bar file as compact columns, and the rows that were dropped."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import compress, groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

from adapters.bars.cells import CellRow
from adapters.bars.grid import BadCellError, Grid
from adapters.bars.order import is_minute_spaced, out_of_order, strangers
from adapters.bars.times import TimeReader, written
from domain.quality import Penalty
from domain.units import MINUTE, Ticks, UtcNanos
from ports.bars import BadBars
from ports.errors import BadBarFile

_TEXT: Final = 200


class Dropped(NamedTuple):
    """A dropped row; `at` counts the accepted rows of the file before it."""

    at: int
    number: int
    kind: Penalty
    time: UtcNanos | None
    reason: str
    text: str


class BarRow(NamedTuple):
    """One row in the instrument's units; a quote side of 0 is absent."""

    time: UtcNanos
    open: Ticks
    high: Ticks
    low: Ticks
    close: Ticks
    volume: int
    bid: Ticks
    ask: Ticks


class FileColumns:
    """Accepted rows of one file in time order, 40 bytes a row; `dropped` in file order.

    `minute_spaced` tells minute bars from 5-second pieces; `place` is the word for a
    row's position in messages. `rows` counts all data rows.
    """

    def __init__(self, path: Path, place: str, policy: BadBars) -> None:
        self.name = str(path)
        self.place = place
        self.rows = 0
        self.minute_spaced = True
        self.dropped: list[Dropped] = []
        self.times = array("q")
        self._refuse = policy is BadBars.REFUSE
        self._ticks = tuple(array("i") for _ in range(6))
        self._volumes = array("q")
        self._numbers = array("q")

    def __len__(self) -> int:
        return len(self.times)

    def __iter__(self) -> Iterator[BarRow]:
        o, h, low, c, bid, ask = self._ticks
        return map(BarRow, self.times, o, h, low, c, self._volumes, bid, ask)

    def collect(self, rows: Iterator[CellRow], grid: Grid, times: TimeReader, step: int) -> None:
        """Take every row of a file; `step` is the length of a sub-bar in nanoseconds.

        Errors: BadBarFile at the first wrong row under `BadBars.REFUSE`.
        """
        days, clock = times.days, times.clock
        prices, quotes, volume = grid.prices, grid.quotes, grid.volume
        put_o, put_h, put_l, put_c, put_b, put_a = (a.append for a in self._ticks)
        put_t, put_v, put_n = self.times.append, self._volumes.append, self._numbers.append
        last = -1
        disorder = broken = False
        for number, cells, flaw in rows:
            self.rows += 1
            try:
                ts, co, ch, cl, cc, cv, cb, ca = cells
                t = ts if ts.__class__ is int else days[ts[:11]] + clock[ts[11:]]
                o, h, low, c = prices[co], prices[ch], prices[cl], prices[cc]
                v, b, a = volume(cv), quotes[cb], quotes[ca]
            except (KeyError, ValueError, TypeError):
                try:
                    t, o, h, low, c, v, b, a = _judge(cells, flaw, grid, times)
                except BadCellError as error:
                    self._malformed(number, _time(cells, times), str(error), cells)
                    continue
            if t % step or not (low <= o <= h and low <= c <= h):
                self._malformed(number, t, _misfit(t, step, h < low), cells)
                continue
            if t <= last:
                disorder = True
                if self._refuse:
                    raise self._misplaced(number, t, last)
            if t % MINUTE:
                broken = True
            last = t
            put_t(t)
            put_o(o)
            put_h(h)
            put_l(low)
            put_c(c)
            put_v(v)
            put_b(b)
            put_a(a)
            put_n(number)
        self._settle(disorder, broken, grid.max_volume)
        del self._numbers[:]

    def refusal(self, number: int, reason: str) -> BadBarFile:
        """The error that names this file and the row with this number."""
        return BadBarFile(self.name, f"{self.place} {number}", reason)

    def _settle(self, disorder: bool, broken: bool, max_volume: int) -> None:
        """Decide the spacing; drop what does not fit it, what breaks the order, what overflows."""
        if broken:
            self.minute_spaced = is_minute_spaced(self.times)
            bars = "minute" if self.minute_spaced else "5-second"
            odd = strangers(self.times, self.minute_spaced)
            self._drop(odd, Penalty.MALFORMED, f"does not fit a file of {bars} bars")
        if disorder:
            self._drop(out_of_order(self.times), Penalty.NON_MONOTONIC, "breaks the order of time")
        if not self.minute_spaced:
            over = self._overfull(max_volume)
            self._drop(over, Penalty.MALFORMED, f"is of a minute with volume above {max_volume}")

    def _overfull(self, max_volume: int) -> list[int]:
        """Indexes of the pieces of minutes whose volumes add up to too much."""
        found: list[int] = []
        for _, group in groupby(range(len(self.times)), lambda i: self.times[i] // MINUTE):
            members = list(group)
            if sum(self._volumes[i] for i in members) > max_volume:
                found.extend(members)
        return found

    def _drop(self, indexes: Sequence[int], kind: Penalty, reason: str) -> None:
        """Take accepted rows out again; under REFUSE the first of them is the error."""
        if not indexes:
            return
        if self._refuse:
            first = indexes[0]
            raise self.refusal(self._numbers[first], f"time {written(self.times[first])} {reason}")
        gone = [
            Dropped(
                i, self._numbers[i], kind, t := self.times[i], f"time {written(t)} {reason}", ""
            )
            for i in indexes
        ]
        everything = sorted([*self.dropped, *gone], key=lambda d: d.number)
        self.dropped = [d._replace(at=d.at - bisect_left(indexes, d.at)) for d in everything]
        keep = bytearray(b"\x01") * len(self.times)
        for i in indexes:
            keep[i] = 0
        for column in (self.times, self._volumes, self._numbers, *self._ticks):
            column[:] = array(column.typecode, compress(column, keep))

    def _malformed(
        self, number: int, t: UtcNanos | None, reason: str, cells: Sequence[Any]
    ) -> None:
        if self._refuse:
            raise self.refusal(number, reason)
        text = ",".join("" if c is None else str(c) for c in cells)
        safe = text.encode("ascii", "backslashreplace").decode("ascii")[:_TEXT]
        self.dropped.append(Dropped(len(self.times), number, Penalty.MALFORMED, t, reason, safe))

    def _misplaced(self, number: int, t: UtcNanos, last: UtcNanos) -> BadBarFile:
        how = "stands there twice" if t == last else f"goes back behind {written(last)}"
        return self.refusal(number, f"time {written(t)} {how}")


def _judge(cells: Sequence[Any], flaw: str, grid: Grid, times: TimeReader) -> BarRow:
    """One row the careful way; BadCellError names the column and the reason."""
    if flaw:
        raise BadCellError(flaw)
    t = times.instant(cells[0])
    values: list[int] = []
    price, quote = grid.prices.__getitem__, grid.quotes.__getitem__
    readers = (price, price, price, price, grid.volume, quote, quote)
    for name, read, cell in zip(BarRow._fields[1:], readers, cells[1:], strict=True):
        try:
            values.append(read(cell))
        except BadCellError as error:
            raise BadCellError(f"{name} {error}") from None
    return BarRow(t, *values)


def _time(cells: Sequence[Any], times: TimeReader) -> UtcNanos | None:
    """The time of a row that is wrong elsewhere, None if it cannot be read."""
    try:
        text = cells[0]
        return times.instant(text.partition(",")[0] if len(cells) == 1 else text)
    except BadCellError:
        return None


def _misfit(t: UtcNanos, step: int, inverted: bool) -> str:
    if t % step:
        return f"time {written(t)} is off the bar grid"
    return "high is below low" if inverted else "open or close lies outside low..high"

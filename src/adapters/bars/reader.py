"""Bar files to one stream of minutes (cli.md, "Bar file schema")."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from adapters.bars.cells import read_rows
from adapters.bars.columns import BarRow, Dropped, FileColumns
from adapters.bars.grid import Grid
from adapters.bars.times import TimeReader, written
from domain.aggregator import ClosedMinute, MinuteAggregator, SubBar
from domain.bar import Bar
from domain.instrument import Instrument
from domain.quality import Penalty
from domain.quality_parameters import AggregationParameters
from domain.units import MINUTE, UtcNanos
from ports.bars import BadBars, BarItem, RejectedRow
from ports.errors import BadBarFile


class FileSummary(NamedTuple):
    """One file as it was read: data rows, dropped rows, and whether it holds minute bars."""

    name: str
    rows: int
    rejected: int
    minute_bars: bool


def read_bars(
    paths: Sequence[Path],
    instrument: Instrument,
    aggregation: AggregationParameters,
    policy: BadBars,
) -> BarFiles:
    """Read bar files completely and judge every row before anything is made of them.

    Files are put in the order of their first accepted bar; none may begin before the
    minute after the end of the one before. Damage to a file (format, header, archive, no
    valid row) is refused under either policy, a wrong row under REFUSE only. How the
    spacing is decided: `adapters.bars.order.is_minute_spaced`; which rows of a disorder
    are dropped: `adapters.bars.order.out_of_order`.
    Errors: BadBarFile names file, line and reason.
    """
    grid, times = Grid(instrument), TimeReader()
    files = []
    for path in paths:
        place, rows = read_rows(path)
        file = FileColumns(path, place, policy)
        file.collect(rows, grid, times, aggregation.sub_bar)
        if not len(file):
            raise BadBarFile(file.name, "", _barren(file))
        files.append(file)
    files.sort(key=lambda f: f.times[0])
    for before, after in pairwise(files):
        if after.times[0] // MINUTE <= before.times[-1] // MINUTE:
            raise BadBarFile(
                after.name,
                "",
                f"begins at {written(after.times[0])}, inside {before.name}, "
                f"which ends at {written(before.times[-1])}",
            )
    return BarFiles(files, instrument, aggregation)


def _barren(file: FileColumns) -> str:
    if not file.dropped:
        return "has no rows"
    first = file.dropped[0]
    return f"no row can be a bar; {file.place} {first.number}: {first.reason}"


class BarFiles:
    """The port `RecordedBars` over files already read; made by `read_bars`."""

    def __init__(
        self,
        files: Sequence[FileColumns],
        instrument: Instrument,
        aggregation: AggregationParameters,
    ) -> None:
        self._files = files
        self._instrument = instrument
        self._aggregation = aggregation
        self.files = tuple(
            FileSummary(f.name, f.rows, len(f.dropped), f.minute_spaced) for f in files
        )
        self.rows = sum(f.rows for f in files)
        self.rejected = sum(len(f.dropped) for f in files)
        self.minutes = sum(_minutes(f) for f in files)
        self._rejections = _charged(files)
        self.tail: tuple[RejectedRow, ...] = ()
        if files:
            *_, self.tail = _groups(files[-1], self._rejections[-1])

    def __iter__(self) -> Iterator[BarItem]:
        """Minutes in time order, each with the rows dropped before it."""
        left: tuple[RejectedRow, ...] = ()
        for file, rejections in zip(self._files, self._rejections, strict=True):
            groups = _groups(file, rejections)
            for bar, subs in self._bars(file):
                rejected = next(groups)
                yield BarItem(bar, left + rejected if left else rejected, subs)
                left = ()
            left += next(groups)

    def _bars(self, file: FileColumns) -> Iterator[tuple[Bar, tuple[SubBar, ...]]]:
        if file.minute_spaced:
            return ((_minute_bar(row), ()) for row in file)
        return self._joined(file)

    def _joined(self, file: FileColumns) -> Iterator[tuple[Bar, tuple[SubBar, ...]]]:
        """Minutes of a 5-second file, by the aggregation that live bars go through."""
        aggregator = MinuteAggregator(
            self._instrument.price_band, self._instrument.max_minute_volume, self._aggregation
        )
        for row in file:
            closed = aggregator.on_sub_bar(_sub_bar(row)).closed
            if closed is not None:
                yield _whole(closed, file)
        closed = aggregator.flush()
        if closed is not None:
            yield _whole(closed, file)


def _groups(
    file: FileColumns, rejections: Sequence[tuple[int, RejectedRow]]
) -> Iterator[tuple[RejectedRow, ...]]:
    """For each minute of a file the rejections that go with it, then what is left over."""
    waiting = 0
    for until, minute in _ends(file) if rejections else _nothing(_minutes(file)):
        first = waiting
        while waiting < len(rejections) and (
            rejections[waiting][0] < until
            or (rejections[waiting][0] == until and rejections[waiting][1].charge == minute)
        ):
            waiting += 1
        yield tuple(r for _, r in rejections[first:waiting])
    yield tuple(r for _, r in rejections[waiting:])


def _nothing(minutes: int) -> Iterator[tuple[int, UtcNanos]]:
    return ((0, 0) for _ in range(minutes))


def _ends(file: FileColumns) -> Iterator[tuple[int, UtcNanos]]:
    """For each minute: the number of rows up to and with it, and its open."""
    times = file.times
    for i, t in enumerate(times, 1):
        if i == len(times) or times[i] // MINUTE != t // MINUTE:
            yield i, t // MINUTE * MINUTE


def _minutes(file: FileColumns) -> int:
    return len(file) if file.minute_spaced else sum(1 for _ in _ends(file))


def _charged(files: Sequence[FileColumns]) -> list[list[tuple[int, RejectedRow]]]:
    """Every dropped row with the minute it is charged to, by file, with its place among rows."""
    result = []
    before: UtcNanos | None = None
    for file in files:
        result.append([(d.at, _rejected(file, d, before)) for d in file.dropped])
        before = file.times[-1]
    return result


def _rejected(file: FileColumns, row: Dropped, before: UtcNanos | None) -> RejectedRow:
    """MALFORMED is charged to its own minute while that is later than the last accepted bar
    (in a 5-second file: not before the minute being collected), all else to the next bar."""
    charge: UtcNanos | None = None
    if row.kind is Penalty.MALFORMED and row.time is not None:
        minute = row.time // MINUTE * MINUTE
        last = file.times[row.at - 1] if row.at else before
        if (
            last is None
            or minute > last
            or (not file.minute_spaced and row.at and minute == last // MINUTE * MINUTE)
        ):
            charge = minute
    where = f"{file.place} {row.number}"
    return RejectedRow(file.name, where, row.kind, charge, row.time, row.reason, row.text)


def _quote(row: BarRow) -> tuple[int | None, int | None]:
    return (row.bid, row.ask) if row.bid and row.ask else (None, None)


def _minute_bar(row: BarRow) -> Bar:
    t, o, h, low, c, volume, bid, ask = row
    if not (bid and ask):
        return Bar(t, o, h, low, c, volume)
    spread = float(ask - bid) if ask > bid else None
    return Bar(t, o, h, low, c, volume, bid, ask, spread)


def _sub_bar(row: BarRow) -> SubBar:
    return SubBar(*row[:6], *_quote(row))


def _whole(closed: ClosedMinute, file: FileColumns) -> tuple[Bar, tuple[SubBar, ...]]:
    if closed.bar is None:
        raise BadBarFile(file.name, written(closed.minute), closed.broken or "no price")
    return closed.bar, closed.sub_bars

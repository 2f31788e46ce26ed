"""The bars of the day, the virtual clock, and what has been seen of both so far."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time
from typing import Final

from adapters.gateway_sim.bars import PIECE, SECOND, Bar, Piece, cut, join, pieces
from adapters.gateway_sim.contracts import ZONE, trading_day

DAY: Final = 86_400 * SECOND
_UNITS: Final = {"S": 1, "D": 86_400, "W": 7 * 86_400, "M": 31 * 86_400, "Y": 366 * 86_400}
_SIZES: Final = {"sec": 1, "min": 60, "hour": 3600, "day": 86_400}


class Market:
    """Bars before the day (`warmup`) and of the day; `now` is virtual UTC nanoseconds."""

    def __init__(self, day: Iterable[Bar], warmup: Iterable[Bar] = ()) -> None:
        self._past: list[Bar] = list(warmup)
        self._coming: list[Piece] = list(pieces(day))
        self._next = 0
        start = self._coming[0].bar.start if self._coming else 0
        self._past = [bar for bar in self._past if bar.end <= start or not self._coming]
        self.now: int = start or (self._past[-1].end if self._past else 0)
        self.last: Bar | None = self._past[-1] if self._past else None
        self.quote: tuple[int, int] | None = None

    @property
    def left(self) -> int:
        """How many pieces are still to come."""
        return len(self._coming) - self._next

    def peek(self) -> Piece | None:
        """The piece that comes next."""
        return self._coming[self._next] if self.left else None

    def resting(self) -> bool:
        """Whether the trading day has no further bar."""
        coming = self.peek()
        return coming is None or trading_day(coming.bar.start) != trading_day(self.now)

    def take(self) -> Piece:
        """The next piece; the clock goes to its end."""
        piece = self._coming[self._next]
        self._next += 1
        self.now = max(self.now, piece.bar.end)
        self.last = piece.bar
        if piece.bar.bid is not None and piece.bar.ask is not None:
            self.quote = (piece.bar.bid, piece.bar.ask)
        return piece

    def quoted(self) -> tuple[int, int] | None:
        """Bid and ask in ticks: the last known ones around the last price."""
        if self.last is None:
            return None
        if self.quote is not None and abs(self.quote[0] - self.last.close) <= 1:
            return self.quote
        return self.last.close - 1, self.last.close

    def history(self, size: int, start: int, end: int, regular: bool) -> list[Bar]:
        """Bars of `size` nanoseconds that lie in `[start, end)` and are over by now."""
        played = [p.bar for p in self._coming[: self._next]]
        rows: list[Bar] = []
        for bar in self._past:
            if bar.end > start and bar.start < end:
                rows += cut(bar) if size < bar.length else [bar]
        rows += [bar for bar in played if start <= bar.start < end]
        if regular:
            rows = [bar for bar in rows if in_hours(bar.start)]
        rows = [bar for bar in rows if start <= bar.start < end]
        if size >= DAY:
            return join(rows, size, _trading_day)
        return join(rows, size) if size != PIECE else rows


def _trading_day(at: int) -> int:
    """The UTC midnight that begins the date of the trading day of `at`, as daily bars count."""
    day = datetime.combine(trading_day(at), time(0), UTC)
    return int(day.timestamp()) * SECOND


def in_hours(at: int) -> bool:
    """Whether `at` lies in 08:30 to 15:00 of Chicago on a weekday."""
    local = datetime.fromtimestamp(at // SECOND, UTC).astimezone(ZONE)
    return local.weekday() < 5 and time(8, 30) <= local.time() < time(15)


def seconds_of(duration: str) -> int:
    """`3600 S`, `1 D`, `2 W` in seconds; `ValueError` if it is none."""
    count, unit = duration.split()
    if unit not in _UNITS:
        raise ValueError(duration)
    return int(count) * _UNITS[unit]


def size_of(setting: str) -> int:
    """`5 secs`, `1 min`, `1 hour`, `1 day` in nanoseconds; `ValueError` if it is none."""
    count, unit = setting.split()
    size = int(count) * _SIZES.get(unit.removesuffix("s"), 0)
    if size < 5 or (size < 60 and 60 % size):
        raise ValueError(setting)
    return size * SECOND

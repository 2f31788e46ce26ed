"""From 5-second sub-bars to minute bars (instrument-and-session.md 3).

One state machine for the live feed and for 5-second files: it takes sub-bars and
clock ticks and says which minutes are closed. It never fills a hole.
"""

from __future__ import annotations

from typing import NamedTuple

from domain.bar import Bar, broken_rule
from domain.instrument import PriceBand
from domain.quality_parameters import AggregationParameters
from domain.quotes import QuoteMeter
from domain.units import MINUTE, SECOND, Ticks, UtcNanos


class SubBar(NamedTuple):
    """A piece of a minute, `[open_time, open_time + 5 s)`, prices in ticks.

    `bid` and `ask` are its closing quote where a file has one. `untraded`: volume 0 and
    the vendor's average price not positive. `on_grid` is False where a price could not
    be expressed in ticks; the four prices then mean nothing.
    """

    open_time: UtcNanos
    open: Ticks
    high: Ticks
    low: Ticks
    close: Ticks
    volume: int
    bid: Ticks | None = None
    ask: Ticks | None = None
    untraded: bool = False
    on_grid: bool = True


class ClosedMinute(NamedTuple):
    """A minute that is over.

    `bar` is None when nothing in it had a price, or when `broken` names the validity
    rule it breaks. `sub_bars` are the pieces that made it, in time order.
    """

    minute: UtcNanos
    bar: Bar | None
    broken: str | None
    sub_bars: tuple[SubBar, ...]


class DroppedSubBar(NamedTuple):
    """A sub-bar that entered no minute: `late`, its minute is closed; `duplicate`, its slot
    is taken; `off_grid`, it does not begin on a sub-bar boundary."""

    open_time: UtcNanos
    minute: UtcNanos
    cause: str


class Arrival(NamedTuple):
    """What one sub-bar did: closed the minute before, or was dropped; usually neither."""

    closed: ClosedMinute | None
    dropped: DroppedSubBar | None


_TAKEN = Arrival(None, None)


class MinuteAggregator:
    """Collects the sub-bars of one minute at a time.

    Within the open minute the order of arrival does not matter: open and close are
    those of the first and last slot in time. Of two sub-bars for one slot the first to
    arrive stays. With a `QuoteMeter` the quotes come from its stream (live), without
    one from the sub-bars themselves (files): the last that has one.
    """

    def __init__(
        self,
        band: PriceBand,
        max_minute_volume: int,
        parameters: AggregationParameters,
        quotes: QuoteMeter | None = None,
    ) -> None:
        self._band = band
        self._max_volume = max_minute_volume
        self._span = parameters.sub_bar
        self._wait = MINUTE + parameters.grace_seconds * SECOND
        self._quotes = quotes
        self._minute: UtcNanos | None = None
        self._slots: dict[UtcNanos, SubBar] = {}
        self._late: set[UtcNanos] = set()
        self._closed_until: UtcNanos | None = None

    @property
    def open_minute(self) -> UtcNanos | None:
        """The minute being collected, None between minutes."""
        return self._minute

    @property
    def complete(self) -> bool:
        """True once every piece of the open minute is there: nothing can be added to it."""
        return len(self._slots) * self._span == MINUTE

    def missing(self, until: UtcNanos) -> tuple[UtcNanos, ...]:
        """The slots of the open minute that are over by `until` and empty."""
        first = self._minute
        if first is None:
            return ()
        slots = range(first, min(first + MINUTE, until - self._span + 1), self._span)
        return tuple(t for t in slots if t not in self._slots)

    def fill(self, sub: SubBar) -> bool:
        """Take a piece of the open minute that was missed and told later; False if it is none.

        The minute has its prices and its volume then, and was received no more whole for it:
        `n_sub` counts what came when it happened.
        """
        if sub.open_time not in self.missing(sub.open_time + self._span):
            return False
        self._slots[sub.open_time] = sub
        self._late.add(sub.open_time)
        return True

    def on_sub_bar(self, sub: SubBar, now: UtcNanos | None = None) -> Arrival:
        """Take one sub-bar; `now` is the local clock (live only) and becomes `received_at`."""
        minute = sub.open_time // MINUTE * MINUTE
        if sub.open_time % self._span:
            return Arrival(None, DroppedSubBar(sub.open_time, minute, "off_grid"))
        if minute == self._minute:
            if sub.open_time in self._slots:
                return Arrival(None, DroppedSubBar(sub.open_time, minute, "duplicate"))
            self._slots[sub.open_time] = sub
            return _TAKEN
        if (self._minute is not None and minute < self._minute) or (
            self._closed_until is not None and minute < self._closed_until
        ):
            return Arrival(None, DroppedSubBar(sub.open_time, minute, "late"))
        closed = self.flush(now)
        self._minute = minute
        self._slots[sub.open_time] = sub
        return _TAKEN if closed is None else Arrival(closed, None)

    def on_clock(self, now: UtcNanos) -> ClosedMinute | None:
        """Close the open minute once the clock has reached its end and the grace after it."""
        if self._minute is None or now < self._minute + self._wait:
            return None
        return self.flush(now)

    def flush(self, now: UtcNanos | None = None) -> ClosedMinute | None:
        """Close the open minute whatever the time, as at the end of a file."""
        if self._minute is None:
            return None
        minute, slots, late = self._minute, self._slots, len(self._late)
        self._minute, self._slots = None, {}
        self._late.clear()
        self._closed_until = minute + MINUTE
        return self._close(minute, tuple(slots[t] for t in sorted(slots)), late, now)

    def _close(
        self, minute: UtcNanos, subs: tuple[SubBar, ...], late: int, now: UtcNanos | None
    ) -> ClosedMinute:
        broken = next((why for s in subs if not _silent(s) and (why := _flaw(s))), None)
        if broken is not None:
            return ClosedMinute(minute, None, broken, subs)
        priced = [s for s in subs if not _silent(s) or self._believable(s)]
        if not priced:
            return ClosedMinute(minute, None, None, subs)
        bid, ask, spread = self._quote(minute, subs)
        bar = Bar(
            minute,
            priced[0].open,
            max(s.high for s in priced),
            min(s.low for s in priced),
            priced[-1].close,
            sum(s.volume for s in subs),
            bid,
            ask,
            spread,
            len(subs) - late,
            now,
        )
        broken = broken_rule(bar, self._band.low, self._band.high, self._max_volume)
        return ClosedMinute(minute, bar if broken is None else None, broken, subs)

    def _believable(self, sub: SubBar) -> bool:
        return _flaw(sub) is None and self._band.low <= sub.low and sub.high <= self._band.high

    def _quote(
        self, minute: UtcNanos, subs: tuple[SubBar, ...]
    ) -> tuple[Ticks | None, Ticks | None, float | None]:
        if self._quotes is not None:
            return self._quotes.close(minute)
        for sub in reversed(subs):
            if sub.bid is not None and sub.ask is not None:
                spread = float(sub.ask - sub.bid) if sub.ask > sub.bid else None
                return sub.bid, sub.ask, spread
        return None, None, None


def _silent(sub: SubBar) -> bool:
    """True if the sub-bar reports no trade, so that its prices need not be believed."""
    return sub.volume == 0 and sub.untraded


def _flaw(sub: SubBar) -> str | None:
    """Why a piece cannot be part of a bar: a whole minute could hide it."""
    if not sub.on_grid:
        return "price off the tick grid"
    if not (sub.low <= sub.open <= sub.high and sub.low <= sub.close <= sub.high):
        return "open or close outside low..high in a sub-bar"
    return "negative volume in a sub-bar" if sub.volume < 0 else None

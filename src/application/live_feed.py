"""Pieces and quotes of a live market on their way to minutes.

A minute is closed by its twelfth piece, because nothing can be added to it then, by a piece of a
later minute, or by the clock. What came before this run could see a minute whole is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from domain.aggregator import ClosedMinute, DroppedSubBar, MinuteAggregator, SubBar
from domain.instrument import Instrument
from domain.quality_parameters import AggregationParameters
from domain.quotes import QuoteMeter
from domain.units import MINUTE, UtcNanos
from ports.market import Piece, Quote


class Arrived(NamedTuple):
    """What a piece did: minutes that are closed now, oldest first, or that it came too late.
    `begins` is the first minute of this run, at the piece that shows it."""

    closed: tuple[ClosedMinute, ...] = ()
    dropped: DroppedSubBar | None = None
    begins: UtcNanos | None = None


class LiveFeed:
    """Takes what arrives; `since` is when the market was opened, `after` the open of the last
    minute that is recorded already, None if there is none."""

    def __init__(
        self,
        instrument: Instrument,
        parameters: AggregationParameters,
        since: UtcNanos,
        after: UtcNanos | None = None,
    ) -> None:
        self._meter = QuoteMeter()
        band, most = instrument.price_band, instrument.max_minute_volume
        self._minutes = MinuteAggregator(band, most, parameters, self._meter)
        self._whole = -(-since // MINUTE) * MINUTE
        self._after = after
        self._begun = False

    def begins_after(self, now: UtcNanos) -> None:
        """No piece was taken up to `now`: the first minute that can be whole begins later."""
        self._whole = -(-now // MINUTE) * MINUTE

    def quote(self, quote: Quote) -> None:
        """Best bid and ask from now on."""
        self._meter.on_quote(quote.at, quote.bid, quote.ask)

    def piece(self, piece: Piece, now: UtcNanos) -> Arrived:
        """One 5-second bar, received by `now`."""
        sub = piece.sub
        minute = sub.open_time // MINUTE * MINUTE
        begins = None
        if not self._begun:
            if minute < self._whole and sub.open_time != minute:
                return Arrived()
            self._begun, begins = True, minute
        if self._after is not None and minute <= self._after:
            dropped = DroppedSubBar(sub.open_time, minute, "late")
            return Arrived(dropped=dropped, begins=begins)
        arrival = self._minutes.on_sub_bar(_without_quote(sub), now)
        closed = () if arrival.closed is None else (arrival.closed,)
        if self._minutes.complete:
            full = self._minutes.flush(now)
            closed = closed if full is None else (*closed, full)
        return Arrived(closed, arrival.dropped, begins)

    def missing(self, until: UtcNanos) -> tuple[UtcNanos, ...]:
        """The pieces of the open minute that are over by `until` and have not come."""
        return self._minutes.missing(until)

    @property
    def open_minute(self) -> UtcNanos | None:
        """The minute whose pieces are coming in, None between two."""
        return self._minutes.open_minute

    def fill(self, pieces: Sequence[SubBar], now: UtcNanos) -> ClosedMinute | None:
        """Pieces that were missed, from the past: the minute that they complete, if it is open
        still. A closed one never changes."""
        filled = [self._minutes.fill(_without_quote(sub)) for sub in pieces]
        return self._minutes.flush(now) if any(filled) and self._minutes.complete else None

    def clock(self, now: UtcNanos) -> ClosedMinute | None:
        """Close the open minute if its grace is over."""
        return self._minutes.on_clock(now)


def _without_quote(sub: SubBar) -> SubBar:
    return sub if sub.bid is None and sub.ask is None else sub._replace(bid=None, ask=None)

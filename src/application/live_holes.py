"""Pieces that the open minute lacks: asked of the broker's history while it is open (F-27).

A minute in which the link broke or came back, or the feed stood still, has all its prices then. It
was received no more whole for it, and is graded so. Nothing waits for the answer: a minute closes
when it closes, and never changes after.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from application.day import TradingDay
from application.live_feed import LiveFeed
from domain.aggregator import ClosedMinute
from domain.units import MINUTE, SECOND, UtcNanos
from ports.market import LiveMarket, PastPieces

PIECE: Final = 5 * SECOND
ASKED_AGAIN: Final = 20 * SECOND
"""So many questions are half of what the broker allows, and the same one is none within 15 s."""
LATE: Final = SECOND
"""A last piece that is so late is missed: history has two seconds left to tell it."""


class Holes:
    """Told of each piece and each second; `steady` never jumps."""

    def __init__(
        self, core: TradingDay, feed: LiveFeed, market: LiveMarket, steady: Callable[[], int]
    ) -> None:
        self._core, self._feed, self._market, self._steady = core, feed, market, steady
        self._ask_at = 0
        self.awaited = 0
        """How many answers are on their way."""

    def look(self, until: UtcNanos) -> None:
        """Ask for what the open minute lacks of the time before `until`, once in a while."""
        missing = self._feed.missing(until)
        if not missing or self._steady() < self._ask_at:
            return
        if not self._core.desk.connected or self._core.session_at(missing[0]) is None:
            return
        self._ask_at = self._steady() + ASKED_AGAIN
        self.awaited = 1
        self._market.ask_pieces(missing[0], missing[-1] + PIECE)

    def second(self, now: UtcNanos) -> None:
        """The clock goes on where no piece comes: look when a minute is over."""
        minute = self._feed.open_minute
        if minute is not None and now >= minute + MINUTE + LATE:
            self.look(minute + MINUTE)

    def answer(self, past: PastPieces, now: UtcNanos) -> ClosedMinute | None:
        """Put them where they belong; the minute, if that completes it."""
        self.awaited = 0
        return self._feed.fill(past.pieces, now)

"""Minutes that a running process has missed: asked of the broker's history, and fed as the past.

They move signals and beliefs, decide nothing, and stay graded as gaps: a feed that was away is
not trusted the more for it. The loop waits for nothing: an answer that comes after the next
minute was decided on is dropped, because windows hold bars in their order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from application.day import TradingDay
from application.live import LiveRun
from domain.units import MINUTE, SECOND, UtcNanos
from ports.market import LiveMarket, PastBars

ASKED_AGAIN: Final = 15 * SECOND
"""The broker refuses the same question within so long (ibkr.md 7, historical data)."""


class Gaps:
    """Told of each minute that closes and each that begins; `steady` never jumps."""

    def __init__(
        self, core: TradingDay, run: LiveRun, market: LiveMarket, steady: Callable[[], int]
    ) -> None:
        self._core, self._run, self._market = core, run, market
        self._steady = steady
        self._last: UtcNanos | None = None
        self._asked: int | None = None
        self.awaited = 0
        """How many answers are on their way."""

    def seen(self, minute: UtcNanos | None) -> None:
        """A minute is recorded: nothing before it can be fed any more."""
        if minute is not None and (self._last is None or minute > self._last):
            self._last, self._asked = minute, None

    def reached(self, minute: UtcNanos) -> None:
        """The feed is in `minute`: ask for what is missing before it, once in a while."""
        last = self._last
        if last is None or minute <= last + MINUTE:
            return
        now = self._steady()
        if self._asked is not None and now - self._asked < ASKED_AGAIN:
            return
        spans = self._missing(last + MINUTE, minute)
        for since, until in spans:
            self._market.ask_past(since, until)
        if spans:
            self._asked, self.awaited = now, len(spans)

    def answer(self, past: PastBars) -> None:
        """Feed what nothing later has overtaken."""
        self.awaited = max(0, self.awaited - 1)
        for bar in past.bars:
            late = self._last is not None and bar.open_time <= self._last
            if not late and self._core.session_at(bar.open_time) is not None:
                self._run.take(self._core.warm_up(bar))
                self._last = bar.open_time
        self._run.settle()

    def _missing(self, since: UtcNanos, until: UtcNanos) -> list[tuple[UtcNanos, UtcNanos]]:
        """The parts of [since, until) in regular hours. Into a session that has not begun nothing
        is fed while something of ours is open: the one before is not over then."""
        core = self._core
        spans: list[tuple[UtcNanos, UtcNanos]] = []
        begun, now = core.open_session, core.session_at(until)
        if begun is not None and since < begun.close:
            spans.append((since, min(begun.close, until)))
        fresh = now is not None and now != begun and not core.is_over(now)
        if now is not None and fresh and not core.desk.alive and now.open < until:
            spans.append((max(now.open, since), until))
        return spans

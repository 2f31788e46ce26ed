"""What the market did after a trade, and the one category it puts it in (attribution.md 2).

Information only: no status, no size and no threshold depends on it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from domain.attribution import Scores, allowed
from domain.intent import OrderIntent
from domain.outcomes import TradeClosed
from domain.units import MINUTE, ZERO, Ticks, UtcNanos

LOOK_FORWARD: Final = 30
"""Bars after the exit bar."""
NOISE_BARS: Final = 15
"""Bars after the exit bar in which a noise stop shows."""
_ON_A_STOP: Final = frozenset({"STOP", "BE_STOP"})
_INSIDE_A_BAR: Final = _ON_A_STOP | {"TARGET"}
_WRONG: Final = frozenset({"STOP", "THESIS_INVALID", "STRUCTURE_LOST"})
_DOUBTFUL_BP: Final = 6_000
_WEAK_EXECUTION: Final = 0.5
_REGIME_SHIFT: Final = 1.8


class TradeEnd(NamedTuple):
    """A closed trade with what its record does not hold.

    `stop_price` is the working stop at the exit; `risk` what the initial stop put at stake, in
    USD; `kill` the trigger of the kill that ended it, empty if none did; `lawful` is false if the
    law was broken while it lived.
    """

    intent: OrderIntent
    trade: TradeClosed
    stop_price: Ticks
    risk: float
    kill: str
    lawful: bool = True


class Aftermath(NamedTuple):
    """A closed trade being looked after, bar by bar.

    `bars` counts those after the exit bar. `shock` is the signature on the exit bar itself.
    `spared` is whether price came back to the target before it went far beyond the stop, None
    while that is open; `reached` whether it went one initial risk in the trade's direction.
    """

    end: TradeEnd
    scores: Scores
    bars: int = 0
    shock: bool = False
    spared: bool | None = None
    reached: bool = False

    @property
    def complete(self) -> bool:
        """True once no later bar may be looked at."""
        return self.bars >= LOOK_FORWARD

    def after(self, opened: UtcNanos, high: Ticks, low: Ticks, shock: bool) -> Aftermath:
        """Take in a closed bar of the same session by its opening time."""
        end = self.end
        left = end.trade.at // MINUTE * MINUTE
        if opened < left or self.complete:
            return self
        if opened == left:
            inside = end.trade.exit_reason in _INSIDE_A_BAR
            return self._replace(shock=inside and shock)
        s, bars = end.intent.side, self.bars + 1
        best, worst = (high, low) if s > 0 else (low, high)
        reached = self.reached or s * (best - end.trade.entry_price) >= end.intent.stop
        spared = self.spared
        if spared is None and bars <= NOISE_BARS:
            if 2 * s * (end.stop_price - worst) > end.intent.stop:
                spared = False  # in the same bar as the target, it is not assumed to come second
            elif s * (best - end.intent.target_price) >= 0:
                spared = True
        return Aftermath(end, self.scores, bars, self.shock, spared, reached)

    def category(self) -> str:
        """The first of the table's rows that matches, A0 to A9."""
        end, trade, intent = self.end, self.end.trade, self.end.intent
        lowest = trade.min_dvs_bp
        doubtful = lowest is not None and lowest < _DOUBTFUL_BP
        rows = (
            ("A8", trade.incident or self.scores.execution < _WEAK_EXECUTION),
            ("A7", doubtful or trade.exit_reason == "DVS_HOLD" or end.kill == "DVS_KILL"),
            ("A0", trade.net > ZERO),
            ("A6", trade.shock or self.shock),
            ("A5", self._shifted()),
            ("A4", 5 * trade.mfe >= 3 * intent.target),
            ("A3", trade.exit_reason in _ON_A_STOP and self.spared is True),
            ("A2", self.reached),
            ("A1", trade.exit_reason in _WRONG and 2 * trade.mfe < intent.stop),
        )
        return next((code for code, holds in rows if holds), "A9")

    def _shifted(self) -> bool:
        trade, key = self.end.trade, self.end.intent.key
        now, ratio = trade.regime_exit, trade.max_atr_ratio
        moved = now is not None and now != key.regime and not allowed(key.template, now)
        grown = ratio is not None and ratio >= _REGIME_SHIFT
        return moved or grown or trade.exit_reason == "VOL_EXIT"

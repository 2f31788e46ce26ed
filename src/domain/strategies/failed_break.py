"""K2, failed break fade: a break of a level that was taken back within three bars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from domain.decision_parameters import FailedBreakRule, StopRule, TemplateParameters
from domain.frame import Regime
from domain.intent import EntryType
from domain.management import HOLD, ExitTrade, Hold, Tighten, TradeView, structure_lost
from domain.management_parameters import ManagementParameters
from domain.recent import MarketContext
from domain.strategies.interface import (
    BOTH,
    LONG,
    NEITHER,
    SHORT,
    EntryPlan,
    LearningNote,
    Rejection,
    Setup,
    bracket,
    rounded_up,
    stop_within,
)
from domain.units import Side, Ticks, q9

_SIGNALS: Final = 1 << 4  # S5
_VOLATILE: Final = Regime.VOLATILE
_TRENDING: Final = Regime.TRENDING
_BOTH_SIDES: Final[Ticks] = 2
"""The least way between two closes with a level strictly between them."""


@dataclass(frozen=True, slots=True)
class FailedBreak:
    """LIMIT at the close; the structure level is the level that was broken and regained."""

    parameters: TemplateParameters
    rule: FailedBreakRule
    stops: StopRule
    management: ManagementParameters
    name: str = "K2"
    belief: int = 2

    def sides(self, ctx: MarketContext) -> tuple[Side, ...]:
        """Those on which the market came back by so much that a level can lie between."""
        if ctx.frame.regime == _VOLATILE:
            return NEITHER
        closes = ctx.recent.closes
        first = -1 - self.rule.break_closes
        since, before, inside = closes[first:-1], closes[first - 1], closes[-1]
        lowest, highest = min(since), max(since)
        long = lowest < before and inside - lowest >= _BOTH_SIDES
        if highest > before and highest - inside >= _BOTH_SIDES:
            return BOTH if long else SHORT
        return LONG if long else NEITHER

    def detect(self, ctx: MarketContext, side: Side) -> Setup | None:
        frame, rule = ctx.frame, self.rule
        if frame.regime == _VOLATILE or not frame.ready & _SIGNALS:
            return None
        regained = self._regained(ctx, side)
        if not regained:
            return None
        if frame.regime == _TRENDING and side * frame.values[4] <= -rule.against_trend:
            return None
        extreme, far = ctx.adverse(side, rule.extent_bars), q9(rule.extent_atr * frame.a14)
        best: Ticks | None = None
        best_extent = 0
        for level in regained:
            extent = side * (level - extreme)
            if extent >= rule.extent_ticks and extent > best_extent and extent >= far:
                best, best_extent = level, extent
        return None if best is None else Setup(self.name, side, best)

    def _regained(self, ctx: MarketContext, side: Side) -> list[Ticks]:
        """Levels with the market inside before, beyond at one of the closes since, and back
        inside now."""
        closes = ctx.recent.closes
        first = -1 - self.rule.break_closes
        since, before, close = closes[first:-1], closes[first - 1], closes[-1]
        if side > 0:
            low, high = min(since), min(before, close - 1)
            return [v for v in ctx.frame.levels[:3] if v is not None and low < v <= high]
        low, high = max(before, close + 1), max(since)
        return [v for v in ctx.frame.levels[3:] if v is not None and low <= v < high]

    def plan_entry(self, ctx: MarketContext, setup: Setup) -> EntryPlan | Rejection:
        side, limit, p = setup.side, ctx.bar.close, self.parameters
        need = side * (limit - ctx.adverse(side, p.stop_lookback)) + p.stop_buffer
        stop = stop_within(need, min(ctx.cap, p.stop_cap_ticks), ctx.frame.a14, self.stops)
        if stop is None:
            return Rejection("STOP_EXCEEDS_RISK_BUDGET", need)
        target = rounded_up(stop, p.target_num, p.target_den)
        return bracket(side, (EntryType.LIMIT, None, limit), need, stop, target)

    def plan_management(self, ctx: MarketContext, trade: TradeView) -> Hold | Tighten:
        return HOLD

    def plan_exit(self, ctx: MarketContext, trade: TradeView) -> Hold | ExitTrade:
        return structure_lost(ctx.recent.closes, trade, self.management)

    def post_trade_update(self, decision_id: str, category: str) -> LearningNote:
        return LearningNote(self.name, decision_id, f"fade of a failed break: {category}")

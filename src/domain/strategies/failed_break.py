"""K2, failed break fade: a break of a level that was taken back within three bars."""

from __future__ import annotations

from dataclasses import dataclass

from domain.decision_parameters import FailedBreakRule, StopRule, TemplateParameters
from domain.frame import Regime
from domain.intent import EntryType
from domain.management import HOLD, ExitTrade, Hold, Tighten, TradeView, structure_lost
from domain.management_parameters import ManagementParameters
from domain.recent import MarketContext
from domain.strategies.interface import (
    EntryPlan,
    LearningNote,
    Rejection,
    Setup,
    bracket,
    rounded_up,
    stop_within,
)
from domain.units import Side, Ticks, q9

_SIGNALS = 1 << 4  # S5


@dataclass(frozen=True, slots=True)
class FailedBreak:
    """LIMIT at the close; the structure level is the level that was broken and regained."""

    parameters: TemplateParameters
    rule: FailedBreakRule
    stops: StopRule
    management: ManagementParameters
    name: str = "K2"
    belief: int = 2

    def detect(self, ctx: MarketContext, side: Side) -> Setup | None:
        frame = ctx.frame
        if frame.regime == Regime.VOLATILE or not frame.ready & _SIGNALS:
            return None
        if frame.regime == Regime.TRENDING and side * frame.values[4] <= -self.rule.against_trend:
            return None
        extreme = ctx.adverse(side, self.rule.extent_bars)
        best: Ticks | None = None
        best_extent = 0
        for level in ctx.levels(side):
            if level is None:
                continue
            extent = side * (level - extreme)
            if extent < self.rule.extent_ticks or extent <= best_extent:
                continue
            far = extent >= q9(self.rule.extent_atr * frame.a14)
            if far and self._regained(ctx, side, level):
                best, best_extent = level, extent
        return None if best is None else Setup(self.name, side, best)

    def _regained(self, ctx: MarketContext, side: Side, level: Ticks) -> bool:
        """Inside before, beyond at one of the closes since, and back inside now."""
        if side * (ctx.bar.close - level) < 1:
            return False
        closes = self.rule.break_closes
        if side * (ctx.close_back(closes + 1) - level) < 0:
            return False
        return any(side * (level - ctx.close_back(k)) >= 1 for k in range(1, closes + 1))

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

"""K3, sweep reversal: a wick through a level that no close confirmed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from domain.decision_parameters import StopRule, SweepReversalRule, TemplateParameters
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
    reaching,
    rounded_up,
    stop_within,
)
from domain.units import Side

_SIGNALS: Final = 1 << 30  # S31
_CHOPPY: Final = Regime.CHOPPY


@dataclass(frozen=True, slots=True)
class SweepReversal:
    """STOP-LIMIT one tick beyond the current bar, in the direction of the reversal."""

    parameters: TemplateParameters
    rule: SweepReversalRule
    stops: StopRule
    management: ManagementParameters
    name: str = "K3"
    belief: int = 3

    def sides(self, ctx: MarketContext) -> tuple[Side, ...]:
        return reaching(ctx.frame.values[30], self.rule.sweep_score)

    def detect(self, ctx: MarketContext, side: Side) -> Setup | None:
        frame = ctx.frame
        if not side * frame.values[30] >= self.rule.sweep_score:
            return None
        if frame.regime == _CHOPPY or not frame.ready & _SIGNALS:
            return None
        extreme, closes = ctx.adverse(side, self.rule.sweep_bars), ctx.recent.closes
        inside = closes[-self.rule.inside_closes :]
        beyond, close = min(inside) if side > 0 else max(inside), closes[-1]
        for level in ctx.levels(side):
            if level is None or side * (level - extreme) < 1:
                continue
            if side * (close - level) > 0 and side * (level - beyond) < 1:
                return Setup(self.name, side, level)  # reclaimed, and no close beyond it
        return None

    def plan_entry(self, ctx: MarketContext, setup: Setup) -> EntryPlan | Rejection:
        side, p = setup.side, self.parameters
        trigger = ctx.favourable(side, 1) + side
        limit = trigger + side * p.stop_limit_offset
        need = side * (limit - ctx.adverse(side, p.stop_lookback)) + p.stop_buffer
        stop = stop_within(need, min(ctx.cap, p.stop_cap_ticks), ctx.frame.a14, self.stops)
        if stop is None:
            return Rejection("STOP_EXCEEDS_RISK_BUDGET", need)
        target = rounded_up(stop, p.target_num, p.target_den)
        return bracket(side, (EntryType.STOP_LIMIT, trigger, limit), need, stop, target)

    def plan_management(self, ctx: MarketContext, trade: TradeView) -> Hold | Tighten:
        return HOLD

    def plan_exit(self, ctx: MarketContext, trade: TradeView) -> Hold | ExitTrade:
        return structure_lost(ctx.recent.closes, trade, self.management)

    def post_trade_update(self, decision_id: str, category: str) -> LearningNote:
        return LearningNote(self.name, decision_id, f"reversal after a sweep: {category}")

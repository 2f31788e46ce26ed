"""K4, momentum continuation: go with a break that structure and body support."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from domain.decision_parameters import MomentumRule, StopRule, TemplateParameters
from domain.frame import Regime
from domain.intent import EntryType
from domain.management import HOLD, ExitTrade, Hold, Tighten, TradeView, lock_profit
from domain.management_parameters import ManagementParameters
from domain.recent import MarketContext
from domain.strategies.interface import (
    NEITHER,
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

_SIGNALS: Final = 1 << 4 | 1 << 5 | 1 << 11 | 1 << 21 | 1 << 32  # S5, S6, S12, S22, S33
_VOLATILE: Final = Regime.VOLATILE
_TRENDING: Final = Regime.TRENDING


@dataclass(frozen=True, slots=True)
class Momentum:
    """STOP-LIMIT one tick beyond the current bar, in the direction of the break."""

    parameters: TemplateParameters
    rule: MomentumRule
    stops: StopRule
    management: ManagementParameters
    name: str = "K4"
    belief: int = 4

    def sides(self, ctx: MarketContext) -> tuple[Side, ...]:
        frame = ctx.frame
        if frame.regime != _TRENDING and frame.regime != _VOLATILE:
            return NEITHER
        return reaching(frame.values[4], self.rule.structure)

    def detect(self, ctx: MarketContext, side: Side) -> Setup | None:
        frame, rule = ctx.frame, self.rule
        if frame.regime != _TRENDING and frame.regime != _VOLATILE:
            return None
        if frame.ready & _SIGNALS != _SIGNALS:
            return None
        x = frame.values
        broke = side * x[5] > 0.0 or side * x[21] > 0.0
        if not broke or side * x[4] < rule.structure or side * x[11] < rule.body:
            return None
        return None if side * x[32] >= rule.lateness else Setup(self.name, side, None)

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
        return lock_profit(ctx.bar.close, trade, self.management)

    def plan_exit(self, ctx: MarketContext, trade: TradeView) -> Hold | ExitTrade:
        return HOLD

    def post_trade_update(self, decision_id: str, category: str) -> LearningNote:
        return LearningNote(self.name, decision_id, f"continuation of momentum: {category}")

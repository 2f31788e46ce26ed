"""K1, VWAP mean reversion: fade a stretch away from value that has begun to close back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from domain.decision_parameters import StopRule, TemplateParameters, VwapReversionRule
from domain.frame import Regime
from domain.intent import EntryType
from domain.management import HOLD, ExitTrade, Hold, Tighten, TradeView
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
from domain.units import Side, q9

_SIGNALS: Final = 1 << 0 | 1 << 4 | 1 << 7  # S1, S5, S8
_VOLATILE: Final = Regime.VOLATILE
_TRENDING: Final = Regime.TRENDING


@dataclass(frozen=True, slots=True)
class VwapReversion:
    """LIMIT at the close, target at VWAP but at most `target_max_stops` stops away."""

    parameters: TemplateParameters
    rule: VwapReversionRule
    stops: StopRule
    name: str = "K1"
    belief: int = 1

    def sides(self, ctx: MarketContext) -> tuple[Side, ...]:
        return reaching(-ctx.frame.values[0], self.rule.stretch)

    def detect(self, ctx: MarketContext, side: Side) -> Setup | None:
        frame, rule = ctx.frame, self.rule
        x = frame.values
        if side * x[0] > -rule.stretch or frame.regime == _VOLATILE:
            return None
        if frame.ready & _SIGNALS != _SIGNALS or side * x[7] < 0.0:
            return None
        if frame.regime == _TRENDING and side * x[4] <= -rule.against_trend:
            return None
        return Setup(self.name, side, None)

    def plan_entry(self, ctx: MarketContext, setup: Setup) -> EntryPlan | Rejection:
        side, limit, p = setup.side, ctx.bar.close, self.parameters
        need = side * (limit - ctx.adverse(side, p.stop_lookback)) + p.stop_buffer
        cap = min(ctx.cap, p.stop_cap_ticks)
        stop = stop_within(need, cap, ctx.frame.a14, self.stops)
        if stop is None:
            return Rejection("STOP_EXCEEDS_RISK_BUDGET", need)
        to_value = math.floor(q9(-side * ctx.frame.dev))
        target = min(to_value, self.rule.target_max_stops * stop)
        if target < rounded_up(stop, p.target_num, p.target_den):
            return Rejection("TARGET_TOO_CLOSE", need)
        return bracket(side, (EntryType.LIMIT, None, limit), need, stop, target)

    def plan_management(self, ctx: MarketContext, trade: TradeView) -> Hold | Tighten:
        return HOLD

    def plan_exit(self, ctx: MarketContext, trade: TradeView) -> Hold | ExitTrade:
        return HOLD

    def post_trade_update(self, decision_id: str, category: str) -> LearningNote:
        return LearningNote(self.name, decision_id, f"fade of a stretch from value: {category}")

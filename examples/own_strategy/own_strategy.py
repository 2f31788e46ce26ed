"""K6: in a trend, join it when a dip is bought back; a whole template of one's own."""

from __future__ import annotations

from application.embed import (
    HOLD,
    LEAVE,
    EntryPlan,
    ExitTrade,
    Hold,
    MarketContext,
    OwnStrategy,
    Rejection,
    Setup,
    Side,
    TemplateParameters,
    TradeView,
)


class Pullback(OwnStrategy):
    """STOP-LIMIT beyond the bar that turned; momentum (F4) must speak for it."""

    name = "K6"
    belief = 4
    tiers = ("A", "B")
    parameters = TemplateParameters(
        enabled=True,
        min_belief=0.65,
        max_stability=0.12,
        stop_cap_ticks=12,
        time_stop_minutes=30,
        theta_t=0.5,
        stop_lookback=3,
        stop_buffer=1,
        target_num=2,
        target_den=1,
        stop_limit_offset=2,
        time_to_live_seconds=90,
        regimes=("trending", "volatile"),
    )

    def detect(self, ctx: MarketContext, side: Side) -> Setup | None:
        trend, close_location = side * ctx.signal(5), side * ctx.signal(8)
        dipped = ctx.adverse(side, 1) == ctx.adverse(side, 3)  # the low of the last three bars
        if trend >= 0.3 and dipped and close_location >= 0.2:
            return Setup(self.name, side, ctx.adverse(side, 1))
        return None

    def plan_entry(self, ctx: MarketContext, setup: Setup) -> EntryPlan | Rejection:
        return self.on_stop(ctx, setup)

    def plan_exit(self, ctx: MarketContext, trade: TradeView) -> Hold | ExitTrade:
        if trade.level is None:
            return HOLD
        return LEAVE if trade.side * (ctx.close_back(0) - trade.level) < 0 else HOLD

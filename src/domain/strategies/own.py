"""What a template written outside this house begins with: three answers, the rest is here.

A template says where and when; how strongly it may be believed is said by a belief of the house.
It holds no state: what it answers to a context it answers again in a replay.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Final

from domain.decision_parameters import StopRule, TemplateParameters
from domain.intent import EntryType
from domain.management import HOLD, ExitTrade, Hold, Tighten, TradeView
from domain.recent import MarketContext
from domain.strategies.interface import (
    BOTH,
    EntryPlan,
    LearningNote,
    Rejection,
    Setup,
    bracket,
    rounded_up,
    stop_within,
)
from domain.units import Side, Ticks

LEAVE: Final = ExitTrade("STRUCTURE_LOST", "own")
"""The one exit a template of one's own may ask for: what the trade stood on is gone."""


class OwnStrategy(ABC):
    """A template of one's own: set the four names, write `detect` and `plan_entry`.

    `belief` 1 to 4 is the belief F1 to F4 that speaks for it, `tiers` are the capital tiers in
    which it may trade. `stops` is the house's stop rule, given at the start.
    """

    name: ClassVar[str]
    belief: ClassVar[int]
    parameters: ClassVar[TemplateParameters]
    tiers: ClassVar[tuple[str, ...]] = ("B",)

    def __init__(self, stops: StopRule) -> None:
        self.stops = stops

    @abstractmethod
    def detect(self, ctx: MarketContext, side: Side) -> Setup | None:
        """The setup on `side`, None if there is none; called for both sides."""

    @abstractmethod
    def plan_entry(self, ctx: MarketContext, setup: Setup) -> EntryPlan | Rejection:
        """How to enter; `at_limit` and `on_stop` make a plan that keeps every rule."""

    def sides(self, ctx: MarketContext) -> tuple[Side, ...]:
        """Both: the house asks a template of one's own on either side."""
        return BOTH

    def plan_management(self, ctx: MarketContext, trade: TradeView) -> Hold | Tighten:
        """Where to move the stop of an open trade; away from the market it never moves."""
        return HOLD

    def plan_exit(self, ctx: MarketContext, trade: TradeView) -> Hold | ExitTrade:
        """`HOLD`, or `LEAVE` to close the trade at the market."""
        return HOLD

    def post_trade_update(self, decision_id: str, category: str) -> LearningNote:
        """What to remember of a trade."""
        return LearningNote(self.name, decision_id, category)

    # ---- plans that keep the rules

    def at_limit(
        self, ctx: MarketContext, setup: Setup, limit: Ticks | None = None
    ) -> EntryPlan | Rejection:
        """A LIMIT entry at `limit`, by default the close."""
        price = ctx.bar.close if limit is None else limit
        return self._planned(ctx, setup.side, EntryType.LIMIT, None, price)

    def on_stop(self, ctx: MarketContext, setup: Setup) -> EntryPlan | Rejection:
        """A STOP-LIMIT entry one tick beyond the current bar, in the direction of the trade."""
        side = setup.side
        trigger = ctx.favourable(side, 1) + side
        limit = trigger + side * self.parameters.stop_limit_offset
        return self._planned(ctx, side, EntryType.STOP_LIMIT, trigger, limit)

    def _planned(
        self,
        ctx: MarketContext,
        side: Side,
        entry_type: EntryType,
        trigger: Ticks | None,
        limit: Ticks,
    ) -> EntryPlan | Rejection:
        """The stop beyond the structure of the last bars, the target in stops."""
        p = self.parameters
        need = side * (limit - ctx.adverse(side, p.stop_lookback)) + p.stop_buffer
        stop = stop_within(need, min(ctx.cap, p.stop_cap_ticks), ctx.frame.a14, self.stops)
        if stop is None:
            return Rejection("STOP_EXCEEDS_RISK_BUDGET", need)
        target = rounded_up(stop, p.target_num, p.target_den)
        return bracket(side, (entry_type, trigger, limit), need, stop, target)

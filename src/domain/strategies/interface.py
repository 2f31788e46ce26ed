"""The Strategy interface (decision.md 2): pure methods, the same code for both sides."""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

from domain.decision_parameters import StopRule, TemplateParameters
from domain.intent import EntryType
from domain.management import ExitTrade, Hold, Tighten, TradeView
from domain.recent import MarketContext
from domain.units import Side, Ticks, q9

NEITHER: Final[tuple[Side, ...]] = ()
LONG: Final[tuple[Side, ...]] = (1,)
SHORT: Final[tuple[Side, ...]] = (-1,)
BOTH: Final[tuple[Side, ...]] = (1, -1)
_made: Final = tuple.__new__
"""Makes a named tuple of fields that are all there, without the constructor's own call."""


class Setup(NamedTuple):
    """A template saw its pattern; `level` is the structure level in ticks, if it has one."""

    template: str
    side: Side
    level: Ticks | None


class EntryPlan(NamedTuple):
    """How to enter: prices and distances in ticks; `limit` is the worst allowed entry."""

    entry_type: EntryType
    trigger: Ticks | None
    limit: Ticks
    need: Ticks
    stop: Ticks
    target: Ticks
    stop_price: Ticks
    target_price: Ticks


class Rejection(NamedTuple):
    """Why a setup cannot be traded: a reason code, and the structural need if it is known."""

    reason: str
    need: Ticks | None


class LearningNote(NamedTuple):
    """What a template wants remembered about its trade; it never changes its own parameters."""

    template: str
    decision_id: str
    text: str


class Strategy(Protocol):
    """A template. Same context, same answer: no state, no clock, no chance."""

    @property
    def name(self) -> str: ...

    @property
    def belief(self) -> int:
        """Which belief F1..F6 speaks for it."""

    @property
    def parameters(self) -> TemplateParameters: ...

    def sides(self, ctx: MarketContext) -> tuple[Side, ...]:
        """A cheap look first: the sides, long before short, on which `detect` may find
        something. It may name one too many, never one too few."""

    def detect(self, ctx: MarketContext, side: Side) -> Setup | None: ...

    def plan_entry(self, ctx: MarketContext, setup: Setup) -> EntryPlan | Rejection: ...

    def plan_management(self, ctx: MarketContext, trade: TradeView) -> Hold | Tighten: ...

    def plan_exit(self, ctx: MarketContext, trade: TradeView) -> Hold | ExitTrade: ...

    def post_trade_update(self, decision_id: str, category: str) -> LearningNote: ...


def reaching(x: float, least: float) -> tuple[Side, ...]:
    """The sides for which `side * x >= least`; neither for NaN."""
    if x >= least:
        return BOTH if -x >= least else LONG
    return SHORT if -x >= least else NEITHER


def stop_within(need: Ticks, cap: Ticks, a14: float, rule: StopRule) -> Ticks | None:
    """The stop for a structural `need` under `cap`, or None if the law's corridor is too narrow."""
    if cap < rule.min_ticks:
        return None
    if rule.need_multiple_den * need > rule.need_multiple_num * cap:
        return None
    if a14 > q9(rule.atr_multiple * cap):
        return None
    return min(max(need, rule.min_ticks), cap)


def rounded_up(stop: Ticks, num: int, den: int) -> Ticks:
    """`ceil(stop * num / den)` in integers."""
    return -(-stop * num // den)


def bracket(
    side: Side,
    entry: tuple[EntryType, Ticks | None, Ticks],
    need: Ticks,
    stop: Ticks,
    target: Ticks,
) -> EntryPlan:
    """The plan of an entry `(type, trigger, limit)` with its two absolute children."""
    entry_type, trigger, limit = entry
    stop_price, target_price = limit - side * stop, limit + side * target
    return _made(
        EntryPlan, (entry_type, trigger, limit, need, stop, target, stop_price, target_price)
    )

"""Orders as the fake broker keeps them, and what they would fill at (execution.md 8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from domain.aggregator import SubBar
from domain.bar import Bar
from domain.fill_rules import FillRules
from domain.intent import EntryType, OrderIntent
from domain.orders import OrderRef
from domain.units import Side, Ticks, UtcNanos


@dataclass(slots=True)
class Order:
    ref: OrderRef
    kind: str  # LIMIT, STOP-LIMIT, STOP, MARKET
    side: Side
    qty: int
    limit: Ticks | None
    trigger: Ticks | None
    live_at: UtcNanos
    expires_at: UtcNanos | None
    number: int
    held: bool = False
    triggered: bool = False
    filled: int = 0
    born_on_fill: bool = False
    oca: str = ""

    @property
    def left(self) -> int:
        return self.qty - self.filled


RANK: Final = {"MARKET": 0, "STOP": 1, "LIMIT": 2, "STOP-LIMIT": 2}


def price_of(rules: FillRules, order: Order, bar: Bar | SubBar) -> Ticks | None:
    """What `bar` fills `order` at, None if it does not."""
    s, limit, trigger = order.side, order.limit, order.trigger
    if order.kind == "MARKET":
        return rules.market(s, bar)
    if order.kind == "STOP" and trigger is not None:
        return rules.stop(s, trigger, bar, order.born_on_fill)
    if limit is None:
        return None
    if order.kind == "STOP-LIMIT" and not order.triggered and trigger is not None:
        price, order.triggered = rules.stop_limit(s, trigger, limit, bar)
        return price
    return rules.limit(s, limit, bar)


def entry_order(intent: OrderIntent, ref: OrderRef, live_at: UtcNanos, number: int) -> Order:
    """The entry order of an intent."""
    kind = "LIMIT" if intent.entry_type is EntryType.LIMIT else "STOP-LIMIT"
    return Order(
        ref,
        kind,
        intent.side,
        intent.qty,
        intent.limit,
        intent.trigger,
        live_at,
        intent.expires_at,
        number,
    )

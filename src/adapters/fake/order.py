"""Orders as the fake broker keeps them, and what they would fill at (execution.md 8)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from domain.aggregator import SubBar
from domain.bar import Bar
from domain.intent import EntryType, OrderIntent
from domain.management_parameters import ExecutionParameters
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


@dataclass(slots=True)
class Market:
    """What fills are priced with: `slip` in ticks, `spread` in ticks."""

    p: ExecutionParameters
    slip: Ticks
    spread: float

    def market_slip(self) -> Ticks:
        """How much worse than the price seen a market order fills."""
        return math.ceil(self.p.sim_market_spread_share * self.spread)

    def price(self, order: Order, bar: Bar | SubBar) -> Ticks | None:
        """What `bar` fills `order` at, None if it does not."""
        s = order.side
        adverse = bar.low if s > 0 else bar.high  # the extreme a resting buy waits for
        ahead = bar.high if s > 0 else bar.low
        if order.kind == "MARKET":
            return bar.open + s * self.market_slip()
        if order.kind == "STOP" and order.trigger is not None:
            if s * (ahead - order.trigger) < 0:
                return None
            worst = order.trigger
            if not order.born_on_fill and s * (bar.open - order.trigger) > 0:
                worst = bar.open
            return worst + s * self.slip
        if order.limit is None:
            return None
        if order.kind == "STOP-LIMIT" and not order.triggered:
            return self._stop_limit(order, bar, ahead, adverse)
        through = s * (order.limit - adverse)
        return order.limit if through >= self.p.sim_through_ticks else None

    def _stop_limit(
        self, order: Order, bar: Bar | SubBar, ahead: Ticks, adverse: Ticks
    ) -> Ticks | None:
        s, trigger, limit = order.side, order.trigger, order.limit
        if trigger is None or limit is None or s * (ahead - trigger) < 0:
            return None
        order.triggered = True  # whatever is left works as a limit order from the next bar on
        start = bar.open if s * (bar.open - trigger) > 0 else trigger
        price = start + s * self.p.sim_stop_limit_slip_ticks
        if s * (price - limit) <= 0:
            return price
        return limit if s * (limit - adverse) >= 0 else None


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

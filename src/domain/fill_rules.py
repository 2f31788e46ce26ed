"""What a bar would fill an order at (execution.md 8): one definition for every simulation."""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

from domain.management_parameters import ExecutionParameters
from domain.units import Side, Ticks


class Prices(Protocol):
    """A bar or a 5-second piece of one."""

    @property
    def open(self) -> Ticks: ...
    @property
    def high(self) -> Ticks: ...
    @property
    def low(self) -> Ticks: ...


class FillRules(NamedTuple):
    """Priced with `slip` and `spread` of the last closed minute, in ticks."""

    p: ExecutionParameters
    slip: Ticks
    spread: float

    def observed(self, slip_model: float, spread: float) -> FillRules:
        """After another minute has closed; NaN leaves what was known."""
        slip = math.ceil(slip_model) if slip_model == slip_model else self.slip
        spread = spread if spread == spread else self.spread
        same = slip == self.slip and spread == self.spread
        return self if same else FillRules(self.p, slip, spread)

    def market_slip(self) -> Ticks:
        """How much worse than the price seen a market order fills."""
        return math.ceil(self.p.sim_market_spread_share * self.spread)

    def market(self, side: Side, bar: Prices) -> Ticks:
        """A market order of `side` that the bar finds waiting."""
        return bar.open + side * self.market_slip()

    def stop(self, side: Side, trigger: Ticks, bar: Prices, fresh: bool) -> Ticks | None:
        """A stop order; `fresh` on the bar that filled its entry, whose open came before."""
        if side * ((bar.high if side > 0 else bar.low) - trigger) < 0:
            return None
        gap = not fresh and side * (bar.open - trigger) > 0
        return (bar.open if gap else trigger) + side * self.slip

    def limit(self, side: Side, limit: Ticks, bar: Prices) -> Ticks | None:
        """A limit order: the bar must trade through it."""
        through = side * (limit - (bar.low if side > 0 else bar.high))
        return limit if through >= self.p.sim_through_ticks else None

    def stop_limit(
        self, side: Side, trigger: Ticks, limit: Ticks, bar: Prices
    ) -> tuple[Ticks | None, bool]:
        """A stop-limit order not triggered yet: its price if it fills, and whether it is
        triggered now. What is left of it is a limit order from the next bar on.
        """
        if side * ((bar.high if side > 0 else bar.low) - trigger) < 0:
            return None, False
        start = bar.open if side * (bar.open - trigger) > 0 else trigger
        price = start + side * self.p.sim_stop_limit_slip_ticks
        if side * (price - limit) <= 0:
            return price, True
        touched = side * (limit - (bar.low if side > 0 else bar.high)) >= 0
        return (limit if touched else None), True

"""At what price five seconds of the market fill an order (execution.md 8).

A piece that was cut from a minute bar fills an order that was live before the minute began
by the rules for minutes, so that a day played here gives the fills of the same minutes in
the simulated broker; every other order is filled by the piece alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from adapters.gateway_sim.bars import Bar, Piece
from adapters.gateway_sim.orders import Order

RANK = {"MKT": 0, "STP": 1, "LMT": 2, "STP LMT": 2}


@dataclass(slots=True)
class Rules:
    """Costs in ticks.

    `through`: how far a limit order must be traded through, 0 for a fill at a touch. `slip`
    worsens stops, `limit_slip` stop-limit entries; `spread` is that of the last closed minute.
    """

    through: int = 1
    slip: int = 1
    limit_slip: int = 1
    spread: float = 1.0

    def observe(self, bar: Bar) -> None:
        """Take the spread at the end of `bar`, if it is quoted."""
        if bar.bid is not None and bar.ask is not None:
            self.spread = float(max(1, bar.ask - bar.bid))

    def price(self, order: Order, piece: Piece, mate: Order | None) -> int | None:
        """What `piece` fills `order` at; `mate` is the working stop of its group."""
        seen, side = piece.bar, order.side
        rule = rule_bar(order, piece)
        if order.expires is not None and rule.end > order.expires:
            return None
        if order.kind == "MKT":
            return self.market(seen.open, side)
        if order.kind == "STP":
            return self._stop(order, piece, rule)
        if order.kind == "STP LMT" and not order.triggered:
            return self._stop_limit(order, seen, rule)
        if order.limit is None or order.born == rule.start:
            return None
        if mate is not None and mate.stop is not None and _reaches(rule, mate.side, mate.stop):
            return None  # both in one bar: the stop counts
        through = side * (order.limit - _waits_for(seen, side))
        return order.limit if through >= self.through else None

    def market(self, price: int, side: int) -> int:
        """What a market order costs where the market is at `price`: half the spread more."""
        return price + side * math.ceil(0.5 * self.spread)

    def _stop(self, order: Order, piece: Piece, rule: Bar) -> int | None:
        if order.stop is None:
            return None
        side, seen = order.side, piece.bar
        born = order.born == rule.start
        last = piece.whole is not None and piece.bar.end == piece.whole.end
        hit = _reaches(seen, side, order.stop)
        if not hit and not (born and last and _reaches(rule, side, order.stop)):
            return None
        worst = order.stop
        if not born and side * (seen.open - order.stop) > 0:
            worst = seen.open
        return worst + side * self.slip

    def _stop_limit(self, order: Order, seen: Bar, rule: Bar) -> int | None:
        side = order.side
        if order.stop is None or order.limit is None or not _reaches(seen, side, order.stop):
            return None
        order.triggered, order.born = True, rule.start
        start = seen.open if side * (seen.open - order.stop) > 0 else order.stop
        price = start + side * self.limit_slip
        if side * (price - order.limit) <= 0:
            return price
        return order.limit if side * (order.limit - _waits_for(rule, side)) >= 0 else None


def rule_bar(order: Order, piece: Piece) -> Bar:
    """The bar whose rules hold for `order`: the whole minute, or the piece."""
    whole = piece.whole
    return whole if whole is not None and order.live_at <= whole.start else piece.bar


def _reaches(bar: Bar, side: int, level: int) -> bool:
    """Whether `bar` reaches a stop of `side` at `level`."""
    return side * ((bar.high if side > 0 else bar.low) - level) >= 0


def _waits_for(bar: Bar, side: int) -> int:
    """The extreme that a resting limit order of `side` waits for."""
    return bar.low if side > 0 else bar.high

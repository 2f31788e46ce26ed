"""Prices between the wire's floats and our ticks: exact, never rounded silently."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Final

from domain.units import Ticks

_CLOSE: Final = Decimal("1e-6")
UNSET: Final = 1e300
"""The libraries' unset number is 1.797e308."""


def to_ticks(price: float, tick: Decimal) -> Ticks | None:
    """`price` in ticks; None if it is not on the grid, not positive, not finite or unset."""
    if not math.isfinite(price) or not 0 < price < UNSET:
        return None
    steps = Decimal(repr(float(price))) / tick
    whole = steps.to_integral_value()
    return int(whole) if abs(steps - whole) <= _CLOSE else None


def to_price(ticks: Ticks, tick: Decimal) -> float:
    """The float nearest to the exact decimal price. Errors: ValueError unless positive."""
    price = float(tick * ticks)
    if not price > 0:
        raise ValueError(f"{ticks} ticks are no price")
    return price


def whole(number: float) -> int | None:
    """A count that came as a float; None if it is none."""
    if not math.isfinite(number) or abs(number) > UNSET or number != int(number):
        return None
    return int(number)


def number(text: str) -> Decimal | None:
    """An amount that came as text; None if it is empty, unset or not finite."""
    try:
        value = Decimal(text.strip())
    except ArithmeticError:
        return None
    if not value.is_finite() or abs(value) > Decimal("1e300"):
        return None
    return value

"""Units of the house: integer ticks, UTC nanoseconds and exact money.

Prices are integer ticks and times are integer UTC nanoseconds; both are plain
`int` under a descriptive alias, because they are touched on every bar. Money is
a value type, so that it can never be added to a price by accident.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final, TypeAlias

Ticks: TypeAlias = int
"""A price level or a price difference, in minimum price steps of one instrument."""

UtcNanos: TypeAlias = int
"""An instant: nanoseconds since 1970-01-01T00:00:00 UTC."""

BasisPoints: TypeAlias = int
"""A share of one in ten-thousandths, 0..10000 (DVS and EQS)."""

Side: TypeAlias = int
"""+1 long, -1 short, 0 none."""

SECOND: Final[int] = 1_000_000_000
MINUTE: Final[int] = 60 * SECOND
HOUR: Final[int] = 60 * MINUTE
DAY: Final[int] = 24 * HOUR

_PLACES: Final = Decimal("0.0001")
_SCALE: Final[int] = 10_000


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """US dollars, exact to four decimals, counted in units of 0.0001 USD."""

    units: int

    @classmethod
    def parse(cls, text: str | Decimal | int) -> Money:
        """Read a decimal amount.

        Errors: ValueError if `text` is not a finite decimal number or has more
        than four decimals: money is never rounded silently.
        """
        try:
            value = Decimal(text)
            exact = value.is_finite() and value == value.quantize(_PLACES)
        except InvalidOperation:  # not a number, or one of more digits than money has
            raise ValueError(f"not an amount of money: {text!r}") from None
        if not exact:
            raise ValueError(f"not an amount with at most 4 decimals: {text!r}")
        return cls(int(value * _SCALE))

    def __add__(self, other: Money) -> Money:
        return Money(self.units + other.units)

    def __sub__(self, other: Money) -> Money:
        return Money(self.units - other.units)

    def __neg__(self) -> Money:
        return Money(-self.units)

    def __mul__(self, count: int) -> Money:
        return Money(self.units * count)

    __rmul__ = __mul__

    def __float__(self) -> float:
        """Dollars as a float, for scores and ratios only."""
        return self.units / _SCALE

    def __str__(self) -> str:
        """Four decimals, as recorded in events: `-12.5000`."""
        sign = "-" if self.units < 0 else ""
        whole, rest = divmod(abs(self.units), _SCALE)
        return f"{sign}{whole}.{rest:04d}"

    def cents(self) -> str:
        """Two decimals where that is exact, four otherwise: for people and summaries."""
        text = str(self)
        return text[:-2] if self.units % 100 == 0 else text


ZERO: Final = Money(0)


def q9(x: float) -> float:
    """`x` on the 1e-9 grid, half to even, -0.0 as 0.0; NaN stays NaN (signals.md 1)."""
    if x != x or x - x != 0.0:
        return x
    return round(x * 1e9) / 1e9 + 0.0

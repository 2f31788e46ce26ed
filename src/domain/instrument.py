"""The one immutable description of what is traded (instrument-and-session.md 1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.units import Money, Ticks


@dataclass(frozen=True, slots=True)
class PriceBand:
    """The lowest and highest believable price, in ticks; a sanity check only."""

    low: Ticks
    high: Ticks

    def __post_init__(self) -> None:
        if not 0 < self.low < self.high:
            raise ValueError(f"price band needs 0 < low < high, got {self.low}..{self.high}")


@dataclass(frozen=True, slots=True)
class Instrument:
    """A futures contract or study instrument; every amount is for one contract."""

    symbol: str
    exchange: str
    currency: str
    tick_size: Decimal
    tick_value: Money
    multiplier: Decimal
    fee_per_side: Money
    fee_confirmed: date
    initial_margin: Money
    typical_spread_ticks: int
    round_grid_ticks: int
    price_band: PriceBand
    max_minute_volume: int
    rth_calendar: str
    venue_calendar: str
    live_enabled: bool

    def __post_init__(self) -> None:
        positive: dict[str, int | Decimal] = {
            "tick_size": self.tick_size,
            "tick_value": self.tick_value.units,
            "multiplier": self.multiplier,
            "fee_per_side": self.fee_per_side.units,
            "initial_margin": self.initial_margin.units,
            "typical_spread_ticks": self.typical_spread_ticks,
            "round_grid_ticks": self.round_grid_ticks,
            "max_minute_volume": self.max_minute_volume,
        }
        for name, value in positive.items():
            if not value > 0:
                raise ValueError(f"{name} must be positive, got {value}")
        if Decimal(self.tick_value.units) / 10_000 != self.tick_size * self.multiplier:
            raise ValueError(
                f"tick_value {self.tick_value} is not tick_size {self.tick_size} "
                f"times multiplier {self.multiplier}"
            )
        if self.currency != "USD":
            raise ValueError(f"currency must be USD, got {self.currency}")

"""Prices, money and times as a trader reads them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from domain.instrument import Instrument
from domain.units import SECOND, Money, Side, Ticks, UtcNanos

_NEW_YORK = ZoneInfo("America/New_York")


def clock(t: UtcNanos) -> str:
    """`10:42`, New York."""
    return f"{datetime.fromtimestamp(t // SECOND, UTC).astimezone(_NEW_YORK):%H:%M}"


def day_and_clock(t: UtcNanos) -> str:
    """`2013-10-07 10:42`, New York."""
    return f"{datetime.fromtimestamp(t // SECOND, UTC).astimezone(_NEW_YORK):%Y-%m-%d %H:%M}"


def price(ticks: Ticks, instrument: Instrument) -> str:
    """The price that the exchange quotes."""
    return f"{ticks * instrument.tick_size:f}"


def signed(amount: Money) -> str:
    """`+12.50` or `-12.50`."""
    return f"{'' if amount.units < 0 else '+'}{amount.cents()}"


def side(s: Side) -> str:
    """long or short."""
    return "long" if s > 0 else "short"

"""What the first bar of a session settles, and what its closing event will tell."""

from __future__ import annotations

from typing import Final

from application.desk import FOREIGN_ORDER
from domain.bar import Bar
from domain.contract_set import Contracts
from domain.event import ConfigLoaded
from domain.instrument import Instrument
from domain.session import Session
from domain.units import DAY, Ticks
from ports.calendar import Calendar

_LOOK_BACK_DAYS: Final = 10


class Totals:
    """A session's running totals, for its closing event."""

    __slots__ = ("bars", "decisions", "high", "low")

    def __init__(self) -> None:
        self.bars = 0
        self.decisions = 0
        self.high: Ticks = 0
        self.low: Ticks = 0

    def bar(self, bar: Bar) -> None:
        """Count one bar of regular hours."""
        high, low = bar.high, bar.low
        if self.bars == 0 or high > self.high:
            self.high = high
        if self.bars == 0 or low < self.low:
            self.low = low
        self.bars += 1


def config_loaded(
    session: Session, contracts: Contracts, instrument: Instrument, config_hash: str
) -> ConfigLoaded:
    """The contracts that `session` runs under."""
    return ConfigLoaded(
        session.open,
        session.date,
        config_hash,
        contracts.constitution_hash,
        tuple(sorted(contracts.hashes.items())),
        instrument.symbol,
        str(instrument.tick_size),
        instrument.tick_value,
        instrument.fee_per_side,
    )


def reference_close(
    calendar: Calendar, last: tuple[Session, Ticks] | None, session: Session, first: Bar
) -> Ticks:
    """The previous session's close if `last`, the session and close seen before, is that
    session; else the open of this session's first bar."""
    if last is None:
        return first.open
    before, close = last
    noon = before.open + DAY
    for _ in range(_LOOK_BACK_DAYS):
        between = calendar.session_at(noon)
        if between is not None and between.date >= session.date:
            return close
        if between is not None and between.date != before.date:
            return first.open
        noon += DAY
    return first.open


def forbidden(calendar_known: bool, strangers: tuple[str, ...]) -> str | None:
    """The state in which a session begins without entries, None if there is none."""
    if not calendar_known:
        return "CALENDAR_UNKNOWN"
    return FOREIGN_ORDER if strangers else None

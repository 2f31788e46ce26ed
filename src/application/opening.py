"""What the first bar of a session settles, and what its closing event will tell."""

from __future__ import annotations

from datetime import date
from typing import Final, NamedTuple

from application.desk import FOREIGN_ORDER
from domain.bar import Bar
from domain.contract_set import Contracts
from domain.event import ConfigLoaded, Event, SessionOpened
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


class SessionsBefore(NamedTuple):
    """What a record under other contracts says of sessions: the last that was closed, one that
    was opened and not closed, and the config hashes that were told of in it."""

    closed: date | None = None
    opened: date | None = None
    loaded: frozenset[str] = frozenset()

    def goes_on(self, session: Session) -> bool:
        """True if `session` was opened under other contracts, and goes on under those of now."""
        return session.date == self.opened

    def opening(self, session: Session, loaded: ConfigLoaded) -> list[Event]:
        """The first events of `session`, without what is recorded of it."""
        if self.goes_on(session):
            return [] if loaded.config_hash in self.loaded else [loaded]
        hours = session.open, session.close
        return [SessionOpened(session.open, session.date, *hours, session.early_close), loaded]


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


def forbidden(calendar_known: bool, strangers: tuple[str, ...], goes_on: bool) -> str | None:
    """The state in which a session begins without entries, None if there is none; `goes_on` says
    that it was opened under other contracts: nothing is loosened inside a session."""
    if not calendar_known:
        return "CALENDAR_UNKNOWN"
    if goes_on:
        return "OTHER_CONTRACTS"
    return FOREIGN_ORDER if strangers else None

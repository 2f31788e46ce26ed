"""What an article says of an intent, and the facts it may look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from domain.instrument import Instrument
from domain.law.constitution import Constitution
from domain.law.state import LawState
from domain.session import Timetable
from domain.units import BasisPoints, Money, Ticks, UtcNanos


class Check(NamedTuple):
    """One article's verdict: its id, whether it passes, and the figures behind it."""

    id: str
    passed: bool
    value: str
    limit: str


@dataclass(frozen=True, slots=True)
class Facts:
    """The state of the world at the moment of the permit, not that of the decision.

    `position` is signed contracts, `working_entry_qty` what an unfilled entry of ours
    could still add, `in_doubt` whether any order of ours is not settled. `open_worst` is
    the worst case of what is open. `reference_close` is the previous RTH close, or today's
    open without one, None if unknown. `last_price` is the last trade; `a14` in ticks.
    `free_margin` and `equity` are None while unknown. `mode` and `account` are the run's.
    """

    now: UtcNanos
    next_bar_close: UtcNanos
    law_state: LawState
    timetable: Timetable
    instrument: Instrument
    position: int
    working_entry_qty: int
    in_doubt: bool
    open_worst: Money
    tier_risk_cap: Money | None
    stop_cap_ticks: Ticks
    reference_close: Ticks | None
    last_price: Ticks
    a14: float
    equity: Money | None
    free_margin: Money | None
    initial_margin: Money
    dvs_bp: BasisPoints
    eqs_bp: BasisPoints
    host_fit: bool
    observe_only: str | None
    account: str
    run_account: str
    symbol: str


class Bench(NamedTuple):
    """What every article is handed beside the intent."""

    facts: Facts
    law: Constitution

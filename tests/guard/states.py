"""Guard states for the tests, plain and arbitrary."""

from __future__ import annotations

from datetime import date
from typing import Final

from hypothesis import strategies as st

from domain.law.restarts import Starts
from domain.law.state import Halt, KillState, LawState, StreakState
from domain.units import Money
from ports.guard import GuardState, Latch

NOON: Final = 1_381_161_600_000_000_000
DIGEST: Final = "a" * 64
LATCH: Final = Latch("MANUAL", 'stop "now" ✓', NOON)
HURT: Final = LawState(
    session_date=date(2013, 10, 7),
    trades_today=2,
    sent_today=3,
    last_entry=NOON,
    streak=2,
    streak_state=StreakState.LOCKED,
    locked_on=date(2013, 10, 7),
    good_minutes=29,
    net_day=Money(-300_001),
    net_week=Money(-750_000),
    net_month=Money(-1_500_000),
    halts=(Halt.DAY, Halt.MONTH),
    month_acknowledged=False,
    kill_state=KillState.KILLED,
    kill_trigger="MANUAL",
    muted="DVS_KILL",
    reset_on=date(2013, 10, 4),
    reset_pending=True,
    resting=True,
    statement=Money.parse("6.25"),
    month_halted=date(2013, 9, 30),
)
"""The worst day: no field has its default."""


def state(seq: int = 7, latch: Latch | None = None, law: LawState = HURT) -> GuardState:
    """A state whose `seq` tells it apart."""
    starts = Starts((NOON - 5, NOON), clean=False)
    return GuardState(DIGEST, "LIVE", "5" * 32, seq, "b" * 64, "c" * 64, law, starts, latch)


times: Final = st.integers(-(2**62), 2**62)
money: Final = st.integers(-(10**15), 10**15).map(Money)
counts: Final = st.integers(0, 400)
laws: Final = st.builds(
    LawState,
    session_date=st.none() | st.dates(),
    trades_today=counts,
    sent_today=counts,
    streak=counts,
    good_minutes=counts,
    last_entry=st.none() | times,
    locked_on=st.none() | st.dates(),
    net_day=money,
    net_week=money,
    net_month=money,
    halts=st.lists(st.sampled_from(Halt), unique=True).map(tuple),
    month_acknowledged=st.booleans(),
    statement=st.none() | money,
)
latches: Final = st.builds(Latch, st.sampled_from(["MANUAL", "MARGIN"]), st.text(), times)
states: Final = st.builds(
    GuardState,
    account=st.just(DIGEST),
    mode=st.sampled_from(["LIVE", "PAPER", "OBSERVE"]),
    store_id=st.text("0123456789abcdef", min_size=32, max_size=32),
    seq=st.integers(0, 2**62),
    head=st.just("b" * 64),
    config_hash=st.just("c" * 64),
    law=laws,
    starts=st.builds(Starts, st.lists(times, max_size=16).map(tuple), st.booleans()),
    latch=st.none() | latches,
)

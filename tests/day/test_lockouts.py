"""Layer 4: what starts a lockout, how long it lasts, what extends and ends it (decision.md 6)."""

from __future__ import annotations

import pytest

from application.lockouts import Lockouts
from domain.event import LockoutEnded, LockoutStarted
from domain.frame import Frame
from domain.units import MINUTE
from market_builders import at, contracts, frame, timetable_on, values

TABLE = timetable_on()
T = at(11, 0)


def locks_after(f: Frame, quoted: float | None = None, t_d: int = T) -> tuple[bool, bool, bool]:
    lockouts = Lockouts(contracts().decision.lockouts)
    lockouts.bar(f, quoted, t_d, TABLE)
    return tuple(lockouts.locks)


@pytest.mark.parametrize(
    ("changes", "locked"),
    [
        ({"values": values(s3=0.85)}, True),
        ({"values": values(s3=0.849999999)}, False),
        ({"values": values(s3=0.9), "fallback": 1 << 2}, False),
        ({"values": values(s3=float("nan")), "ready": 0}, False),
        ({"tr": 20, "p30": 5.0}, True),
        ({"tr": 19, "p30": 5.0}, False),
        ({"tr": 900, "p30": float("nan")}, False),
    ],
)
def test_volatility_shock(changes: dict[str, object], locked: bool) -> None:
    assert locks_after(frame(**changes)) == (locked, False, False)


@pytest.mark.parametrize(("t_d", "locked"), [(at(9, 35), False), (at(9, 36), True)])
def test_the_range_trigger_is_silent_for_five_minutes(t_d: int, locked: bool) -> None:
    assert locks_after(frame(tr=50), t_d=t_d)[0] is locked
    assert locks_after(frame(values=values(s3=0.9)), t_d=t_d)[0]


@pytest.mark.parametrize(
    ("quoted", "slip", "locked"),
    [(3.0, 0.5, True), (2.9, 0.5, False), (None, 0.5, False), (None, 3.0, True),
     (1.0, 2.999999999, False), (None, float("nan"), False)],
)  # fmt: skip
def test_execution_danger(quoted: float | None, slip: float, locked: bool) -> None:
    assert locks_after(frame(slip=slip), quoted) == (False, locked, False)


def test_news_shock() -> None:
    assert locks_after(frame(shock=True)) == (False, False, True)


@pytest.mark.parametrize(
    ("f", "quoted", "minutes", "which"),
    [(frame(values=values(s3=0.9)), None, 60, 0), (frame(), 3.0, 30, 1),
     (frame(shock=True), None, 45, 2)],
)  # fmt: skip
def test_half_open_and_locked_at_its_own_decision(
    f: Frame, quoted: float | None, minutes: int, which: int
) -> None:
    lockouts = Lockouts(contracts().decision.lockouts)
    (started,) = lockouts.bar(f, quoted, T, TABLE)
    assert isinstance(started, LockoutStarted)
    assert started.until == T + minutes * MINUTE
    for k in range(1, minutes):
        assert lockouts.bar(frame(), None, T + k * MINUTE, TABLE) == ()
        assert lockouts.locks[which]
    (ended,) = lockouts.bar(frame(), None, T + minutes * MINUTE, TABLE)
    assert isinstance(ended, LockoutEnded)
    assert not lockouts.locks[which]


def test_a_new_trigger_extends_and_never_stacks() -> None:
    lockouts = Lockouts(contracts().decision.lockouts)
    lockouts.bar(frame(), 3.0, T, TABLE)
    lockouts.bar(frame(), 3.0, T + 10 * MINUTE, TABLE)
    lockouts.bar(frame(), None, T + 39 * MINUTE, TABLE)
    assert lockouts.locks.execution_danger
    lockouts.bar(frame(), None, T + 40 * MINUTE, TABLE)
    assert not lockouts.locks.execution_danger


def test_a_trigger_at_its_very_end_extends_it_without_an_end_between() -> None:
    lockouts = Lockouts(contracts().decision.lockouts)
    lockouts.bar(frame(), 3.0, T, TABLE)
    told = lockouts.bar(frame(), 3.0, T + 30 * MINUTE, TABLE)
    assert [type(e) for e in told] == [LockoutStarted]
    assert lockouts.session_over(T + 30 * MINUTE) == (
        LockoutEnded(T + 30 * MINUTE, "EXECUTION_DANGER"),
    )
    assert lockouts.locks == (False, False, False)

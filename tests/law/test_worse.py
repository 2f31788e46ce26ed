"""The worse of two memories: nothing that one of them knows is forgotten (H50)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.law.state import Halt, KillState, LawState, StreakState, session_opened
from domain.law.worse import worse
from domain.units import Money

DAY = date(2013, 10, 7)
money = st.integers(-2_000_000, 2_000_000).map(Money)


@st.composite
def memories(draw: st.DrawFn) -> LawState:
    """A memory as the law's own fold could leave it."""
    streak_state = draw(st.sampled_from(StreakState))
    kill = draw(st.sampled_from(KillState))
    day = draw(st.none() | st.integers(0, 40).map(lambda n: DAY + timedelta(n)))
    return LawState(
        session_date=day,
        trades_today=draw(st.integers(0, 3)),
        sent_today=draw(st.integers(0, 10)),
        last_entry=draw(st.none() | st.integers(0, 10**18)),
        streak=draw(st.integers(0, 3)),
        streak_state=streak_state,
        locked_on=DAY if streak_state is StreakState.LOCKED else None,
        good_minutes=draw(st.integers(0, 29)),
        net_day=draw(money),
        net_week=draw(money),
        net_month=draw(money),
        halts=(halts := tuple(h for h in Halt if draw(st.booleans()))),
        month_acknowledged=draw(st.booleans()),
        kill_state=kill,
        kill_trigger=None if kill is KillState.ARMED else "MANUAL",
        muted=draw(st.none() | st.sampled_from(["DVS_KILL", "EQS_KILL"])),
        reset_on=draw(st.none() | st.just(DAY)),
        reset_pending=kill is KillState.KILLED and draw(st.booleans()),
        resting=draw(st.booleans()),
        statement=draw(st.none() | money.map(lambda m: max(m, -m))),
        month_halted=draw(st.sampled_from([None, DAY, DAY + timedelta(40)]))
        if Halt.MONTH in halts
        else None,
    )


def stricter(found: LawState, known: LawState) -> list[str]:
    """The items in which `found` is laxer than `known`, both of one session."""
    order = list(_STREAK)
    laxer = {
        "trades_today": found.trades_today < known.trades_today,
        "sent_today": found.sent_today < known.sent_today,
        "last_entry": (found.last_entry or -1) < (known.last_entry or -1),
        "streak": found.streak < known.streak,
        "streak_state": order.index(found.streak_state) < order.index(known.streak_state),
        "locked_on": known.streak_state is StreakState.LOCKED and found.locked_on is None,
        "good_minutes": known.streak_state is StreakState.LOCKED
        and found.good_minutes > known.good_minutes,
        "net_day": found.net_day > known.net_day,
        "net_week": found.net_week > known.net_week,
        "net_month": found.net_month > known.net_month,
        "halts": not set(known.halts) <= set(found.halts),
        "month_acknowledged": found.month_acknowledged and not known.month_acknowledged,
        "kill_state": known.killed and not found.killed,
        "kill_trigger": known.killed and found.kill_trigger is None,
        "muted": known.muted is not None and found.muted is None,
        "reset_on": known.reset_on is not None
        and (found.reset_on is None or found.reset_on < known.reset_on),
        "reset_pending": known.killed and found.reset_pending and not known.reset_pending,
        "resting": known.resting and not found.resting,
        "month_halted": Halt.MONTH in known.halts
        and found.month_halted is not None
        and (known.month_halted is None or found.month_halted < known.month_halted),
        "statement": known.statement is not None
        and (found.statement is None or found.statement < known.statement),
        "session_date": found.session_date != known.session_date,
    }
    assert laxer.keys() == set(LawState._fields), "compare the new counter too"
    return [name for name, is_laxer in laxer.items() if is_laxer]


_STREAK = (StreakState.NORMAL, StreakState.PROBATION, StreakState.LOCKED)


@given(memories(), memories())
def test_no_item_is_laxer_than_in_either(one: LawState, other: LawState) -> None:
    found = worse(one, other)
    for known in (one, other):
        if found.session_date is not None:
            known = session_opened(known, found.session_date)
        assert stricter(found, known) == []


@given(memories(), memories())
def test_order_and_repetition_do_not_matter(a: LawState, b: LawState) -> None:
    assert worse(a, b) == worse(b, a)
    assert worse(worse(a, b), a) == worse(a, b)


KNOWN_HERE = LawState(
    session_date=DAY,
    trades_today=1,
    sent_today=7,
    last_entry=5,
    streak=2,
    streak_state=StreakState.LOCKED,
    locked_on=DAY - timedelta(3),
    good_minutes=4,
    net_day=Money(-3),
    net_week=Money(9),
    net_month=Money(-4),
    halts=(Halt.WEEK,),
    month_acknowledged=True,
    kill_state=KillState.KILLED,
    kill_trigger="MARGIN",
    muted="EQS_KILL",
    reset_on=DAY - timedelta(1),
    reset_pending=True,
    resting=False,
)
KNOWN_THERE = LawState(
    session_date=DAY,
    trades_today=2,
    sent_today=3,
    last_entry=9,
    streak=3,
    streak_state=StreakState.LOCKED,
    locked_on=DAY - timedelta(1),
    good_minutes=2,
    net_day=Money(1),
    net_week=Money(-8),
    net_month=Money(6),
    halts=(Halt.DAY,),
    month_acknowledged=False,
    kill_state=KillState.KILLING,
    kill_trigger="MANUAL",
    muted="DVS_KILL",
    reset_on=DAY,
    reset_pending=False,
    resting=True,
)
WORSE = LawState(
    session_date=DAY,
    trades_today=2,
    sent_today=7,
    last_entry=9,
    streak=3,
    streak_state=StreakState.LOCKED,
    locked_on=DAY - timedelta(1),
    good_minutes=2,
    net_day=Money(-3),
    net_week=Money(-8),
    net_month=Money(-4),
    halts=(Halt.DAY, Halt.WEEK),
    month_acknowledged=False,
    kill_state=KillState.KILLING,
    kill_trigger="MARGIN",
    muted="DVS_KILL",
    reset_on=DAY,
    reset_pending=False,
    resting=True,
)


def test_each_item_is_the_stricter_of_two() -> None:
    assert worse(KNOWN_HERE, KNOWN_THERE) == WORSE
    assert worse(KNOWN_THERE, KNOWN_HERE) == WORSE._replace(kill_trigger="MANUAL")


@pytest.mark.parametrize("known", [KNOWN_HERE, KNOWN_THERE])
def test_nothing_but_the_latch_and_the_lock_outweighs_a_fresh_memory(known: LawState) -> None:
    fresh = LawState(session_date=DAY)
    kept = known._replace(
        net_day=min(known.net_day, Money(0)),
        net_week=min(known.net_week, Money(0)),
        net_month=min(known.net_month, Money(0)),
    )
    assert worse(known, fresh) == worse(fresh, known) == kept


def test_minutes_towards_recovery_count_in_a_lock_only() -> None:
    free = LawState(session_date=DAY, good_minutes=1)
    assert worse(KNOWN_HERE, free).good_minutes == 4
    assert worse(free, LawState(session_date=DAY)).good_minutes == 0


@pytest.mark.parametrize(("here", "there"), [(True, True), (True, False), (False, True)])
def test_a_reset_that_waits_holds_if_it_is_of_every_latch(here: bool, there: bool) -> None:
    latched = LawState(session_date=DAY, kill_state=KillState.KILLED, kill_trigger="MANUAL")
    pair = (latched._replace(reset_pending=here), latched._replace(reset_pending=there))
    assert worse(*pair).reset_pending is (here and there)


def test_one_memory_without_a_session_takes_the_other_s() -> None:
    assert worse(LawState(), KNOWN_HERE).session_date == DAY
    assert worse(LawState(), LawState()) == LawState()


def test_nothing_known_adds_nothing() -> None:
    loss = LawState(session_date=DAY, net_day=Money(-5), net_week=Money(-5), trades_today=1)
    assert worse(loss, LawState()) == loss


def test_what_has_ended_by_itself_does_not_come_back() -> None:
    before = LawState(session_date=DAY, trades_today=2, net_day=Money(-9), halts=(Halt.DAY,))
    today = LawState(session_date=DAY + timedelta(1))
    assert worse(before, today) == today._replace(net_week=before.net_week)


def test_a_latch_stays_with_its_trigger() -> None:
    latched = LawState(kill_state=KillState.KILLED, kill_trigger="MARGIN")
    assert worse(LawState(), latched).kill_trigger == "MARGIN"
    running = latched._replace(kill_state=KillState.KILLING)
    assert worse(latched, running).kill_state is KillState.KILLING

"""Every step of the law's memory by example: what moves, and that nothing else does (law.md)."""

from __future__ import annotations

from datetime import date

import pytest

from domain.law import state as law
from domain.law.state import Halt, KillState, LawState, StreakState
from domain.units import ZERO, Money
from market_builders import rules

THE_LAW = rules().law
MONDAY, TUESDAY = date(2024, 11, 4), date(2024, 11, 5)
KILLED = LawState(session_date=MONDAY, kill_state=KillState.KILLED, kill_trigger="DVS_KILL")


def usd(text: str) -> Money:
    return Money.parse(text)


def moved(before: LawState, after: LawState) -> dict[str, object]:
    """The fields that differ, with their new values."""
    pairs = ((f, getattr(before, f), getattr(after, f)) for f in before._fields)
    return {name: new for name, old, new in pairs if old != new or type(old) is not type(new)}


def test_every_state_has_the_name_it_is_stored_under() -> None:
    names = {kind.__name__: [m.value for m in kind] for kind in (Halt, KillState, StreakState)}
    assert names == {
        "Halt": ["HALT_DAY", "HALT_WEEK", "HALT_MONTH"],
        "KillState": ["ARMED", "KILLING", "KILLED"],
        "StreakState": ["NORMAL", "LOCKED", "PROBATION"],
    }


def test_only_the_count_towards_recovery_is_no_difference() -> None:
    before = LawState(session_date=MONDAY)
    differs = law.differs_in_more_than_recovery
    assert differs(before, before._replace(good_minutes=7)) is False
    assert differs(before, before._replace(good_minutes=7, sent_today=1)) is True
    assert differs(before, before._replace(resting=True)) is True


# ---- the kill switch


def test_a_latch_names_its_first_trigger() -> None:
    armed = LawState(session_date=MONDAY)
    latched = law.kill_latched(armed, "MARGIN")
    assert moved(armed, latched) == {"kill_state": KillState.KILLING, "kill_trigger": "MARGIN"}
    assert law.kill_latched(latched, "DVS_KILL") is latched


def test_a_new_trigger_voids_a_reset_that_waits() -> None:
    waiting = KILLED._replace(reset_pending=True)
    assert moved(waiting, law.kill_latched(waiting, "MANUAL")) == {"reset_pending": False}


def test_the_sequence_completes_and_resumes() -> None:
    killing = KILLED._replace(kill_state=KillState.KILLING)
    assert moved(killing, law.kill_completed(killing)) == {"kill_state": KillState.KILLED}
    assert moved(KILLED, law.kill_resumed(KILLED)) == {"kill_state": KillState.KILLING}


@pytest.mark.parametrize(
    ("trigger", "muted"),
    [
        ("DVS_KILL", "DVS_KILL"),
        ("EQS_KILL", "EQS_KILL"),
        ("LOSS_OVERRUN", "LOSS_OVERRUN"),
        ("MARGIN", "MARGIN"),
        ("MANUAL", None),
        ("DOUBLE_EXIT", None),
    ],
)
def test_a_reset_mutes_what_can_last(trigger: str, muted: str | None) -> None:
    killed = KILLED._replace(kill_trigger=trigger)
    expected: dict[str, object] = {
        "kill_state": KillState.ARMED, "kill_trigger": None, "reset_on": MONDAY, "resting": True,
    }  # fmt: skip
    if muted is not None:
        expected["muted"] = muted
    assert moved(killed, law.kill_reset(killed)) == expected


def test_the_second_reset_of_a_session_waits_for_the_next_one() -> None:
    again = KILLED._replace(reset_on=MONDAY)
    waiting = law.kill_reset(again)
    assert moved(again, waiting) == {"reset_pending": True}
    opened = law.session_opened(waiting, TUESDAY)
    assert moved(waiting, opened) == {
        "session_date": TUESDAY, "kill_state": KillState.ARMED, "kill_trigger": None,
        "muted": "DVS_KILL", "reset_pending": False, "resting": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("reset_on", "session"), [(None, None), (None, TUESDAY), (MONDAY, None), (MONDAY, TUESDAY)]
)
def test_a_reset_of_another_session_does_not_count(
    reset_on: date | None, session: date | None
) -> None:
    killed = KILLED._replace(session_date=session, reset_on=reset_on)
    assert law.kill_reset(killed).kill_state is KillState.ARMED


@pytest.mark.parametrize("state", [KillState.ARMED, KillState.KILLING])
def test_only_a_completed_kill_is_reset(state: KillState) -> None:
    with pytest.raises(ValueError, match=f"^nothing to reset in {state.value}$"):
        law.kill_reset(KILLED._replace(kill_state=state))


def test_rest_ends_with_a_clean_decision_unless_the_condition_holds() -> None:
    resting = LawState(resting=True)
    assert moved(resting, law.rested(resting)) == {"resting": False}
    muted = resting._replace(muted="MARGIN")
    assert law.rested(muted) is muted
    assert moved(muted, law.condition_gone(muted, "MARGIN")) == {"muted": None}
    assert law.condition_gone(muted, "DVS_KILL") is muted


# ---- halts


@pytest.mark.parametrize(
    ("day", "week", "month", "halts"),
    [
        ("-29.9999", "-74.9999", "-149.9999", ()),
        ("-30.00", "-74.9999", "-149.9999", (Halt.DAY,)),
        ("-29.9999", "-75.00", "-149.9999", (Halt.WEEK,)),
        ("-29.9999", "-74.9999", "-150.00", (Halt.MONTH,)),
        ("-30.00", "-75.00", "-150.00", (Halt.DAY, Halt.WEEK, Halt.MONTH)),
    ],
)
def test_halts_begin_at_exactly_the_number(
    day: str, week: str, month: str, halts: tuple[Halt, ...]
) -> None:
    cent = usd("0.01")
    before = LawState(
        net_day=usd(day) + cent, net_week=usd(week) + cent, net_month=usd(month) + cent
    )
    after = law.adjusted(before, -cent, THE_LAW)
    assert after.halts == halts
    assert (after.net_day, after.net_week, after.net_month) == (usd(day), usd(week), usd(month))
    assert after.month_acknowledged is (Halt.MONTH not in halts)
    booked = law.trade_closed(before._replace(streak=0), -cent, THE_LAW)
    assert (booked.halts, booked.net_week, booked.net_month) == (halts, usd(week), usd(month))


def test_a_correction_moves_no_streak() -> None:
    before = LawState(streak=1, streak_state=StreakState.PROBATION)
    assert set(moved(before, law.adjusted(before, usd("-1"), THE_LAW))) == {
        "net_day", "net_week", "net_month",
    }  # fmt: skip


def test_a_halted_month_ends_with_the_next_one_and_an_acknowledgement() -> None:
    halted = law.adjusted(LawState(session_date=MONDAY), usd("-150"), THE_LAW)
    assert halted.month_acknowledged is False
    december = date(2024, 12, 2)
    assert Halt.MONTH in law.session_opened(halted, december).halts
    acknowledged = law.month_acknowledged(halted)
    assert moved(halted, acknowledged) == {"month_acknowledged": True}
    assert Halt.MONTH in law.session_opened(acknowledged, TUESDAY).halts
    assert law.session_opened(acknowledged, december).halts == ()


def test_a_halt_that_is_there_keeps_its_acknowledgement() -> None:
    acknowledged = law.month_acknowledged(
        law.adjusted(LawState(session_date=MONDAY), usd("-150"), THE_LAW)
    )
    assert law.adjusted(acknowledged, usd("-1"), THE_LAW).month_acknowledged is True


# ---- counters


@pytest.mark.parametrize(
    ("ours", "theirs", "counted"), [(1, 2, 2), (2, 1, 2), (1, 1, 1), (0, 1, 1)]
)
def test_the_larger_count_of_entries_holds(ours: int, theirs: int, counted: int) -> None:
    before = LawState(trades_today=ours)
    seen = law.entries_seen(before, theirs, None)
    assert seen == before._replace(trades_today=counted)


@pytest.mark.parametrize(
    ("ours", "shown", "last"), [(None, 70, 70), (60, 70, 70), (80, 70, 80), (60, None, 60)]
)
def test_an_entry_of_another_store_counts_for_the_spacing_from_when_it_was_shown(
    ours: int | None, shown: int | None, last: int
) -> None:
    before = LawState(trades_today=1, last_entry=ours)
    assert law.entries_seen(before, 2, shown).last_entry == last
    assert law.entries_seen(before, 1, shown) == before


def test_entries_sent_are_counted_until_the_next_session() -> None:
    sent = law.entry_sent(law.entry_sent(LawState(session_date=MONDAY)))
    assert sent.sent_today == 2
    assert law.session_opened(sent, TUESDAY).sent_today == 0


def test_another_halt_acknowledges_no_month() -> None:
    month = LawState(session_date=MONDAY, halts=(Halt.MONTH,), month_acknowledged=False)
    lost = law.adjusted(month, -THE_LAW.max_daily_loss, THE_LAW)
    assert lost.halts == (Halt.MONTH, Halt.DAY)
    assert lost.month_acknowledged is False


def test_entries_are_counted_with_their_time() -> None:
    before = LawState(trades_today=1, sent_today=3)
    assert moved(before, law.entry_filled(before, 77)) == {"trades_today": 2, "last_entry": 77}
    assert moved(before, law.entry_sent(before)) == {"sent_today": 4}


# ---- the streak

ONE_LOSS = LawState(session_date=MONDAY, streak=1, good_minutes=7)


def test_the_second_loss_locks_from_the_start_of_recovery() -> None:
    after = law.trade_closed(ONE_LOSS, usd("-1"), THE_LAW)
    assert (after.streak, after.streak_state) == (2, StreakState.LOCKED)
    assert (after.locked_on, after.good_minutes) == (MONDAY, 0)


def test_a_win_frees_unless_locked() -> None:
    probation = ONE_LOSS._replace(streak_state=StreakState.PROBATION, locked_on=MONDAY)
    after = law.trade_closed(probation, usd("1"), THE_LAW)
    assert (after.streak, after.streak_state, after.locked_on) == (0, StreakState.NORMAL, None)
    locked = probation._replace(streak=2, streak_state=StreakState.LOCKED)
    after = law.trade_closed(locked, usd("1"), THE_LAW)
    assert (after.streak, after.streak_state, after.locked_on) == (2, StreakState.LOCKED, MONDAY)


@pytest.mark.parametrize("state", list(StreakState))
def test_nothing_won_and_nothing_lost_moves_no_streak(state: StreakState) -> None:
    before = ONE_LOSS._replace(streak_state=state, locked_on=MONDAY)
    assert law.trade_closed(before, ZERO, THE_LAW) == before


LOCKED = LawState(session_date=TUESDAY, streak=2, streak_state=StreakState.LOCKED, locked_on=MONDAY)


def test_thirty_good_minutes_of_a_later_session_bring_probation() -> None:
    state = LOCKED
    for minute in range(1, 30):
        state = law.decision_seen(state, 8000, 7500, THE_LAW)
        assert moved(LOCKED, state) == {"good_minutes": minute}
    after = law.decision_seen(state, 8000, 7500, THE_LAW)
    assert moved(LOCKED, after) == {
        "streak": 1, "streak_state": StreakState.PROBATION, "locked_on": None,
    }  # fmt: skip
    assert after.good_minutes == 0


@pytest.mark.parametrize(("dvs", "eqs"), [(7999, 10_000), (10_000, 7499)])
def test_one_bad_minute_starts_recovery_again(dvs: int, eqs: int) -> None:
    state = LOCKED._replace(good_minutes=29)
    assert moved(state, law.decision_seen(state, dvs, eqs, THE_LAW)) == {"good_minutes": 0}
    assert law.decision_seen(LOCKED, dvs, eqs, THE_LAW) is LOCKED


def test_no_recovery_while_killed_in_the_same_session_or_without_a_lock() -> None:
    killed = LOCKED._replace(good_minutes=5, kill_state=KillState.KILLED)
    assert law.decision_seen(killed, 10_000, 10_000, THE_LAW).good_minutes == 0
    today = LOCKED._replace(locked_on=TUESDAY)
    assert law.decision_seen(today, 10_000, 10_000, THE_LAW) is today
    free = LOCKED._replace(streak_state=StreakState.NORMAL)
    assert law.decision_seen(free, 10_000, 10_000, THE_LAW) is free

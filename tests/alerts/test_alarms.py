"""Which events, troubles and silences call a person, which wait for the daily message."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from adapters.store.memory import MemoryJournal
from adapters.wire.log import JournalLog
from application.alarms import AlarmFacts, Alarms
from application.container import RunContainer
from application.settings import load_settings
from domain.alarm import Level
from domain.event import (
    CommandIssued,
    ConnectionChanged,
    Event,
    ExecutionIncident,
    FeeReported,
    FillReceived,
    ForeignOrder,
    KillReset,
    KillTriggered,
    OrderStateChanged,
    PositionChanged,
    ReconcileCompleted,
    SessionClosed,
    StatementDiffers,
    WouldKill,
)
from domain.orders import Fill, Role
from domain.statement import FEE, Difference
from domain.units import MINUTE, SECOND, ZERO, Money, UtcNanos
from ports.calendar import Calendar
from ports.market import Trouble, TroubleSeen
from store.records import CONFIG, StepClock


def at(text: str) -> UtcNanos:
    """UTC nanoseconds of a New York winter time on 2026-11-18 and the days around it."""
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return int(moment.timestamp()) * SECOND + 5 * 60 * MINUTE


OPEN = at("2026-11-18 09:30:00")
CLOSE = at("2026-11-18 16:00:00")


class Told:
    """A notifier that keeps what it is given."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.notes: list[str] = []
        self.beats = 0
        self.dropped = 0

    def send(self, level: Level, title: str, text: str) -> None:
        (self.calls if level is Level.CALL else self.notes).append(f"{title}: {text}")

    def beat(self) -> None:
        self.beats += 1

    def close(self) -> None:
        """Nothing waits."""


@pytest.fixture(scope="module")
def calendar() -> Calendar:
    return RunContainer(settings=load_settings({})).calendar()


class Watch:
    """Alarms and what they told."""

    def __init__(self, calendar: Calendar, mode: str = "LIVE") -> None:
        self.told = Told()
        log = JournalLog(MemoryJournal("MES", CONFIG, StepClock()), CONFIG)
        self.alarms = Alarms(
            AlarmFacts(mode, "MES", "U1…67", Money.parse("0.62")), self.told, calendar, log
        )

    def see(self, *events: Event) -> None:
        self.alarms(events)

    def run(self, since: UtcNanos, until: UtcNanos, heard: bool = True) -> None:
        """Let the seconds pass, with or without market data."""
        for now in range(since, until, SECOND):
            if heard:
                self.alarms.heard(now)
            self.alarms.tick(now)


def position(qty: int, when: UtcNanos, cause: str = "entry") -> PositionChanged:
    return PositionChanged(when, qty, None, ZERO, None, None, cause, "d")


def test_a_kill_calls_again_and_ends_with_its_reset(calendar: Calendar) -> None:
    watch = Watch(calendar)
    watch.see(KillTriggered(OPEN, "DVS_KILL", "DVS 2500 bp"))
    assert watch.told.calls == ["LIVE MES U1…67: CALL kill: KILL DVS_KILL: DVS 2500 bp"]
    watch.run(OPEN, OPEN + 16 * MINUTE)
    assert len(watch.told.calls) == 2
    assert "still: KILL DVS_KILL" in watch.told.calls[1]
    watch.see(KillReset(OPEN + 16 * MINUTE, "me", "looked", "DVS_KILL"))
    watch.run(OPEN + 16 * MINUTE, OPEN + 25 * MINUTE)
    assert len(watch.told.calls) == 3
    assert "over: KILL" in watch.told.calls[2]


def test_a_position_without_a_stop_calls_until_one_works(calendar: Calendar) -> None:
    watch = Watch(calendar)
    watch.see(position(1, OPEN))
    watch.see(ExecutionIncident(OPEN, "PROTECTION_LOST", 0.3, 40.0, "20261118-010-MES-S"))
    assert "without a working stop" in watch.told.calls[0]
    change = OrderStateChanged(OPEN, "20261118-010-MES-S1", "CREATED", "WORKING", "ack", 1, "d")
    watch.see(change._replace(order_ref="20261118-010-MES-T1"))
    assert "protection" in watch.alarms.present
    watch.see(change)
    assert "protection" not in watch.alarms.present


def test_what_is_not_ours_calls_until_it_is_gone(calendar: Calendar) -> None:
    watch = Watch(calendar)
    watch.see(ForeignOrder(OPEN, "somebody"), ForeignOrder(OPEN + SECOND, "somebody"))
    assert len(watch.told.calls) == 1
    watch.see(ReconcileCompleted(OPEN + MINUTE, 1, ("not ours: somebody",), True))
    assert watch.alarms.present == {"foreign order"}
    watch.see(ReconcileCompleted(OPEN + 2 * MINUTE, 2, ("clean",), True))
    assert watch.alarms.present == frozenset()


def test_a_difference_to_the_broker_calls(calendar: Calendar) -> None:
    watch = Watch(calendar)
    watch.see(ReconcileCompleted(OPEN, 1, ("position 1 here, 0 there",), False))
    assert "position 1 here, 0 there" in watch.told.calls[0]


def test_a_lost_link_calls_after_a_minute_in_a_position(calendar: Calendar) -> None:
    watch = Watch(calendar)
    watch.see(position(1, OPEN), ConnectionChanged(OPEN, False, "socket closed"))
    watch.run(OPEN, OPEN + 60 * SECOND)
    assert watch.told.calls == []
    watch.run(OPEN + 60 * SECOND, OPEN + 62 * SECOND)
    assert "link to the broker is down" in watch.told.calls[0]


def test_a_lost_link_calls_after_five_minutes_while_flat_in_hours(calendar: Calendar) -> None:
    watch = Watch(calendar)
    watch.see(ConnectionChanged(OPEN, False, "socket closed"))
    watch.run(OPEN, OPEN + 5 * MINUTE)
    assert watch.told.calls == []
    watch.run(OPEN + 5 * MINUTE, OPEN + 5 * MINUTE + SECOND)
    assert len(watch.told.calls) == 1


@pytest.mark.parametrize(
    ("down", "up"),
    [
        ("2026-11-18 17:00:00", "2026-11-18 18:00:00"),  # the maintenance break
        ("2026-11-18 23:45:00", "2026-11-19 00:40:00"),  # the nightly restart
        ("2026-11-20 17:05:00", "2026-11-22 18:00:00"),  # a week-end
        ("2026-11-19 03:00:00", "2026-11-19 09:29:00"),  # at night, flat
    ],
)
def test_nothing_calls_for_a_link_lost_while_flat_outside_hours(
    down: str, up: str, calendar: Calendar
) -> None:
    watch = Watch(calendar)
    watch.see(ConnectionChanged(at(down), False, "closed"))
    for now in range(at(down), at(up), 20 * SECOND):
        watch.alarms.tick(now)
    watch.see(ConnectionChanged(at(up), True, "back"))
    watch.alarms.tick(at(up))
    assert watch.told.calls == []


def test_a_link_that_is_not_back_when_the_night_ends_calls(calendar: Calendar) -> None:
    watch = Watch(calendar)
    watch.see(ConnectionChanged(at("2026-11-18 23:45:00"), False, "closed"))
    for now in range(at("2026-11-18 23:45:00"), at("2026-11-19 00:45:00"), 10 * SECOND):
        watch.alarms.tick(now)
    assert watch.told.calls == []
    watch.alarms.tick(at("2026-11-19 00:45:00"))
    assert len(watch.told.calls) == 1


def test_a_flapping_link_for_an_hour_makes_at_most_five_messages(calendar: Calendar) -> None:
    watch = Watch(calendar)
    watch.see(position(1, OPEN))
    for now in range(OPEN, OPEN + 60 * MINUTE, SECOND):
        since = (now - OPEN) // SECOND
        if since % 120 in (0, 90):
            watch.see(ConnectionChanged(now, since % 120 == 90, "flap"))
        watch.alarms.tick(now)
    assert 1 <= len(watch.told.calls) <= 5


def test_a_market_that_falls_silent_calls_and_says_when_it_is_back(calendar: Calendar) -> None:
    watch = Watch(calendar)
    watch.run(OPEN, OPEN + MINUTE)
    watch.run(OPEN + MINUTE, OPEN + 7 * MINUTE, heard=False)
    assert len(watch.told.calls) == 1
    assert "no bar arrives" in watch.told.calls[0]
    watch.run(OPEN + 7 * MINUTE, OPEN + 13 * MINUTE)
    assert "over: no bar arrives" in watch.told.calls[1]


def test_no_bar_at_all_calls(calendar: Calendar) -> None:
    watch = Watch(calendar)
    watch.run(OPEN - MINUTE, OPEN + 7 * MINUTE, heard=False)
    assert len(watch.told.calls) == 1


def test_a_trouble_that_keeps_a_live_run_from_trading_calls_in_hours(calendar: Calendar) -> None:
    watch, observing = Watch(calendar), Watch(calendar, "OBSERVE")
    for each in (watch, observing):
        each.alarms.trouble(TroubleSeen(OPEN, Trouble.DELAYED_DATA, True, "the data are delayed"))
    assert "delayed" in watch.told.calls[0]
    assert observing.told.calls == []
    watch.alarms.trouble(TroubleSeen(OPEN + SECOND, Trouble.DELAYED_DATA, False, ""))
    watch.run(OPEN + SECOND, OPEN + 6 * MINUTE)
    assert "over" in watch.told.calls[1]


def test_faults_call_and_end(calendar: Calendar) -> None:
    watch = Watch(calendar)
    watch.alarms.fault("guard", "the guard file cannot be written", OPEN)
    watch.alarms.over("guard", OPEN + MINUTE)
    watch.run(OPEN + MINUTE, OPEN + 7 * MINUTE)
    assert [("over" in call) for call in watch.told.calls] == [False, True]


def test_the_daily_message_comes_once_after_every_session(calendar: Calendar) -> None:
    watch = Watch(calendar)
    watch.see(WouldKill(OPEN, "DVS_KILL", "DVS 2900 bp"))
    closed = SessionClosed(
        CLOSE, date(2026, 11, 18), 390, 390, 2, Money.parse("11.26"),
        Money.parse("30"), 0, 0, 0,
    )  # fmt: skip
    watch.see(closed)
    watch.run(CLOSE - MINUTE, CLOSE + 5 * MINUTE)
    assert len(watch.told.notes) == 1
    message = watch.told.notes[0]
    for word in ("LIVE MES U1…67: session 2026-11-18", "2 trades", "11.26", "would kill DVS_KILL"):
        assert word in message
    assert "seq 0, chain head " in message


def test_a_fee_above_the_contracts_is_told_and_one_below_is_not(calendar: Calendar) -> None:
    watch = Watch(calendar)
    watch.see(FeeReported(OPEN, "x1", Money.parse("0.62")))
    watch.see(FeeReported(OPEN, "x2", Money.parse("0.85")))
    watch.run(CLOSE, CLOSE + 2 * MINUTE)
    assert "fee of x2: 0.8500 USD, the contract says 0.6200" in watch.told.notes[0]
    assert "x1" not in watch.told.notes[0]


def test_a_fill_whose_fee_is_missing_at_the_close_is_told(calendar: Calendar) -> None:
    watch = Watch(calendar)
    for exec_id in ("x1", "x2"):
        fill = Fill(exec_id, "20261118-010-MES-E", Role.ENTRY, 1, 1, 1, 6600, OPEN)
        watch.see(FillReceived(OPEN, fill, "d"))
    watch.see(FeeReported(OPEN, "x1", Money.parse("0.62")))
    watch.see(SessionClosed(CLOSE, date(2026, 11, 18), 390, 390, 1, ZERO, ZERO, 0, 0, 0))
    watch.run(CLOSE, CLOSE + 2 * MINUTE)
    assert "no fee was reported of x2" in watch.told.notes[0]
    assert "x1" not in watch.told.notes[0]


def test_a_session_without_a_single_bar_has_its_message_too(calendar: Calendar) -> None:
    watch = Watch(calendar)
    watch.run(CLOSE, CLOSE + 2 * MINUTE, heard=False)
    assert "no bar of this session" in watch.told.notes[0]
    watch.alarms.tick(at("2026-11-21 12:00:00"))
    watch.alarms.tick(at("2026-11-21 18:00:00"))
    assert len(watch.told.notes) == 1, "a Saturday is no session"


def test_the_heart_beats_once_a_minute_in_regular_hours_only(calendar: Calendar) -> None:
    watch = Watch(calendar)
    watch.run(OPEN - 10 * MINUTE, OPEN)
    assert watch.told.beats == 0
    watch.run(OPEN, OPEN + 10 * MINUTE)
    assert watch.told.beats == 10


def test_a_quiet_session_calls_nobody(calendar: Calendar) -> None:
    watch = Watch(calendar)
    for now in range(at("2026-11-18 00:00:00"), at("2026-11-18 23:59:00"), 5 * SECOND):
        watch.alarms.heard(now)
        watch.alarms.tick(now)
    assert watch.told.calls == []
    assert len(watch.told.notes) == 1


def test_a_difference_to_the_statement_waits_for_the_daily_message(calendar: Calendar) -> None:
    watch = Watch(calendar)
    found = Difference("x.01", FEE, Money.parse("-0.62"), Money.parse("-0.85"))
    watch.alarms([StatementDiffers(OPEN, 1, (found,), found.ours - found.theirs, ZERO, False)])
    assert watch.told.calls == []
    watch.alarms.tick(CLOSE + 2 * MINUTE)
    (daily,) = watch.told.notes
    assert "fee of x.01 -0.6200 here, -0.8500 there" in daily


def _round(n: int) -> CommandIssued:
    ref = f"20261118-010-MES-X{n}"
    return CommandIssued(OPEN + n * SECOND, ref, "cancel", "RETRY", None, 1, "d")


def test_an_exit_that_does_not_fill_calls_after_three_rounds_and_its_end_is_told(
    calendar: Calendar,
) -> None:
    watch = Watch(calendar)
    for n in (1, 2):
        watch.alarms([_round(n)])
    assert watch.told.calls == []
    watch.alarms([_round(3), _round(4)])
    (call,) = watch.told.calls
    assert "does not fill" in call
    watch.alarms([PositionChanged(OPEN + MINUTE, 0, None, ZERO, None, None, "x", "d")])
    watch.alarms.tick(OPEN + 20 * MINUTE)
    assert [said for said in watch.told.calls if "over: the market exit" in said]
    watch.alarms([_round(1), _round(2)])
    assert "exit" not in watch.alarms.present, "counted anew"

"""Moments of a trade, minute by minute, with an engine that sees what it is told (day)."""

from __future__ import annotations

import pytest

from changing import replace
from domain.aggregator import SubBar
from domain.bar import Bar
from domain.decision import Action
from domain.event import (
    AccountSnapshot,
    ClockTick,
    DecisionMade,
    IllegalTransitionSeen,
    KillCompleted,
    KillTriggered,
    LawStateChanged,
    OrderReported,
    OrderSubmitting,
    PermitGranted,
    PermitRefused,
    TradeClosed,
    TradeManaged,
    TradeOpened,
    WouldKill,
)
from domain.frame import Frame
from domain.law.state import KillState
from domain.orders import Fill, OrderEvent, OrderEventKind, Role
from domain.quality import Penalty
from domain.units import MINUTE, SECOND, Money
from market_builders import PRICE, TUESDAY, beliefs, frame, session_on, values
from ports.bars import BarItem, RejectedRow
from trading_floor import Floor, ScriptedEngine

OPEN = session_on(TUESDAY).open
SIDES = pytest.mark.parametrize("side", [1, -1])


def setup(side: int = 1) -> Frame:
    """A frame in which K1 wants `side`: stop 8, target 16."""
    sided = "f1_long" if side > 0 else "f1_short"
    return frame(
        values=values(s1=-0.6 * side, s8=0.5 * side),
        dev=-30.0 * side,
        effective=beliefs(0.25, f5=0.75, **{sided: 0.78}),
    )


def bar(index: int, side: int = 1, o: int = 0, h: int = 1, low: int = 0, c: int = 0) -> Bar:
    """Minute `index`; prices as distances, reflected for a short."""
    ends = sorted((PRICE + side * h, PRICE + side * low))
    return Bar(
        OPEN + index * MINUTE, PRICE + side * o, ends[1], ends[0], PRICE + side * c, 90 + index
    )


def at_minute(index: int, side: int = 1, script: dict[int, Frame] | None = None) -> Floor:
    """A floor on which the bar `index` has just closed with the setup of `side`."""
    floor = Floor(ScriptedEngine({index: setup(side)} | (script or {})))
    for k in range(index + 1):
        floor.minute(bar(k, side))
    return floor


def in_trade(index: int, side: int = 1, script: dict[int, Frame] | None = None) -> Floor:
    """Decided at the close of `index`, filled at PRICE on the bar after it."""
    floor = at_minute(index, side, script)
    floor.minute(bar(index + 1, side, low=-1))
    (opened,) = floor.of(TradeOpened)
    assert opened.entry_price == PRICE
    assert opened.at == OPEN + (index + 1) * MINUTE
    return floor


def closed(floor: Floor) -> TradeClosed:
    (only,) = floor.of(TradeClosed)
    return only


# ---- entry


@SIDES
def test_an_entry_is_decided_permitted_recorded_and_filled(side: int) -> None:
    floor = in_trade(60, side)
    record = floor.decision(60).record
    assert (record.action, record.side, record.template) == (Action.ENTER, side, "K1")
    kinds = [type(e).__name__ for e in floor.watch.events]
    order = ["DecisionMade", "OrderIntentCreated", "PermitGranted", "OrderSubmitting"]
    places = [max(k for k, n in enumerate(kinds) if n == name) for name in order[1:]]
    assert places == sorted(places)
    (opened,) = floor.of(TradeOpened)
    assert opened.side == side
    assert opened.stop_price == PRICE - 8 * side
    assert floor.decision(61).record.action is Action.HOLD
    assert floor.core.desk.law.trades_today == floor.core.desk.law.sent_today == 1


def test_an_entry_that_is_not_reached_works_ninety_seconds() -> None:
    floor = at_minute(60)
    floor.minute(bar(61))
    record = floor.decision(61).record
    assert (record.action, record.reason) == (Action.SKIP, "IN_POSITION")
    assert not floor.core.desk.flat
    floor.minute(bar(62, low=-9))  # the second bar ends after the deadline
    assert floor.core.desk.flat
    assert floor.of(TradeOpened) == []
    (tick,) = floor.of(ClockTick)
    assert tick.at == OPEN + 61 * MINUTE + 90 * SECOND
    assert floor.decision(62).record.reason == "NO_SETUP"


def test_an_entry_before_lunch_dies_at_lunch() -> None:
    """Decided at 11:29:00 with 60 seconds to live: the bar that ends at 11:30 still counts."""
    floor = at_minute(118)
    (sent,) = floor.of(OrderSubmitting)
    assert sent.expires_at == OPEN + 120 * MINUTE
    floor.minute(bar(119))
    assert floor.core.desk.flat  # cancelled by the clock at 11:30:00, before the bar step
    assert floor.of(ClockTick)[-1].at == OPEN + 120 * MINUTE
    again = at_minute(118)
    again.minute(bar(119, low=-1))
    assert len(again.of(TradeOpened)) == 1


def test_no_entry_is_sent_in_a_window() -> None:
    for index in (3, 119, 200, 238, 374, 389):
        floor = at_minute(index)
        assert floor.of(OrderSubmitting) == []
        reason = floor.decision(index).record.reason
        assert reason == ("SESSION_NOT_TRADABLE" if index == 389 else "SESSION_WINDOW_BLOCK")


def test_an_entry_the_market_ran_away_from_is_cancelled() -> None:
    """4 times A14 of 5 is 20 ticks: 20 away still works, 21 does not."""
    for close, gone in ((20, False), (21, True)):
        floor = at_minute(60)
        floor.minute(bar(61, h=22, c=close))
        assert floor.core.desk.flat is gone
        reports = [e.report.kind for e in floor.of(OrderReported)]
        assert (OrderEventKind.CANCEL_ACK in reports) is gone


def test_a_small_account_is_refused_by_the_law_and_the_bar_is_a_skip() -> None:
    floor = Floor(ScriptedEngine({60: setup()}), equity="2000.00")
    for k in range(61):
        floor.minute(bar(k))
    record = floor.decision(60).record
    assert (record.action, record.reason) == (Action.SKIP, "PERMIT_REFUSED_MARGIN")
    assert record.counterfactual is None
    assert record.primary is not None
    assert len(floor.of(PermitRefused)) == 1
    assert floor.of(OrderSubmitting) == []
    assert floor.core.desk.flat


def test_observe_sends_nothing() -> None:
    floor = Floor(ScriptedEngine({60: setup()}), mode="OBSERVE")
    for k in range(62):
        floor.minute(bar(k, low=-1))
    assert floor.decision(60).record.reason == "OBSERVE_ONLY"
    assert floor.of(OrderSubmitting) == []
    assert floor.of(PermitGranted) == []


def test_two_entries_a_day_and_thirty_minutes_between_them() -> None:
    indices = (40, 60, 69, 70, 105)
    floor = Floor(ScriptedEngine({k: setup() for k in indices}))
    for k in range(110):
        gain = 17 if k - 2 in indices else 1  # the target, one bar after the fill
        floor.minute(bar(k, h=gain, low=-1 if k - 1 in indices else 0))
    reasons = [floor.decision(k).record.reason for k in indices]
    assert reasons == [
        "ALL_GATES_PASSED", "COOLDOWN_ACTIVE", "COOLDOWN_ACTIVE", "ALL_GATES_PASSED",
        "MAX_TRADES_REACHED",
    ]  # fmt: skip
    assert [t.exit_reason for t in floor.of(TradeClosed)] == ["TARGET", "TARGET"]


def in_pieces(floor: Floor, index: int, lows: dict[int, int]) -> None:
    """Play minute `index` as twelve 5-second pieces, some of which dip to a low."""
    opens = OPEN + index * MINUTE
    pieces = tuple(
        SubBar(opens + 5 * k * SECOND, PRICE, PRICE + 1, PRICE + lows.get(k, 0), PRICE, 5)
        for k in range(12)
    )
    whole = Bar(opens, PRICE, PRICE + 1, PRICE + min([0, *lows.values()]), PRICE, 60 + index)
    floor.run.minute(BarItem(whole, (), pieces))


@pytest.mark.parametrize(
    ("minute", "piece", "fills"), [(61, 3, True), (62, 5, True), (62, 6, False)]
)
def test_five_second_pieces_fill_at_their_own_time(minute: int, piece: int, fills: bool) -> None:
    """Ninety seconds are eighteen pieces: twelve of the first minute, six of the second."""
    floor = at_minute(60)
    for k in (61, 62):
        in_pieces(floor, k, {piece: -1} if k == minute else {})
    opened = floor.of(TradeOpened)
    assert len(opened) == fills
    if fills:
        assert opened[0].at == OPEN + minute * MINUTE + 5 * piece * SECOND
        assert floor.decision(minute).record.action is Action.HOLD
    else:
        assert floor.core.desk.flat


def test_a_piece_after_the_fills_own_may_stop_the_trade() -> None:
    floor = at_minute(60)
    in_pieces(floor, 61, {3: -1, 7: -8})
    t = closed(floor)
    assert (t.exit_reason, t.exit_price, t.duration_s) == ("STOP", PRICE - 9, 20)


# ---- exits


@SIDES
def test_the_closing_record_of_a_stop(side: int) -> None:
    floor = in_trade(60, side)
    floor.minute(bar(62, side, h=5, low=-3, c=2))
    floor.minute(bar(63, side, h=2, low=-8, c=-7))
    t = closed(floor)
    assert (t.exit_reason, t.side, t.exit_price) == ("STOP", side, PRICE - 9 * side)
    assert (t.gross, t.fees, t.net) == tuple(map(Money.parse, ("-11.25", "1.24", "-12.49")))
    assert (t.r_gross, t.r_net) == (-1.125, -1.249)
    assert (t.mae, t.mfe) == (9, 5)
    assert (t.slip_entry, t.slip_exit) == (0, 1)
    assert t.duration_s == 120
    assert (t.min_dvs_bp, t.min_eqs_bp, t.max_atr_ratio, t.shock) == (10_000, 10_000, 1.0, False)
    assert (t.t_exit, t.regime_exit, t.be_moved, t.mode) == (0.5, "range", False, "PAPER")
    law = floor.core.desk.law
    assert (law.streak, law.net_day) == (1, Money.parse("-12.49"))


@SIDES
def test_a_stop_on_the_fill_bar(side: int) -> None:
    floor = at_minute(60, side)
    floor.minute(bar(61, side, h=1, low=-8, c=-8))
    t = closed(floor)
    assert (t.exit_reason, t.duration_s, t.min_dvs_bp, t.t_exit) == ("STOP", 0, None, None)
    assert floor.decision(61).record.action is Action.SKIP


@SIDES
def test_break_even_then_stopped_there(side: int) -> None:
    floor = in_trade(60, side)
    floor.minute(bar(62, side, h=9, c=8))
    assert floor.decision(62).record.action is Action.MODIFY
    (told,) = floor.of(TradeManaged)
    assert (told.rule, told.new_stop) == ("break_even", PRICE)
    floor.minute(bar(63, side, o=8, h=9, low=0, c=1))
    t = closed(floor)
    assert (t.exit_reason, t.be_moved) == ("BE_STOP", True)
    assert t.exit_price == PRICE - side  # a tick of slippage


@SIDES
def test_time_stop_after_thirty_minutes(side: int) -> None:
    floor = in_trade(60, side)
    for k in range(62, 92):
        floor.minute(bar(k, side))
    record = floor.decision(90).record  # filled 10:31:00, decided 11:01:00
    assert (record.action, record.reason) == (Action.EXIT, "TIME_STOP")
    t = closed(floor)
    assert (t.exit_reason, t.exit_price) == ("TIME_STOP", PRICE - side)
    assert t.duration_s == 30 * 60


@SIDES
def test_thesis_exit_counts_from_the_bar_after_the_fills(side: int) -> None:
    against = 0.1 if side > 0 else 0.9
    script = {k: frame(thesis=against) for k in (61, 62, 63)}
    floor = in_trade(60, side, script)
    floor.minute(bar(62, side))
    assert floor.decision(62).record.action is Action.HOLD
    floor.minute(bar(63, side))
    record = floor.decision(63).record
    assert (record.action, record.reason) == (Action.EXIT, "THESIS_INVALID")
    floor.minute(bar(64, side))
    t = closed(floor)
    assert t.at == OPEN + 64 * MINUTE
    assert t.t_exit == 0.1


def test_flat_by_five_to_four() -> None:
    floor = in_trade(370)  # decided 15:41, filled at once
    for k in range(372, 390):
        floor.minute(bar(k))
    record = floor.decision(384).record
    assert (record.action, record.reason) == (Action.EXIT, "EOD")
    assert floor.decision(383).record.action is Action.HOLD
    t = closed(floor)
    assert (t.exit_reason, t.at) == ("EOD", OPEN + 385 * MINUTE)  # 15:55:00


def test_a_feed_that_breaks_off_is_closed_at_its_last_price() -> None:
    floor = in_trade(370)
    floor.minute(bar(372, h=6, c=5))
    floor.run.finish((), flatten=False)
    t = closed(floor)
    assert (t.exit_reason, t.exit_price) == ("EOD", PRICE + 4)


def test_an_hour_without_data_ends_at_the_next_open() -> None:
    floor = in_trade(300)  # filled at minute 301
    floor.minute(bar(375, o=3, h=4, low=2, c=3))
    t = closed(floor)
    assert (t.exit_reason, t.exit_price, t.at) == ("HARD_TIME", PRICE + 2, OPEN + 375 * MINUTE)
    tick = floor.of(ClockTick)[-1]
    assert tick.at == OPEN + 361 * MINUTE


def test_an_hour_exactly() -> None:
    """Fifty-nine minutes of hole: the bar of the sixtieth minute still belongs to the trade."""
    floor = in_trade(300)
    floor.minute(bar(360, o=3, h=4, low=2, c=3))  # closes 60 minutes after the fill
    assert floor.of(TradeClosed) == []
    assert floor.decision(360).record.reason == "HARD_TIME"
    floor.minute(bar(361))
    assert closed(floor).exit_reason == "HARD_TIME"


def test_a_run_ended_right_after_a_tightening_records_both() -> None:
    """Both actions carry the same decision id and the same instant."""
    floor = in_trade(60)
    floor.minute(bar(62, h=9, c=8))
    floor.run.finish((), flatten=True)
    told = floor.of(TradeManaged)
    assert [(t.rule, t.action) for t in told] == [("break_even", "TIGHTEN"), ("flatten", "EXIT")]
    assert told[0].at == told[1].at
    t = closed(floor)
    assert (t.exit_reason, t.exit_price) == ("OPERATOR", PRICE + 7)


def test_dvs_hold_counts_the_fills_own_bar() -> None:
    floor = at_minute(60)
    floor.minute(bar(62, low=-1))  # minute 61 is missing: not filled (the entry died), DVS 0.50
    assert floor.of(TradeOpened) == []
    floor = in_trade(60)
    gap = RejectedRow("f", "line 1", Penalty.MALFORMED, OPEN + 62 * MINUTE, None, "bad", "x")
    floor.minute(bar(62), (gap,))
    first = floor.decision(62).record
    assert (first.dvs_bp, first.action) == (5000, Action.MODIFY)
    floor.minute(bar(63))
    assert floor.decision(63).record.action is Action.HOLD
    floor.minute(bar(64))
    assert floor.decision(64).record.reason == "DVS_HOLD"
    floor.minute(bar(65))
    assert closed(floor).exit_reason == "DVS_HOLD"


# ---- kill


def bad_rows(index: int) -> tuple[RejectedRow, ...]:
    """Two rows that leave nothing of their minute's score."""
    minute = OPEN + index * MINUTE
    return (
        RejectedRow("f", "line 1", Penalty.MALFORMED, minute, None, "bad", "x"),
        RejectedRow("f", "line 2", Penalty.NON_MONOTONIC, None, None, "late", "y"),
    )


def test_a_quality_kill_flattens_completes_and_blocks_for_good() -> None:
    floor = in_trade(60, script={70: setup()})
    floor.watch.may_kill = True
    floor.minute(bar(62), bad_rows(62))
    record = floor.decision(62).record
    assert (record.action, record.reason) == (Action.EXIT, "KILL")
    assert floor.core.desk.law.kill_state is KillState.KILLING
    for k in range(63, 80):
        floor.minute(bar(k))
    (latched,) = floor.of(KillTriggered)
    assert latched.trigger == "DVS_KILL"
    assert closed(floor).exit_reason == "KILL"
    (done,) = floor.of(KillCompleted)
    assert done.flat
    assert floor.core.desk.law.kill_state is KillState.KILLED
    assert floor.decision(70).record.reason == "KILL_SWITCH_ACTIVE"


def test_a_quality_kill_while_flat_latches_too_and_a_working_entry_is_cancelled() -> None:
    floor = at_minute(60)
    floor.watch.may_kill = True
    floor.minute(bar(61), bad_rows(61))
    assert floor.core.desk.flat
    assert len(floor.of(KillCompleted)) == 1
    assert floor.decision(61).record.reason == "KILL_SWITCH_ACTIVE"


def test_observe_records_what_it_would_have_killed() -> None:
    floor = Floor(ScriptedEngine({65: setup()}), mode="OBSERVE")
    for k in range(60):
        floor.minute(bar(k))
    floor.minute(bar(60), bad_rows(60))
    for k in range(61, 75):
        floor.minute(bar(k))
    assert len(floor.of(WouldKill)) == 1
    assert floor.of(KillTriggered) == []


def test_a_loss_beyond_what_the_stop_allows_kills() -> None:
    """36.00 marked loss is the line: exactly at it nothing, a tick beyond the latch."""
    for lost, latched in (("-34.76", False), ("-34.77", True)):
        floor = in_trade(60)
        floor.watch.may_kill = True
        floor.core.desk.law = floor.core.desk.law._replace(net_day=Money.parse(lost))
        floor.minute(bar(62))  # open result 0, fees 1.24
        assert bool(floor.of(KillTriggered)) is latched
        if latched:
            assert floor.of(KillTriggered)[0].trigger == "LOSS_OVERRUN"


# ---- what a broker may say


def execution(
    floor: Floor, exec_id: str, role: str = "E", side: int = 1, price: int = PRICE
) -> Fill:
    ref = "20240305-060-MES-" + role
    return Fill(exec_id, ref, Role(role[0]), 1, side, 1, price, OPEN + 62 * MINUTE)


def report(role: str, kind: OrderEventKind) -> OrderEvent:
    ref = "20240305-060-MES-" + role
    return OrderEvent(ref, Role(role[0]), kind, OPEN + 62 * MINUTE, 999, 1, 1, "", 0, 1, 0, None)


def test_a_known_execution_counts_once() -> None:
    floor = in_trade(60)
    first = next(e.fill for e in floor.watch.events if type(e).__name__ == "FillReceived")
    out = floor.core.dealing.fill(first)
    assert out.events == []
    assert out.commands == []
    assert floor.core.desk.group is not None
    assert floor.core.desk.group.position == 1


def test_an_overfill_latches_and_all_of_it_is_closed() -> None:
    floor = in_trade(60)
    out = floor.core.dealing.fill(execution(floor, "another"))
    (kill,) = (e for e in out.events if isinstance(e, KillTriggered))
    assert kill.trigger == "CONSTITUTION_VIOLATION"
    (close,) = (c for c in out.commands if type(c).__name__ == "CloseAtMarket")
    assert (close.permit.side, close.permit.qty) == (-1, 2)
    assert floor.core.desk.violations == 1


def test_an_execution_nobody_ordered_latches() -> None:
    floor = at_minute(30)
    stray = Fill("x", "20240305-030-MES-E", Role.ENTRY, 1, 1, 1, PRICE, OPEN + 40 * MINUTE)
    floor.core.desk.group = None
    out = floor.core.dealing.fill(stray)
    (kill,) = (e for e in out.events if isinstance(e, KillTriggered))
    assert kill.trigger == "UNEXPECTED_POSITION"


def test_a_second_exit_is_a_double_exit() -> None:
    floor = in_trade(60)
    floor.core.dealing.fill(execution(floor, "s", "S", -1, PRICE - 8))
    assert floor.core.desk.group is not None  # the target is still there
    out = floor.core.dealing.fill(execution(floor, "t", "T", -1, PRICE + 16))
    (kill,) = (e for e in out.events if isinstance(e, KillTriggered))
    assert kill.trigger == "DOUBLE_EXIT"


def test_what_a_state_forbids_is_recorded_and_latches() -> None:
    floor = in_trade(60)
    out = floor.core.dealing.order_event(report("E", OrderEventKind.REJECT))
    assert any(isinstance(e, IllegalTransitionSeen) for e in out.events)
    (kill,) = (e for e in out.events if isinstance(e, KillTriggered))
    assert kill.trigger == "STATE_CORRUPT"


def test_a_fill_beats_the_cancel() -> None:
    floor = at_minute(60)
    for role in ("S", "T"):
        floor.core.dealing.order_event(report(role, OrderEventKind.ACK))
    floor.core.dealing.order_event(report("E", OrderEventKind.CANCEL_ACK))
    assert floor.core.desk.group is not None
    out = floor.core.dealing.fill(execution(floor, "late"))
    assert any(isinstance(e, TradeOpened) for e in out.events)
    assert floor.core.desk.group.position == 1


# ---- the account


def test_a_live_account_goes_stale_after_five_minutes_a_recorded_one_does_not() -> None:
    floor = at_minute(30)
    desk = floor.core.desk
    desk.account = AccountSnapshot(OPEN, Money.parse("10000"), Money.parse("10000"))
    assert desk.account_at(OPEN + 300 * MINUTE) is desk.account
    desk.run = replace(desk.run, live=True)
    assert desk.account_at(OPEN + 5 * MINUTE) is desk.account
    assert desk.account_at(OPEN + 5 * MINUTE + 1) is None


def test_every_law_change_is_told_once() -> None:
    floor = in_trade(60)
    floor.minute(bar(62, h=20, low=0, c=3))
    told = [(e.cause, e.state) for e in floor.of(LawStateChanged)]
    assert [cause for cause, _ in told] == [
        "session opened", "entry sent", "entry filled", "trade closed TARGET",
    ]  # fmt: skip
    assert told[-1][1] == floor.core.desk.law
    assert len(floor.of(DecisionMade)) == 63

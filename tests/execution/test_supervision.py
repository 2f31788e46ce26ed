"""Each fault by itself, and what the supervisor makes of it (execution.md 4 to 7, law.md 3)."""

from __future__ import annotations

import pytest

from adapters.fake.faults import FaultKind
from domain.aggregator import SubBar
from domain.event import (
    AccountSnapshot,
    ExecutionIncident,
    FeeReported,
    FillReceived,
    KillCompleted,
    KillTriggered,
    OrderStateChanged,
    OrderSubmitting,
    PermitRefused,
    TradeClosed,
    TradeOpened,
)
from domain.execution.truth import BrokerTruth
from domain.law.state import KillState
from domain.orders import ChildState, Fill, OrderEvent, OrderEventKind, ParentState, Role
from domain.quality_parameters import IncidentKind
from domain.units import SECOND, ZERO, Money
from execution.stories import F, commands, in_position, incidents, sent, strike
from execution_world import World
from market_builders import PRICE, mes

# ---- protection


def test_a_cancelled_stop_is_placed_again_after_two_seconds() -> None:
    world = in_position()
    strike(world, F.STOP_CANCELLED)
    world.run(2)
    assert world._stops() == 0
    world.run(3)
    assert world._stops() == 1
    assert ("place", "S1") in commands(world)
    assert incidents(world) == [IncidentKind.PROTECTION_LOST.value]
    assert world.kills == []


def test_a_lost_stop_is_missed_from_the_word_of_it_not_from_the_next_tick() -> None:
    world = in_position()
    group = world.core.desk.group
    assert group is not None
    at, ref = world.now, group.orders.stop.ref
    word = OrderEvent(
        str(ref), Role.STOP, OrderEventKind.CANCEL_ACK, at, 9_999_999, 1, 1, "Cancelled", 0, 1, 0,
        None,
    )  # fmt: skip
    world.core.dealing.order_event(word)
    late = world.core.dealing.tick(PRICE, at + 5 * SECOND)  # a feed of virtual time moves so
    told = [e for e in late.events if isinstance(e, ExecutionIncident)]
    assert [e.kind for e in told] == [IncidentKind.PROTECTION_LOST]


def test_a_stop_that_vanishes_without_a_word_is_found_by_the_next_read() -> None:
    world = in_position()
    strike(world, F.STOP_VANISHES)
    world.run(36)
    assert world._stops() == 1
    assert ("place", "S1") in commands(world)


def test_protection_that_cannot_be_restored_ends_the_trade_and_kills() -> None:
    world = in_position()
    strike(world, F.STOP_CANCELLED)
    strike(world, F.REJECT_STOP)
    strike(world, F.REJECT_STOP)
    world.run(30)
    assert [k.trigger for k in world.kills] == ["PROTECTION_FAILED"]
    assert world.ours == 0
    (closed,) = world._of(TradeClosed)
    assert (closed.exit_reason, closed.incident) == ("KILL", True)


def test_a_lost_stop_with_the_market_beyond_it_is_a_market_exit() -> None:
    world = in_position()
    strike(world, F.STOP_CANCELLED)
    world.second()
    world.price -= 12
    world.run(12)
    assert world.ours == 0
    assert ("place", "S1") not in commands(world)
    (closed,) = world._of(TradeClosed)
    assert closed.exit_reason == "STOP"


def test_a_stop_moved_away_is_brought_back() -> None:
    world = in_position()
    strike(world, F.STOP_MOVED)
    world.run(6)
    (stop,) = [o for o in world.broker._orders.values() if o.kind == "STOP"]
    group = world.core.desk.group
    assert group is not None
    assert stop.trigger == group.stop_price == group.intent.stop_price
    assert ("amend", "-S") in commands(world)


def test_a_lost_target_is_placed_again_in_the_stops_group() -> None:
    world = in_position()
    strike(world, F.TARGET_VANISHES)
    world.run(42)
    assert ("place", "T1") in commands(world)
    for _ in range(4):
        world.second(1)
        world.run(4)
    world.price += 20
    world.run(10)
    assert world.ours == 0
    assert not world.broker._orders  # one cancelled all


def test_an_entry_whose_stop_is_rejected_is_cancelled_at_once() -> None:
    world = sent(3, F.REJECT_STOP)
    world.run(3)
    assert not [o for o in world.broker._orders.values() if o.ref.role is Role.ENTRY]
    world.run(30)
    assert world.core.desk.flat
    assert world._of(TradeOpened) == []


def test_a_bracket_of_which_only_the_entry_arrives_is_cancelled() -> None:
    world = sent(3, F.ONE_LEG)
    world.run(8)
    assert not world.broker._orders
    assert world.kills == []


# ---- words that do not come


@pytest.mark.parametrize("kind", [F.LOST_ACK, F.LATE_ACK, F.SENT_THEN_DOWN, F.UNKNOWN_STATUS])
def test_an_entry_nobody_confirmed_is_found_at_the_broker_and_sent_once(kind: FaultKind) -> None:
    world = sent(3, kind)
    world.run(12)
    group = world.core.desk.group
    assert group is not None
    assert group.orders.parent is ParentState.ACKED
    assert world.broker.sent == [str(group.orders.entry_ref)]
    assert world.kills == []


@pytest.mark.parametrize("kind", [F.NEVER_ARRIVES, F.SEND_FAILS])
def test_an_entry_that_never_arrived_is_not_sent_again(kind: FaultKind) -> None:
    world = sent(3, kind)
    world.run(20)
    assert world.core.desk.flat
    changes = [e for e in world._of(OrderStateChanged) if e.order_ref.endswith("E")]
    assert (changes[-1].after, changes[-1].cause) == ("CANCELED", "Resolved")
    assert world.broker.sent == []
    assert world.core.desk.in_doubt(world.now)  # it may still come
    world.run(120)
    assert not world.core.desk.in_doubt(world.now)
    assert world.kills == []


def test_an_execution_nobody_reported_is_booked_from_the_next_read() -> None:
    world = in_position(3, F.LOST_FILL)
    world.run(5)
    assert len(world._of(TradeOpened)) == 1
    assert world.core.desk.expected_position == 1


def test_everything_said_twice_counts_once() -> None:
    world = in_position(3, *([F.DUPLICATE_WORDS] * 8))
    assert len(world._of(TradeOpened)) == 1
    assert world.core.desk.expected_position == 1


def test_a_refusal_said_twice_is_one_incident() -> None:
    world = sent(3, F.CANCEL_REFUSED, *([F.DUPLICATE_WORDS] * 8))
    world.run(95)  # past the time to live
    assert incidents(world) == ["CANCEL_REJECTED"]
    again = world.rebuilt()
    assert again.desk.eqs_bp == world.core.desk.eqs_bp
    assert world.memory.journal.head == world._told_again()


def test_a_fee_and_account_figures_said_twice_are_recorded_once() -> None:
    world = in_position()
    (fill,) = world._of(FillReceived)
    before, net = len(world.memory.events), world.core.desk.law.net_day
    fee = FeeReported(world.now, fill.fill.exec_id, Money.parse("0.70"))
    figures = AccountSnapshot(world.now, Money.parse("900.00"), Money.parse("-1.00"))
    for _ in range(2):
        world.live.take(world.core.dealing.fee(fee))
        world.live.take(world.core.dealing.account(figures))
    told = [type(event) for event in world.memory.events[before:]]
    assert told.count(FeeReported) == told.count(AccountSnapshot) == 1
    assert net - world.core.desk.law.net_day < Money.parse("0.70")
    assert world.memory.journal.head == world._told_again()


def test_words_are_heard_in_their_order_though_one_of_them_leads_to_a_read() -> None:
    world = in_position()
    (entry,) = world._of(FillReceived)
    world.broker.play(SubBar(world.now, PRICE, PRICE, PRICE - 20, PRICE - 20, 9), 5 * SECOND)
    fees = [FeeReported(world.now, entry.fill.exec_id, Money.parse(f)) for f in ("0.70", "0.55")]
    read, ahead = world.broker.read, fees[1:]

    def corrected_meanwhile(now: int) -> BrokerTruth:
        world.broker._events += ahead
        ahead.clear()
        return read(now)

    world.broker.read = corrected_meanwhile  # type: ignore[method-assign]
    world.broker._events.append(fees[0])  # behind the fill of the stop, which asks for a read
    world.live.tick(PRICE - 20, world.now)
    assert world._of(FeeReported) == fees
    assert world._of(TradeClosed)


def test_a_fill_after_the_cancel_is_protected() -> None:
    world = sent(3, F.FILL_AFTER_CANCEL)
    world.run(95)  # past the time to live
    assert world.ours == 1
    assert world._stops() == 1
    (opened,) = world._of(TradeOpened)
    assert opened.qty == 1
    group = world.core.desk.group
    assert group is not None
    assert group.orders.stop.state is ChildState.WORKING


def test_a_refused_tightening_leaves_the_old_stop_recorded() -> None:
    world = in_position()
    group = world.core.desk.group
    assert group is not None
    world.core.desk.group = group  # the rule that tightens is management's; here the law's door
    from application.desk import Outcome
    from domain.command import MoveStop
    from domain.law.door import authorize_tighten

    strike(world, F.CANCEL_REFUSED)
    out, price = Outcome(), group.stop_price + 3
    permit = authorize_tighten(group.orders.stop.ref, 1, group.stop_price, price)
    assert permit is not None
    from changing import replace

    world.core.desk.group = replace(group, orders=group.orders.tightened(price, world.now))
    world.core.desk.command("move", permit.ref, "test", MoveStop(permit, world.now), out)
    world.live.take(out)
    world.run(1)
    after = world.core.desk.group
    assert after is not None
    assert after.stop_price == group.stop_price
    assert after.refused_moves == 1


# ---- leaving


def test_an_exit_that_is_rejected_is_tried_again() -> None:
    world = in_position()
    strike(world, F.REJECT_EXIT)
    world.asked = "test"
    world.run(30)
    assert world.ours == 0
    assert [r[-2:] for r in world.broker.sent[1:]] == ["X1", "X2"]
    assert world.core.desk.law.kill_state is KillState.KILLED


def test_in_a_halt_there_is_one_live_close_at_any_time() -> None:
    world = in_position()
    strike(world, F.HALT, 200)
    world.asked = "test"
    for _ in range(190):
        world.second()
        exits = [o for o in world.broker._orders.values() if o.ref.role is Role.EXIT]
        assert len(exits) <= 1
    world.run(90)
    assert world.ours == 0
    assert world.core.desk.law.kill_state is KillState.KILLED


def test_an_order_that_outlives_the_position_is_cancelled() -> None:
    world = in_position()
    strike(world, F.OCA_FAILS)
    world.asked = "test"
    world.run(12)
    assert world.ours == 0
    assert not world.broker._orders


# ---- account and link


def test_one_bad_margin_reading_is_no_kill() -> None:
    world = in_position()
    strike(world, F.MARGIN_CALL)
    world.run(90)
    assert world.kills == []


@pytest.mark.parametrize(
    ("equity", "free", "kills"),
    [
        ("10000.00", "2249.99", []),
        ("10000.00", "0.00", []),
        ("0.00", "0.00", []),
        ("-50.00", "0.00", []),
        ("10000.00", "-0.01", ["MARGIN"]),
        ("-50.00", "-50.00", ["MARGIN"]),
    ],
)
def test_without_margin_nothing_is_entered_and_two_calls_latch(
    equity: str, free: str, kills: list[str]
) -> None:
    world = World(3, setups={8: 1, 9: 1, 10: 1}, wild=0)
    world.run(479)
    world.figures = (equity, free)
    world.run(60)
    assert world.kills == [], "one reading is none"
    world.run(120)
    assert world._of(OrderSubmitting) == []
    assert [k.trigger for k in world.kills] == kills
    world.settle()


# ---- the link


def test_a_kill_while_disconnected_finishes_on_reconnect() -> None:
    world = in_position()
    strike(world, F.LINK_DOWN, 90)
    world.run(70)
    assert [k.trigger for k in world.kills] == ["CONNECTION_LOST"]
    assert world.ours == 1
    assert world._stops() == 1  # the resting stop protects meanwhile
    assert world._of(KillCompleted) == []
    world.run(60)
    assert world.ours == 0
    assert world.core.desk.law.kill_state is KillState.KILLED


def test_a_short_loss_of_the_link_in_a_trade_is_survived() -> None:
    world = in_position()
    strike(world, F.LINK_DOWN, 20)
    world.run(40)
    assert world.kills == []
    assert world.core.desk.reconciled
    assert world.ours == 1


def test_no_entry_before_the_first_read() -> None:
    world = World(3, setups=dict.fromkeys(range(8, 12), 1), wild=0)
    strike(world, F.READ_FAILS, 700)
    world.core.desk.reconciled = False
    world.run(690)
    refused = world._of(PermitRefused)
    assert refused
    assert {e.reason for e in refused} == {"PERMIT_REFUSED_IN_DOUBT"}
    assert world.broker.sent == []


def test_the_clock_says_no_time_to_live_beyond_ninety_seconds() -> None:
    world = sent()
    (order,) = world._of(OrderSubmitting)
    world.run(int((order.expires_at - world.now) // SECOND) + 3)
    assert not world.broker._orders
    assert world.core.desk.in_doubt(world.now)  # provisional until executions were read again
    world.run(15)
    assert not world.core.desk.in_doubt(world.now)


def test_a_trade_whose_entry_is_heard_of_after_its_exit_is_booked() -> None:
    """Each execution counts, in whatever order they are heard: nothing is lost for the law."""
    world = sent()
    core, (asked,) = world.core, world._of(OrderSubmitting)
    name = asked.decision_id
    group = asked.order_ref.removesuffix("-E")
    last = Fill(f"{group}-S.2", asked.stop_ref, Role.STOP, 2, -1, 1, asked.stop_price, world.now)
    first = Fill(f"{group}-E.1", asked.order_ref, Role.ENTRY, 1, 1, 1, asked.limit, world.now)
    out = core.dealing.fill(last).events
    assert [e.trigger for e in out if isinstance(e, KillTriggered)] == ["DOUBLE_EXIT"]
    out = core.dealing.fill(first).events
    (closed,) = [e for e in out if isinstance(e, TradeClosed)]
    assert (closed.decision_id, closed.exit_reason) == (name, "STOP")
    lost = mes().tick_value * (asked.limit - asked.stop_price) + mes().fee_per_side * 2
    assert closed.net == core.desk.law.net_day == ZERO - lost
    assert core.desk.law.streak == 1
    assert core.desk.expected_position == 0
    assert [e.trigger for e in out if isinstance(e, KillTriggered)] == []

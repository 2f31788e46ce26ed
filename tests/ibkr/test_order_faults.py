"""What the gateway does to orders and executions, and what the adapter makes of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest

from adapters.ibkr.orders import bracket as wire_bracket
from adapters.ibkr.settings import Waits
from broker_worlds import FLAT, GatewayWorld, bracket, ref
from changing import replace
from domain.event import FeeReported
from domain.execution.truth import BrokerTruth
from domain.law.door import authorize_tighten
from domain.orders import Fill, OrderEventKind, Role
from domain.units import SECOND, Money
from market_builders import PRICE
from ports.broker import LinkChanged
from ports.errors import BrokerDown
from ports.market import Trouble

K = OrderEventKind
WANTED = bracket()
ENTRY, STOP, TARGET = (ref(WANTED, role) for role in (Role.ENTRY, Role.STOP, Role.TARGET))
THROUGH = (PRICE + 1, PRICE + 1, PRICE - 2, PRICE - 1)
TO_TARGET = (PRICE + 10, PRICE + 26, PRICE + 10, PRICE + 25)
FEE = Money.parse("0.62")
QUICK = Waits(
    connect=2.0, request=1.0, beat=0.4, answer=0.4, open_within=3.0, id_in_use=2.0, pause_cap=0.5
)


@pytest.fixture
def world() -> Iterator[GatewayWorld]:
    with GatewayWorld(waits=QUICK) as made:
        made.piece(FLAT)
        yield made


def opened(world: GatewayWorld) -> None:
    world.accepted(WANTED)
    world.piece(THROUGH)
    world.until(lambda: world.filled(ENTRY) == 1)


def truth(world: GatewayWorld) -> BrokerTruth:
    return world.broker.read(world.now)


def shown(world: GatewayWorld) -> dict[str, bool]:
    return {o.order_ref: o.unknown for o in truth(world).orders}


def ends(world: GatewayWorld) -> dict[str, OrderEventKind]:
    return {d.order_ref: d.how for d in truth(world).done}


# ---- repeated, reordered, missing


def test_repeated_words_say_nothing_new(world: GatewayWorld) -> None:  # F-06, F-07
    world.sim.arm("F-06", times=100)
    world.sim.arm("F-07", times=100)
    opened(world)
    world.piece(TO_TARGET)
    world.until(lambda: world.filled(TARGET) == 1 and world.said(STOP, K.CANCEL_ACK))
    assert [f.order_ref for f in world.fills] == [str(ENTRY), str(TARGET)]
    assert world.kinds(ENTRY) == [K.ACK, K.FILL]
    assert world.kinds(STOP) == [K.ACK, K.CANCEL_ACK]


@pytest.mark.parametrize("how", ["status_first", "exec_only"])
def test_a_fill_is_its_execution_whatever_its_status_does(world: GatewayWorld, how: str) -> None:
    world.sim.arm("F-08", how=how, times=10)  # F-08
    opened(world)
    assert [f.order_ref for f in world.fills] == [str(ENTRY)]
    assert truth(world).position == 1


def test_a_fill_that_was_never_told_is_found_by_a_read(world: GatewayWorld) -> None:  # F-09
    world.sim.arm("F-09")
    world.accepted(WANTED)
    world.piece(THROUGH)
    world.until(lambda: world.said(ENTRY, K.FILL))
    assert world.fills == []
    found = truth(world)
    assert [(f.order_ref, f.qty, f.price) for f in found.executions] == [(str(ENTRY), 1, PRICE)]
    world.listen()
    assert [f.exec_id for f in world.fills] == [found.executions[0].exec_id]
    assert truth(world).agrees(found)


@pytest.mark.parametrize(("how", "heard"), [("twice", 1), ("never", 0)])
def test_a_fee_is_told_once_or_not_at_all(world: GatewayWorld, how: str, heard: int) -> None:
    world.sim.arm("F-10", how=how, times=10)  # F-10
    opened(world)
    time.sleep(0.3)
    world.listen()
    assert [f.fee for f in world.fees] == [FEE] * heard


def test_a_late_fee_is_told_after_its_fill(world: GatewayWorld) -> None:  # F-10
    world.sim.arm("F-10", how="late", delay=0.5)
    opened(world)
    assert world.fees == []
    world.until(lambda: bool(world.fees))
    kinds = [type(w) for w in world.heard if isinstance(w, Fill | FeeReported)]
    assert kinds == [Fill, FeeReported]
    assert world.fees[0].exec_id == world.fills[0].exec_id


# ---- refused


def test_a_refused_entry_is_rejected_and_its_children_are_gone(world: GatewayWorld) -> None:
    world.sim.arm("F-12")  # F-12
    world.submit(WANTED)
    world.until(lambda: world.said(ENTRY, K.REJECT) and world.said(STOP, K.CANCEL_ACK))
    assert shown(world) == {}
    assert ends(world)[str(ENTRY)] is K.REJECT


@pytest.mark.parametrize(("name", "leg"), [("F-13", TARGET), ("F-14", STOP)])
def test_a_refused_child_is_rejected(world: GatewayWorld, name: str, leg: object) -> None:
    world.sim.arm(name)
    world.submit(WANTED)
    other = STOP if leg is TARGET else TARGET
    assert leg in (STOP, TARGET)
    wanted = TARGET if leg is TARGET else STOP
    world.until(lambda: world.said(wanted, K.REJECT) and world.said(other, K.ACK))
    assert str(wanted) not in shown(world)


def test_a_stop_that_goes_inactive_counts_as_failed(world: GatewayWorld) -> None:  # F-15
    opened(world)
    world.sim.arm("F-15")
    world.until(lambda: world.said(STOP, K.REJECT))
    assert str(STOP) not in shown(world)
    assert ends(world)[str(STOP)] is K.REJECT


def test_a_stop_that_somebody_cancelled_is_told(world: GatewayWorld) -> None:  # F-16
    opened(world)
    world.sim.arm("F-16")
    world.until(lambda: world.said(STOP, K.CANCEL_ACK))
    again = world.protection(WANTED, Role.STOP, 1, PRICE - 12)
    world.broker.place(again, ENTRY.group, world.now)
    world.until(lambda: world.said(again.ref, K.ACK))
    assert shown(world).keys() == {str(TARGET), str(again.ref)}


def test_a_price_off_the_grid_counts_as_rejected(world: GatewayWorld) -> None:  # F-30
    world.sim.arm("F-30", times=3)
    world.submit(WANTED)
    world.until(lambda: all(world.said(leg, K.REJECT) for leg in (ENTRY, STOP, TARGET)))
    assert shown(world) == {}


def test_a_refused_change_leaves_the_old_stop_alive(world: GatewayWorld) -> None:  # F-58
    opened(world)
    for code in (201, 110, 105, 321, 329):
        world.heard.clear()
        rule = world.sim.arm("F-58", code=code, times=1)
        permit = authorize_tighten(STOP, 1, PRICE - 12, PRICE - 4)
        assert permit is not None
        world.broker.move_stop(permit, world.now)
        world.until(lambda: world.said(STOP, K.CANCEL_REJECT))
        rule.disarm()
        prices = {o.order_ref: (o.price, o.unknown) for o in truth(world).orders}
        assert prices[str(STOP)] == (PRICE - 12, False), code
        assert not world.said(STOP, K.REJECT), code


def test_a_code_that_nobody_knows_is_judged_by_what_a_read_shows(world: GatewayWorld) -> None:
    """F-58: the change was refused if the order stands where it did, and made if it does not."""
    opened(world)
    rule = world.sim.arm("F-58", code=10318, times=1)
    permit = authorize_tighten(STOP, 1, PRICE - 12, PRICE - 4)
    assert permit is not None
    world.broker.move_stop(permit, world.now)
    world.until(lambda: world.said(STOP, K.UNKNOWN))
    assert not world.said(STOP, K.CANCEL_REJECT), "before a read nobody knows"
    truth(world)
    world.until(lambda: world.said(STOP, K.CANCEL_REJECT))
    rule.disarm()
    world.heard.clear()
    world.sim.arm("F-49", code=10318, leg="stop")
    world.broker.move_stop(permit, world.now)
    world.until(lambda: world.said(STOP, K.UNKNOWN))
    prices = {o.order_ref: o.price for o in truth(world).orders}
    assert prices[str(STOP)] == PRICE - 4
    world.listen()
    assert not world.said(STOP, K.CANCEL_REJECT), "it was made, whatever the code meant"


# ---- cancels


@pytest.mark.parametrize("code", [10148, 161])
def test_a_fill_that_wins_against_a_cancel(world: GatewayWorld, code: int) -> None:  # F-17
    world.accepted(WANTED)
    world.sim.arm("F-17", code=code)
    world.broker.cancel(ENTRY, world.now)
    world.until(lambda: world.filled(ENTRY) == 1 and world.said(ENTRY, K.CANCEL_REJECT))
    assert truth(world).position == 1
    assert not world.said(ENTRY, K.CANCEL_ACK)


def test_a_cancel_of_an_order_not_found_leaves_it_alive(world: GatewayWorld) -> None:  # F-18
    world.accepted(WANTED)
    world.sim.arm("F-18")
    world.broker.cancel(ENTRY, world.now)
    world.until(lambda: world.said(ENTRY, K.CANCEL_REJECT))
    assert shown(world)[str(ENTRY)] is False


def test_a_fill_after_a_cancel_is_told(world: GatewayWorld) -> None:  # F-19
    world.accepted(WANTED)
    world.sim.arm("F-19")
    world.broker.cancel(ENTRY, world.now)
    world.until(lambda: world.said(ENTRY, K.CANCEL_ACK))
    world.piece(FLAT)
    world.until(lambda: world.filled(ENTRY) == 1)
    assert truth(world).position == 1


# ---- codes on a live order


@pytest.mark.parametrize(
    "code", [103, 104, 105, 161, 321, 329, 463, 10147, 10148, 10318, 10349, 77777]
)
def test_a_code_on_a_live_order_asks_and_never_cancels(world: GatewayWorld, code: int) -> None:
    world.accepted(WANTED)
    world.sim.arm("F-49", code=code)  # F-49
    world.until(lambda: world.said(ENTRY, K.UNKNOWN))
    assert world.kinds(ENTRY) == [K.ACK, K.UNKNOWN]
    assert shown(world) == {str(ENTRY): False, str(STOP): False, str(TARGET): False}


@pytest.mark.parametrize("code", [404, 434, 492, 2109, 2148, 2161, 165])
def test_a_note_about_a_live_order_says_nothing(world: GatewayWorld, code: int) -> None:
    world.accepted(WANTED)
    world.sim.arm("F-49", code=code)
    time.sleep(0.3)
    world.listen()
    assert world.kinds(ENTRY) == [K.ACK]
    assert shown(world)[str(ENTRY)] is False


def test_an_entry_that_would_wait_for_another_session_is_cancelled(world: GatewayWorld) -> None:
    world.accepted(WANTED)
    world.sim.arm("F-49", code=399)
    world.until(lambda: all(world.said(leg, K.CANCEL_ACK) for leg in (ENTRY, STOP, TARGET)))


def test_a_stop_that_would_wait_is_left_where_it_is(world: GatewayWorld) -> None:
    opened(world)
    world.sim.arm("F-49", code=399, leg="stop")
    time.sleep(0.3)
    world.listen()
    assert world.kinds(STOP) == [K.ACK]
    assert str(STOP) in shown(world)


def test_a_code_that_says_cancelled_is_looked_into(world: GatewayWorld) -> None:  # L-17
    world.accepted(WANTED)
    world.sim.arm("F-49", code=202)
    world.until(lambda: world.said(ENTRY, K.UNKNOWN))
    assert not world.said(ENTRY, K.CANCEL_ACK)
    assert shown(world)[str(ENTRY)] is False


def test_a_live_order_refused_after_all_is_rejected(world: GatewayWorld) -> None:
    world.accepted(WANTED)
    world.sim.arm("F-49", code=201)
    world.until(lambda: world.said(ENTRY, K.REJECT))


def test_a_stop_that_the_library_believes_dead_can_still_be_moved(world: GatewayWorld) -> None:
    opened(world)
    world.sim.arm("F-49", code=10349, leg="stop")
    world.until(lambda: world.said(STOP, K.UNKNOWN))
    permit = authorize_tighten(STOP, 1, PRICE - 12, PRICE - 4)
    assert permit is not None
    world.broker.move_stop(permit, world.now)
    world.until(lambda: world.said(STOP, K.OPEN_ORDER))
    prices = {o.order_ref: o.price for o in truth(world).orders}
    assert prices[str(STOP)] == PRICE - 4


# ---- corrections and strangers


def test_a_corrected_price_becomes_money_and_no_second_fill(world: GatewayWorld) -> None:  # F-21
    world.sim.arm("F-21", how="price", ticks=2)
    opened(world)
    world.until(lambda: any(f.fee > FEE for f in world.fees))
    assert len(world.fills) == 1
    assert world.fees[-1].exec_id == world.fills[0].exec_id
    assert world.fees[-1].fee == FEE + Money.parse("2.50")
    assert len(truth(world).executions) == 1


def test_an_execution_taken_back_is_no_execution(world: GatewayWorld) -> None:  # F-21
    world.sim.arm("F-21", how="bust")
    opened(world)
    world.until(lambda: world.said(ENTRY, K.UNKNOWN))
    found = truth(world)
    assert (found.position, found.executions) == (0, ())


def test_both_exits_fill_and_the_position_turns(world: GatewayWorld) -> None:  # F-20
    opened(world)
    world.sim.arm("F-20")
    world.piece((PRICE + 10, PRICE + 26, PRICE - 14, PRICE))
    world.until(lambda: world.filled(TARGET) + world.filled(STOP) == 2)
    assert truth(world).position == -1


def test_an_order_without_its_reference_is_known_by_its_number(world: GatewayWorld) -> None:
    world.sim.arm("F-44", how="empty")  # F-44
    opened(world)
    assert set(shown(world)) == {str(STOP), str(TARGET)}
    assert all(o.ours for o in truth(world).orders)


@pytest.mark.parametrize(
    ("name", "text"), [("F-37", "somebody"), ("F-55", "20131008-001-MES-E-ffff")]
)
def test_an_order_of_somebody_else_is_shown_and_is_not_ours(
    world: GatewayWorld, name: str, text: str
) -> None:
    world.sim.arm(name)
    assert [(o.order_ref, o.ours) for o in truth(world).orders] == [(text, False)]


def test_our_tag_without_a_record_is_not_ours(world: GatewayWorld) -> None:
    world.known = lambda _: False
    world.sim.arm("F-55", ref="20240305-001-MES-E-ab12")
    world.gateway.market.close()
    world.connect()
    assert [o.ours for o in truth(world).orders] == [False]


def test_a_position_of_yesterday_is_seen(world: GatewayWorld) -> None:  # F-36
    world.sim.arm("F-36")
    found = truth(world)
    assert (found.position, found.executions, found.entries_today) == (1, (), 0)


def test_a_persons_trade_is_noticed_without_a_read(world: GatewayWorld) -> None:  # F-38
    world.heard.clear()
    world.sim.arm("F-38")
    world.until(lambda: any(isinstance(w, LinkChanged) for w in world.heard))
    word = next(w for w in world.heard if isinstance(w, LinkChanged))
    assert word.up
    assert "position 1, 0 by our executions" in word.reason
    assert truth(world).position == 1


def test_a_position_that_lags_is_no_surprise(world: GatewayWorld) -> None:  # F-57
    world.sim.arm("F-57", delay=2.0)
    world.heard.clear()
    opened(world)
    end = time.monotonic() + 3.0
    while time.monotonic() < end:
        world.listen()
        time.sleep(0.05)
    assert not any(isinstance(w, LinkChanged) for w in world.heard)


def test_a_forced_liquidation_shows_as_position(world: GatewayWorld) -> None:  # F-35
    opened(world)
    world.sim.arm("F-35")
    world.until(lambda: truth(world).position == 0)
    assert len(truth(world).executions) == 1


# ---- lost on the way


def test_orders_that_vanish_are_nowhere(world: GatewayWorld) -> None:  # F-04
    world.sim.arm("F-04")
    world.submit(WANTED)
    time.sleep(0.3)
    world.listen()
    assert world.kinds(ENTRY) == []
    found = truth(world)
    assert (found.orders, found.done, found.executions) == ((), (), ())
    assert world.broker.position().working_orders == 0


def test_an_order_that_arrives_late_is_recognised(world: GatewayWorld) -> None:  # F-05
    world.sim.arm("F-05", what="order", delay=0.7)
    world.submit(WANTED)
    assert shown(world) == {}
    world.until(lambda: world.said(ENTRY, K.ACK))
    assert str(ENTRY) in shown(world)
    assert world.broker.position().working_orders == 3


def test_an_unreadable_execution_is_never_flat(
    world: GatewayWorld, monkeypatch: pytest.MonkeyPatch
) -> None:  # L-01
    monkeypatch.setattr("adapters.gateway_sim.words.ZONE_NAME", "No/Such_Zone")
    world.accepted(WANTED)
    world.piece(THROUGH)
    world.until(lambda: (Trouble.UNREADABLE, True) in world.troubles())
    with pytest.raises(BrokerDown):
        truth(world)
    monkeypatch.setattr("adapters.gateway_sim.words.ZONE_NAME", "US/Central")
    found = truth(world)
    assert [f.order_ref for f in found.executions] == [str(ENTRY)]
    world.until(lambda: (Trouble.UNREADABLE, False) in world.troubles())


@pytest.mark.parametrize("zone", ["US/Central", "MET", "Asia/Tokyo", "UTC"])
def test_an_executions_zone_does_not_move_its_fill(
    world: GatewayWorld, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:  # L-29
    monkeypatch.setattr("adapters.gateway_sim.words.ZONE_NAME", zone)
    monkeypatch.setattr("adapters.gateway_sim.words.ZONE", ZoneInfo(zone))
    before = world.now
    opened(world)
    assert before <= world.fills[0].time <= before + 10 * SECOND


# ---- read-only, many questions, and more than one contract


def test_a_read_only_interface_rejects_orders_and_is_a_trouble(world: GatewayWorld) -> None:
    world.sim.arm("F-46")  # F-46
    world.submit(WANTED)
    world.until(lambda: world.said(ENTRY, K.REJECT))
    assert (Trouble.READ_ONLY, True) in world.troubles()
    assert shown(world) == {}


def test_an_order_never_stands_behind_questions(world: GatewayWorld) -> None:  # F-54
    for _ in range(10):
        truth(world)
    started = time.monotonic()
    world.accepted(WANTED)
    assert time.monotonic() - started < 0.9
    placed = [e.real for e in world.sim.received if e.kind == "placeOrder"]
    assert placed[-1] - placed[0] < 0.1 * SECOND


def two(world: GatewayWorld) -> None:
    """A bracket of two contracts, which the law would not let through today."""
    wanted = replace(WANTED, qty=2)
    desk = world.gateway.broker._hub.desk  # type: ignore[attr-defined]
    legs = [(leg, desk.wire(leg)) for leg in (ENTRY, TARGET, STOP)]
    plans = wire_bracket(wanted, (legs[0], legs[1], legs[2]), "two", 5)
    world.gateway.broker._send(plans)  # type: ignore[attr-defined]
    world.until(lambda: all(world.said(leg, K.ACK) for leg in (ENTRY, STOP, TARGET)))


def test_a_fill_in_parts_is_several_executions_of_one_order(world: GatewayWorld) -> None:
    world.sim.arm("F-11", how="rest")  # F-11
    two(world)
    world.piece(THROUGH)
    world.until(lambda: world.filled(ENTRY) == 1)
    entry = next(o for o in truth(world).orders if o.order_ref == str(ENTRY))
    assert (entry.qty, entry.filled, entry.unknown) == (1, 1, False)
    world.piece(THROUGH)
    world.until(lambda: world.filled(ENTRY) == 2 and world.said(ENTRY, K.FILL))
    assert world.kinds(ENTRY) == [K.ACK, K.PARTIAL, K.FILL]
    assert truth(world).position == 2
    assert truth(world).entries_today == 1


def test_a_part_that_filled_stays_when_the_rest_is_cancelled(world: GatewayWorld) -> None:
    world.sim.arm("F-11", how="cancel")
    two(world)
    world.piece(THROUGH)
    world.until(lambda: world.filled(ENTRY) == 1 and world.said(ENTRY, K.CANCEL_ACK))
    found = truth(world)
    assert found.position == 1
    assert [(d.how, d.filled) for d in found.done if d.order_ref == str(ENTRY)] == [
        (K.CANCEL_ACK, 1)
    ]

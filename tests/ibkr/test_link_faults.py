"""What can happen to the connection, and that the adapter comes back in step or says why not."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator

import pytest

from adapters.gateway_sim.faults import IN, Happening, Rule
from adapters.ibkr.gateway import open_gateway
from adapters.ibkr.settings import GatewaySettings, Waits
from broker_worlds import FLAT, LIBRARY, PIECE, TAG, GatewayWorld, bracket, ref
from domain.errors import PermitVoid
from domain.orders import OrderEventKind, Role
from domain.units import SECOND
from law_builders import NOW, granted
from market_builders import PRICE, mes
from ports.broker import LinkChanged
from ports.errors import BadInput, BrokerDown, BrokerRefused
from ports.market import ClockSample, Piece, Trouble

K = OrderEventKind
WANTED = bracket()
ENTRY, STOP, TARGET = (ref(WANTED, role) for role in (Role.ENTRY, Role.STOP, Role.TARGET))
THROUGH = (PRICE + 1, PRICE + 1, PRICE - 2, PRICE - 1)
QUICK = Waits(
    connect=1.5, request=0.8, beat=0.4, answer=0.4, open_within=2.0, id_in_use=1.5, pause_cap=0.5
)


@pytest.fixture
def world() -> Iterator[GatewayWorld]:
    with GatewayWorld(waits=QUICK) as made:
        made.piece(FLAT)
        made.heard.clear()
        yield made


def links(world: GatewayWorld) -> list[bool]:
    return [w.up for w in world.heard if isinstance(w, LinkChanged)]


def came_back(world: GatewayWorld, times: int = 1) -> Callable[[], bool]:
    return lambda: links(world) == [False, True] * times


# ---- the first connection


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def settings(**changes: object) -> GatewaySettings:
    values: dict[str, object] = {
        "instrument": mes(), "mode": "PAPER", "store_tag": TAG, "is_known": lambda _: True,
        "waits": QUICK, "library": LIBRARY,
    }  # fmt: skip
    return GatewaySettings(**(values | changes))  # type: ignore[arg-type]


def test_nobody_listens() -> None:
    gateway = open_gateway(settings(port=free_port()))
    started = time.monotonic()
    with pytest.raises(BrokerDown, match=r"cannot be reached: .*; is TWS or IB Gateway"):
        gateway.market.open()
    gateway.market.close()
    assert time.monotonic() - started < 8


def test_a_library_that_is_not_there_is_refused() -> None:
    other = "ib_insync" if LIBRARY == "ib_async" else "ib_async"
    gateway = open_gateway(settings(port=free_port(), library=other))
    with pytest.raises((BrokerRefused, BrokerDown)):
        gateway.market.open()
    gateway.market.close()


@pytest.mark.parametrize(
    "changes",
    [
        {"mode": "PAPERS"}, {"store_tag": "XYZW"}, {"client_id": 0}, {"port": 0},
        {"library": "ibapi"}, {"clock": "moon"}, {"clock": "gateway", "mode": "LIVE"},
    ],
)  # fmt: skip
def test_settings_that_cannot_be_meant(changes: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        settings(**changes)


@pytest.mark.parametrize(
    ("name", "options", "match"),
    [
        ("F-31", {"how": "several"}, "offers 2 accounts"),
        ("F-32", {}, "no paper account"),
        ("F-50", {"how": "none"}, "MES"),
        ("F-50", {"how": "several"}, "contracts last trade"),
        ("F-50", {"how": "multiplier"}, "multiplier"),
        ("F-50", {"how": "tick"}, "tick"),
        ("F-50", {"how": "expired"}, "expired"),
        ("F-50", {"how": "hours"}, "hours"),
        ("F-50", {"how": "closed"}, "hours"),
    ],
)
def test_a_gateway_that_must_not_be_traded_with_is_refused(
    world: GatewayWorld, name: str, options: dict[str, object], match: str
) -> None:
    world.sim.arm(name, **options)
    world.gateway.market.close()
    if options == {"how": "expired"}:
        world._changes["month"] = "MESH4"
    with pytest.raises(BrokerRefused, match=match):
        world.connect()


def test_a_live_account_in_paper_names_no_account(world: GatewayWorld) -> None:
    world.sim.arm("F-32")
    world.gateway.market.close()
    with pytest.raises(BrokerRefused) as refused:
        world.connect()
    assert "1234567" not in str(refused.value)


def test_the_named_account_must_be_offered(world: GatewayWorld) -> None:
    world.sim.arm("F-31", how="other")
    world.gateway.market.close()
    world._changes["account"] = "DU1234567"
    with pytest.raises(BrokerRefused, match="not offered"):
        world.connect()


def test_a_client_id_in_use_is_tried_again_and_then_refused(world: GatewayWorld) -> None:
    world.sim.arm("F-40")  # F-40
    world.gateway.market.close()
    started = time.monotonic()
    with pytest.raises(BrokerRefused, match="client id 17 is in use"):
        world.connect()
    assert time.monotonic() - started >= QUICK.id_in_use
    used = {e.message.number("clientId") for e in world.sim.received if e.kind == "startApi"}
    assert used == {17}


def test_a_ghost_of_our_own_session_is_waited_for(world: GatewayWorld) -> None:
    world.sim.arm("F-40", times=1)
    world.gateway.market.close()
    world.connect()
    world.until(lambda: links(world) == [True])


@pytest.mark.parametrize(
    "kind", ["reqPositions", "reqAllOpenOrders", "reqExecutions", "reqCompletedOrders"]
)
def test_a_question_that_is_never_answered_is_no_start(world: GatewayWorld, kind: str) -> None:
    world.sim.arm("F-45", kind=kind)  # F-45
    world.gateway.market.close()
    with pytest.raises(BrokerDown):
        world.connect()


def test_a_read_only_interface_is_refused_at_the_start(world: GatewayWorld) -> None:  # F-46
    refuse_order_questions(world)
    world.gateway.market.close()
    with pytest.raises(BrokerRefused, match="read-only"):
        world.connect()


def test_a_read_only_interface_can_be_observed(world: GatewayWorld) -> None:
    refuse_order_questions(world)
    world.gateway.market.close()
    world._mode = "OBSERVE"
    world.connect()
    assert world.broker.read(world.now).orders == ()
    world.piece(FLAT)


def refuse_order_questions(world: GatewayWorld) -> None:
    """Answer every question about orders as a read-only gateway does."""
    text = "Error validating request:-'bR' : The API interface is currently in Read-Only mode."

    def act(happening: Happening) -> None:
        happening.drop()
        happening.then.append(lambda: happening.session.error(-1, 321, text))

    kinds = frozenset({"reqOpenOrders", "reqAllOpenOrders", "reqCompletedOrders"})
    world.sim.call(lambda: world.sim.core.faults.add(Rule("read-only", IN, kinds, act, times=None)))


# ---- lost and found again


def test_a_bracket_that_was_accepted_and_not_answered_is_adopted(world: GatewayWorld) -> None:
    world.sim.arm("F-01", times=1)  # F-01
    world.submit(WANTED)
    world.until(came_back(world))
    orders = {o.order_ref: o.ours for o in world.broker.read(world.now).orders}
    assert orders == {str(ENTRY): True, str(STOP): True, str(TARGET): True}
    world.submit(WANTED)  # the same reference never makes a second order
    assert len(world.placed()) == 3
    world.broker.cancel(ENTRY, world.now)
    world.until(lambda: world.said(ENTRY, K.CANCEL_ACK))


def test_a_bracket_that_never_arrived_is_nowhere(world: GatewayWorld) -> None:  # F-02
    world.sim.arm("F-02", times=1)
    world.submit(WANTED)
    world.until(came_back(world))
    found = world.broker.read(world.now)
    assert (found.orders, found.done, found.executions) == ((), (), ())
    assert found.healthy_since > 0


def test_a_bracket_cut_off_before_its_stop(world: GatewayWorld) -> None:  # F-03
    world.sim.arm("F-03", times=1)
    world.submit(WANTED)
    world.until(came_back(world))
    orders = {o.order_ref for o in world.broker.read(world.now).orders}
    assert str(STOP) not in orders


def test_a_half_open_socket_is_found_out(world: GatewayWorld) -> None:  # F-41
    world.sim.arm("F-41")
    world.until(came_back(world))
    word = next(w for w in world.heard if isinstance(w, LinkChanged))
    assert "does not answer" in word.reason


def test_with_the_usual_waits_a_dead_gateway_is_known_within_20_seconds() -> None:
    waits = Waits()
    assert waits.beat + 2 * waits.answer <= 20


def test_nothing_is_sent_while_the_link_is_down(world: GatewayWorld) -> None:
    world.sim.arm("F-42", seconds=1.5)  # F-42
    world.until(lambda: links(world) == [False])
    with pytest.raises(PermitVoid):
        world.broker.submit(granted(WANTED), NOW)
    with pytest.raises(BrokerDown):
        world.broker.read(world.now)
    with pytest.raises(BrokerDown):
        world.broker.position()
    with pytest.raises(BrokerDown):
        world.broker.cancel(ENTRY, world.now)
    world.until(came_back(world))
    assert world.placed() == []
    world.accepted(WANTED)


def test_orders_survive_a_restart_of_the_gateway_and_bars_come_again(world: GatewayWorld) -> None:
    world.accepted(WANTED)
    world.sim.arm("F-42", seconds=0.8)
    world.until(came_back(world))
    assert len(world.broker.read(world.now).orders) == 3
    world.items.clear()
    world.piece(THROUGH)
    world.until(lambda: world.filled(ENTRY) == 1)
    for _ in range(15):  # its data farms come late
        world.sim.play()
    world.until(lambda: any(isinstance(i, Piece) for i in world.items))


def test_a_new_process_adopts_what_the_old_one_left(world: GatewayWorld) -> None:  # L-32
    world.accepted(WANTED)
    world.piece(THROUGH)
    world.gateway.market.close()
    world.heard.clear()
    world.connect()
    found = world.broker.read(world.now)
    assert found.position == 1
    assert {o.order_ref: (o.ours, o.held) for o in found.orders} == {
        str(STOP): (True, False), str(TARGET): (True, False)
    }  # fmt: skip
    world.broker.close(world.exit_permit(WANTED), ENTRY.group, world.now)
    exit_ref = ref(WANTED, Role.EXIT, 1)
    world.until(lambda: world.said(exit_ref, K.ACK))
    world.piece(FLAT)
    world.until(lambda: world.filled(exit_ref) == 1 and world.said(STOP, K.CANCEL_ACK))
    assert world.broker.position().qty == 0


def test_ids_go_on_where_the_gateway_forgot_them(world: GatewayWorld) -> None:  # F-43
    world.accepted(WANTED)
    world.sim.arm("F-43")
    world.sim.arm("F-42", seconds=0.5)
    world.until(came_back(world))
    second = bracket(1, decision_id="2024-03-05-095-MES")
    world.broker.cancel(ENTRY, world.now)
    world.until(lambda: world.said(ENTRY, K.CANCEL_ACK))
    world.accepted(second)
    ids = [int(str(row["orderId"])) for row in world.placed()]
    assert len(set(ids)) == len(ids) == 6
    assert not any(e.message.number("code") == 103 for e in world.sim.sent if e.kind == "error")


def test_too_many_messages_end_in_a_new_connection(world: GatewayWorld) -> None:  # F-53
    world.sim.arm("F-53", times=1)
    world.until(came_back(world))
    assert (Trouble.RATE, True) in world.troubles()


@pytest.mark.parametrize("how", ["garbage", "fields"])
def test_a_message_that_cannot_be_read_asks_for_everything(world: GatewayWorld, how: str) -> None:
    world.sim.arm("F-51", how=how)  # F-51
    world.until(lambda: (Trouble.UNREADABLE, True) in world.troubles() and True in links(world))
    world.until(lambda: world.gateway.broker.read(world.now).position == 0)
    world.until(lambda: (Trouble.UNREADABLE, False) in world.troubles())


@pytest.mark.parametrize("how", ["huge", "split"])
def test_frames_that_are_odd_do_no_harm(world: GatewayWorld, how: str) -> None:
    world.sim.arm("F-51", how=how)
    if how == "huge":
        world.until(came_back(world))
    world.piece(FLAT)
    assert world.broker.read(world.now).position == 0


# ---- the broker behind the gateway


def test_1100_and_1102(world: GatewayWorld) -> None:  # F-22
    world.sim.arm("F-22", bars=2)
    world.until(lambda: links(world) == [False])
    assert (Trouble.UPSTREAM_DOWN, True) in world.troubles()
    with pytest.raises(PermitVoid):
        world.broker.submit(granted(WANTED), NOW)
    with pytest.raises(BrokerDown):
        world.broker.read(world.now)
    world.sim.play(3)
    world.until(came_back(world))
    assert (Trouble.UPSTREAM_DOWN, False) in world.troubles()
    world.accepted(WANTED)
    assert len({e.session for e in world.sim.received}) == 1  # the socket stayed up


def test_1100_and_1101_subscribe_again(world: GatewayWorld) -> None:  # F-23
    before = sum(e.kind == "reqRealTimeBars" for e in world.sim.received)
    world.sim.arm("F-23", bars=2)
    world.until(lambda: links(world) == [False])
    world.sim.play(3)
    world.until(came_back(world))
    world.until(lambda: sum(e.kind == "reqRealTimeBars" for e in world.sim.received) == before + 1)
    world.items.clear()
    world.piece(FLAT)
    assert any(isinstance(i, Piece) for i in world.items)


def test_1100_and_nothing_more(world: GatewayWorld) -> None:  # F-24
    world.sim.arm("F-24")
    world.until(lambda: links(world) == [False])
    time.sleep(0.5)
    world.listen()
    assert links(world) == [False]


# ---- the clock


def test_a_gateway_whose_clock_is_off_is_told() -> None:  # F-52
    start = time.time_ns() // PIECE * PIECE
    with GatewayWorld(start=start, waits=QUICK, clock="host") as world:
        world.sim.arm("F-52", seconds=90)
        world.gateway.market.close()
        world.items.clear()
        world.connect()
        world.until(lambda: any(isinstance(i, ClockSample) for i in world.items))
        sample = next(i for i in world.items if isinstance(i, ClockSample))
        assert 60 * SECOND < sample.broker - sample.local < 100 * SECOND
        ahead = world.now - time.time_ns()
        assert 60 * SECOND < ahead < 100 * SECOND, "a slow host delays nothing"


def test_the_hosts_time_is_whole_microseconds_and_never_runs_backwards() -> None:
    start = time.time_ns() // PIECE * PIECE
    with GatewayWorld(start=start, waits=QUICK, clock="host") as world:
        times = [world.now for _ in range(200)]
        assert times == sorted(times)
        assert all(t % 1_000 == 0 for t in times)
        assert abs(times[-1] - time.time_ns()) < SECOND


def test_the_gateways_time_is_that_of_the_bars(world: GatewayWorld) -> None:
    before = world.now
    world.piece(FLAT)
    assert world.now == before + PIECE
    piece = next(i for i in reversed(world.items) if isinstance(i, Piece))
    assert piece.received == piece.sub.open_time + PIECE == world.now

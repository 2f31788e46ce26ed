"""Each fault of orders, fills and positions does what its name says, on the wire."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

pytest.importorskip("ib_insync")

from adapters.gateway_sim.bars import MINUTE
from adapters.gateway_sim.server import GatewaySim
from gateway_fixture import OPEN, Desk, connect, gateway, minutes, playing, run

FLAT = minutes(*[6000] * 10)
FILLS = minutes(6000, 6000, 5990, 5990, 6020, 6020)


def played(bars: Any, story: Any) -> None:
    """Tell `story(gw, desk)` on a gateway that plays `bars`."""

    async def work() -> None:
        with gateway(bars) as gw:
            async with playing(gw) as desk:
                await story(gw, desk)

    run(work)


async def until_closed(desk: Desk) -> None:
    for _ in range(500):
        if not desk.ib.isConnected():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the socket is still open")


def refs(orders: Any) -> list[str]:
    return sorted(o.orderRef[-1] for o in orders)


@pytest.mark.parametrize(
    ("name", "left"), [("F-01", ["E", "S", "T"]), ("F-02", []), ("F-03", ["E", "T"])]
)
def test_a_bracket_is_cut_off(name: str, left: list[str]) -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        rule = gw.arm(name)
        desk.send_bracket(1, 5990, 5960, 6030)
        await until_closed(desk)
        assert rule.fired == 1
        assert not desk.said("openOrder")
        again = await connect(gw)
        await again.reqAllOpenOrdersAsync()
        assert refs(again.openOrders()) == left
        live = [o for o in gw.core.broker.orders if o.live]
        assert len(live) == (3 if name == "F-01" else 0)
        again.disconnect()

    played(FLAT, story)


def test_f03_a_person_transmits_the_parent() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-03", person=True)
        desk.send_bracket(1, 5995, 5960, 6030)
        await until_closed(desk)
        gw.play(36)
        assert gw.core.broker.account.size() == 1
        assert not [o for o in gw.core.broker.live() if o.kind == "STP"]

    played(FILLS, story)


def test_f04_orders_vanish() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-04")
        await desk.bracket(1, 5990, 5960, 6030)
        assert not gw.core.broker.orders
        assert not desk.said("error") or desk.errors == []
        await desk.bracket(1, 5990, 5960, 6030)
        assert len(gw.core.broker.orders) == 3

    played(FLAT, story)


@pytest.mark.parametrize("what", ["order", "ack"])
def test_f05_the_acknowledgement_is_slow(what: str) -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-05", what=what, pieces=3)
        await desk.bracket(1, 5990, 5960, 6030)
        assert not desk.said("openOrder")
        assert bool(gw.core.broker.orders) is (what == "ack")
        await desk.step(2)
        assert not desk.said("openOrder")
        await desk.step(1)
        assert len(desk.said("openOrder")) == 3

    played(FLAT, story)


def test_f06_every_status_comes_twice() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-06")
        trade = (await desk.bracket(1, 5990, 5960, 6030))[0]
        assert desk.states(trade) == ["Submitted", "Submitted"]

    played(FLAT, story)


def test_f07_every_execution_comes_twice() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-07")
        trade = (await desk.bracket(1, 5995, 5960, 6050))[0]
        await desk.step(36)
        ids = [e.message.text("execId") for e in desk.said("execDetails")]
        assert len(ids) == 2
        assert len(set(ids)) == 1
        assert len(trade.fills) == 1

    played(FILLS, story)


def test_f08_the_status_comes_before_the_execution() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-08")
        await desk.bracket(1, 5995, 5960, 6050)
        await desk.step(36)
        filled = [
            e.number for e in desk.said("orderStatus") if e.message.text("status") == "Filled"
        ]
        assert [e.number > filled[0] for e in desk.said("execDetails")] == [True]

    played(FILLS, story)


def test_f08_the_execution_only() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-08", how="exec_only")
        trade = (await desk.bracket(1, 5995, 5960, 6050))[0]
        await desk.step(36)
        assert len(desk.said("execDetails")) == 1
        assert desk.states(trade) == ["Submitted"]

    played(FILLS, story)


def test_f09_the_status_only() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-09")
        trade = (await desk.bracket(1, 5995, 5960, 6050))[0]
        await desk.step(36)
        assert desk.states(trade)[-1] == "Filled"
        assert not desk.said("execDetails")
        assert len(await desk.ib.reqExecutionsAsync()) == 1

    played(FILLS, story)


@pytest.mark.parametrize(("how", "count"), [("never", 0), ("twice", 2), ("late", 1)])
def test_f10_commission(how: str, count: int) -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-10", how=how, pieces=30)
        await desk.bracket(1, 5995, 5960, 6050)
        await desk.step(36)
        if how == "late":
            assert desk.said("execDetails")
            assert not desk.said("commissionReport")
            await desk.step(30)
        assert len(desk.said("commissionReport")) == count

    played(FILLS, story)


@pytest.mark.parametrize(("how", "qty"), [("rest", 2), ("cancel", 1)])
def test_f11_a_partial_fill(how: str, qty: int) -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-11", how=how)
        entry, _, stop = await desk.bracket(1, 5995, 5960, 6050, totalQuantity=2)
        await desk.step(36)
        assert [e.message.text("shares") for e in desk.said("execDetails")] == ["1"] * qty
        assert gw.core.broker.account.size() == qty
        assert desk.states(entry)[-1] == ("Filled" if how == "rest" else "Cancelled")
        assert stop.orderStatus.status == "PreSubmitted"

    played(FILLS, story)


@pytest.mark.parametrize(
    ("name", "states"),
    [
        ("F-12", ["Inactive", "Cancelled", "Cancelled"]),
        ("F-13", ["Submitted", "Inactive", "PreSubmitted"]),
        ("F-14", ["Submitted", "PreSubmitted", "Inactive"]),
    ],
)
def test_an_order_is_rejected(name: str, states: list[str]) -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        rule = gw.arm(name)
        trades = await desk.bracket(1, 5990, 5960, 6030)
        assert [desk.states(t)[-1] for t in trades] == states
        assert rule.fired == 1
        assert [e[1] for e in desk.errors].count(201) == 1
        again = await desk.bracket(1, 5990, 5960, 6030)
        assert [desk.states(t)[-1] for t in again] == ["Submitted", "PreSubmitted", "PreSubmitted"]

    played(FLAT, story)


@pytest.mark.parametrize(("name", "state"), [("F-15", "Inactive"), ("F-16", "Cancelled")])
@pytest.mark.parametrize("early", [True, False])
def test_the_stop_of_a_position_is_lost(name: str, state: str, early: bool) -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        if early:
            gw.arm(name)
        entry, _, stop = await desk.bracket(1, 5995, 5960, 6050)
        assert desk.states(stop) == ["PreSubmitted"]
        await desk.step(36)
        if not early:
            gw.arm(name)
        await desk.sync()
        assert desk.states(entry)[-1] == "Filled"
        assert desk.states(stop)[-1] == state
        assert gw.core.broker.account.size() == 1

    played(FILLS, story)


@pytest.mark.parametrize("code", [10148, 161])
def test_f17_the_fill_wins_the_race(code: int) -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-17", code=code)
        entry, _, stop = await desk.bracket(1, 5990, 5960, 6030)
        desk.ib.cancelOrder(entry.order)
        await desk.sync()
        assert (entry.order.orderId, code) in [e[:2] for e in desk.errors]
        assert desk.states(entry)[-1] == "Filled"
        assert desk.states(stop)[-1] == "PreSubmitted"
        assert gw.core.broker.account.size() == 1

    played(FLAT, story)


def test_f18_a_live_order_is_not_found() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-18")
        entry = (await desk.bracket(1, 5990, 5960, 6030))[0]
        desk.ib.cancelOrder(entry.order)
        await desk.sync()
        assert [e[1] for e in desk.errors] == [10147]
        assert gw.core.broker.orders[0].live

    played(FLAT, story)


def test_f19_a_fill_after_the_cancel() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-19")
        entry = (await desk.bracket(1, 5990, 5960, 6030))[0]
        desk.ib.cancelOrder(entry.order)
        await desk.sync()
        assert desk.states(entry)[-2:] == ["Cancelled", "Filled"]
        assert gw.core.broker.account.size() == 1

    played(FLAT, story)


def test_f20_both_exits_fill() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-20")
        await desk.bracket(1, 5995, 5960, 6010)
        await desk.step(72)
        assert gw.core.broker.account.size() == -1
        assert desk.ib.positions()[0].position == -1
        assert len(desk.said("execDetails")) == 3

    played(FILLS, story)


@pytest.mark.parametrize(("how", "size"), [("price", 1), ("bust", 0)])
def test_f21_a_correction(how: str, size: int) -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-21", how=how, ticks=2)
        await desk.bracket(1, 5995, 5960, 6050)
        await desk.step(36)
        first, second = (e.message for e in desk.said("execDetails"))
        assert first.text("execId")[:-1] == second.text("execId")[:-1]
        assert [m.text("execId")[-2:] for m in (first, second)] == ["01", "02"]
        assert gw.core.broker.account.size() == size
        if how == "price":
            assert Decimal(second.text("price")) - Decimal(first.text("price")) == Decimal("0.5")

    played(FILLS, story)


def test_f30_off_tick() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-30", times=3)
        await desk.bracket(1, 5990, 5960, 6030)
        assert [e[1] for e in desk.errors] == [110] * 3
        assert not gw.core.broker.orders

    played(FLAT, story)


def test_f35_the_position_is_liquidated() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        await desk.bracket(1, 5995, 5960, 6050)
        await desk.step(36)
        gw.arm("F-35")
        await desk.sync()
        last = desk.said("execDetails")[-1].message
        assert (last.text("liquidation"), last.text("orderId"), last.text("side")) == (
            "1", "-1", "SLD",
        )  # fmt: skip
        assert gw.core.broker.account.size() == 0

    played(FILLS, story)


def test_f36_a_position_nobody_knows() -> None:
    async def work() -> None:
        with gateway(FLAT) as gw:
            gw.arm("F-36", qty=2)
            async with playing(gw) as desk:
                assert [p.position for p in desk.ib.positions()] == [2]
                assert not desk.ib.fills()
                assert not await desk.ib.reqExecutionsAsync()

    run(work)


@pytest.mark.parametrize("name", ["F-37", "F-55"])
def test_an_order_nobody_knows(name: str) -> None:
    async def work() -> None:
        with gateway(FLAT) as gw:
            gw.arm(name, ref="20131008-001-MES-E-beef")
            async with playing(gw) as desk:
                assert not desk.ib.openOrders()
                (order,) = await desk.ib.reqAllOpenOrdersAsync()
                assert order.order.orderRef == "20131008-001-MES-E-beef"
                assert order.order.clientId == 99

    run(work)


def test_f38_a_person_trades() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-38", qty=-1)
        await desk.sync()
        assert [p.position for p in desk.ib.positions()] == [-1]
        assert not desk.said("execDetails")

    played(FLAT, story)


def test_f39_a_stop_dies_with_the_session() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-39")
        _, _, stop = await desk.bracket(1, 5995, 5960, 6050)
        await desk.step(36)
        gw.call(lambda: gw.core.pass_time(OPEN + 452 * MINUTE))
        await desk.sync()
        assert desk.states(stop)[-1] == "Cancelled"
        assert gw.core.broker.account.size() == 1

    played(FILLS, story)


@pytest.mark.parametrize(("how", "seen"), [("empty", ""), ("cut", "abcde")])
def test_f44_the_reference_does_not_come_back(how: str, seen: str) -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-44", how=how, keep=5)
        await desk.bracket(1, 5990, 5960, 6030, orderRef="abcdefgh")
        assert desk.said("openOrder")[0].message.text("orderRef") == seen

    played(FLAT, story)


def test_f46_read_only() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-46")
        await desk.bracket(1, 5990, 5960, 6030)
        assert [e[1] for e in desk.errors] == [321] * 3
        assert not gw.core.broker.orders

    played(FLAT, story)


@pytest.mark.parametrize("code", [10349, 399, 2109, 424242])
@pytest.mark.parametrize("early", [True, False])
def test_f49_a_code_on_a_live_order(code: int, early: bool) -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        if early:
            gw.arm("F-49", code=code, leg="stop")
        _, _, stop = await desk.bracket(1, 5990, 5960, 6030)
        if not early:
            gw.arm("F-49", code=code, leg="stop")
        await desk.sync()
        assert [e[:2] for e in desk.errors] == [(stop.order.orderId, code)]
        assert all(o.live for o in gw.core.broker.orders)

    played(FLAT, story)


def test_f57_positions_lag() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-57", pieces=30)
        await desk.bracket(1, 5995, 5960, 6050)
        await desk.step(36)
        assert desk.said("execDetails")
        assert not desk.said("position")
        await desk.step(30)
        assert desk.said("position")

    played(FILLS, story)


def test_f58_a_change_is_refused() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-58")
        _, _, stop = await desk.bracket(1, 5990, 5960, 6030)
        stop.order.auxPrice = 5970 * 0.25
        desk.ib.placeOrder(desk.contract, stop.order)
        await desk.sync()
        assert (stop.order.orderId, 201) in [e[:2] for e in desk.errors]
        assert gw.core.broker.orders[2].stop == 5960
        assert gw.core.broker.orders[2].live

    played(FLAT, story)

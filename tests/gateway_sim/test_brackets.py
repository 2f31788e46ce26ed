"""Brackets, cancels and expiries, with an unmodified ib_insync on a real socket."""

from __future__ import annotations

import pytest

from adapters.gateway_sim.bars import MINUTE, SECOND
from gateway_fixture import CLIENT, OPEN, connect, gateway, minutes, playing, run

pytest.importorskip("ib_insync")

FLAT = minutes(*[6000] * 10)
DOWN_UP = minutes(6000, 6000, 5990, 6020, 6020)
DOWN = minutes(6000, 6000, 5990, 5970, 5970)


def stamp(at: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at // SECOND, UTC).strftime("%Y%m%d-%H:%M:%S")


def test_a_bracket_is_released_by_its_last_order() -> None:
    async def work() -> None:
        with gateway(FLAT) as gw:
            async with playing(gw) as desk:
                entry, target, stop = await desk.bracket(1, 5990, 5960, 6030)
                assert [t.orderStatus.status for t in (entry, target, stop)] == [
                    "Submitted", "PreSubmitted", "PreSubmitted",
                ]  # fmt: skip
                held = [e.message for e in desk.said("orderStatus")]
                assert [m.text("whyHeld") for m in held] == ["", "child", "child"]
                assert len({m.text("permId") for m in held}) == 3
                placed = [e.message for e in gw.received if e.kind == "placeOrder"]
                assert [m.text("transmit") for m in placed] == ["0", "0", "1"]
                assert [m.number("parentId") for m in placed] == [0] + [entry.order.orderId] * 2
                assert not any(m.flag("whatIf") for m in placed)

    run(work)


def test_the_target_fills_and_the_stop_is_cancelled() -> None:
    async def work() -> None:
        with gateway(DOWN_UP) as gw:
            async with playing(gw) as desk:
                entry, target, stop = await desk.bracket(1, 5995, 5980, 6010)
                await desk.step(60)
                assert [t.orderStatus.status for t in (entry, target, stop)] == [
                    "Filled", "Filled", "Cancelled",
                ]  # fmt: skip
                assert [t.fills[0].execution.price for t in (entry, target)] == [1498.75, 1502.5]
                assert (stop.order.orderId, 202) in [e[:2] for e in desk.errors]
                reports = [t.fills[0].commissionReport for t in (entry, target)]
                assert [r.commission for r in reports] == [0.62, 0.62]
                assert reports[1].realizedPNL == pytest.approx(15 * 1.25 - 0.62)
                assert not [p for p in desk.ib.positions() if p.position]
                assert float(gw.core.broker.account.cash) == 25000 + 15 * 1.25 - 1.24

    run(work)


def test_the_stop_fills_with_its_slippage_and_the_target_is_cancelled() -> None:
    async def work() -> None:
        with gateway(DOWN) as gw:
            async with playing(gw) as desk:
                entry, target, stop = await desk.bracket(1, 5995, 5980, 6010)
                await desk.step(60)
                assert [t.orderStatus.status for t in (entry, target, stop)] == [
                    "Filled", "Cancelled", "Filled",
                ]  # fmt: skip
                assert stop.fills[0].execution.price == (5980 - 1) * 0.25

    run(work)


def test_after_the_entry_the_children_work() -> None:
    async def work() -> None:
        with gateway(minutes(6000, 6000, 5990, 5990)) as gw:
            async with playing(gw) as desk:
                entry, target, stop = await desk.bracket(1, 5995, 5980, 6010)
                await desk.step(36)
                assert desk.states(target)[-1] == "Submitted"
                assert stop.orderStatus.whyHeld == "trigger"
                assert desk.ib.positions()[0].position == 1
                assert desk.ib.positions()[0].avgCost == 5995 * 1.25
                kinds = [
                    e.kind for e in gw.sent if e.message.text("orderId") == str(entry.order.orderId)
                ]
                assert kinds[-3:] == ["execDetails", "openOrder", "orderStatus"]

    run(work)


def test_cancelling_the_entry_takes_the_children_along() -> None:
    async def work() -> None:
        with gateway(FLAT) as gw:
            async with playing(gw) as desk:
                trades = await desk.bracket(1, 5990, 5960, 6030)
                desk.ib.cancelOrder(trades[0].order)
                await desk.sync()
                assert [t.orderStatus.status for t in trades] == ["Cancelled"] * 3
                assert [e[1] for e in desk.errors] == [202] * 3

    run(work)


def test_prices_off_the_tick_are_refused() -> None:
    async def work() -> None:
        with gateway(FLAT) as gw:
            async with playing(gw) as desk:
                import ib_insync as lib

                order = lib.LimitOrder("BUY", 1, 1500.1, tif="DAY")
                desk.ib.placeOrder(desk.contract, order)
                await desk.sync()
                assert [e[1] for e in desk.errors] == [110]
                assert not gw.core.broker.orders

    run(work)


def test_a_what_if_order_is_no_order() -> None:
    async def work() -> None:
        with gateway(FLAT) as gw:
            async with playing(gw) as desk:
                import ib_insync as lib

                order = lib.LimitOrder("BUY", 1, 1500.0, tif="DAY")
                state = await desk.ib.whatIfOrderAsync(desk.contract, order)
                assert float(state.initMarginChange) == 2500
                assert not gw.core.broker.orders

    run(work)


def test_orders_live_while_nobody_is_connected_and_expire_in_virtual_time() -> None:
    async def work() -> None:
        until = OPEN + 2 * MINUTE + 35 * SECOND
        with gateway(FLAT) as gw:
            async with playing(gw) as desk:
                await desk.bracket(1, 5990, 5960, 6030, tif="GTD", goodTillDate=stamp(until))
            gw.play(12)
            async with playing(gw) as desk:
                found = await desk.ib.reqAllOpenOrdersAsync()
                assert len(found) == 3
                assert [o.orderRef[-1] for o in desk.ib.openOrders()] == ["E", "T", "S"]
            gw.play(20)
            assert len(gw.core.broker.live()) == 0
            assert gw.core.broker.orders[0].done_at == until
            async with playing(gw) as desk:
                assert not await desk.ib.reqAllOpenOrdersAsync()
                done = await desk.ib.reqCompletedOrdersAsync(False)
                assert {t.orderStatus.status for t in done} == {"Cancelled"}
                assert {t.order.orderRef[-1] for t in done} == {"E", "T", "S"}

    run(work)


def test_day_orders_end_with_the_session_and_gtc_orders_do_not() -> None:
    async def work() -> None:
        with gateway(minutes(6000, 5990, 5990)) as gw:
            async with playing(gw) as desk:
                entry, target, stop = await desk.bracket(1, 5995, 5960, 6030)
                await desk.step(36)
                gw.call(lambda: gw.core.pass_time(OPEN + 7 * 60 * MINUTE + 31 * MINUTE))
                await desk.sync()
                assert (entry.orderStatus.status, target.orderStatus.status) == (
                    "Filled", "Cancelled",
                )  # fmt: skip
                assert stop.orderStatus.status == "PreSubmitted"

    run(work)


def test_a_second_client_of_the_same_id_is_refused() -> None:
    async def work() -> None:
        with gateway(FLAT) as gw:
            async with playing(gw):
                with pytest.raises(TimeoutError):
                    await connect(gw, CLIENT, timeout=0.3)
                errors = [e for e in gw.sent if e.message.text("code") == "326"]
                assert len(errors) == 1
            again = await connect(gw)
            again.disconnect()

    run(work)


def test_orders_of_others_are_seen_by_asking_for_all_only() -> None:
    async def work() -> None:
        with gateway(FLAT) as gw:
            async with playing(gw, 5) as other:
                await other.bracket(1, 5990, 5960, 6030)
                async with playing(gw) as desk:
                    assert not await desk.ib.reqOpenOrdersAsync()
                    assert len(await desk.ib.reqAllOpenOrdersAsync()) == 3
                    desk.ib.client.cancelOrder(other.ib.openOrders()[0].orderId)
                    await desk.sync()
                    assert desk.errors[-1][1] == 10147
                    desk.ib.reqGlobalCancel()
                    await desk.sync()
                    assert not await desk.ib.reqAllOpenOrdersAsync()

    run(work)


def test_an_id_used_before_is_refused() -> None:
    async def work() -> None:
        with gateway(FLAT) as gw:
            async with playing(gw) as desk:
                trades = await desk.bracket(1, 5990, 5960, 6030)
                desk.ib.cancelOrder(trades[0].order)
                await desk.sync()
                desk.ib.client.placeOrder(trades[0].order.orderId, desk.contract, trades[0].order)
                await desk.sync()
                assert desk.errors[-1][1] == 103

    run(work)


def test_a_stop_can_be_moved_and_its_kind_cannot_be_changed() -> None:
    async def work() -> None:
        with gateway(FLAT) as gw:
            async with playing(gw) as desk:
                _, _, stop = await desk.bracket(1, 5990, 5960, 6030)
                stop.order.auxPrice = 5970 * 0.25
                desk.ib.placeOrder(desk.contract, stop.order)
                await desk.sync()
                assert gw.core.broker.orders[2].stop == 5970
                stop.order.orderType = "LMT"
                desk.ib.placeOrder(desk.contract, stop.order)
                await desk.sync()
                assert desk.errors[-1][1] == 105
                assert gw.core.broker.orders[2].kind == "STP"

    run(work)


def test_one_cancels_all_in_a_named_group() -> None:
    async def work() -> None:
        with gateway(minutes(6000, 6000, 6000, 6000)) as gw:
            async with playing(gw) as desk:
                import ib_insync as lib

                common = {"tif": "GTC", "ocaGroup": "g", "ocaType": 1}
                resting = lib.StopOrder("SELL", 1, 1480.0, **common)
                stop = desk.ib.placeOrder(desk.contract, resting)
                market = desk.ib.placeOrder(
                    desk.contract,
                    lib.Order(action="SELL", totalQuantity=1, orderType="MKT", **common),
                )
                await desk.sync()
                await desk.step(1)
                assert (market.orderStatus.status, stop.orderStatus.status) == (
                    "Filled", "Cancelled",
                )  # fmt: skip
                assert market.fills[0].execution.price == (6000 - 1) * 0.25

    run(work)

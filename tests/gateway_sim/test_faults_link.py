"""Each fault of the link, of bars, values and clocks does what its name says."""

from __future__ import annotations

import asyncio
import math
import socket
from typing import Any

import pytest

pytest.importorskip("ib_insync")

import ib_insync as lib

from adapters.gateway_sim.catalogue import NAMES, meaning
from adapters.gateway_sim.server import GatewaySim
from gateway_fixture import Desk, connect, gateway, minutes, playing, run

FLAT = minutes(*[6000] * 10)


def played(story: Any) -> None:
    async def work() -> None:
        with gateway(FLAT) as gw:
            async with playing(gw) as desk:
                await story(gw, desk)

    run(work)


async def until_closed(ib: Any) -> None:
    for _ in range(500):
        if not ib.isConnected():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the socket is still open")


def codes(desk: Desk) -> list[int]:
    return [e[1] for e in desk.errors]


def bars(desk: Desk) -> Any:
    return desk.ib.reqRealTimeBars(desk.contract, 5, "TRADES", False)


def test_every_fault_but_the_death_of_the_client_has_a_name() -> None:
    assert sorted(NAMES) == [f"F-{n:02d}" for n in range(1, 59) if n != 56]
    assert all(meaning(name).endswith(".") for name in NAMES)


def test_an_option_that_means_nothing_is_refused() -> None:
    with gateway(FLAT) as gw:
        with pytest.raises(ValueError, match="F-10 has no option"):
            gw.arm("F-10", hwo="late")
        with pytest.raises(ValueError, match="one of never, late, twice"):
            gw.arm("F-10", how="later")
        with pytest.raises(KeyError):
            gw.arm("F-56")


def test_a_fault_can_wait_for_its_time() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-24", at=gw.core.market.now + 12 * 5 * 10**9)
        await desk.step(11)
        assert 1100 not in codes(desk)
        await desk.step(1)
        assert 1100 in codes(desk)

    played(story)


def test_the_nth_message_and_a_predicate() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        rule = gw.arm("F-27", nth=2, times=2, where=lambda s, m: m.number("time") % 10 == 0)
        got = bars(desk)
        await desk.step(12)
        assert rule.fired == 2
        assert [b.time.second for b in got] == [0, 5, 15, 25, 30, 35, 40, 45, 50, 55]
        gw.disarm(rule)

    played(story)


@pytest.mark.parametrize(("name", "code"), [("F-22", 1102), ("F-23", 1101)])
def test_ibkr_is_out_of_reach(name: str, code: int) -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        got = bars(desk)
        await desk.step(2)
        gw.arm(name, bars=4)
        await desk.sync()
        assert codes(desk) == [1100]
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(desk.ib.reqAllOpenOrdersAsync(), 0.2)
        await desk.step(4)
        assert codes(desk) == [1100, code]
        await desk.step(3)
        assert len(got) == (5 if code == 1102 else 2)

    played(story)


def test_f24_nothing_more_comes() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        rule = gw.arm("F-24")
        await desk.step(30)
        assert codes(desk) == [1100]
        gw.disarm(rule)
        await desk.sync()
        assert codes(desk) == [1100, 1102]

    played(story)


@pytest.mark.parametrize(("name", "said"), [("F-25", [2103]), ("F-26", []), ("F-48", [10197])])
def test_bars_stop(name: str, said: list[int]) -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        got = bars(desk)
        await desk.step(2)
        gw.arm(name)
        await desk.step(3)
        assert (len(got), codes(desk)) == (2, said)
        again = bars(desk)
        await desk.step(2)
        assert (len(got), len(again)) == (2, 2)

    played(story)


@pytest.mark.parametrize(
    ("how", "seconds"),
    [("duplicate", [0, 0, 5, 10]), ("reorder", [5, 0, 10]), ("corrected", [0, 0, 5, 10])],
)
def test_f28_bars_twice_or_out_of_order(how: str, seconds: list[int]) -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        got = bars(desk)
        await desk.sync()
        gw.arm("F-28", how=how)
        await desk.step(3)
        assert [b.time.second for b in got] == seconds
        assert (got[0].close != got[1].close) is (how == "corrected")

    played(story)


@pytest.mark.parametrize(
    ("how", "price"), [("off_tick", 1500.125), ("zero", 0), ("negative", -1500), ("absurd", 15000)]
)
def test_f29_impossible_prices(how: str, price: float) -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        got = bars(desk)
        gw.arm("F-29", how=how)
        await desk.step(2)
        assert [b.close for b in got] == [price, 1500]

    played(story)


def test_f29_no_number() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        got = bars(desk)
        gw.arm("F-29", how="nan")
        await desk.step(1)
        assert math.isnan(got[0].close)

    played(story)


@pytest.mark.parametrize(
    ("name", "how", "accounts"),
    [
        ("F-31", {"how": "several"}, ["DU1234567", "DU7654321"]),
        ("F-31", {"how": "other"}, ["DU7654321"]),
        ("F-32", {}, ["U1234567"]),
    ],
)
def test_accounts(name: str, how: dict[str, str], accounts: list[str]) -> None:
    async def work() -> None:
        with gateway(FLAT) as gw:
            gw.arm(name, **how)
            ib = await connect(gw)
            assert ib.managedAccounts() == accounts
            ib.disconnect()

    run(work)


def value(ib: Any, tag: str) -> str | None:
    found = [v.value for v in ib.accountValues() if v.tag == tag and v.currency in ("USD", "")]
    return found[0] if found else None


@pytest.mark.parametrize(
    ("name", "how", "tag", "expected"),
    [
        ("F-33", {"how": "absent"}, "NetLiquidation", None),
        ("F-33", {"how": "unset"}, "AvailableFunds", "1.7976931348623157E308"),
        ("F-33", {"how": "not_ready"}, "AccountReady", "false"),
        ("F-34", {}, "AvailableFunds", "-125.00"),
    ],
)
def test_account_values(name: str, how: dict[str, str], tag: str, expected: str | None) -> None:
    async def work() -> None:
        with gateway(FLAT) as gw:
            rule = gw.arm(name, **how)
            ib = await connect(gw)
            assert value(ib, tag) == expected
            ib.disconnect()
            gw.disarm(rule)
            ib = await connect(gw)
            assert value(ib, tag) in ("25000.00", "true")
            ib.disconnect()

    run(work)


def test_f33_values_go_stale() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        await desk.step(36)
        count = len(desk.said("updateAccountTime"))
        assert count == 2
        gw.arm("F-33", how="stale")
        await desk.step(72)
        assert len(desk.said("updateAccountTime")) == count

    played(story)


def test_f40_the_id_is_in_use() -> None:
    async def work() -> None:
        with gateway(FLAT) as gw:
            gw.arm("F-40", times=1)
            with pytest.raises(TimeoutError):
                await connect(gw, timeout=0.3)
            assert [e.message.text("code") for e in gw.sent] == ["326"]
            ib = await connect(gw)
            ib.disconnect()

    run(work)


def test_f41_half_open() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-41")
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(desk.ib.reqCurrentTimeAsync(), 0.2)
        assert desk.ib.isConnected()
        desk.ib.disconnect()
        again = await connect(gw)
        assert again.isConnected()
        again.disconnect()

    played(story)


def test_f42_a_nightly_restart() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        await desk.bracket(1, 5990, 5960, 6030)
        gw.arm("F-42", seconds=0.3, farms=3)
        await until_closed(desk.ib)
        with pytest.raises(ConnectionRefusedError), socket.socket() as probe:
            probe.connect(("127.0.0.1", gw.port))
        await asyncio.sleep(0.6)
        async with playing(gw) as back:
            assert len(await back.ib.reqAllOpenOrdersAsync()) == 3
            got = bars(back)
            await back.sync()
            gw.play(3)
            await back.sync()
            assert 2104 in codes(back)
            assert len(got) == 0
            await back.step(2)
            assert len(got) == 2

    played(story)


def test_f43_ids_roll_back() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        entry = (await desk.bracket(1, 5990, 5960, 6030))[0]
        desk.ib.disconnect()
        gw.arm("F-43")
        again = await connect(gw)
        first = [e for e in gw.sent if e.kind == "nextValidId"][-1]
        assert first.message.number("orderId") == 1 < entry.order.orderId
        again.disconnect()

    played(story)


def test_f45_a_request_is_not_answered() -> None:
    async def work() -> None:
        with gateway(FLAT) as gw:
            rule = gw.arm("F-45", kind="reqPositions")
            ib = await connect(gw, timeout=3)
            assert rule.fired == 1
            assert ib.positions() == []
            gw.disarm(rule)
            assert await asyncio.wait_for(ib.reqPositionsAsync(), 2) == []
            ib.disconnect()

    run(work)


def test_f47_pacing() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-47")
        await desk.step(12)
        got = await desk.ib.reqHistoricalDataAsync(
            desk.contract, "", "1 D", "1 min", "TRADES", False, 2
        )
        assert len(got) == 0
        bars(desk)
        await desk.step(2)
        assert codes(desk) == [162, 420]

    played(story)


@pytest.mark.parametrize(
    ("how", "count"),
    [("none", 0), ("several", 10), ("multiplier", 5), ("tick", 5), ("expired", 5), ("hours", 5),
     ("closed", 5)],
)  # fmt: skip
def test_f50_contract_details(how: str, count: int) -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-50", how=how)
        future = lib.Future("MES", exchange="CME", currency="USD")
        found = await desk.ib.reqContractDetailsAsync(future)
        assert len(found) == count
        for cd in found:
            assert (cd.contract.multiplier == "50") is (how == "multiplier")
            assert (cd.minTick == 0.05) is (how == "tick")
            assert (cd.realExpirationDate < "20131001") is (
                how == "expired" and cd.realExpirationDate.startswith("2012")
            ) or how == "expired"
            assert (cd.tradingHours == "") is (how == "hours")
            assert cd.tradingHours.endswith("20131008:CLOSED") is (how == "closed")

    played(story)


@pytest.mark.parametrize("how", ["garbage", "fields"])
def test_f51_a_broken_frame_is_dropped_by_the_library(
    how: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-51", how=how)
        await desk.sync()
        assert [r.name for r in caplog.records if r.levelname == "ERROR"] == ["ib_insync.Decoder"]

    played(story)


def test_f51_a_huge_length_silences_the_client() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-51", how="huge")
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(desk.ib.reqCurrentTimeAsync(), 0.2)

    played(story)


def test_f51_one_byte_at_a_time_is_read() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-51", how="split")
        await desk.bracket(1, 5990, 5960, 6030)
        assert len(desk.ib.openOrders()) == 3

    played(story)


def test_f52_the_clock_is_ahead() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        before = await desk.ib.reqCurrentTimeAsync()
        rule = gw.arm("F-52")
        after = await desk.ib.reqCurrentTimeAsync()
        assert (after - before).total_seconds() == 90
        gw.disarm(rule)
        assert await desk.ib.reqCurrentTimeAsync() == before

    played(story)


def test_f53_too_many_messages() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-53")
        desk.ib.client.reqIds(1)
        await until_closed(desk.ib)
        assert codes(desk) == [100]

    played(story)


def test_f54_the_queue_of_the_client_is_lost() -> None:
    async def story(gw: GatewaySim, desk: Desk) -> None:
        gw.arm("F-54")
        for _ in range(60):
            desk.ib.client.reqIds(1)
        desk.send_bracket(1, 5990, 5960, 6030)
        await until_closed(desk.ib)
        assert not [e for e in gw.received if e.kind == "placeOrder"]

    played(story)

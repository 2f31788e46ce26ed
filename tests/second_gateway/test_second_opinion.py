"""The whole program against a gateway that shares no line with the one of the other tests.

What the first gateway and the adapter might have misread together shows here: other versions of
the protocol, another order of messages, and books of its own to compare with.
"""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from program import tradebot
from second_gateway.host import Host
from second_gateway.market import FOLDER, Minute, minutes, piece_file, pieces
from second_gateway.server import Gateway
from second_gateway.stage import LIBRARY, Stage, day_of
from second_gateway.wire import Order as Sent
from second_gateway.wire import Session

pytest.importorskip(LIBRARY)
BEFORE, DAY = (FOLDER / f"ES_1m_2013-10-0{n}.csv.gz" for n in (7, 8))
pytestmark = pytest.mark.skipif(not DAY.exists(), reason="recorded days are not there")
Story = Callable[[Stage, list[Minute]], Awaitable[None]]


def played(folder: Path, story: Story, count: int = 9, **how: Any) -> Stage:
    """A story from 71 minutes after the open of a day whose first trade comes 4 minutes later."""

    async def run() -> Stage:
        past, ahead = day_of(minutes(DAY), -71, count)
        async with Stage(folder, Gateway(minutes(BEFORE) + past, **how)) as stage:
            stage.gw.exchange.slip = 1
            await stage.start()
            await story(stage, ahead)
            if stage.running:
                stage.signal(signal.SIGTERM)
            stage.code = await stage.ended()
        return stage

    return asyncio.run(run())


async def until_held(stage: Stage, ahead: list[Minute]) -> None:
    """Play until there is a position."""
    while not stage.gw.exchange.position:
        await stage.play([ahead.pop(0)])


def keep_open(stage: Stage) -> None:
    """Let the bracket's exits never fill."""
    stage.gw.exchange.may_fill = lambda o: o.parent is None and o.sent["type"] != "STP"


def test_the_pieces_of_a_minute_are_the_minute() -> None:
    for minute in minutes(DAY):
        found = pieces(minute)
        assert (found[0].open, found[-1].close) == (minute.open, minute.close)
        assert max(p.high for p in found) == minute.high
        assert min(p.low for p in found) == minute.low
        assert sum(p.volume for p in found) == minute.volume


def test_a_trade_on_an_old_server_is_decided_as_with_the_fake_broker(tmp_path: Path) -> None:
    async def story(stage: Stage, ahead: list[Minute]) -> None:
        await stage.play(ahead)

    stage = played(tmp_path, story, version=157)
    assert (stage.code, stage.check(), stage.naked) == (130, [], [])
    assert stage.summary["trades"] == 1
    day = [p for m in minutes(DAY) if m.start < stage.gw.now for p in pieces(m)]
    fake = tradebot(
        tmp_path, "--bars", piece_file(tmp_path / "day.csv", day), "--warmup", BEFORE,
        "--equity", 25_000, "--db", "sqlite:///fake.db", "--json",
    )  # fmt: skip
    assert fake.code == 0, fake.err
    live, there = stage.decisions(), stage.decisions("fake.db")
    assert len(live) == 9
    assert {name: there[name] for name in live} == live
    graded = stage.rows("SELECT payload FROM events WHERE type = 'QualityAssessed'")
    assert not [row for row in graded if "NO_QUOTE" in row["payload"]]  # it stood, and was heard


def test_dear_late_commissions_a_correction_and_times_without_a_zone(tmp_path: Path) -> None:
    async def story(stage: Stage, ahead: list[Minute]) -> None:
        gw = stage.gw
        gw.zone_told = False
        gw.commission_after = 0.8
        await until_held(stage, ahead)
        await asyncio.sleep(1)
        gw.correct(gw.exchange.executions[0], gw.exchange.executions[0].price + 2)
        await stage.play(ahead)
        await asyncio.sleep(1)

    stage = played(tmp_path, story, fee="0.87")
    it, told = stage.gw.exchange, stage.summary
    assert stage.code == 130
    assert [r["exit_reason"] for r in stage.rows("SELECT * FROM trades")] == ["STOP"]
    assert it.cash - it.start == Decimal("-17.99")  # 13 ticks, two of them a correction, and fees
    assert Decimal(told["net_pnl_usd"]) == it.cash - it.start
    assert (told["gross_pnl_usd"], told["fees_usd"]) == ("-16.25", "1.74")


def test_a_lost_stop_a_dead_link_and_a_restart_in_one_trade(tmp_path: Path) -> None:
    async def story(stage: Stage, ahead: list[Minute]) -> None:
        gw = stage.gw
        keep_open(stage)
        await until_held(stage, ahead)
        stop = next(o for o in gw.exchange.orders if o.sent["type"] == "STP" and o.active)
        gw.exchange.cancel(stop)
        await asyncio.sleep(0.4)
        await stage.play([ahead.pop(0)])
        connected = gw.counts["reqRealTimeBars"]
        gw.error(1100, "Connectivity between IB and Trader Workstation has been lost.")
        port = gw.port
        await gw.shut()
        await asyncio.sleep(0.5)
        await gw.open(port)
        await stage.wait(lambda: gw.counts["reqRealTimeBars"] > connected, 30)
        await asyncio.sleep(0.5)
        await stage.play(ahead)

    stage = played(tmp_path, story)
    assert (stage.code, stage.check()) == (130, [])
    assert all(spell.market <= 5 for spell in stage.naked)
    assert len(stage.entries) == 1
    again = [h for h in stage.placed if "-S1-" in h.fields[26]]
    assert len(again) == 1
    assert Sent.read(again[0].fields, 176)["aux"] == Sent.read(stage.placed[2].fields, 176)["aux"]


@pytest.mark.parametrize("code", [201, 10318])
def test_f58_a_stop_that_cannot_be_moved_protects_where_it_is(tmp_path: Path, code: int) -> None:
    """Refused for good, or with a code that nobody knows: the move to break-even never was."""
    refused: list[str] = []

    async def story(stage: Stage, ahead: list[Minute]) -> None:
        gw = stage.gw
        gw.exchange.may_fill = lambda o: o.parent is None or o.sent["type"] == "STP"

        def refuse(session: Session, name: str, f: list[str]) -> bool:
            order = gw.exchange.find(session.client, int(f[1])) if name == "placeOrder" else None
            if order is None or order.sent["type"] != "STP":
                return False
            refused.append(Sent.read(f, session.version)["aux"])
            gw.error(code, "The order cannot be changed", f[1], session)
            return True

        gw.heard_hooks.append(refuse)
        await until_held(stage, ahead)
        entry = gw.exchange.executions[0]
        up, start = entry.price + 14 * entry.side, ahead[0].start
        away = [flat(start + n * 60, up) for n in range(3)]
        await stage.play(away)
        assert gw.exchange.position == entry.side, "nothing was closed for it"
        await stage.play([flat(start + 180, entry.price - 16 * entry.side)])
        await asyncio.sleep(1)

    stage = played(tmp_path, story)
    assert (stage.code, stage.naked) == (130, [])
    stop = next(o for o in stage.gw.exchange.orders if o.sent["type"] == "STP")
    (entry, out) = stage.gw.exchange.executions
    assert len(refused) == 1, "nothing is asked again and again"
    assert all(Decimal(price) == Decimal(f"{float(entry.price) / 4}") for price in refused)
    assert out.order is stop, "where it was"
    assert [o.ref for o in stage.gw.exchange.orders if "-S" in o.ref] == [stop.ref]
    assert [r["exit_reason"] for r in stage.rows("SELECT * FROM trades")] == ["STOP"]
    assert stage.check() == []


def flat(start: int, at: int) -> Minute:
    """A minute at one price."""
    return Minute(start, at, at, at, at, 1_200, at - 1, at)


def test_f27_a_piece_that_never_came_is_in_its_minute(tmp_path: Path) -> None:
    async def story(stage: Stage, ahead: list[Minute]) -> None:
        lost = ahead[1].start + 4 * 5
        await stage.play(ahead[:4], lambda p: p.start in (lost, lost + 5))

    stage = played(tmp_path, story)
    assert stage.code == 130
    rows = stage.rows("SELECT payload FROM events WHERE type = 'BarClosed' ORDER BY seq DESC")
    bars = [json.loads(row["payload"]) for row in rows]
    live = [b for b in reversed(bars) if not b["warmup"]]
    assert [b["n_sub"] for b in live] == [12, 10, 12, 12]
    _, ahead = day_of(minutes(DAY), -71, 4)
    for bar, minute in zip(live, ahead, strict=True):
        assert (bar["high"], bar["low"], bar["volume"]) == (minute.high, minute.low, minute.volume)


def test_f52_a_host_clock_that_is_set_is_caught_and_read_afresh(tmp_path: Path) -> None:
    """In real time: half a minute ahead in the middle of a session, and back again."""

    async def run() -> Stage:
        past, ahead = day_of(minutes(DAY), -71, 4)
        async with Stage(tmp_path, Gateway(minutes(BEFORE) + past)) as stage:
            host = Host(tmp_path, stage.gw)
            await stage.start(**host.variables)
            await host.play(stage, ahead, host.now + 7)
            for wrong_by in (30, 0):
                host.set(wrong_by)
                await host.play(stage, ahead, host.now + 12)
            stage.signal(signal.SIGTERM)
            stage.code = await stage.ended()
            return stage

    stage = asyncio.run(run())
    assert stage.code == 130
    rows = stage.rows("SELECT type, payload FROM events ORDER BY seq")
    told = [(row["type"], json.loads(row["payload"])) for row in rows]
    jumps = [n for n, (kind, said) in enumerate(told) if kind == "HostState" and said["jump"]]
    assert len(jumps) == 2, "there and back"
    for jump, end in pairwise([*jumps, len(told)]):
        assert "clock jump" in told[jump][1]["unfit"]
        kinds = [kind for kind, _ in told[jump:end]]
        read = kinds.index("ReconcileCompleted")
        fit = [
            n for n, (kind, said) in enumerate(told[jump:end])
            if kind == "HostState" and "clock jump" not in said["unfit"]
        ]  # fmt: skip
        assert read < min(fit), "fit again once the broker was read"
    assert not [kind for kind, _ in told if kind in ("KillTriggered", "OrderSubmitting")]
    times = [int(row["ts_recorded"]) for row in stage.rows("SELECT * FROM events ORDER BY seq")]
    assert max(times) - min(times) > 25 * 10**9, "the program did see that clock"


def test_an_account_of_the_other_kind_is_refused(tmp_path: Path) -> None:
    async def run() -> int:
        async with Stage(tmp_path, Gateway(minutes(BEFORE), account="U7654321")) as stage:
            await stage.start(ready=False)
            code = await stage.ended()
            assert stage.placed == []
            return code

    assert asyncio.run(run()) == 4

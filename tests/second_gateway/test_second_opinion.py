"""The whole program against a gateway that shares no line with the one of the other tests.

What the first gateway and the adapter might have misread together shows here: other versions of
the protocol, another order of messages, and books of its own to compare with.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from program import tradebot
from second_gateway.market import FOLDER, Minute, minutes, piece_file, pieces
from second_gateway.server import Gateway
from second_gateway.stage import LIBRARY, Stage, day_of
from second_gateway.wire import Order as Sent

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


def test_an_account_of_the_other_kind_is_refused(tmp_path: Path) -> None:
    async def run() -> int:
        async with Stage(tmp_path, Gateway(minutes(BEFORE), account="U7654321")) as stage:
            await stage.start(ready=False)
            code = await stage.ended()
            assert stage.placed == []
            return code

    assert asyncio.run(run()) == 4

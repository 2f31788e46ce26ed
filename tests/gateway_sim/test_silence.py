"""How a gateway's time goes where the bars have a hole, and what a bot makes of it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("ib_insync")

from adapters.gateway_sim.bars import MINUTE, PIECE, SECOND, Bar
from adapters.gateway_sim.codec import Message
from adapters.gateway_sim.core import Core, Settings
from adapters.gateway_sim.silence import next_moment
from gateway_fixture import OPEN, minutes, run
from live_rehearsal import GATEWAY, real_morning
from program import Ended, command, environment, tradebot

HOUR = 60 * MINUTE
CLOSE = OPEN + 390 * MINUTE
HEAD = "ts,open,high,low,close,volume,bid,ask\n"
STORE = "var/tradebot-ibkr-paper.db"


def moments(since: int, until: int | None, busy: bool = False) -> list[int]:
    now, seen = since, [since]
    while (target := next_moment(now, since, until, busy)) > now:
        now = target
        seen.append(now)
    return seen


def test_minutes_without_a_bar_go_by_in_steps_of_five_seconds() -> None:
    since = OPEN + 30 * MINUTE
    assert moments(since, since + 2 * MINUTE) == [since + n * PIECE for n in range(25)]


def test_a_long_silence_goes_by_in_minutes_unless_something_is_held() -> None:
    since = OPEN + 30 * MINUTE
    assert moments(since, since + HOUR)[-1] == since + HOUR
    assert len(moments(since, since + HOUR)) == 1 + 10 * 12 + 50
    assert len(moments(since, since + HOUR, busy=True)) == 1 + 60 * 12


def test_the_close_is_gone_through_and_the_night_is_not() -> None:
    morning = OPEN + 24 * HOUR
    seen = moments(CLOSE - MINUTE, morning)
    assert CLOSE in seen
    assert seen[-2:] == [CLOSE + 5 * MINUTE, morning]


def test_a_day_that_begins_without_bars_is_silent_from_its_open() -> None:
    tomorrow = OPEN + 24 * HOUR
    seen = moments(CLOSE + HOUR, tomorrow + 3 * MINUTE)
    assert seen[1] == tomorrow
    assert seen[2] == tomorrow + PIECE


def test_days_without_a_bar_are_no_days() -> None:
    assert moments(CLOSE + HOUR, OPEN + 6 * 24 * HOUR)[1:] == [OPEN + 6 * 24 * HOUR]


def test_after_the_last_bar_only_what_is_held_is_waited_for() -> None:
    assert moments(OPEN + HOUR, None) == [OPEN + HOUR]
    assert moments(OPEN + HOUR, None, busy=True)[-1] == CLOSE + 5 * MINUTE
    assert moments(CLOSE + HOUR, None, busy=True) == [CLOSE + HOUR]


@given(st.integers(0, 10 * 24 * 3600), st.integers(1, 5 * 24 * 3600), st.booleans())
def test_every_silence_ends_at_its_end(begins: int, lasts: int, busy: bool) -> None:
    since = OPEN + begins * SECOND
    seen = moments(since, since + lasts * SECOND, busy)
    assert seen[-1] == since + lasts * SECOND
    assert seen == sorted(set(seen))


@pytest.mark.parametrize("further", [False, True], ids=["none", "a bar of this session"])
def test_a_market_order_is_filled_at_the_last_close_if_no_bar_is_left(further: bool) -> None:
    bars = minutes(6000, 6004, 5990)
    day = bars if further else [*bars[:2], *minutes(6100, start=OPEN + 24 * HOUR)]
    core = Core(Settings(), day)
    for _ in range(24):
        core.step()
    core.broker.place(17, _sell(), core.quarter(_contract()))
    core.pass_time(core.market.now + PIECE)
    done = core.broker.executions
    assert [(d.price, d.at) for d in done] == (
        [] if further else [(6003, OPEN + 2 * MINUTE + PIECE)]
    )
    core.step()
    assert len(core.broker.executions) == 1


def _contract() -> Message:
    return Message(
        "reqContractDetails", {"symbol": "MES", "secType": "FUT", "localSymbol": "MESZ3"}
    )


def _sell() -> Message:
    return Message("placeOrder", {
        "orderId": 1, "action": "SELL", "totalQuantity": 1, "orderType": "MKT", "tif": "DAY",
        "transmit": True,
    })  # fmt: skip


# ---- the program against the command


def write(path: Path, bars: list[Bar]) -> Path:
    with path.open("w", encoding="utf-8") as out:
        out.write(HEAD)
        for bar in bars:
            stamp = datetime.fromtimestamp(bar.start // SECOND, UTC).isoformat()
            prices = ",".join(str(p / 4) for p in (bar.open, bar.high, bar.low, bar.close))
            out.write(f"{stamp},{prices},{bar.volume},{bar.close / 4 - 0.25},{bar.close / 4}\n")
    return path


@contextmanager
def rehearsal(folder: Path, day: list[Bar], past: list[Bar]) -> Iterator[int]:
    """The port of a gateway of its own, which plays until it is told to stop."""
    files = write(folder / "day.csv", day), write(folder / "past.csv", past)
    words = ("gateway-sim", "--bars", files[0], "--warmup", files[1], "--port", 0, "--linger", 5)
    with subprocess.Popen(
        command(*words), env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True,
    ) as gateway:  # fmt: skip
        assert gateway.stderr is not None
        line = gateway.stderr.readline()
        try:
            yield int(line.partition("127.0.0.1:")[2].partition(",")[0])
        finally:
            gateway.terminate()
            gateway.communicate(timeout=20)


def run_bot(folder: Path, port: int, *words: object) -> Ended:
    done = subprocess.run(
        command("--adapter", "ibkr", "--mode", "PAPER", "--port", port, "--json", *words),
        cwd=folder, env=environment(**GATEWAY), capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stdout + done.stderr
    return Ended(done.returncode, done.stdout, done.stderr)


def events(folder: Path, kind: str) -> list[tuple[int, dict[str, Any]]]:
    with closing(sqlite3.connect(f"file:{folder / STORE}?mode=ro", uri=True)) as store:
        rows = store.execute(
            "SELECT ts_event, payload FROM events WHERE type = ? ORDER BY seq", (kind,)
        )
        return [(at, json.loads(payload)) for at, payload in rows]


@pytest.mark.parametrize("steady", [True, False], ids=["always asks", "asked twice"])
def test_who_always_asks_for_the_time_is_waited_for_when_busy(steady: bool, tmp_path: Path) -> None:
    """A client falls silent for two seconds in a hole of the bars: time waits for it if it had
    always asked, and else goes on at the pace of who does not ask, once its second is over."""
    bars = [*minutes(6000, 6004), *minutes(6008, start=OPEN + 8 * MINUTE)]

    async def told(ib: Any) -> int:
        return int((await ib.reqCurrentTimeAsync()).timestamp()) * SECOND

    async def work() -> None:
        import ib_insync as lib

        with rehearsal(tmp_path, bars, minutes(6000, start=OPEN - MINUTE)) as port:
            ib = lib.IB()
            await ib.connectAsync("127.0.0.1", port, clientId=17, timeout=10)
            future = lib.Future("MES", exchange="CME", currency="USD")
            contract = (await ib.reqContractDetailsAsync(future))[0].contract
            ib.reqRealTimeBars(contract, 5, "TRADES", False)
            while steady and await told(ib) < OPEN + 3 * MINUTE:
                await asyncio.sleep(0.02)
            before = await told(ib)
            await asyncio.sleep(2.0)
            passed = await told(ib) - before
            ib.disconnect()
        assert passed <= PIECE if steady else passed > MINUTE

    run(work)


def test_a_hole_in_the_bars_is_the_silence_that_it_is_live(tmp_path: Path) -> None:
    """A trade is open when the bars stop for ten minutes: the stop is tightened, the trade ended,
    the switch pulled, each at its time; the close waits for the next bar."""
    day, past = real_morning(-70)
    hole = OPEN + 76 * MINUTE
    played = [b for b in day[:25] if not hole <= b.start < hole + 9 * MINUTE]
    with rehearsal(tmp_path, played, past) as port:
        done = run_bot(tmp_path, port, "--until", "2013-10-08T14:57:00Z")
    assert done.code == 3, done.err
    [(killed, kill)] = events(tmp_path, "KillTriggered")
    assert kill["trigger"] == "DVS_KILL"
    assert 180 * SECOND <= killed - hole <= 200 * SECOND
    stale = [at - hole for at, tick in events(tmp_path, "ClockTick") if tick["cause"] == "stale"]
    assert 90 * SECOND < stale[0] <= 110 * SECOND
    [(entered, _)] = events(tmp_path, "TradeOpened")
    assert hole - 30 * SECOND < entered < hole - 20 * SECOND
    [(closed, trade)] = events(tmp_path, "TradeClosed")
    assert trade["exit_reason"] in ("DVS_HOLD", "KILL")
    assert closed >= hole + 9 * MINUTE
    told = tradebot(tmp_path, "replay", "--db", f"sqlite:///{STORE}")
    assert told.code == 0, told.out


def test_bars_that_end_in_a_trade_leave_no_trade_open(tmp_path: Path) -> None:
    """The exit that the silence asks for is filled at the last price one step later, before the
    silence is long enough for the switch: only a position of ours makes it one that kills here."""
    day, past = real_morning(-70)
    end = OPEN + 76 * MINUTE
    with rehearsal(tmp_path, [b for b in day if b.start < end], past) as port:
        done = run_bot(tmp_path, port, "--until", "2013-10-08T14:49:08Z")
    assert done.code == 0, done.err
    [(closed, trade)] = events(tmp_path, "TradeClosed")
    assert 180 * SECOND <= closed - end <= 186 * SECOND, done.err
    assert trade["exit_reason"] == "DVS_HOLD"
    assert trade["exit_price"] == day[5].close - 1
    assert events(tmp_path, "KillTriggered") == []
    [*_, (_, position)] = events(tmp_path, "PositionChanged")
    assert position["qty"] == 0

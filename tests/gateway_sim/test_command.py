"""`tradebot gateway-sim` as a person starts it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ib_insync")

import ib_insync as lib

from adapters.gateway_sim.codec import Message
from adapters.gateway_sim.core import Core, Settings
from adapters.gateway_sim.rehearsal import fault
from application.cli.rehearse import Wishes, plan_of
from gateway_fixture import ROOT, run

HEAD = "ts,open,high,low,close,volume,bid,ask\n"


def day(folder: Path, *closes: float) -> Path:
    path, before = folder / "day.csv", closes[0]
    with path.open("w", encoding="utf-8") as out:
        out.write(HEAD)
        for number, close in enumerate(closes):
            low, high = min(before, close), max(before, close)
            stamp = f"2013-10-08T13:{30 + number}:00+00:00"
            out.write(f"{stamp},{before},{high},{low},{close},120,{close - 0.25},{close}\n")
            before = close
    return path


def start(*words: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    return subprocess.Popen(
        [sys.executable, "-m", "application.main", "gateway-sim", "--port", "0", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip


def port_of(process: subprocess.Popen[str]) -> int:
    assert process.stderr is not None
    line = process.stderr.readline()
    assert "gateway on 127.0.0.1:" in line
    return int(line.partition("127.0.0.1:")[2].partition(",")[0])


async def trade(port: int) -> list[Any]:
    """Subscribe, send a bracket and listen until the gateway hangs up."""
    ib = lib.IB()
    await ib.connectAsync("127.0.0.1", port, clientId=17, timeout=10)
    future = lib.Future("MES", exchange="CME", currency="USD")
    contract = (await ib.reqContractDetailsAsync(future))[0].contract
    ids = [ib.client.getReqId() for _ in range(3)]
    trades = [
        ib.placeOrder(contract, order)
        for order in (
            lib.LimitOrder("BUY", 1, 1499.0, orderId=ids[0], transmit=False, orderRef="E"),
            lib.LimitOrder(
                "SELL", 1, 1502.0, orderId=ids[1], parentId=ids[0], transmit=False, orderRef="T"
            ),
            lib.StopOrder("SELL", 1, 1490.0, orderId=ids[2], parentId=ids[0], orderRef="S"),
        )
    ]
    ib.reqRealTimeBars(contract, 5, "TRADES", False)
    while ib.isConnected():
        await asyncio.sleep(0.02)
    return trades


def test_a_day_is_played_and_told(tmp_path: Path) -> None:
    record = tmp_path / "sent.jsonl"
    bars = day(tmp_path, 1500.0, 1500.0, 1498.0, 1503.0, 1503.0)
    words = ("--bars", str(bars), "--json", "--linger", "0.2", "--record", str(record))

    async def work() -> None:
        with start(*words, "--fault", "F-07@09:30") as process:
            await trade(port_of(process))
            out, _ = process.communicate(timeout=20)
        assert process.returncode == 0
        told = json.loads(out)
        assert [(e["order_ref"], e["price"]) for e in told["executions"]] == [
            ("E", "1499.00"), ("T", "1502.00"),
        ]  # fmt: skip
        assert (told["cash"], told["fees"], told["position"]) == ("25013.76", "1.24", 0)
        assert told["faults"] == [{"name": "F-07", "fired": 2}]
        rows = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
        assert [r["fields"]["orderRef"] for r in rows if r["kind"] == "placeOrder"] == [
            "E", "T", "S",
        ]  # fmt: skip

    run(work)


def test_ctrl_c_ends_it_cleanly(tmp_path: Path) -> None:
    with start("--bars", str(day(tmp_path, 1500.0, 1500.0)), "--json") as process:
        port_of(process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert json.loads(out)["ended"] is False
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--bars"),
        (("--bars", "no-such-file.csv"), "no-such-file.csv"),
        (("--speed", "0"), "--speed"),
        (("--equity", "much"), "--equity"),
        (("--fault", "F-56"), "is no fault"),
        (("--fault", "F-10:how=later"), "one of never"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_reason(
    words: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    given = words if not words or words[0] == "--bars" else (
        "--bars", str(day(tmp_path, 1500.0)), *words,
    )  # fmt: skip
    with start(*given) as process:
        _, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert said in err
    assert "Traceback" not in err


def test_the_command_keeps_no_whole_day_of_messages_in_memory(tmp_path: Path) -> None:
    wishes = Wishes(
        [str(day(tmp_path, 1500.0, 1500.0))], (), 0, "max", "DU1", "25000", "0.62", 1, False, (),
        0.2, None,
    )  # fmt: skip
    core = Core(plan_of(wishes).settings, [])
    client, heard = core.connect(lambda _: None, lambda: None), list[int]()
    core.log.listeners.append(lambda entry: heard.append(entry.number))
    for _ in range(10_000):
        core.log.received(client, Message("reqIds", {}))
    assert len(core.log.entries) < 2_500
    assert [e.number for e in core.log.entries[-3:]] == [9_997, 9_998, 9_999]
    assert heard == list(range(10_000))
    assert core.log.heard == 10_000


def test_a_gateway_in_a_test_keeps_every_message() -> None:
    core = Core(Settings(), [])
    client = core.connect(lambda _: None, lambda: None)
    for _ in range(10_000):
        core.log.received(client, Message("reqIds", {}))
    assert [e.number for e in core.log.entries] == list(range(10_000))


def test_faults_are_read_from_words() -> None:
    wanted = fault("F-10:how=late,pieces=3@10:30")
    assert (wanted.name, wanted.options) == ("F-10", {"how": "late", "pieces": "3"})
    assert wanted.at is not None
    assert wanted.at.hour == 10
    assert fault("F-01").at is None
    with pytest.raises(ValueError, match="name=value"):
        fault("F-10:late")

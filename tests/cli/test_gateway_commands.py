"""`checklist` and `research backfill` against a gateway of our own, over a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from adapters.gateway_sim.bars import Bar, read
from adapters.gateway_sim.contracts import Product
from adapters.gateway_sim.server import GatewaySim
from application.cli.checking_gateway import listened
from broker_worlds import GatewayWorld
from gateway_fixture import OPEN, data_file, minutes
from program import tradebot

GATEWAY = {"TRADEBOT_IBKR_CLOCK": "gateway"}


@pytest.fixture
def served() -> Iterator[GatewaySim]:
    """A gateway on 2013-10-08 whose history holds the day before."""
    past: list[Bar] = read(data_file("ES_1m_2013-10-07.csv.gz"), Product().tick)
    with GatewaySim(minutes(6600, 6601, 6602, start=OPEN), past) as gateway:
        yield gateway


def test_the_checklist_asks_the_gateway(served: GatewaySim, tmp_path: Path) -> None:
    words = ("checklist", "--json", "--adapter", "ibkr", "--mode", "PAPER", "--port", served.port)
    done = tradebot(tmp_path, *words, **GATEWAY)
    items = {item["name"]: item for item in done.summary["items"]}
    assert items["gateway"]["grade"] == "pass"
    assert items["contract"]["evidence"].startswith("MESZ3")
    assert items["positions and orders"]["grade"] == "pass"
    assert items["paper account"]["grade"] == "warn"
    assert not [e for e in served.received if e.kind in ("placeOrder", "cancelOrder")]


def test_a_stray_order_and_a_missing_gateway_fail(served: GatewaySim, tmp_path: Path) -> None:
    served.arm("F-37")
    words = ("checklist", "--json", "--adapter", "ibkr", "--mode", "PAPER")
    done = tradebot(tmp_path, *words, "--port", served.port, **GATEWAY)
    items = {item["name"]: item["grade"] for item in done.summary["items"]}
    assert done.code == 1
    assert items["positions and orders"] == "fail"
    done = tradebot(tmp_path, *words, "--port", 9)
    items = {item["name"]: item["grade"] for item in done.summary["items"]}
    assert done.code == 1
    assert items["gateway"] == "fail"


def test_history_is_fetched_once_and_can_be_played(served: GatewaySim, tmp_path: Path) -> None:
    words = ("research", "backfill", "--from", "2013-10-05", "--to", "2013-10-07", "--out", "bars")
    first = tradebot(tmp_path, *words, "--port", served.port, **GATEWAY)
    assert first.code == 0, first.err
    file = tmp_path / "bars" / "MES_1m_2013-10-07.parquet"
    assert pq.read_table(file).num_rows == 390
    asked = sum(e.kind == "reqHistoricalData" for e in served.received)
    again = tradebot(tmp_path, *words, "--port", served.port, **GATEWAY)
    assert again.code == 0
    assert "1 of them already in bars" in again.err
    assert sum(e.kind == "reqHistoricalData" for e in served.received) == asked
    played = tradebot(tmp_path, "run", "--bars", file, "--max-bars", "5", "--json")
    assert played.summary["rows"] == 390


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("--from", "2013-13-01"), "--from"),
        (("--from", "2013-10-07", "--to", "2013-10-01"), "--to"),
        (("--from", "2013-10-07", "--adapter", "fake"), "adapter"),
    ],
)
def test_what_cannot_be_meant_is_named(words: tuple[str, ...], name: str, tmp_path: Path) -> None:
    done = tradebot(tmp_path, "research", "backfill", *words)
    assert done.code == 2
    assert name in done.err


def test_to_listen_is_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the broker says beside the market may not turn waiting into a busy loop."""
    with GatewayWorld() as world:
        wait, waits = world.gateway.market.wait, 0

        def counted(seconds: float) -> None:
            nonlocal waits
            waits += 1
            wait(seconds)

        monkeypatch.setattr(world.gateway.market, "wait", counted)
        listened(world.gateway, 0.3)
    assert 1 <= waits < 30

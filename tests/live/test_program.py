"""`--adapter ibkr` as a whole: the program in a process of its own against the gateway."""

from __future__ import annotations

import shutil
import signal
import time
from pathlib import Path

import pytest

from adapters.gateway_sim.core import Settings
from adapters.guard.file import read_guard
from adapters.guard.places import account_digest, guards_in
from gateway_fixture import ROOT, data_file
from live_rehearsal import GATEWAY, Rehearsal, real_morning
from program import tradebot

pytest.importorskip(GATEWAY["TRADEBOT_IBKR_LIBRARY"])
STORE = "sqlite:///var/tradebot-ibkr-paper.db"


def reasons(rows: list[dict[str, object]]) -> dict[object, tuple[object, object]]:
    return {row["decision_id"]: (row["action"], row["reason"]) for row in rows}


def test_a_morning_with_a_trade_gives_the_decisions_of_the_fake_broker(tmp_path: Path) -> None:
    day, past = real_morning()
    with Rehearsal(tmp_path, day[:105], past) as stage:
        stage.start("--max-bars", 100)
        stage.play()
        done = stage.ended()
        assert done.code == 0, done.err
        s = done.summary
        assert (s["adapter"], s["mode"], s["bars"], s["decisions"]) == ("ibkr", "PAPER", 100, 100)
        assert (s["position"], s["working_orders"], s["law"]["violations"]) == (0, 0, 0)
        assert s["trades"] == 1
        sent = [e.message.text("orderRef") for e in stage.orders if e.kind == "placeOrder"]
        assert len(sent) == len(set(sent)) == 3
        assert stage.position == 0
        live = reasons(stage.events("DecisionMade"))
        net = stage.gw.call(lambda: stage.gw.core.broker.account.cash) - 25_000
        assert f"{net:.2f}" == s["net_pnl_usd"]
    told = tradebot(tmp_path, "replay", "--db", STORE)
    assert told.code == 0, told.out
    fake = tradebot(
        tmp_path, "--bars", data_file("ES_1m_2013-10-08.csv.gz"), "--warmup",
        data_file("ES_1m_2013-10-07.csv.gz"), "--db", "sqlite:///fake.db", "--equity", "25000",
        "--max-bars", 100, "--json",
    )  # fmt: skip
    assert fake.code == 0, fake.err
    with_fake = reasons(Rehearsal.events(stage, "DecisionMade", "fake.db"))
    assert [key for key in live if live[key] != with_fake[key]] == []


def test_a_process_that_is_killed_in_a_trade_is_gone_on_with(tmp_path: Path) -> None:
    day, past = real_morning(-70)
    with Rehearsal(tmp_path, day[:25], past) as stage:
        stage.start()
        stage.play(lambda: stage.position != 0)
        assert stage.position != 0
        stage.die()
        sent = len(stage.orders)
        stage.start()
        stage.play(stage.played_to(80))
        stage.tell(signal.SIGTERM)
        done = stage.ended()
        assert done.code == 130, done.err
        assert "flat" in done.err
        assert stage.position == 0
        entries = [e.message.text("orderRef") for e in stage.orders
                   if e.kind == "placeOrder" and "-E-" in e.message.text("orderRef")]  # fmt: skip
        assert len(entries) == len(set(entries))
        assert len(stage.orders) >= sent
        starts = stage.events("RunStarted")
        assert len(starts) == 2
    assert tradebot(tmp_path, "replay", "--db", STORE).code == 0
    guard = read_guard(next(iter(guards_in(tmp_path / "var"))))
    assert guard is not None
    assert guard.account == account_digest("ibkr", "DU1234567")
    assert guard.starts.clean


def test_observing_sends_no_order(tmp_path: Path) -> None:
    day, past = real_morning(-70)
    with Rehearsal(tmp_path, day[:15], past) as stage:
        stage.start("--max-bars", 10, mode="OBSERVE")
        stage.play()
        done = stage.ended()
        assert done.code == 0, done.err
        assert stage.orders == []
        assert done.summary["decisions"] == 10
        refused = stage.events("PermitRefused", "var/tradebot-ibkr-observe.db")
        assert {row["reason"] for row in refused} <= {"OBSERVE_ONLY"}
        assert refused


def test_a_signal_in_a_trade_leaves_the_account_flat(tmp_path: Path) -> None:
    day, past = real_morning(-70)
    with Rehearsal(tmp_path, day[:25], past) as stage:
        stage.start()
        stage.play(lambda: stage.position != 0)
        stage.tell(signal.SIGINT)
        for _ in range(10):  # slowly, so that the stop is not reached before the signal is heard
            time.sleep(0.5)
            stage.play(pieces=1)
        done = stage.ended()
        assert done.code == 130, done.err
        assert stage.position == 0
        assert [row["exit_reason"] for row in stage.events("TradeClosed")] == ["OPERATOR"]


def test_a_trade_of_other_contracts_is_ended_under_those_it_was_begun_with(tmp_path: Path) -> None:
    day, past = real_morning(-70)
    edited = tmp_path / "edited"
    shutil.copytree(ROOT / "contracts", edited)
    templates = edited / "templates.yaml"
    templates.write_text(templates.read_text().replace("enabled: true", "enabled: false"))
    with Rehearsal(tmp_path, day[:25], past) as stage:
        stage.start()
        stage.play(lambda: stage.position != 0)
        stage.die()
        stage.start("--contracts", edited)
        stage.play(lambda: stage.position == 0, pieces=12)
        assert stage.position == 0
        stage.wait(lambda: len(stage.events("RunStarted")) == 3, 60)
        decided = len(stage.events("DecisionMade"))
        stage.play(lambda: len(stage.events("DecisionMade")) >= decided + 2)
        stage.tell(signal.SIGTERM)
        done = stage.ended()
        assert done.code == 130, done.err
        assert "ended under those of then" in done.err
        stage.start("--contracts", edited)
        stage.wait(lambda: len(stage.events("RunStarted")) == 4, 60)
        stage.play(lambda: len(stage.events("DecisionMade")) >= decided + 3)
        stage.tell(signal.SIGTERM)
        again = stage.ended()
        assert again.code == 130, again.err
        assert stage.events("KillTriggered") == []
        assert len(stage.events("SessionOpened")) == 1
        assert len(stage.events("ConfigLoaded")) == 2
        assert again.summary["decisions"] >= 1
        assert [row["exit_reason"] for row in stage.events("TradeClosed")] == ["OPERATOR"]
        assert [row["how"] for row in stage.events("RunStopped")] == [
            "stopped", "interrupted", "interrupted",
        ]  # fmt: skip
        hashes = [row["config_hash"] for row in stage.events("RunStarted")]
        assert hashes[0] == hashes[1] != hashes[2]
        assert done.summary["position"] == 0


def test_a_kill_from_another_process_is_completed_by_the_run(tmp_path: Path) -> None:
    day, past = real_morning(-70)
    with Rehearsal(tmp_path, day[:25], past) as stage:
        stage.start()
        stage.play(lambda: stage.position != 0)
        kill = stage.while_playing("kill", "--reason", "drill of the switch", "--db", STORE)
        assert kill.code == 0, kill.err + kill.out
        assert "killed: flat" in kill.out
        done = stage.ended()
        assert done.code == 3, done.err
        assert stage.position == 0
        sent = len(stage.orders)
        stage.start()
        assert stage.ended().code == 3
        assert len(stage.orders) == sent
        lifted = tradebot(
            tmp_path, "reset", "--trigger", "MANUAL", "--reason", "the drill is over", "--db",
            STORE, "--port", stage.gw.port, TRADEBOT_IBKR_CLOCK="gateway",
        )  # fmt: skip
        assert lifted.code == 0, lifted.err
        guard = read_guard(next(iter(guards_in(tmp_path / "var"))))
        assert guard is not None
        assert guard.latch is None
        stage.start()
        stage.tell(signal.SIGTERM)
        assert stage.ended().code == 130


def test_a_gateway_that_is_not_there_is_exit_4(tmp_path: Path) -> None:
    done = tradebot(tmp_path, "--adapter", "ibkr", "--mode", "PAPER", "--port", 1)
    assert done.code == 4


def test_a_kill_ends_what_a_dead_process_has_left(tmp_path: Path) -> None:
    day, past = real_morning(-70)
    with Rehearsal(tmp_path, day[:25], past) as stage:
        stage.start()
        stage.play(lambda: stage.position != 0)
        stage.die()
        words = ("kill", "--reason", "nobody is there", "--db", STORE, "--port")
        nobody = stage.while_playing(*words, 1, pace=5)
        assert nobody.code == 4
        assert "position NOT verified: act at the broker" in nobody.out
        done = stage.while_playing(*words, stage.gw.port)
        assert done.code == 0, done.err
        assert "killed: flat" in done.out
        assert stage.position == 0


def test_a_live_account_is_refused_in_paper(tmp_path: Path) -> None:
    day, past = real_morning(-70)
    with Rehearsal(tmp_path, day[:5], past, Settings(account="U1234567")) as stage:
        done = tradebot(tmp_path, "--adapter", "ibkr", "--mode", "PAPER", "--port", stage.gw.port)
        assert done.code == 4
        assert "paper" in done.err
        assert "U1234567" not in done.err + done.out
        assert stage.orders == []

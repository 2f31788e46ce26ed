"""A template from outside with a real broker: it trades, and a run with it is ended without it."""

from __future__ import annotations

import shutil
import signal
import time
from pathlib import Path

import pytest

from gateway_fixture import ROOT
from live_rehearsal import GATEWAY, Rehearsal, real_morning
from plugins import EXAMPLES, written
from program import SOURCE, tradebot

pytest.importorskip(GATEWAY["TRADEBOT_IBKR_LIBRARY"])
STORE = "sqlite:///var/tradebot-ibkr-paper.db"
NAMED = ("--strategies", "K6", "--contracts", "alone")


def stage_with(folder: Path) -> Rehearsal:
    """A morning on which K6 alone trades, from the 81st minute on."""
    alone = folder / "alone"
    shutil.copytree(ROOT / "contracts", alone)
    templates = alone / "templates.yaml"
    templates.write_text(templates.read_text().replace("enabled: true", "enabled: false"))
    source = (EXAMPLES / "own_strategy" / "own_strategy.py").read_text(encoding="utf-8")
    patient = "trend >= 0.3 and dipped and close_location >= 0.2"
    assert patient in source
    eager = source.replace(patient, "trend > 0").replace("self.on_stop", "self.at_limit")
    written(folder / "package", eager, {"K6": "written:Pullback"})
    day, past = real_morning(-76)
    return Rehearsal(folder, day[:30], past)


def with_package(folder: Path) -> dict[str, str]:
    return {"PYTHONPATH": f"{SOURCE}:{folder / 'package'}"}


def test_it_trades_is_gone_on_with_and_told_again(tmp_path: Path) -> None:
    installed = with_package(tmp_path)
    with stage_with(tmp_path) as stage:
        stage.start(*NAMED, **installed)
        stage.play(lambda: stage.position != 0)
        stage.die()
        stage.start(*NAMED, **installed)
        stage.play(pieces=2)
        assert stage.position == -1
        stage.tell(signal.SIGINT)
        for _ in range(10):  # slowly, so that the stop is not reached before the signal is heard
            time.sleep(0.5)
            stage.play(lambda: stage.position == 0, pieces=1)
        done = stage.ended()
        assert done.code == 130, done.err
        assert stage.position == 0
        (trade,) = stage.events("TradeOpened")
        assert trade["key"]["template"] == "K6"
        assert [row["exit_reason"] for row in stage.events("TradeClosed")] == ["OPERATOR"]
        assert len({e.message.text("orderRef") for e in stage.orders}) == 4
    contracts = ("--db", STORE, "--contracts", "alone")
    told = tradebot(tmp_path, "replay", *contracts, **installed)
    assert told.code == 0, told.err + told.out
    explained = tradebot(tmp_path, "explain", trade["decision_id"], *contracts)
    assert explained.code == 0, explained.err
    assert "K6" in explained.out


@pytest.mark.parametrize("package", ["as it was", "gone", "broken"])
def test_a_kill_asks_for_no_template(tmp_path: Path, package: str) -> None:
    installed = with_package(tmp_path)
    with stage_with(tmp_path) as stage:
        stage.start(*NAMED, **installed)
        stage.play(lambda: stage.position != 0)
        stage.die()
        if package == "gone":
            shutil.rmtree(tmp_path / "package")
        elif package == "broken":
            (tmp_path / "package" / "written.py").write_text("raise RuntimeError\n")
        words = ("kill", "--reason", "nobody is there", "--db", STORE, "--port", stage.gw.port)
        done = stage.while_playing(*words, pace=0.5, **installed)
        assert done.code == 0, done.err + done.out
        assert "killed: flat" in done.out
        assert stage.position == 0
        assert [row["exit_reason"] for row in stage.events("TradeClosed")] == ["KILL"]


def test_another_version_ends_what_the_one_before_has_left(tmp_path: Path) -> None:
    installed = with_package(tmp_path)
    module = tmp_path / "package" / "written.py"
    with stage_with(tmp_path) as stage:
        stage.start(*NAMED, **installed)
        stage.play(lambda: stage.position != 0)
        stage.die()
        module.write_text(module.read_text().replace("trend > 0", "trend > 5"))
        stage.start(*NAMED, **installed)
        stage.play(lambda: stage.position == 0, pieces=12)
        stage.wait(lambda: len(stage.events("RunStarted")) == 3, 60)
        decided = len(stage.events("DecisionMade"))
        stage.play(lambda: len(stage.events("DecisionMade")) >= decided + 2)
        stage.tell(signal.SIGTERM)
        done = stage.ended()
        assert done.code == 130, done.err
        assert "ended under those of then" in done.err
        assert [row["exit_reason"] for row in stage.events("TradeClosed")] == ["OPERATOR"]
        sources = [row["strategies"][0]["source"] for row in stage.events("RunStarted")]
        assert sources[0] == sources[1] != sources[2]

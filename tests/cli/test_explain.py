"""`tradebot explain`: every decision and trade of a run, from its record alone."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.contracts.loader import load_contracts
from adapters.store.reading import StoreReading, reading
from adapters.wire.trades_v1 import fields_of
from application.cli.explaining import recorded
from application.explanation import Record, explanation
from application.explanation_text import in_words
from bar_files import contracts
from program import TwoRuns, tradebot

GOLDEN = Path(__file__).parent / "golden_explain"
ROUNDED = 2.1e-9  # three parts on the 1e-9 grid


@pytest.fixture(scope="module")
def store(two_runs: TwoRuns) -> Iterator[StoreReading]:
    with reading(f"sqlite:///{two_runs.folder / 'var' / 'tradebot.db'}") as found:
        assert found is not None
        yield found


def decisions(store: StoreReading) -> list[dict[str, Any]]:
    return [dict(fields_of(row)) for row in store.of_type("DecisionMade")]


def told(store: StoreReading, decision_id: str) -> Record:
    return recorded(store, decision_id, contracts())


def test_every_decision_is_explained_in_the_recorded_numbers(store: StoreReading) -> None:
    scored = 0
    for decision in decisions(store):
        said = explanation(told(store, decision["decision_id"]))
        for name in ("action", "reason", "text", "gates", "counterfactual", "theta_parts"):
            assert said[name] == decision[name]
        for mine, theirs in zip(said["candidates"], decision["candidates"], strict=True):
            assert {name: mine[name] for name in theirs} == theirs
            if theirs["score"] is None:
                continue
            scored += 1
            assert math.isclose(mine["score_added_up"], theirs["score"], abs_tol=ROUNDED)
            assert math.isclose(mine["edge_added_up"], theirs["edge"], abs_tol=4 * ROUNDED)
            cost = theirs["multiplier"] * theirs["friction"] / (theirs["stop"] * 1.25)
            assert math.isclose(cost, theirs["cost"], abs_tol=ROUNDED)
    assert scored > 20


def test_contributions_add_up_to_the_evidence(store: StoreReading) -> None:
    checked = 0
    for decision in decisions(store)[::7]:
        for belief in explanation(told(store, decision["decision_id"]))["beliefs"]:
            if not belief["signals"] or belief["evidence_added_up"] is None:
                continue
            checked += 1
            assert math.isclose(belief["evidence_added_up"], belief["evidence"], abs_tol=1e-8)
            weights = [abs(t["weight"]) for t in belief["signals"]]
            assert weights == sorted(weights, reverse=True)
    assert checked > 300


def test_a_trade_is_told_from_its_entry_to_what_was_learned(store: StoreReading) -> None:
    entered = [d["decision_id"] for d in decisions(store) if d["action"] == "ENTER"]
    closed = {row.correlation: fields_of(row) for row in store.of_type("TradeClosed")}
    assert closed
    for name in entered:
        said = explanation(told(store, name))
        trade = said["trade"]
        assert trade["closed"] == closed.get(name)
        if trade["closed"] is None:
            continue
        assert [a["stage"] for a in trade["attribution"]] == ["scores", "final"]
        assert trade["learning"][0]["event"] == "LearningUpdated"
        between = [d for d in decisions(store) if d["action"] in ("HOLD", "MODIFY", "EXIT")]
        bars = {step["time"] for step in trade["bars"]}
        assert len(bars) == trade["closed"]["duration_s"] // 60
        text = in_words(told(store, name))
        assert trade["closed"]["net"] in text
        for d in between:
            held = told(store, d["decision_id"])
            assert held.held in entered


@pytest.mark.parametrize("which", ["enter", "skip", "quiet"])
def test_the_words(which: str, store: StoreReading) -> None:
    """Golden files: an entry with its trade, a candidate that was refused, a bar without one."""
    found = decisions(store)
    chosen = {
        "enter": next(d for d in found if d["action"] == "ENTER"),
        "skip": next(d for d in found if d["reason"] == "EDGE_SCORE_BELOW_THETA"),
        "quiet": next(d for d in found if d["reason"] == "NO_SETUP"),
    }[which]
    said = in_words(told(store, chosen["decision_id"])) + "\n"
    assert said == (GOLDEN / f"{which}.txt").read_text(encoding="utf-8")


def test_other_contracts_take_the_contributions_away_and_nothing_else(
    store: StoreReading, tmp_path: Path
) -> None:
    packaged = Path(__file__).resolve().parents[2] / "contracts"
    for file in packaged.iterdir():
        text = file.read_text(encoding="utf-8")
        if file.name == "beliefs.yaml":
            text = text.replace("stability_alpha: 0.2", "stability_alpha: 0.25")
            assert text != file.read_text(encoding="utf-8")
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    last = decisions(store)[-1]["decision_id"]
    other = recorded(store, last, load_contracts(tmp_path))
    same = told(store, last)
    assert explanation(other)["gates"] == explanation(same)["gates"]
    assert all(b["signals"] == [] for b in explanation(other)["beliefs"])
    assert "needs the contracts of then" in in_words(other)


def test_the_program(two_runs: TwoRuns) -> None:
    last = tradebot(two_runs.folder, "explain", "--last", "--json")
    assert last.code == 0, last.err
    said = json.loads(last.out)
    words = tradebot(two_runs.folder, "explain", said["decision_id"])
    assert words.code == 0
    assert words.out.startswith(said["decision_id"])
    for wrong in (("explain",), ("explain", "--last", "x"), ("explain", "2013-10-07-500-MES")):
        ended = tradebot(two_runs.folder, *wrong)
        assert ended.code == 2, wrong
        assert "DECISION_ID" in ended.err
    none = tradebot(two_runs.folder, "explain", "--last", "--db", "sqlite:///nothing.db")
    assert none.code == 4


def test_what_was_only_observed_is_told_as_a_shadow(tmp_path: Path) -> None:
    ended = tradebot(tmp_path, "run", "--mode", "OBSERVE", "--json")
    assert ended.code == 0
    assert ended.summary["shadow_trades"] >= 1
    assert ended.summary["entries"] == 0
    url = f"sqlite:///{tmp_path / 'var' / 'tradebot.db'}"
    with reading(url) as found:
        assert found is not None
        closed = [dict(fields_of(row)) for row in found.of_type("ShadowClosed")]
        for shadow in closed:
            record = told(found, shadow["decision_id"])
            said = explanation(record)["shadow"][shadow["template"]]
            assert said["closed"] == shadow
            assert [a["stage"] for a in said["attribution"]] == ["scores", "final"]
            text = in_words(record)
            assert "the law refused: MODE OBSERVE" in text
            assert f"Shadow of {shadow['template']}" in text
            assert shadow["net"] in text

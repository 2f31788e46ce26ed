"""`tradebot journal`: every decision and a page a trade, whose numbers add up."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from adapters.store.reading import reading
from adapters.wire.trades_v1 import fields_of
from application.cli.journals import Wanted, journal
from bar_files import contracts, real
from program import TwoRuns, tradebot

GOLDEN = Path(__file__).parent / "golden_explain"
SCORE = re.compile(r"score (\S+) = edge (\S+) - uncertainty (\S+) - cost (\S+); needs")
BELIEF = re.compile(r"evidence (\S+), coverage \S+\n      (.+)")
HEARD = re.compile(r"S\d+ (\S+) \(weight ([+-]\S+),")


def told(url: str, wanted: Wanted) -> tuple[list[str], list[dict[str, Any]], int]:
    """The journal's parts, the recorded decisions, and how many of them began an order."""
    with reading(url) as store:
        assert store is not None
        found = [dict(fields_of(row)) for row in store.of_type("DecisionMade")]
        begun = {fields_of(r)["decision_id"] for r in store.of_type("OrderIntentCreated")}
        return list(journal(store, contracts(), wanted)), found, len(begun)


def adds_up(parts: list[str], decisions: list[dict[str, Any]]) -> int:
    """Check each line of a decision against its event; how many sums were added up."""
    lines = [p for p in parts if re.match(r"\d\d:\d\d  ", p)]
    sums = 0
    for line, d in zip(lines, decisions, strict=True):
        assert d["text"]
        assert d["reason"]
        assert f"  {d['decision_id']}  {d['text']}" in line
        scores = [c for c in d["candidates"] if c["score"] is not None]
        for found, c in zip(SCORE.findall(line), scores, strict=True):
            score, edge, uncertainty, cost = map(float, found)
            assert (score, edge, uncertainty, cost) == tuple(
                c[k] for k in ("score", "edge", "uncertainty", "cost")
            )
            assert score == pytest.approx(edge - uncertainty - cost, abs=2.1e-9)
            sums += 1
    return sums


def check_pages(pages: list[str]) -> None:
    """Each page's signals add up to the evidence beside them, the weightiest first."""
    for page in pages:
        beliefs = BELIEF.findall(page)
        assert len(beliefs) > 5
        for evidence, signals in beliefs:
            assert "more" not in signals
            heard = [(float(said), abs(float(w))) for said, w in HEARD.findall(signals)]
            assert sum(said for said, _ in heard) == pytest.approx(float(evidence), abs=2e-8)
            weights = [w for _, w in heard]
            assert weights == sorted(weights, reverse=True)


def test_a_synthetic_day(two_runs: TwoRuns) -> None:
    url = f"sqlite:///{two_runs.folder / 'var' / 'tradebot.db'}"
    parts, decisions, begun = told(url, Wanted(None, decisions=True, trades=True))
    assert adds_up(parts, decisions) > 5
    pages = [p for p in parts if "\nBeliefs\n" in p]
    assert len(pages) == begun > 0
    check_pages(pages)
    day = (GOLDEN / "journal.txt").read_text(encoding="utf-8")
    assert "\n".join([*parts[:60], pages[0]]) + "\n" == day


@pytest.mark.parametrize("mode", ["PAPER", "OBSERVE"])
def test_a_real_day(mode: str, tmp_path: Path) -> None:
    file = real("ES_1m_2013-10-08.csv.gz")
    assert tradebot(tmp_path, "run", "--bars", file, "--mode", mode, "--json").code == 0
    url = f"sqlite:///{tmp_path / 'var' / 'tradebot.db'}"
    parts, decisions, begun = told(url, Wanted("2013-10-08", decisions=True, trades=True))
    adds_up(parts, decisions)
    pages = [p for p in parts if "\nGates\n" in p]
    assert (len(decisions), len(pages)) == (390, begun)
    check_pages(pages)


def test_the_program(two_runs: TwoRuns, tmp_path: Path) -> None:
    out = tmp_path / "journal.txt"
    assert tradebot(two_runs.folder, "journal", "--out", out).code == 0
    trades = tradebot(two_runs.folder, "journal", "--trades")
    decisions = tradebot(two_runs.folder, "journal", "--decisions", "--day", "2025-06-11")
    assert (trades.code, decisions.code) == (0, 0)
    assert out.read_text(encoding="utf-8") == decisions.out + trades.out
    for day in ("2025-06-12", "monday"):
        unwritten = tmp_path / f"{day}.txt"
        wrong = tradebot(two_runs.folder, "journal", "--day", day, "--out", unwritten)
        assert (wrong.code, "--day" in wrong.err) == (2, True)
        assert not unwritten.exists()
    for folder in ("missing/x", "."):
        assert tradebot(two_runs.folder, "journal", "--out", folder).code == 2
    assert tradebot(two_runs.folder, "journal", "--db", "sqlite:///nothing.db").code == 4

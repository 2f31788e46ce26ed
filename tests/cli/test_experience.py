"""LIVE asks what the enabled templates have shown without real money (learning.md 6)."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from adapters.contracts.loader import load_contracts
from application.cli.checking import Grade
from application.cli.experience import Shown, enabled, judged, shown
from application.settings import Adapter, Mode, Settings
from program import TwoRuns

CONTRACTS = load_contracts().tightest()
ALL = ("K1", "K2", "K3", "K4")
ENOUGH = {"K1": 20, "K2": 21, "K3": 60, "K4": 20}


def test_every_enabled_template_needs_its_own_trades() -> None:
    assert judged(Shown(ENOUGH, frozenset()), ALL, 20)[0] is Grade.PASS
    for name in ALL:
        few = Shown(ENOUGH | {name: 19}, frozenset())
        grade, said = judged(few, ALL, 20)
        assert grade is Grade.FAIL
        assert f"{name} 19 of 20" in said
        others = tuple(each for each in ALL if each != name)
        assert judged(few, others, 20)[0] is Grade.PASS


@pytest.mark.parametrize("claim", ["K2 live", "K2 shadow"])
def test_an_open_warning_stands_against_a_template_whatever_its_number(claim: str) -> None:
    grade, said = judged(Shown(ENOUGH, frozenset({claim})), ALL, 20)
    assert grade is Grade.FAIL
    assert "K2 21 of 20, claims too much" in said
    assert judged(Shown(ENOUGH, frozenset({claim})), ("K1",), 20)[0] is Grade.PASS


def test_the_templates_asked_about_are_those_of_the_contracts() -> None:
    assert enabled(CONTRACTS) == ALL


@pytest.fixture
def paper(two_runs: TwoRuns, tmp_path: Path) -> Path:
    """The record of a day with trades, as a store of the broker's."""
    store = tmp_path / "paper.db"
    shutil.copy(two_runs.folder / "var" / "tradebot.db", store)
    return store


def change(store: Path, statement: str) -> None:
    with closing(sqlite3.connect(store)) as connection:
        connection.execute(statement)
        connection.commit()


def counted(paper: Path) -> int:
    settings = Settings(
        adapter=Adapter.IBKR,
        mode=Mode.LIVE,
        db=f"sqlite:///{paper.with_name('live.db')}",
        paper_db=f"sqlite:///{paper}",
    )
    return sum(shown(settings, CONTRACTS).trades.values())


def test_what_the_paper_store_of_the_broker_holds_counts(two_runs: TwoRuns, paper: Path) -> None:
    trades = two_runs.second.summary["trades"]
    assert trades > 0
    assert counted(paper) == 0  # the fake broker's trades show nothing
    change(paper, "UPDATE store SET adapter = 'ibkr'")
    assert counted(paper) == trades
    change(paper, "UPDATE store SET symbol = 'MNQ'")
    assert counted(paper) == 0


def test_trades_with_real_money_are_no_evidence_for_more_of_them(paper: Path) -> None:
    change(paper, "UPDATE store SET adapter = 'ibkr'")
    before = counted(paper)
    change(paper, "DROP TRIGGER events_no_update")
    change(
        paper,
        "UPDATE events SET payload = replace(payload, '\"PAPER\"', '\"LIVE\"') "
        "WHERE type = 'RunStarted'",
    )
    assert before > 0
    assert counted(paper) == 0

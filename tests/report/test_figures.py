"""The figures of a report against an independent recount of the exported events."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from program import Ended, paced_run, tradebot


class Played(NamedTuple):
    """A store that holds PAPER days and then an OBSERVE day, and what was said of it."""

    folder: Path
    summary: dict[str, Any]
    events: list[dict[str, Any]]
    report: dict[str, Any]
    html: str
    text: str


DATA = Path(__file__).resolve().parents[2] / "../shared/data"


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Two PAPER days and one OBSERVE day in one store."""
    folder = tmp_path_factory.mktemp("report")
    db = ("--db", "sqlite:///day.db")
    files = [DATA / f"ES_1m_2013-10-{day}.csv.gz" for day in ("07", "08", "11")]
    if not all(file.exists() for file in files):
        pytest.skip("recorded days are not there")
    summary = tradebot(folder, "run", "--json", *db, "--bars", *files[:2]).summary
    observed = tradebot(folder, "run", "--json", "--mode", "OBSERVE", *db, "--bars", files[2])
    assert observed.code == 0, observed.err
    exported = tradebot(folder, "db", "export", *db)
    report = tradebot(folder, "report", "--json", "--html", "page.html", *db)
    assert report.code == 0, report.err
    text = tradebot(folder, "report", *db)
    assert text.code == 0, text.err
    events = [json.loads(line) for line in exported.out.splitlines()]
    html = (folder / "page.html").read_text(encoding="utf-8")
    return Played(folder, summary, events, report.summary, html, text.out)


def of(played: Played, kind: str, mode: str) -> pd.DataFrame:
    """The payloads of a type, those recorded while a run of `mode` was the last one started."""
    rows, now = [], ""
    for event in played.events:
        if event["type"] == "RunStarted":
            now = event["payload"]["mode"]
        elif event["type"] == kind and now == mode:
            rows.append(event["payload"])
    return pd.DataFrame(rows)


def test_it_says_of_a_run_what_the_run_said_of_itself(played: Played) -> None:
    paper = played.report["modes"]["PAPER"]
    same = (
        "first_bar", "last_bar", "bars", "sessions", "decisions", "decisions_by_action",
        "skips_by_reason", "entries", "trades", "wins", "losses", "gross_pnl_usd", "fees_usd",
        "net_pnl_usd", "adapter",
    )  # fmt: skip
    assert played.summary["trades"] > 0
    assert {name: paper[name] for name in same} == {name: played.summary[name] for name in same}
    assert sum(paper["law"]["refusals"].values()) == played.summary["law"]["refusals"]


@pytest.mark.parametrize(("mode", "kind"), [("PAPER", "TradeClosed"), ("OBSERVE", "ShadowClosed")])
def test_results_equal_a_recount_of_the_events(played: Played, mode: str, kind: str) -> None:
    frame = of(played, kind, mode)
    assert len(frame) > 0
    chapter = played.report["modes"][mode]
    book = chapter if kind == "TradeClosed" else chapter["shadow"]
    net = frame["net"].astype(float)
    assert float(book["net_pnl_usd"]) == pytest.approx(net.sum(), abs=1e-9)
    assert float(book["fees_usd"]) == pytest.approx(frame["fees"].astype(float).sum(), abs=1e-9)
    assert book["trades"] == len(frame)
    assert (book["wins"], book["losses"]) == ((net > 0).sum(), (net < 0).sum())
    running = np.concatenate([[0.0], net.cumsum().to_numpy()])
    falls = np.maximum.accumulate(running) - running
    assert [float(p["net_usd"]) for p in book["curve"]] == pytest.approx(list(running[1:]))
    assert [float(p["drawdown_usd"]) for p in book["curve"]] == pytest.approx(list(falls[1:]))
    metrics = book["metrics"]
    assert float(metrics["max_drawdown"]) == pytest.approx(falls.max())
    assert float(metrics["expectancy"]) == pytest.approx(net.mean(), abs=1e-4)
    if len(net) > 1 and net.std() > 0:
        assert metrics["sharpe"] == pytest.approx(net.mean() / net.std(), abs=1e-8)


@pytest.mark.parametrize(("mode", "kind"), [("PAPER", "TradeClosed"), ("OBSERVE", "ShadowClosed")])
def test_calibration_equals_a_recount_of_the_events(played: Played, mode: str, kind: str) -> None:
    frame = of(played, kind, mode)
    chapter = played.report["modes"][mode]
    book = chapter if kind == "TradeClosed" else chapter["shadow"]
    intents = of(played, "OrderIntentCreated", mode).set_index("decision_id")["template"]
    shadow = kind == "ShadowClosed"
    names = frame["template"] if shadow else frame["decision_id"].map(intents)
    success = ((frame["r_gross"] + 1) / (frame["b"] + 1)).clip(0, 1)
    for name, told in book["calibration"].items():
        mine = names == name
        gap = success[mine].mean() - frame["p0"][mine].mean()
        assert told["n"] == mine.sum() == sum(band["n"] for band in told["bands"])
        assert told["gap"] == pytest.approx(gap)
        assert told["brier"] == pytest.approx(((success - frame["p0"])[mine] ** 2).mean())
    assert set(book["calibration"]) == set(names)


def test_there_is_something_to_say_of_recalibration(played: Played) -> None:
    observed = played.report["modes"]["OBSERVE"]
    for book in (played.report["modes"]["PAPER"], observed["shadow"]):
        proposal = book["recalibration"]["ALL"]
        assert proposal["n"] == book["trades"]
        assert (proposal["reason"], proposal["proposed"]) == ("TOO_FEW", proposal["exponent"])
    assert "PAPER: recalibration, proposed only" in played.html


def test_decisions_equal_a_recount_of_the_events(played: Played) -> None:
    for mode in ("PAPER", "OBSERVE"):
        frame, chapter = of(played, "DecisionMade", mode), played.report["modes"][mode]
        assert chapter["decisions"] == len(frame)
        assert chapter["decisions_by_action"] == frame["action"].value_counts().to_dict()
        skipped = frame[frame["action"] == "SKIP"]["reason"].value_counts().to_dict()
        assert chapter["skips_by_reason"] == skipped


def test_stops_are_those_that_worked_at_the_entry(played: Played) -> None:
    opened = of(played, "TradeOpened", "PAPER").set_index("decision_id")
    for trade in played.report["modes"]["PAPER"]["closed"]:
        assert trade["stops"][0]["price"] == opened.loc[trade["decision_id"], "stop_price"]
        assert trade["target_price"] == opened.loc[trade["decision_id"], "target_price"]


def test_every_heading_names_its_mode_and_nothing_is_added_up(played: Played) -> None:
    headings = re.findall(r"<h[23]>(.*?)</h[23]>", played.html)
    assert len(headings) > 10
    assert all(re.match(r"(PAPER|OBSERVE)( SHADOW)?: ", each) for each in headings)
    assert set(played.report) == {"store", "symbol", "events", "chain_head", "modes"}
    assert played.report["modes"]["OBSERVE"]["trades"] == 0
    assert "PAPER: result" in played.text
    assert "OBSERVE SHADOW: result" in played.text


def test_the_page_needs_nothing_from_elsewhere(played: Played) -> None:
    assert "<script" not in played.html
    loads = re.findall(r"""(?:src|href)=["']([^"'#][^"']*)""", played.html)
    assert [each for each in loads if not each.startswith("data:")] == []
    assert "@import" not in played.html
    assert re.findall(r"url\((?!#)", played.html) == []


BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium to open the page with")
def test_a_browser_opens_the_page_without_a_word(played: Played) -> None:
    page = (played.folder / "page.html").as_uri()
    words = [
        str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
        f"--user-data-dir={played.folder / 'browser'}", "--dump-dom", page,
    ]  # fmt: skip
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=True)
    assert "CONSOLE" not in done.stderr
    drawn = len(re.findall("<svg", played.html))
    assert drawn >= 5
    assert len(re.findall("<svg", done.stdout)) == drawn
    assert "parsererror" not in done.stdout


def test_a_store_that_is_not_there_is_named(tmp_path: Path) -> None:
    done: Ended = tradebot(tmp_path, "report", "--db", "sqlite:///none.db")
    assert done.code == 4
    assert "there is none; `tradebot run --db` makes one" in done.err
    assert not (tmp_path / "none.db").exists()


def test_a_page_that_cannot_be_written_is_refused(played: Played) -> None:
    done = tradebot(played.folder, "report", "--html", "no/folder.html", "--db", "sqlite:///day.db")
    assert done.code == 2
    assert "no/folder.html" in done.err


def test_it_reports_while_a_run_writes(tmp_path: Path) -> None:
    with paced_run(tmp_path, "--db", "sqlite:///now.db"):
        done = tradebot(tmp_path, "report", "--json", "--db", "sqlite:///now.db")
    assert done.code == 0, done.err
    assert done.summary["modes"]["PAPER"]["decisions"] >= 1

"""`tradebot run` as a script sees it: exit codes, the JSON object, the store, every refusal."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from adapters.guard.places import account_digest
from adapters.store.identity import bind
from adapters.store.journal import open_journal
from adapters.store.opening import StoreLock
from adapters.store.reading import reading
from adapters.store.verify import verify
from ports.journal import Record
from program import TwoRuns, paced_run, tradebot

KEYS = [
    "run_id", "adapter", "mode", "symbol", "first_bar", "last_bar", "rows", "bars",
    "bars_rejected", "sessions", "decisions", "decisions_by_action", "skips_by_reason", "entries",
    "trades", "wins", "losses", "gross_pnl_usd", "fees_usd", "net_pnl_usd", "max_open_risk_usd",
    "max_daily_loss_usd", "law", "kill", "position", "working_orders", "learning",
    "shadow_trades", "constitution_sha256", "engine", "events", "chain_head", "wall_seconds",
    "candidates",
]  # fmt: skip
MAY_DIFFER = {"engine", "run_id", "wall_seconds"}


class Still:
    """A clock that stands."""

    def now(self) -> int:
        return 0


def test_without_files_it_trades_a_synthetic_day_lawfully(two_runs: TwoRuns) -> None:
    assert two_runs.second.code == 0
    s = two_runs.second.summary
    assert list(s) == KEYS
    assert (s["adapter"], s["mode"], s["symbol"], s["engine"]) == ("fake", "PAPER", "MES", "rust")
    assert s["first_bar"] == "2025-06-11T13:30:00Z"
    assert s["sessions"] == 1
    assert s["decisions"] == s["bars"] == sum(s["decisions_by_action"].values()) > 380
    assert 1 <= s["trades"] == s["entries"] <= 2
    assert len(s["skips_by_reason"]) >= 4
    assert (s["position"], s["working_orders"], s["kill"]) == (0, 0, None)
    assert s["law"]["violations"] == 0
    assert 0 < float(s["max_open_risk_usd"]) <= 15.00
    assert set(s["candidates"]) <= {"K1", "K2", "K3", "K4"}


def test_money_adds_up_and_is_text(two_runs: TwoRuns) -> None:
    s = two_runs.second.summary
    amounts = [k for k in s if k.endswith("_usd")]
    assert len(amounts) == 5
    assert all(isinstance(s[k], str) and s[k][-3] == "." for k in amounts)
    gross, fees, net = (float(s[k]) for k in ("gross_pnl_usd", "fees_usd", "net_pnl_usd"))
    assert round(gross - fees, 4) == net
    assert round(fees, 4) == round(s["trades"] * 2 * 0.62, 4)


def test_both_engines_and_every_run_tell_the_same(two_runs: TwoRuns) -> None:
    first, second = two_runs.first.summary, two_runs.second.summary
    assert (first["engine"], second["engine"]) == ("reference", "rust")
    assert {k: v for k, v in first.items() if k not in MAY_DIFFER} == {
        k: v for k, v in second.items() if k not in MAY_DIFFER
    }


def test_words_go_to_standard_error_when_a_machine_listens(two_runs: TwoRuns) -> None:
    assert "ENTER" in two_runs.second.err
    assert "\x1b" not in two_runs.second.err


def test_the_last_default_store_stays_beside_the_new_one(two_runs: TwoRuns) -> None:
    for name, run in (("tradebot.db", two_runs.second), ("tradebot.db.prev", two_runs.first)):
        proof = verify(f"sqlite:///{two_runs.folder}/var/{name}")
        assert proof.sound
        assert (proof.count, proof.head) == (run.summary["events"], run.summary["chain_head"])


def test_people_read_a_summary_without_colours_in_a_pipe(tmp_path: Path) -> None:
    done = tradebot(tmp_path, "--max-bars", "90", "--db", f"sqlite:///{tmp_path}/a.db")
    assert done.code == 0
    for words in ("P&L after fees", "Why ", "Law budget used", "Chain head", "db verify --db"):
        assert words in done.out
    assert "\x1b" not in done.out


def test_it_stops_after_so_many_bars_and_before_a_time(tmp_path: Path) -> None:
    few = tradebot(tmp_path, "--max-bars", "7", "--json").summary
    assert few["bars"] == few["decisions"] == 7
    early = tradebot(tmp_path, "--until", "2025-06-11T13:35:00Z", "--json").summary
    assert (early["bars"], early["last_bar"]) == (5, "2025-06-11T13:34:00Z")
    assert few["chain_head"] != early["chain_head"]


def test_observing_decides_and_sends_nothing(tmp_path: Path, two_runs: TwoRuns) -> None:
    s = tradebot(tmp_path, "--mode", "OBSERVE", "--json").summary
    assert (s["mode"], s["entries"], s["trades"], s["fees_usd"]) == ("OBSERVE", 0, 0, "0.00")
    assert s["decisions"] == s["bars"] == two_runs.second.summary["bars"]
    assert s["chain_head"] != two_runs.second.summary["chain_head"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--adapter ibkr --warmup a.csv", "from the broker"),
        ("--adapter ibkr --speed 2", "fake broker only"),
        ("--adapter ibkr --mode LIVE", "confirm-live"),
        ("--adapter ibkr --mode LIVE --account U1 --confirm-live U2", "not the account"),
        ("--adapter ibkr --mode PAPER --confirm-live U2", "LIVE only"),
        ("--adapter tradovate --mode PAPER", "not part of this version"),
        ("--mode LIVE", "LIVE"),
        ("--mode LIVE --confirm-live U1234567", "LIVE"),
        ("--confirm-live U1234567", "LIVE only"),
        ("--bars nowhere.csv", "nowhere.csv: no such file"),
        ("--warmup nowhere.csv", "needs --bars"),
        ("--contracts nowhere", "nowhere"),
        ("--symbol XYZ", "XYZ"),
        ("--db nonsense", "not the URL"),
        ("--db mysql://h/d", "mysql"),
        ("--max-bars 0", "--max-bars"),
        ("--wrong", "--wrong"),
        ("--bars", "--bars"),
        ("run stray", "stray"),
        ("bogus", "bogus"),
    ],
)
def test_wrong_input_is_refused_in_words(words: str, says: str, tmp_path: Path) -> None:
    done = tradebot(tmp_path, *words.split())
    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert not list(tmp_path.iterdir()), "nothing may be left behind"


def test_a_wrong_settings_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tradebot.toml").write_text("sed = 1\n")
    done = tradebot(tmp_path)
    assert done.code == 2
    assert "tradebot.toml: sed: unknown key" in done.err


def test_a_named_store_is_gone_on_with(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/mine.db"
    first = tradebot(tmp_path, "--max-bars", "3", "--db", url, "--json")
    again = tradebot(tmp_path, "--max-bars", "3", "--db", url, "--json")
    assert (first.code, again.code) == (0, 0)
    assert again.summary["events"] > first.summary["events"]
    assert again.summary["decisions"] == 0, "its session was ended"
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize("named", [False, True])
def test_a_kill_latch_stops_the_next_run(named: bool, tmp_path: Path) -> None:
    store = tmp_path / "var" / "tradebot.db"
    journal = open_journal(f"sqlite:///{store}", "MES", "0" * 64, Still())
    detail = {"detail": "by a test", "trigger": "MANUAL"}
    journal.append([Record("KillTriggered", 1, "domain", "", 0, "MANUAL|0", detail)])
    journal.close()
    before = store.read_bytes()
    done = tradebot(tmp_path, *(["--db", f"sqlite:///{store}"] if named else []))
    assert done.code == 3
    assert "kill latch" in done.err
    assert store.read_bytes() == before


@pytest.mark.parametrize("content", ["", "the news"])
def test_a_kill_file_beside_the_store_stops_the_next_run(content: str, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "tradebot.db.kill").write_text(content)
    done = tradebot(tmp_path)
    assert done.code == 3
    assert (content or "no reason given") in done.err
    assert (tmp_path / "var" / "tradebot.db.kill").exists(), "nothing has recorded it"


@pytest.mark.parametrize("named", [False, True])
def test_the_store_of_a_real_account_is_no_playground(named: bool, tmp_path: Path) -> None:
    store = tmp_path / "var" / "tradebot.db"
    open_journal(f"sqlite:///{store}", "MES", "0" * 64, Still()).close()
    bind(f"sqlite:///{store}", "ibkr", "d" * 64, "PAPER")
    before = store.read_bytes()
    done = tradebot(tmp_path, *(["--db", f"sqlite:///{store}"] if named else []))
    assert done.code == 2
    assert "store of ibkr" in done.err
    assert store.read_bytes() == before


def test_a_store_says_whose_it_is(two_runs: TwoRuns) -> None:
    with reading(f"sqlite:///{two_runs.folder}/var/tradebot.db") as found:
        assert found is not None
        assert found.identity[-3:] == ("fake", account_digest("fake", "fake"), "PAPER")
        assert found.tip().head == two_runs.second.summary["chain_head"]


def test_one_process_a_store(tmp_path: Path) -> None:
    lock = StoreLock(tmp_path / "var" / "tradebot.db", 0)
    done = tradebot(tmp_path, "--max-bars", "1")
    assert done.code == 4
    assert f"process {os.getpid()}" in done.err
    lock.release()
    assert tradebot(tmp_path, "--max-bars", "1").code == 0


def test_a_store_that_is_no_store_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "tradebot.db").write_text("my diary, not a database" * 100)
    done = tradebot(tmp_path)
    assert done.code == 1
    assert "tradebot.db" in done.err
    assert (tmp_path / "var" / "tradebot.db").read_text().startswith("my diary")


def test_an_interrupted_run_is_flat_and_says_so(tmp_path: Path) -> None:
    with paced_run(tmp_path, speed=600) as process:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "flat" in err
    assert "Traceback" not in err
    summary = json.loads(out)
    assert 0 < summary["bars"] < 380
    assert verify(f"sqlite:///{tmp_path}/var/tradebot.db").head == summary["chain_head"]

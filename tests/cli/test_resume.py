"""A named store is gone on with: killed, ended early, day after day, under other settings."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from application.container import RunContainer
from application.settings import Settings
from bar_files import real
from domain.event import RunStarted
from program import command, environment, tradebot

QUICK = "6000"
"""Ten milliseconds a minute: slow enough to be killed in the middle of it."""


def killed(folder: Path, after: float, *words: object) -> bool:
    """Start the program, kill it so many seconds after its first word; False if it had ended."""
    with subprocess.Popen(
        command("run", "--speed", QUICK, *words),
        cwd=folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        process.stderr.readline()
        time.sleep(after)
        process.kill()
        process.communicate(timeout=60)
        return process.returncode == -9


def stored(path: Path, kind: str, column: str = "payload") -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            f"SELECT {column} FROM events WHERE type = ? ORDER BY seq",
            (kind,),
        )
        return [row[0] for row in rows]


@pytest.mark.parametrize(("day", "seed"), [("ES_1m_2013-10-07.csv.gz", 1), ("", 2)])
def test_a_killed_run_goes_on_as_if_it_had_not_been(day: str, seed: int, tmp_path: Path) -> None:
    bars = ["--bars", real(day)] if day else []
    whole = tradebot(tmp_path, "run", "--json", *bars).summary
    words = ["--json", "--db", "sqlite:///mine.db", *bars]
    rng = random.Random(seed)
    for _ in range(2):  # both before the last of 389 minutes
        assert killed(tmp_path, rng.uniform(0.2, 1.6), *words)
    done = tradebot(tmp_path, "run", *words)
    assert done.code == 0, done.err
    telling = ("chain_head", "trades", "entries", "net_pnl_usd", "fees_usd", "position", "kill")
    assert {k: done.summary[k] for k in telling} == {k: whole[k] for k in telling}
    for kind in ("OrderSubmitting", "Fill", "TradeClosed", "DecisionMade"):
        assert stored(tmp_path / "mine.db", kind) == stored(tmp_path / "var" / "tradebot.db", kind)
    assert tradebot(tmp_path, "replay", "--db", "sqlite:///mine.db").code == 0


def test_days_played_one_after_the_other_are_the_days_played_at_once(tmp_path: Path) -> None:
    first, second = real("ES_1m_2013-10-07.csv.gz"), real("ES_1m_2013-10-08.csv.gz")
    whole = tradebot(tmp_path, "run", "--json", "--bars", first, second).summary
    url = f"sqlite:///{tmp_path}/mine.db"
    one = tradebot(tmp_path, "run", "--json", "--db", url, "--bars", first).summary
    two = tradebot(tmp_path, "run", "--json", "--db", url, "--bars", second)
    assert two.code == 0, two.err
    assert two.summary["chain_head"] == whole["chain_head"]
    for name in ("bars", "decisions", "trades", "sessions"):
        assert one[name] + two.summary[name] == whole[name]
    again = tradebot(tmp_path, "run", "--json", "--db", url, "--bars", first, second).summary
    assert (again["chain_head"], again["bars"]) == (whole["chain_head"], 0)
    proof = tradebot(tmp_path, "replay", "--db", url, "--json")
    assert (proof.code, proof.summary["chain_head"]) == (0, whole["chain_head"])


def test_what_is_left_of_an_ended_session_is_not_traded(tmp_path: Path) -> None:
    words = ("run", "--json", "--db", "sqlite:///mine.db")
    few = tradebot(tmp_path, *words, "--max-bars", "100").summary
    rest = tradebot(tmp_path, *words)
    assert rest.code == 0, rest.err
    assert (few["decisions"], rest.summary["decisions"]) == (100, 0)
    assert len(stored(tmp_path / "mine.db", "SessionOpened")) == 1
    assert rest.summary["events"] > few["events"] + 280
    assert tradebot(tmp_path, "replay", "--db", "sqlite:///mine.db").code == 0


def test_a_store_that_was_changed_is_not_gone_on_with(tmp_path: Path) -> None:
    words = ("run", "--json", "--db", "sqlite:///mine.db")
    assert tradebot(tmp_path, *words, "--max-bars", "100").code == 0
    with closing(sqlite3.connect(tmp_path / "mine.db")) as connection:
        connection.execute("DROP TRIGGER events_no_update")
        connection.execute(
            "UPDATE events SET payload = replace(payload, '\"dvs_bp\":10000', '\"dvs_bp\":9999') "
            "WHERE seq = (SELECT max(seq) - 5 FROM events WHERE type = 'QualityAssessed')"
        )
        connection.execute(
            "UPDATE events SET payload = replace(payload, '\"volume\":', '\"volume\":1') "
            "WHERE seq = (SELECT max(seq) FROM events WHERE type = 'BarClosed')"
        )
        connection.commit()
    before = (tmp_path / "mine.db").read_bytes()
    done = tradebot(tmp_path, *words)
    assert done.code == 1, "a service that starts again after 4 would do so for ever"
    assert "cannot be gone on with" in done.err
    assert (tmp_path / "mine.db").read_bytes() == before


def abandoned(url: str, bars: Path) -> str:
    """Play `bars` until a position is open, and go away; the decision that opened it."""
    container = RunContainer(settings=Settings(bars=(bars,), db=url))
    feed, store, core = container.feed(), container.store(), container.core()
    run = container.run(observe=lambda _events: None)
    facts = ("PAPER", "fake", "FAKE", container.config_hash(), "1", "rust")
    store.log.append([RunStarted(0, "abandoned", *facts)])
    for item in feed.bars:
        run.minute(item)
        if core.desk.group is not None and core.desk.group.open:
            break
    store.close()
    assert core.desk.group is not None
    return core.desk.group.intent.decision_id


def other_contracts(folder: Path) -> Path:
    """A copy of the shipped contracts with one number changed."""
    copy = folder / "contracts"
    shutil.copytree(Path(__file__).resolve().parents[2] / "contracts", copy)
    fees = copy / "fees.yaml"
    fees.write_text(fees.read_text().replace("warn_after_days: ", "warn_after_days: 1"))
    return copy


def test_a_position_of_another_config_is_flattened_for_the_operator(tmp_path: Path) -> None:
    first, second = real("ES_1m_2013-10-07.csv.gz"), real("ES_1m_2013-10-08.csv.gz")
    url = f"sqlite:///{tmp_path}/mine.db"
    opened = abandoned(url, first)
    observing = tradebot(tmp_path, "run", "--db", url, "--bars", first, "--mode", "OBSERVE")
    assert observing.code == 2
    assert "open position" in observing.err
    folder = other_contracts(tmp_path)
    others = tradebot(tmp_path, "run", "--db", url, "--bars", first, "--contracts", folder)
    assert others.code == 2
    assert "was not ended, and its fees.yaml" in others.err
    done = tradebot(
        tmp_path, "run", "--json", "--db", url, "--bars", first, second, "--equity", "20000"
    )
    assert done.code == 0, done.err
    closes = stored(tmp_path / "mine.db", "TradeClosed")
    assert f'"decision_id":"{opened}"' in closes[0]
    assert '"exit_reason":"OPERATOR"' in closes[0]
    assert sum(opened in c for c in closes) == 1
    configs = stored(tmp_path / "mine.db", "ConfigLoaded")
    assert len(configs) == 2
    assert configs[0] != configs[1]
    days = stored(tmp_path / "mine.db", "DecisionMade", "session_date")
    assert days.count("2013-10-08") == 390
    assert 0 < days.count("2013-10-07") < 390
    assert tradebot(tmp_path, "replay", "--db", url).code == 0


def test_other_contracts_begin_with_the_next_session_and_counters_carry_over(
    tmp_path: Path,
) -> None:
    first, second = real("ES_1m_2013-10-07.csv.gz"), real("ES_1m_2013-10-08.csv.gz")
    folder = other_contracts(tmp_path)
    url = f"sqlite:///{tmp_path}/mine.db"
    words = ("run", "--json", "--db", url)
    one = tradebot(tmp_path, *words, "--bars", first).summary
    changed = (*words, "--bars", second, "--contracts", folder)
    assert killed(tmp_path, 2.0, *changed[1:]) in (True, False)
    two = tradebot(tmp_path, *changed)
    assert two.code == 0, two.err
    configs = [json.loads(c)["files"] for c in stored(tmp_path / "mine.db", "ConfigLoaded")]
    assert configs[0]["fees.yaml"] != configs[1]["fees.yaml"]
    days = stored(tmp_path / "mine.db", "DecisionMade", "session_date")
    assert (days.count("2013-10-07"), days.count("2013-10-08")) == (390, 390)
    law = json.loads(stored(tmp_path / "mine.db", "LawStateChanged")[-1])
    results = [Decimal(json.loads(t)["net"]) for t in stored(tmp_path / "mine.db", "TradeClosed")]
    assert one["trades"] == 1
    assert len(results) > 1
    assert Decimal(law["realised_week"]) == sum(results)
    accounts = [json.loads(a) for a in stored(tmp_path / "mine.db", "AccountSnapshot")]
    assert Decimal(accounts[-1]["equity"]) == 10_000 + sum(results)
    assert tradebot(tmp_path, "db", "verify", "--db", url).code == 0
    refused = tradebot(tmp_path, "replay", "--db", url)
    assert refused.code == 2
    assert "fees.yaml" in refused.err

"""`tradebot checklist` through the real program: ready, and each thing that is not."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from program import TwoRuns, tradebot

NAMES = [
    "contracts", "law", "calendar", "fee", "disk", "writable", "owner only", "store",
    "store's account", "kill switch", "notifications", "heartbeat", "gateway",
]  # fmt: skip


def grades(
    folder: Path, *words: object, **variables: str
) -> tuple[int, dict[str, tuple[str, str]]]:
    """Exit code, and grade and evidence by item."""
    done = tradebot(folder, "checklist", "--json", *words, **variables)
    answer = done.summary
    items = {item["name"]: (item["grade"], item["evidence"]) for item in answer["items"]}
    assert answer["ready"] is (done.code == 0)
    return done.code, items


def test_a_fresh_machine_is_ready_for_the_fake_broker(tmp_path: Path) -> None:
    code, items = grades(tmp_path)
    assert code == 0
    assert list(items) == NAMES
    assert items["store"] == ("pass", "none yet: the first run makes it")
    assert "12 ticks" in items["law"][1]
    assert items["notifications"][0] == "warn", "no channel: it would be silent"
    assert list(tmp_path.iterdir()) == [], "looking leaves nothing behind"


def test_it_is_readable_too(tmp_path: Path) -> None:
    done = tradebot(tmp_path, "checklist")
    assert done.code == 0
    assert done.out.splitlines()[0].startswith("ok    contracts")
    last = done.out.splitlines()[-1]
    assert re.fullmatch(r"13 items: 0 failed, [2-5] to look at", last), last


def test_a_sound_store_is_verified_and_a_broken_one_fails_with_its_number(
    two_runs: TwoRuns, tmp_path: Path
) -> None:
    store = tmp_path / "copy.db"
    shutil.copy(two_runs.folder / "var" / "tradebot.db", store)
    code, items = grades(tmp_path, "--db", f"sqlite:///{store}")
    assert code == 0
    assert two_runs.second.summary["chain_head"] in items["store"][1]
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("DROP TRIGGER events_no_update")
        connection.execute("UPDATE events SET ts_event = ts_event + 1000 WHERE seq = 700")
        connection.commit()
    code, items = grades(tmp_path, "--db", f"sqlite:///{store}")
    assert code == 1
    assert items["store"][0] == "fail"
    assert "seq 700" in items["store"][1]


def test_an_ordered_kill_fails(two_runs: TwoRuns, tmp_path: Path) -> None:
    store = tmp_path / "copy.db"
    shutil.copy(two_runs.folder / "var" / "tradebot.db", store)
    (tmp_path / "copy.db.kill").write_text("smoke from the server")
    code, items = grades(tmp_path, "--db", f"sqlite:///{store}")
    assert code == 1
    assert items["kill switch"] == ("fail", "a kill was ordered: smoke from the server")


def test_a_store_of_another_account_fails(two_runs: TwoRuns, tmp_path: Path) -> None:
    store = tmp_path / "copy.db"
    shutil.copy(two_runs.folder / "var" / "tradebot.db", store)
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("UPDATE store SET account = 'somebody else'")
        connection.commit()
    code, items = grades(tmp_path, "--db", f"sqlite:///{store}")
    assert code == 1
    assert "another account" in items["store's account"][1]


def test_files_that_others_may_write_are_named(two_runs: TwoRuns, tmp_path: Path) -> None:
    store = tmp_path / "copy.db"
    shutil.copy(two_runs.folder / "var" / "tradebot.db", store)
    store.chmod(0o666)
    code, items = grades(tmp_path, "--db", f"sqlite:///{store}")
    assert code == 0
    assert items["owner only"][0] == "warn"
    assert "copy.db (chmod go-w)" in items["owner only"][1]


def test_wrong_contracts_fail_and_the_rest_is_still_looked_at(tmp_path: Path) -> None:
    folder = tmp_path / "contracts"
    shutil.copytree(Path(__file__).resolve().parents[2] / "contracts", folder)
    law = folder / "constitution.yaml"
    law.write_text(law.read_text().replace("max_trades_per_day: 2", "max_trades_per_day: 3"))
    code, items = grades(tmp_path, "--contracts", folder)
    assert code == 1
    assert items["contracts"][0] == "fail"
    assert "constitution.yaml" in items["contracts"][1]
    assert items["disk"][0] != "fail"


@pytest.mark.parametrize(
    ("address", "grade"), [("json://127.0.0.1:9/canary-secret", "fail"), ("", "warn")]
)
def test_notifications_are_tried_and_their_address_is_not_shown(
    address: str, grade: str, tmp_path: Path
) -> None:
    done = tradebot(tmp_path, "checklist", "--json", TRADEBOT_ALERT_URLS=address)
    items = {item["name"]: item["grade"] for item in done.summary["items"]}
    assert items["notifications"] == grade
    assert "canary-secret" not in done.out + done.err


def test_settings_that_are_none_end_with_2(tmp_path: Path) -> None:
    done = tradebot(tmp_path, "checklist", "--port", "0")
    assert done.code == 2
    assert "--port" in done.err

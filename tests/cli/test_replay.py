"""`tradebot replay`: the proof that a record can be rebuilt, in a process of its own."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from program import TwoRuns, tradebot


@pytest.mark.parametrize("engine", ["rust", "reference"])
def test_a_run_is_rebuilt_by_either_engine(engine: str, two_runs: TwoRuns) -> None:
    done = tradebot(two_runs.folder, "replay", "--engine", engine, "--json")
    answer = json.loads(done.out)
    assert done.code == 0, done.err
    assert answer["identical"] is True
    assert answer["difference"] is None
    assert answer["chain_head"] == answer["chain_head_recomputed"]
    assert answer["chain_head"] == two_runs.second.summary["chain_head"]
    assert answer["decisions"] == two_runs.second.summary["decisions"]


@pytest.mark.parametrize("machine", [False, True])
def test_a_changed_bar_is_named_with_the_fields_that_differ(
    machine: bool, two_runs: TwoRuns, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    shutil.copy(two_runs.folder / "var" / "tradebot.db", copy)
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("DROP TRIGGER events_no_update")
        (seq,) = connection.execute(
            "SELECT min(seq) FROM events WHERE type = 'QualityAssessed' AND seq > 2000"
        ).fetchone()
        connection.execute(
            "UPDATE events SET payload = replace(payload, '\"dvs_bp\":10000', '\"dvs_bp\":9999') "
            "WHERE seq = ?", (seq,),
        )  # fmt: skip
        connection.commit()
    words = ["replay", "--db", f"sqlite:///{copy}", *(["--json"] if machine else [])]
    done = tradebot(tmp_path, *words)
    assert done.code == 1
    if machine:
        found = json.loads(done.out)["difference"]
        assert (found["seq"], found["type"]) == (seq, "QualityAssessed")
        assert found["fields"] == [{"field": "payload.dvs_bp", "recorded": 9999, "produced": 10000}]
        assert found["recorded"]["dvs_bp"] == 9999
        assert found["produced"]["dvs_bp"] == 10000
    else:
        assert f"DIFFERENT at seq {seq}, QualityAssessed" in done.out
        assert "payload.dvs_bp: recorded 9999, now 10000" in done.out


def test_other_contracts_are_refused_by_name(two_runs: TwoRuns, tmp_path: Path) -> None:
    folder = tmp_path / "contracts"
    shutil.copytree(Path(__file__).resolve().parents[2] / "contracts", folder)
    file = folder / "fees.yaml"
    file.write_text(file.read_text().replace("warn_after_days: ", "warn_after_days: 1"))
    done = tradebot(two_runs.folder, "replay", "--contracts", folder)
    assert done.code == 2
    assert "fees.yaml" in done.err
    assert "2025-06-11" in done.err


def test_where_there_is_no_store_nothing_is_proven(tmp_path: Path) -> None:
    done = tradebot(tmp_path, "replay")
    assert done.code == 4
    assert not (tmp_path / "var").exists()

"""The program on a PostgreSQL store: the same run, the same head, the same commands."""

from __future__ import annotations

import json
from pathlib import Path

from postgres_server import Server
from program import TwoRuns, paced_run, tradebot


def test_a_run_on_a_server_has_the_head_of_a_run_on_a_file(
    postgres: Server, two_runs: TwoRuns, tmp_path: Path
) -> None:
    url = postgres.url()
    run = tradebot(tmp_path, "run", "--json", "--db", url)
    assert run.code == 0
    assert run.summary["chain_head"] == two_runs.second.summary["chain_head"]
    proof = tradebot(tmp_path, "db", "verify", "--json", "--db", url)
    assert (proof.code, proof.summary["events"]) == (0, run.summary["events"])
    exported = tradebot(tmp_path, "db", "export", "--db", url)
    assert len(exported.out.splitlines()) == run.summary["events"]
    copied = tradebot(tmp_path, "db", "backup", "copy.db", "--db", url)
    assert copied.code == 0
    assert run.summary["chain_head"] in copied.out
    again = tradebot(tmp_path, "run", "--json", "--db", url)
    assert again.code == 0
    assert again.summary["chain_head"] == run.summary["chain_head"], "nothing is left to play"
    assert tradebot(tmp_path, "replay", "--db", url).code == 0
    assert not (tmp_path / "var").exists()


def test_two_bots_on_one_server_are_two_and_two_on_one_store_are_one(
    postgres: Server, tmp_path: Path
) -> None:
    url = postgres.url()
    with paced_run(tmp_path, "--max-bars", "300", "--db", url, speed=60) as first:
        second = tradebot(tmp_path, "run", "--json", "--db", url)
        assert second.code == 4
        assert f"in use by process {first.pid}" in second.err
        other = tradebot(tmp_path, "run", "--max-bars", "30", "--json", "--db", postgres.url())
        assert other.code == 0
        first.terminate()
        out, _ = first.communicate(timeout=120)
    assert first.returncode == 130
    head = json.loads(out)["chain_head"]
    proof = tradebot(tmp_path, "db", "verify", "--json", "--db", url)
    assert proof.summary["chain_head"] == head

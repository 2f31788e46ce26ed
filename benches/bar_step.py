"""One bar through the whole core with a synced commit of its own, as a live bar is: how long the
slowest of a hundred takes, beside a bare sqlite3 commit of as many bytes in the same run.

usage:  python benches/bar_step.py [--rounds 3] [--bars 8000] [--dir DIR]

DIR must lie on the disk that is meant. A checkpoint stands where a live run makes it, between two
bars, and is not counted.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import core as whole
import peers

from adapters.store.journal import open_journal
from adapters.wire.log import JournalLog
from application.runner import SimulatedRun

NAMES = ("step", "commit")
BYTES, EVENTS = 940, 5
"""Of one event of a bar, and how many a bar has."""
CHECKPOINT = 60


def step(folder: Path, bars: int) -> list[float]:
    """Seconds of each bar."""
    day, broker, _ = whole.trading_day()
    journal = open_journal(f"sqlite:///{folder}/bench.db", "MES", "bench", whole.Standstill())
    journal.grow_log()
    run = SimulatedRun(day, broker, JournalLog(journal, "bench"), at_once=True)
    took = []
    for n, item in enumerate(list(islice(whole.items(bars), bars))):
        if n % CHECKPOINT == 0:
            journal.checkpoint()
        started = time.perf_counter()
        run.minute(item)
        took.append(time.perf_counter() - started)
    journal.close()
    return took


def commit(folder: Path, bars: int) -> list[float]:
    """Seconds of each bare commit."""
    db = sqlite3.connect(folder / "bare.db", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, text TEXT)")
    took = []
    for n in range(bars):
        rows = [(f"{n:08d}" + "x" * (BYTES - 8),)] * EVENTS
        started = time.perf_counter()
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT INTO events (text) VALUES (?)", rows)
        db.execute("COMMIT")
        took.append(time.perf_counter() - started)
    db.close()
    return took


def main() -> None:
    """Interleave the rounds, print the quantiles."""
    ap = argparse.ArgumentParser()
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--bars", type=int, default=8_000)
    ap.add_argument("--dir", type=Path)
    ap.add_argument("--child")
    a = ap.parse_args()
    if a.child:
        with tempfile.TemporaryDirectory(dir=a.dir) as folder:
            took = sorted((step if a.child == "step" else commit)(Path(folder), a.bars))
        at = {name: took[int(len(took) * q)] for name, q in (("p50", 0.5), ("p99", 0.99))}
        print(json.dumps(at))
        return
    got: dict[str, list[dict[str, float]]] = {name: [] for name in NAMES}
    where = ("--dir", str(a.dir)) if a.dir else ()
    for _ in range(a.rounds):
        for name in NAMES:
            words = ("--child", name, "--bars", str(a.bars), *where)
            got[name].append(peers.child(sys.executable, Path(__file__), *words))
    print(peers.machine())
    rows: dict[str, str] = {}
    for at in ("p50", "p99"):
        each = {name: [found[at] for found in figures] for name, figures in got.items()}
        rows[f"a bar with its commit, {at}, ms"] = peers.spread([1e3 * x for x in each["step"]])
        rows[f"a bare commit, {at}, ms"] = peers.spread([1e3 * x for x in each["commit"]])
        rows[f"the one against the other, {at}"] = peers.ratio(each["step"], each["commit"])
    print(peers.table(rows))
    print("p99 of a bar with its commit: below 5 ms is asked")


if __name__ == "__main__":
    main()

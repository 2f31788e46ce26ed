"""The event store against stdlib sqlite3 in the same run: rows 3a, 3b and 3d, and a bar's cost.

    PYTHONPATH=src python benches/journal.py [--rounds 5] [--dir DIR]

DIR must lie on the disk that is meant. Rounds are interleaved and a ratio is taken round by
round before its median, because the machine may be shared. A single event is one decision of
about 560 bytes; a bar is five events of about 5 kB in all. Encoding and hashing are inside
our times; the peer stores ready text.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from adapters.store.chain import Tip, link
from adapters.store.journal import SqlJournal, open_journal
from domain.units import MINUTE, UtcNanos
from ports.journal import JsonValue, Record

OPEN: UtcNanos = 1_381_152_600_000_000_000
SINGLES = 1_000
BATCHES, BATCH = 120, 100
BARS, BARS_A_COMMIT = 1_500, 100
Latencies = list[float]


class WallClock:
    """The machine's clock."""

    def now(self) -> UtcNanos:
        return time.time_ns()


def single(n: int) -> Record:
    """One decision of about 560 bytes."""
    payload: dict[str, JsonValue] = {
        "decision_id": f"{n:032x}",
        "close": 20_000 + n % 400,
        "signals": {f"s{k:02d}": round(0.001 * ((n * 37 + k * 101) % 997), 6) for k in range(24)},
        "beliefs": {name: (n + k) % 100 / 100 for k, name in enumerate("abcdef")},
        "action": "SKIP",
        "reason": "BELIEF_TOO_LOW",
    }
    return Record("DecisionMade", 1, "domain", "2013-10-07", OPEN + n * MINUTE, str(n), payload)


def bar(n: int, rng: random.Random) -> list[Record]:
    """The five events of a bar that ends in a refusal."""

    def value() -> float:
        return round(rng.gauss(0.0, 1.0), 9)

    names = ("e", "lraw", "l", "st", "eff", "cov")
    gates: list[JsonValue] = [
        {"id": f"G{k}", "layer": k % 9, "candidate": None, "value": value(), "cmp": ">=",
         "threshold": 0.5, "pass": True, "margin": value()}
        for k in range(12)
    ]  # fmt: skip
    payloads: dict[str, dict[str, JsonValue]] = {
        "BarClosed": {"open": 6700, "high": 6705, "low": 6699, "close": 6703, "volume": 900 + n},
        "QualityAssessed": {"minute": n, "dvs_bp": 9900, "eqs_bp": 10_000, "penalties": []},
        "SignalsComputed": {"values": [value() for _ in range(35)], "levels": [6690, None, 6720]},
        "BeliefsComputed": {"beliefs": [{name: value() for name in names} for _ in range(11)]},
        "DecisionMade": {
            "action": "SKIP", "reason": "BELIEF_TOO_LOW", "side": 0, "template": None,
            "gates": gates, "text": "Nothing was done, because " + "no belief is strong. " * 12,
            "signals_hash": "a" * 64, "beliefs_hash": "b" * 64, "config_hash": "c" * 64,
        },
    }  # fmt: skip
    time_ = OPEN + n * MINUTE
    return [
        Record(kind, 1, "domain", "2013-10-07", time_, str(n), payload)
        for kind, payload in payloads.items()
    ]


def timed(steps: Sequence[Callable[[], object]]) -> Latencies:
    """Seconds of each step."""
    times = []
    for step in steps:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return times


def peer(path: Path, records: list[Record], size: int) -> Latencies:
    """stdlib sqlite3, WAL FULL, default settings, `size` events a transaction."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(
        "CREATE TABLE event (seq INTEGER PRIMARY KEY, ts INTEGER, kind TEXT, payload TEXT)"
    )
    rows = [(r.ts_event, r.type, json.dumps(r.payload, separators=(",", ":"))) for r in records]
    insert = "INSERT INTO event (ts, kind, payload) VALUES (?, ?, ?)"

    def write(chunk: list[tuple[int, str, str]]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(insert, chunk)
        connection.execute("COMMIT")

    chunks = [rows[start : start + size] for start in range(0, len(rows), size)]
    steps = (
        [partial(connection.execute, insert, row) for row in rows]
        if size == 1
        else [partial(write, chunk) for chunk in chunks]
    )
    times = timed(steps)
    connection.close()
    return times


def opened(path: Path) -> SqlJournal:
    """A new store of ours."""
    return open_journal(f"sqlite:///{path}", "MES", "c" * 64, WallClock())


def ours(path: Path, records: list[Record], size: int, live: bool) -> Latencies:
    """Our journal, `size` events a commit; `live` grows the log and checkpoints between bars."""
    journal = opened(path)
    if live:
        journal.grow_log()

    def write(chunk: list[Record]) -> None:
        journal.append(chunk)
        journal.commit()

    times: Latencies = []
    for start in range(0, len(records), size):
        chunk = records[start : start + size]
        times += timed([partial(write, chunk)])
        if live and start % 200 == 199:
            journal.checkpoint()
    journal.close()
    return times


def at(times: Latencies, share: float) -> float:
    """The quantile of `times`."""
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]


def bars(path: Path, days: list[list[Record]]) -> tuple[float, float]:
    """Microseconds a bar with commits in batches: mean, and the best batch."""
    journal = opened(path)
    costs = []
    for start in range(0, len(days), BARS_A_COMMIT):
        begin = time.perf_counter()
        for records in days[start : start + BARS_A_COMMIT]:
            journal.append(records)
        journal.commit()
        costs.append((time.perf_counter() - begin) / BARS_A_COMMIT * 1e6)
    journal.close()
    return statistics.fmean(costs), min(costs)


def encoding(days: list[list[Record]]) -> float:
    """Microseconds a bar for encoding, hashing and numbering alone, best of five."""
    best = float("inf")
    for _ in range(5):
        begin = time.perf_counter()
        for records in days:
            link(Tip(0, "0" * 64), records, OPEN)
        best = min(best, (time.perf_counter() - begin) / len(days) * 1e6)
    return best


def one_round(folder: Path) -> dict[str, float]:
    """All ratios once."""
    singles = [single(n) for n in range(SINGLES)]
    many = [single(n) for n in range(BATCHES * BATCH)]
    theirs, mine = peer(folder / "a", singles, 1), ours(folder / "b", singles, 1, live=True)
    their_batch = peer(folder / "c", many, BATCH)
    my_batch = ours(folder / "d", many, BATCH, live=False)
    mean, best = bars(folder / "e", [bar(n, random.Random(n)) for n in range(BARS)])
    return {
        "3a p50, a commit an event, x (target 1.00)": at(mine, 0.5) / at(theirs, 0.5),
        "3b p99.9, the same, x (target 0.40)": at(mine, 0.999) / at(theirs, 0.999),
        "3d p99 of 100 a commit, x (target 0.15)": at(my_batch, 0.99) / at(their_batch, 0.99),
        "3d rate of 100 a commit, x (target 0.9)": sum(their_batch) / sum(my_batch),
        "5 events a bar, 100 bars a commit, us a bar": mean,
        "the same, best batch, us a bar": best,
        "the same, events/s": 5e6 / mean,
        "encode and hash alone, us a bar": encoding([bar(n, random.Random(n)) for n in range(200)]),
    }


def main() -> None:
    """Print the median, least and greatest of every figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dir", default=tempfile.gettempdir())
    options = parser.parse_args()
    rounds = []
    for n in range(options.rounds):
        with tempfile.TemporaryDirectory(dir=options.dir) as folder:
            rounds.append(one_round(Path(folder)))
        print(f"round {n + 1} of {options.rounds}", file=sys.stderr)
    for name in rounds[0]:
        values = [figures[name] for figures in rounds]
        middle, low, high = statistics.median(values), min(values), max(values)
        print(f"{name:48s} {middle:10,.2f}  ({low:,.2f}-{high:,.2f})")


if __name__ == "__main__":
    main()

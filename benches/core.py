"""The whole core on many bars: signals, beliefs, decision, law, fake broker, management.

Two ways: without a journal, and as a recorded replay in which every event is hashed and
stored in SQLite. Compared in the same run with NautilusTrader's bar back-test with brackets,
which computes two moving averages and keeps no journal.

usage:  python benches/core.py [--rounds 3] [--sizes 50000 500000] [--ways none sqlite]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import peers

from adapters.contracts.loader import load_contracts
from adapters.engine.rust import RustEngine
from adapters.fake.broker import FakeBroker
from adapters.store.journal import open_journal
from adapters.wire.log import TOGETHER, JournalLog
from application.collector import seldom_collecting
from application.day import TradingDay
from application.desk import RunFacts
from application.runner import SimulatedRun
from application.summary import RunSummary
from domain.bar import Bar
from domain.instrument import Instrument
from domain.session import Session
from domain.units import DAY, MINUTE, Money, UtcNanos
from ports.bars import BarItem
from ports.event_log import EventLog

NAUTILUS = "NautilusTrader 1.221"
WAYS = ("none", "sqlite")
OPEN, CLOSE, TICK = 570 * MINUTE, 960 * MINUTE, 0.25


class EveryWeekday:
    """The calendar of the synthetic bars: 390 minutes a day, local time labelled UTC."""

    def __init__(self) -> None:
        self._day = -1
        self._session: Session | None = None

    def session_at(self, t: UtcNanos) -> Session | None:
        """The session of the day of `t`."""
        day = t // DAY
        if day != self._day:
            when = date(1970, 1, 1) + timedelta(days=day)
            self._day = day
            self._session = Session(when, day * DAY + OPEN, day * DAY + CLOSE, 0, False)
        return self._session

    def covers(self, t: UtcNanos, days_ahead: int) -> bool:
        """Every day is covered."""
        return True


class NoLog:
    """An event log that keeps nothing."""

    head, count = "", 0

    def append(self, events: object) -> None:
        """Forget."""

    def commit(self, synced: bool = True) -> None:
        """Nothing to make durable."""

    def ahead(self) -> None:
        """Nothing to make durable."""

    def close(self) -> None:
        """Nothing to close."""


class Standstill:
    """A clock for a run whose recording times do not matter."""

    def now(self) -> UtcNanos:
        """Always the same."""
        return 0


def items(size: int) -> Iterator[BarItem]:
    """The peers' synthetic bars as minutes of ours, made one at a time."""
    sys.path.insert(0, str(peers.PEERS))
    import common  # the peers' generator

    b = common.load_bars(size)
    opens = (b["ts"] - MINUTE).tolist()
    prices = [(b[k] / TICK).round().astype("int64").tolist() for k in "ohlc"]
    for t, o, h, low, c, v in zip(opens, *prices, b["v"].astype("int64").tolist(), strict=True):
        yield BarItem(Bar(t, o, h, low, c, v), (), ())


def trading_day() -> tuple[TradingDay, FakeBroker, Instrument]:
    """A core on made bars, its broker, and what they trade."""
    contracts = load_contracts().tightest()
    instrument = contracts.instruments["MES"]
    core = TradingDay(
        contracts,
        instrument,
        RunFacts("PAPER", "BENCH", "MES", False),
        RustEngine(contracts.engine_parameters(instrument)),
        EveryWeekday(),
        "bench",
    )
    broker = FakeBroker(instrument, contracts.execution, Money.parse("1000000"))
    return core, broker, instrument


def measure(size: int, way: str) -> dict[str, float]:
    """Run the core over `size` bars; seconds of the run alone, entries, and MB gained."""
    core, broker, instrument = trading_day()
    with tempfile.TemporaryDirectory() as folder:
        log: EventLog = NoLog()
        if way == "sqlite":
            url = f"sqlite:///{folder}/bench.db"
            journal = open_journal(url, "MES", "bench", Standstill(), background=True)
            log = JournalLog(journal, "bench", TOGETHER)  # as `application.container` has it
        summary = RunSummary(instrument)
        run = SimulatedRun(core, broker, log, summary)
        feed = list(items(size))
        before = peers.resident_mb()
        with seldom_collecting():  # as `application.cli.play` has it
            started = time.perf_counter()
            run.play(feed, None, None)
            run.finish((), False)
            log.close()
            seconds = time.perf_counter() - started
    return {
        "run_s": seconds,
        "entries": summary.entries,
        "decisions": summary.decisions,
        "gained_mb": peers.resident_mb() - before,
    }


def main() -> None:
    """Interleave the rounds, print the ratios."""
    ap = argparse.ArgumentParser()
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--sizes", type=int, nargs="*", default=[50_000, 500_000])
    ap.add_argument("--ways", nargs="*", default=WAYS, choices=WAYS)
    ap.add_argument("--child", nargs=2)
    a = ap.parse_args()
    if a.child:
        print(json.dumps(measure(int(a.child[1]), a.child[0])))
        return
    theirs = peers.peer_python("main")
    got: dict[tuple[str, int], list[dict[str, float]]] = {}
    for _ in range(a.rounds):
        for size in a.sizes:
            for way in a.ways:
                figures = peers.child(sys.executable, Path(__file__), "--child", way, str(size))
                got.setdefault((way, size), []).append(figures)
            if theirs is not None:
                script = peers.PEERS / "backtest.py"
                figures = peers.child(theirs, script, "--child", NAUTILUS, str(size))
                got.setdefault((NAUTILUS, size), []).append(figures)
    print(peers.machine())
    rows: dict[str, str] = {}
    for (way, size), found in got.items():
        name = {"none": "core, no journal", "sqlite": "recorded replay"}.get(way, way)
        rows[f"{name}, {size:,} bars, bars/s"] = peers.spread(
            [size / f["run_s"] for f in found], "{:,.0f}"
        )
        if way != NAUTILUS and theirs is not None:
            base = [f["run_s"] for f in got[NAUTILUS, size]]
            rows[f"{name}, {size:,} bars, speed against {NAUTILUS}"] = peers.ratio(
                base, [f["run_s"] for f in found]
            )
        if way == "none":
            rows[f"{name}, {size:,} bars, MB gained"] = peers.spread(
                [f["gained_mb"] for f in found]
            )
    small, large = min(a.sizes), max(a.sizes)
    if small != large and "none" in a.ways:
        rows[f"growth {small:,} to {large:,}, core"] = peers.ratio(
            [f["run_s"] for f in got["none", large]], [f["run_s"] for f in got["none", small]]
        )
    print(peers.table(rows))


if __name__ == "__main__":
    main()

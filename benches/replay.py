"""A recorded run told again: events compared a second, beside a plain insert of the same rows.

usage:  python benches/replay.py [--rounds 5] [--sessions 12]

Ours reads every event, decodes the inputs, decides again, encodes and hashes what comes of it and
compares that; the peer is SQLAlchemy's insert of the same rows into SQLite, 100 a transaction, and
does nothing else. Neither counts opening a store or building a core.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import tempfile
import time
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path

import peers

from domain.units import DAY, SECOND

NAMES = ("replay", "insert")
TARGET = 0.7
BATCH = 100
FIRST_NOON = int(datetime(2024, 3, 11, 17, tzinfo=UTC).timestamp()) * SECOND


def record(folder: Path, sessions: int) -> str:
    """Record a run over made sessions; the store's address."""
    from adapters.bars.parquet_writer import write_bars
    from adapters.bars.synthetic import synthetic_days
    from adapters.calendar.sessions import ExchangeCalendars
    from adapters.contracts.loader import load_contracts
    from application.main import main as tradebot

    instrument = load_contracts().instruments["MES"]
    calendar = ExchangeCalendars(instrument.rth_calendar, instrument.venue_calendar)
    noon, found = FIRST_NOON, []
    while len(found) < sessions:
        session = calendar.session_at(noon)
        found += [] if session is None else [session]
        noon += DAY
    files = []
    for n, bars in enumerate(synthetic_days(7, instrument, found)):
        files.append(folder / f"{n:02d}.parquet")
        write_bars(files[-1], bars, instrument.tick_size)
    url = f"sqlite:///{folder / 'run.db'}"
    sys.argv = ["tradebot", "run", "--json", "--db", url, "--bars", *map(str, files)]
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            tradebot()
    except SystemExit as ended:
        if ended.code:
            raise
    return url


def replay(url: str) -> tuple[int, float]:
    """Events told again, and the seconds it took."""
    from adapters.store.canonical import genesis
    from adapters.wire.codec import Codec
    from adapters.wire.recording import StoredRecording
    from application.cli.recorded import as_recorded, recorded_core
    from application.cli.stored import stored
    from application.container import RunContainer
    from application.replay import fold
    from application.settings import load_settings

    settings = load_settings({"db": url})
    with stored(settings) as (store, _):
        settings = as_recorded(store, settings)
        core = recorded_core(store, settings, RunContainer(settings=settings))
        who = store.identity
        beginning = genesis(who.symbol, who.config_hash)
        recording = StoredRecording(store.events(), Codec(who.config_hash), beginning)
        started = time.perf_counter()
        for _ in fold(core, recording):
            pass
        seconds = time.perf_counter() - started
        if recording.head != store.tip().head:
            raise SystemExit("the replay is not the record")
        return recording.compared, seconds


def insert(url: str) -> tuple[int, float]:
    """Rows inserted into a new file, and the seconds it took."""
    from sqlalchemy import create_engine, select
    from sqlalchemy import insert as into

    from adapters.store.tables import EVENTS

    with create_engine(url).connect() as old:
        rows = [dict(row) for row in old.execute(select(EVENTS)).mappings()]
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{folder}/new.db")
        with engine.begin() as new:
            new.exec_driver_sql("PRAGMA journal_mode = WAL")
            EVENTS.create(new)
        started = time.perf_counter()
        for first in range(0, len(rows), BATCH):
            with engine.begin() as new:
                new.execute(into(EVENTS), rows[first : first + BATCH])
        seconds = time.perf_counter() - started
        engine.dispose()
    return len(rows), seconds


def main() -> None:
    """Interleave the rounds, print the ratio."""
    ap = argparse.ArgumentParser()
    ap.add_argument("--rounds", type=int, default=5)
    ap.add_argument("--sessions", type=int, default=12)
    ap.add_argument("--child", nargs=2)
    a = ap.parse_args()
    if a.child:
        rows, seconds = (replay if a.child[0] == "replay" else insert)(a.child[1])
        print(json.dumps({"rate": rows / seconds, "events": rows}))
        return
    got: dict[str, list[float]] = {name: [] for name in NAMES}
    with tempfile.TemporaryDirectory() as folder:
        url = record(Path(folder), a.sessions)
        for _ in range(a.rounds):
            for name in NAMES:
                figures = peers.child(sys.executable, Path(__file__), "--child", name, url)
                got[name].append(figures["rate"])
    print(peers.machine())
    rows = {f"{name}, events/s": peers.spread(rates, "{:,.0f}") for name, rates in got.items()}
    rows["replay against the plain insert"] = peers.ratio(got["replay"], got["insert"])
    print(peers.table(rows))
    print(f"at least {TARGET}x is asked")


if __name__ == "__main__":
    main()

"""The engines agree on every real file, each symbol as one stream, to the last bit."""

from __future__ import annotations

import csv
import gzip
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from adapters.engine.reference import ReferenceEngine
from adapters.engine.rust import RustEngine
from bar_strategies import FULL_DAY, phase_at
from domain.belief_parameters import EngineParameters
from domain.frame import BarInput
from frame_bits import difference

DATA = Path(os.environ.get("TRADEBOT_DATA", Path(__file__).resolve().parents[2] / "../shared/data"))
TICKS = {"ES": "0.25", "SPY": "0.01", "6E": "0.00005", "GBPUSD": "0.00001"}
FILES = sorted(DATA.rglob("*.csv.gz"), key=lambda p: p.name) if DATA.is_dir() else []
STREAMS = {
    f"{symbol}_{step}": [p for p in FILES if p.name.startswith(f"{symbol}_{step}_")]
    for symbol in TICKS
    for step in ("1m", "5s")
}
NEW_YORK = ZoneInfo("America/New_York")
pytestmark = pytest.mark.skipif(not FILES, reason=f"no real bars in {DATA}")


class Row(NamedTuple):
    """One row of a file inside regular hours; prices and spread in ticks."""

    day: str
    minute: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    spread: float | None


def rows(path: Path) -> Iterator[Row]:
    tick = Decimal(TICKS[path.name.split("_")[0]])
    with gzip.open(path, "rt") as lines:
        for line in csv.DictReader(lines):
            local = datetime.fromisoformat(line["ts"]).astimezone(NEW_YORK)
            minute = (local - local.replace(hour=9, minute=30, second=0)) // timedelta(minutes=1)
            if not 0 <= minute < FULL_DAY or local.weekday() > 4:
                continue
            prices = (round(Decimal(line[k]) / tick) for k in ("open", "high", "low", "close"))
            bid, ask = line["bid"], line["ask"]
            spread = float((Decimal(ask) - Decimal(bid)) / tick) if bid and ask else 0.0
            yield Row(
                local.date().isoformat(), minute, *prices,
                int(Decimal(line["volume"])), spread if spread > 0 else None,
            )  # fmt: skip


def bars(paths: list[Path]) -> Iterator[BarInput]:
    """Minute bars of all files in order; five-second rows are joined."""
    day = ""
    for path in paths:
        for (date, minute), group in groupby(rows(path), key=lambda r: (r.day, r.minute)):
            parts = list(group)
            yield BarInput(
                parts[0].open,
                max(r.high for r in parts),
                min(r.low for r in parts),
                parts[-1].close,
                sum(r.volume for r in parts),
                phase_at(minute, FULL_DAY),
                minute,
                date != day,
                parts[-1].spread,
                10_000,
                10_000,
                0.0,
            )
            day = date


@pytest.mark.parametrize("stream", [name for name, paths in STREAMS.items() if paths])
def test_agrees_on_every_real_file(parameters: EngineParameters, stream: str) -> None:
    rust, reference = RustEngine(parameters), ReferenceEngine(parameters)
    count = 0
    for bar in bars(STREAMS[stream]):
        prices = (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.session_start)
        found = difference(rust.probe(*prices), reference.probe(*prices))
        assert not found, f"probe of bar {count}: {found}"
        found = difference(rust.update(bar), reference.update(bar))
        assert not found, f"bar {count}: {found}"
        count += 1
    if not count:
        pytest.skip("no regular hours in these files")
    assert count > 100


def test_no_file_is_left_out() -> None:
    assert sorted(p for paths in STREAMS.values() for p in paths) == sorted(FILES)

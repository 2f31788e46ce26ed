"""Bar files for tests: where the real ones are, and small ones written on the spot."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

from adapters.bars.reader import BarFiles, read_bars
from adapters.contracts.loader import load_contracts
from domain.contract_set import Contracts
from ports.bars import BadBars

HEADER = "ts,open,high,low,close,volume,bid,ask"

DATA = Path(os.environ.get("TRADEBOT_DATA", Path(__file__).resolve().parents[1] / "../shared/data"))


@cache
def contracts() -> Contracts:
    """The shipped contracts, read once."""
    return load_contracts()


def real(name: str) -> Path:
    """A real bar file; skips the test where the data folder is absent."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"real data is absent: {path}")
    return path


def read(*paths: Path, symbol: str = "ES", bad: BadBars = BadBars.REFUSE) -> BarFiles:
    """`read_bars` with the shipped contracts."""
    c = contracts()
    return read_bars(paths, c.instruments[symbol], c.quality.aggregation, bad)


def quarantined(*paths: Path, symbol: str = "ES") -> BarFiles:
    return read(*paths, symbol=symbol, bad=BadBars.QUARANTINE)


def row(
    ts: str,
    prices: str = "1650.00,1650.75,1649.50,1650.25",
    volume: str = "100",
    quote: str = "1650.00,1650.25",
) -> str:
    """One good line but for what is said otherwise."""
    return f"{ts},{prices},{volume},{quote}"


def stamp(minute: int, second: int = 0, hour: int = 14) -> str:
    """`minute` minutes (60 and more are fine) after `hour` on a trading day."""
    return f"2013-10-07T{hour + minute // 60:02d}:{minute % 60:02d}:{second:02d}Z"


def minutes(n: int) -> list[str]:
    """`n` good consecutive minute lines."""
    return [row(stamp(i)) for i in range(n)]


def write(path: Path, lines: Iterable[str], header: str | None = HEADER) -> Path:
    """A CSV file, gzipped if its name says so."""
    head = [] if header is None else [header]
    data = "".join(f"{line}\n" for line in (*head, *lines)).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path

"""What the second gateway knows of the market: recorded minutes, cut into five-second pieces."""

from __future__ import annotations

import csv
import gzip
import os
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

TICK: Final = Fraction(1, 4)
STEP: Final = 5
_NEAR: Final = Path(__file__).resolve().parents[2] / "../shared/data"
FOLDER: Final = Path(os.environ.get("TRADEBOT_DATA", _NEAR))


class Minute(NamedTuple):
    """A recorded minute: start in seconds of the epoch, prices in ticks."""

    start: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    bid: int | None = None
    ask: int | None = None


class Piece(NamedTuple):
    """Five seconds of it; `traded` False where nothing changed hands."""

    start: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    bid: int | None
    ask: int | None
    traded: bool = True


def ticks(text: str) -> int:
    """A price of a file. Errors: ValueError off the grid."""
    value = Fraction(text) / TICK
    if value.denominator != 1:
        raise ValueError(text)
    return int(value)


def price(of: int) -> float:
    """Ticks as they travel."""
    return float(of * TICK)


def minutes(path: Path) -> list[Minute]:
    """All minutes of a bar file."""
    found = []
    with gzip.open(path, "rt", newline="") as lines:
        for row in csv.DictReader(lines):
            start = int(datetime.fromisoformat(row["ts"]).astimezone(UTC).timestamp())
            o, h, low, c = (ticks(row[c]) for c in ("open", "high", "low", "close"))
            bid, ask = (ticks(row[c]) if row.get(c) else None for c in ("bid", "ask"))
            found.append(Minute(start, o, h, low, c, int(float(row["volume"])), bid, ask))
    return found


def pieces(minute: Minute) -> list[Piece]:
    """The twelve pieces of a minute: from open by the nearer extreme and the other to close.

    Together they are the minute again, to the tick and to the contract.
    """
    o, h, low, c = minute.open, minute.high, minute.low, minute.close
    turns = (h, low) if h - o <= o - low else (low, h)
    if minute.volume < 12:
        quiet = [(c, c, c, c, 0)] * 11
        rows = [(o, h, low, c, minute.volume), *quiet]
    else:
        path = _path(o, turns[0], 4) + _path(turns[0], turns[1], 4) + _path(turns[1], c, 4)
        shares = [minute.volume // 12 + (n < minute.volume % 12) for n in range(12)]
        rows = [(a, max(a, b), min(a, b), b, v) for (a, b), v in zip(path, shares, strict=True)]
    return [
        Piece(minute.start + n * STEP, *row, minute.bid, minute.ask, row[4] > 0)
        for n, row in enumerate(rows)
    ]


def _path(start: int, end: int, steps: int) -> list[tuple[int, int]]:
    marks = [start + (end - start) * n // steps for n in range(steps)] + [end]
    return list(pairwise(marks))


def piece_file(path: Path, of: list[Piece]) -> Path:
    """The pieces as a bar file, for a run on the same bars without a gateway."""
    with path.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(("ts", "open", "high", "low", "close", "volume", "bid", "ask"))
        for p in of:
            stamp = datetime.fromtimestamp(p.start, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            quotes = ["" if q is None else price(q) for q in (p.bid, p.ask)]
            prices = [price(t) for t in (p.open, p.high, p.low, p.close)]
            rows.writerow((stamp, *prices, p.volume, *quotes))
    return path

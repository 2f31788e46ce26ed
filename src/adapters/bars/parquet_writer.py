"""Minute bars into a Parquet file in the bar file schema, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from domain.bar import Bar

_PART = ".part"


def write_bars(path: Path, bars: Sequence[Bar], tick: Decimal) -> None:
    """Write `bars` to `path`, prices as the exchange quotes them; a half-written file is not
    left under that name. Errors: OSError.
    """
    prices = {
        name: [float(getattr(bar, name) * tick) for bar in bars]
        for name in ("open", "high", "low", "close")
    }
    table = pa.table(
        {
            "ts": pa.array([bar.open_time for bar in bars], pa.timestamp("ns", tz="UTC")),
            **{name: pa.array(column, pa.float64()) for name, column in prices.items()},
            "volume": pa.array([bar.volume for bar in bars], pa.int64()),
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + _PART)
    pq.write_table(table, part, write_page_checksum=True)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)

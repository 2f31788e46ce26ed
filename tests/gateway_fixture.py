"""A gateway of our own for tests: bars of a real day, or made ones, behind a socket."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from adapters.gateway_sim.bars import MINUTE, SECOND, Bar, read
from adapters.gateway_sim.contracts import Product
from adapters.gateway_sim.core import Settings
from adapters.gateway_sim.server import GatewaySim

ROOT = Path(__file__).resolve().parents[1]
OPEN = 1_381_239_000 * SECOND  # 2013-10-08 13:30 UTC, the opening of New York


def data_file(name: str) -> Path:
    """A file of real bars; the test is skipped where there are none."""
    folder = Path(os.environ.get("TRADEBOT_DATA", ROOT / "../shared/data"))
    path = folder / name
    if not path.exists():
        pytest.skip(f"no market data at {path}; set TRADEBOT_DATA")
    return path


def real_bars(name: str) -> list[Bar]:
    """The bars of a real file in ticks of MES."""
    return read(data_file(name), Product().tick)


def minutes(*closes: int, start: int = OPEN, spread: int = 1) -> list[Bar]:
    """Minute bars in ticks, each from the close before to the next of `closes`."""
    bars: list[Bar] = []
    before = closes[0]
    for number, close in enumerate(closes):
        high, low = max(before, close), min(before, close)
        bars.append(
            Bar(
                start + number * MINUTE, MINUTE, before, high, low, close, 120,
                close - spread, close,
            )
        )  # fmt: skip
        before = close
    return bars


def gateway(
    bars: Sequence[Bar], warmup: Sequence[Bar] = (), settings: Settings | None = None
) -> GatewaySim:
    """A gateway that plays `bars`; use it with `with`."""
    return GatewaySim(bars, warmup, settings)

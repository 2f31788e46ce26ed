"""The peers' synthetic bars as our engine reads them."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from indicator_peers import PEERS

from adapters.contracts.loader import load_contracts
from domain.belief_parameters import EngineParameters
from domain.frame import BarInput

TICK = 0.25
OPENING, MID_MORNING, LUNCH, AFTERNOON, CLOSE = range(1, 6)
Columns = dict[str, np.ndarray[Any, Any]]


def parameters() -> EngineParameters:
    """MES with the shipped contracts."""
    contracts = load_contracts()
    return contracts.engine_parameters(contracts.instruments["MES"])


def columns(n: int) -> Columns:
    """`n` bars of 390-minute sessions, without quotes, as columns of `SignalEngine.run`."""
    sys.path.insert(0, str(PEERS))
    import common

    bars = common.load_bars(n)
    minute = bars["minute"] - (9 * 60 + 31)
    edges = (60, 120, 240, 330)
    starts = np.diff(bars["session"], prepend=-1) != 0
    whole = np.full(n, 10_000, np.int64)
    return {
        **{
            name: np.rint(bars[key] / TICK).astype(np.int64)
            for name, key in (("open", "o"), ("high", "h"), ("low", "l"), ("close", "c"))
        },
        "volume": bars["v"].astype(np.int64),
        "phase": (np.searchsorted(edges, minute, "right") + OPENING).astype(np.uint8),
        "minute": minute.astype(np.int64),
        "session_start": starts,
        "spread": np.full(n, np.nan),
        "dvs_bp": whole,
        "eqs_bp": whole,
        "realised_slip": np.zeros(n),
    }


def tape(of: Columns) -> list[BarInput]:
    """The same bars one by one."""
    rows = zip(*(of[name].tolist() for name in BarInput._fields), strict=True)
    return [BarInput(*row)._replace(spread=None) for row in rows]

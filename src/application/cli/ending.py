"""How a run ended: the facts that its events do not tell."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from domain.learning import Status


class Ending(NamedTuple):
    """`how` is "end of bars", "stopped", "interrupted" or "killed"; `kept` is where the last
    run's store went; `last_seen` the New York time of the last bar played; `learning` the status
    of each template that has one."""

    run_id: str
    how: str
    events: int
    chain_head: str
    store: str
    store_is_default: bool
    synthetic: bool
    kept: Path | None
    last_seen: str
    wall_seconds: float = 0.0
    position: int = 0
    working_orders: int = 0
    violations: int = 0
    rows: int = 0
    bars_rejected: int = 0
    learning: Mapping[str, Status] = MappingProxyType({})

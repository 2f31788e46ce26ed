"""The production engine: signals, beliefs and regime in Rust, behind `adapters.engine.rust`.

Only that adapter (and benches and tests) may import this package.
"""

from __future__ import annotations

from rust_core._native import (
    ROW,
    VERSION,
    BarError,
    ColumnError,
    EngineInputError,
    ParameterError,
    SignalEngine,
    SnapshotError,
)

__all__ = [
    "ROW",
    "VERSION",
    "BarError",
    "ColumnError",
    "EngineInputError",
    "ParameterError",
    "SignalEngine",
    "SnapshotError",
]

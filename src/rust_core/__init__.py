"""The production engine in Rust, behind `adapters.engine.rust`, and the canonical encoder of
events, behind `adapters.store`.

Only those adapters (and benches and tests) may import this package.
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
    canonical,
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
    "canonical",
]

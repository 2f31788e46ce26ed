"""The production engine in Rust, behind `adapters.engine.rust`, and what is done to every event on
its way to the log, behind `adapters.wire` and `adapters.store`.

Only those adapters (and benches and tests) may import this package.
"""

from __future__ import annotations

from collections.abc import Sequence

from rust_core._native import (
    ROW,
    VERSION,
    BarError,
    BarForms,
    Chunk,
    ColumnError,
    Decider,
    Encoded,
    EngineInputError,
    Numbers,
    ParameterError,
    Records,
    Shape,
    SignalEngine,
    SnapshotError,
    Tail,
    canonical,
    encode,
    event_id,
    frame_payloads,
    link,
)

__all__ = [
    "ROW",
    "VERSION",
    "BarError",
    "BarForms",
    "Chunk",
    "ColumnError",
    "Decider",
    "Encoded",
    "EngineInputError",
    "Numbers",
    "ParameterError",
    "Records",
    "Shape",
    "SignalEngine",
    "SnapshotError",
    "Tail",
    "canonical",
    "encode",
    "event_id",
    "frame_payloads",
    "link",
]

Sequence.register(Numbers)  # a class of Rust's has no such base

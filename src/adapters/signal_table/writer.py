"""Rows of signals and beliefs into a file that appears only once it is whole."""

from __future__ import annotations

import os
import tempfile
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final, Protocol, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from domain.frame import BELIEF_NAMES, SIGNALS, Frame, Regime
from domain.units import SECOND, BasisPoints, UtcNanos
from ports.errors import BadInput

Cell: TypeAlias = "str | int | float"

PARTS: Final = ("e", "lraw", "l", "st", "eff", "cov", "ready")
COLUMNS: Final[tuple[str, ...]] = (
    "ts",
    *(f"s{n}" for n in range(1, SIGNALS + 1)),
    *(f"rel{n}" for n in range(1, SIGNALS + 1)),
    "regime",
    "regime_raw",
    "dvs_bp",
    *(f"{belief}_{part}" for belief in BELIEF_NAMES for part in PARTS),
    "t_long",
)
"""The columns of cli.md, in its order; `ready` is 1 or 0."""
_REGIMES: Final = tuple(r.name.lower() for r in sorted(Regime))
_CHUNK: Final = 8_192


class Table(Protocol):
    """Takes rows in time order."""

    @abstractmethod
    def add(self, minute: UtcNanos, frame: Frame, dvs_bp: BasisPoints) -> None:
        """One bar: its open, what the engine said, its data validity."""


@contextmanager
def open_table(path: Path) -> Iterator[Table]:
    """A table that is written to `path`, .csv or .parquet, when the context ends well.

    Errors: BadInput for another ending, or a place that cannot be written to.
    """
    kind = path.suffix.lower()
    if kind not in (".csv", ".parquet"):
        raise BadInput(str(path), "", "is neither .csv nor .parquet")
    if path.is_dir():
        raise BadInput(str(path), "", "is a folder")
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise BadInput(str(path), "", f"cannot be written: {error.strerror}") from None
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            table = _Csv(file) if kind == ".csv" else _Parquet(file)
            yield table
            table.end()
        part.chmod(0o644)
        part.replace(path)
    except OSError as error:
        raise BadInput(str(path), "", f"cannot be written: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)


def row_of(minute: UtcNanos, frame: Frame, dvs_bp: BasisPoints) -> list[Cell]:
    """One row in the order of COLUMNS; NaN where a value is not ready."""
    ready = frame.ready
    row: list[Cell] = [
        f"{datetime.fromtimestamp(minute // SECOND, UTC):%Y-%m-%dT%H:%M:%SZ}",
        *frame.values,
    ]
    if ready == _ALL and not frame.fallback:
        row += _ALL_RELIABLE
    else:
        row += [frame.reliability(number) for number in range(1, SIGNALS + 1)]
    row += [_REGIMES[frame.regime], _REGIMES[frame.regime_raw], dvs_bp]
    for k, values in enumerate(
        zip(
            frame.evidence,
            frame.lraw,
            frame.likelihood,
            frame.stability,
            frame.effective,
            frame.coverage,
            strict=True,
        )
    ):
        row += values
        row.append(frame.belief_ready >> k & 1)
    row.append(frame.thesis)
    return row


_ALL: Final = (1 << SIGNALS) - 1
_ALL_RELIABLE: Final = [1.0] * SIGNALS


class _Csv:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        file.write((",".join(COLUMNS) + "\n").encode())

    def add(self, minute: UtcNanos, frame: Frame, dvs_bp: BasisPoints) -> None:
        cells = [
            "" if cell != cell else cell if isinstance(cell, str) else repr(cell)
            for cell in row_of(minute, frame, dvs_bp)
        ]
        self._file.write((",".join(cells) + "\n").encode())

    def end(self) -> None:
        self._file.flush()


class _Parquet:
    def __init__(self, file: IO[bytes]) -> None:
        self._schema = pa.schema([(name, _type(name)) for name in COLUMNS])
        self._writer = pq.ParquetWriter(file, self._schema)
        self._rows: list[list[Cell]] = []

    def add(self, minute: UtcNanos, frame: Frame, dvs_bp: BasisPoints) -> None:
        self._rows.append(row_of(minute, frame, dvs_bp))
        if len(self._rows) == _CHUNK:
            self._write()

    def end(self) -> None:
        self._write()
        self._writer.close()

    def _write(self) -> None:
        if self._rows:
            columns = [
                pa.array(values, field.type)
                for values, field in zip(zip(*self._rows, strict=True), self._schema, strict=True)
            ]
            self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))
            self._rows.clear()


def _type(column: str) -> pa.DataType:
    if column in ("ts", "regime", "regime_raw"):
        return pa.string()
    return pa.int64() if column == "dvs_bp" or column.endswith("_ready") else pa.float64()

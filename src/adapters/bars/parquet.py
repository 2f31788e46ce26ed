"""Rows of cells out of a Parquet bar file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from adapters.bars.cells import QUOTES, CellRow, check_columns
from ports.errors import BadBarFile

_NANOS: Final = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
_PANDAS_INDEX: Final = "__index_level_"
_DAMAGE: Final = (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError)


def parquet_rows(path: Path) -> Iterator[CellRow]:
    """The rows of a Parquet file; a time with a zone comes as int UTC nanoseconds.

    Errors: BadBarFile if the file is no Parquet, damaged, lacks a column, or holds a
    type that is no time, number or text.
    """
    name = str(path)
    try:
        # A damaged footer can name any size, so nothing is mapped or read ahead of need.
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            schema = file.schema_arrow
            columns = [c for c in schema.names if not c.startswith(_PANDAS_INDEX)]
            wanted = check_columns(name, "", columns)
            for column in wanted:
                _check_type(name, column, schema.field(column).type)
            yield from _batches(file, wanted)
    except _DAMAGE as error:
        raise BadBarFile(name, "", f"is no readable Parquet file: {_first_line(error)}") from None


def _batches(file: Any, wanted: Sequence[str]) -> Iterator[CellRow]:
    empty = [None] * (8 - len(wanted))
    number = 0
    for batch in file.iter_batches(columns=list(wanted)):
        values = [_cells(batch.column(batch.schema.get_field_index(c))) for c in wanted]
        for cells in zip(*values, strict=True):
            number += 1
            yield CellRow(number, [*cells, *empty], "")


def _cells(column: Any) -> list[Any]:
    """Python values; text is decoded, and times are counted in nanoseconds."""
    if pa.types.is_timestamp(column.type):
        scale = _NANOS[column.type.unit]
        return [_instant(t, scale) for t in column.cast(pa.int64()).to_pylist()]
    values: list[Any] = column.to_pylist()
    return values


def _instant(count: int | None, scale: int) -> int | str | None:
    """UTC nanoseconds; a time that they cannot hold becomes a text that is no time."""
    if count is None or 0 <= count * scale < 2**63:
        return None if count is None else count * scale
    return f"{count} units since 1970"


def _check_type(name: str, column: str, kind: Any) -> None:
    t = pa.types
    text = t.is_string(kind) or t.is_large_string(kind)
    if column == "ts":
        if t.is_timestamp(kind) and kind.tz is None:
            raise BadBarFile(name, "column ts", "times state no zone: UTC is expected")
        right = text or t.is_timestamp(kind)
    else:
        number = t.is_integer(kind) or t.is_floating(kind) or t.is_decimal(kind)
        unknown = t.is_null(kind) and column in QUOTES
        right = text or number or unknown
    if not right:
        raise BadBarFile(name, f"column {column}", f"type {kind} is not expected here")


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]

"""A chunk of rows as two values, and the statement that makes rows of them again.

Binding a row's columns one by one takes the interpreter from the run at each of them. Two values
are bound at once, and the database takes them apart where the interpreter is free.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from adapters.store.tables import EVENTS
from rust_core import Chunk

_WHOLE: Final = frozenset({"seq", "version", "ts_event", "ts_recorded", "crc"})
"""Columns that hold integers."""


@lru_cache(maxsize=1)
def unpack() -> str:
    """SQLite's statement that inserts the rows of a chunk; its values are those of `packed`.

    `p` runs over the places, from 1 on, at which a packed row begins.
    """
    fields = {name: _field(name, place, width) for name, place, width in Chunk.LAYOUT}
    names = [column.name for column in EVENTS.columns]
    rows = f"SELECT p + {Chunk.WIDTH} FROM packed WHERE p + {Chunk.WIDTH} < length(?1)"  # noqa: S608
    columns = ", ".join(fields[name] for name in names)
    return (
        f"WITH RECURSIVE packed(p) AS (VALUES(1) UNION ALL {rows}) "  # noqa: S608
        f"INSERT INTO events ({', '.join(names)}) SELECT {columns} FROM packed"
    )


def _field(name: str, place: int, width: int) -> str:
    """The expression for a column, out of the rows `?1` and the body `?2`."""
    if not width:
        begin, length = _digits(place, Chunk.SPAN), _digits(place + Chunk.SPAN, Chunk.SPAN)
        return f"CAST(substr(?2, {begin}, {length}) AS TEXT)"
    if name in _WHOLE:
        return _digits(place, width)
    return f"rtrim(substr(?1, p + {place}, {width}))"


def _digits(place: int, width: int) -> str:
    return f"CAST(substr(?1, p + {place}, {width}) AS INTEGER)"

"""The port of recorded bars: a stream of minutes, already judged row by row."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple, Protocol

from domain.aggregator import SubBar
from domain.bar import Bar
from domain.quality import Penalty
from domain.units import UtcNanos


class BadBars(StrEnum):
    """What to do with a row that cannot be a bar."""

    REFUSE = "refuse"
    QUARANTINE = "quarantine"


class RejectedRow(NamedTuple):
    """A row that was dropped.

    `where` is its place in `file` ("line 17"), `text` its beginning as it stood there.
    `time` is the time it claims, None if unreadable. `kind` is MALFORMED or
    NON_MONOTONIC; `charge` the minute that pays, None: the minute of the next accepted bar.
    """

    file: str
    where: str
    kind: Penalty
    charge: UtcNanos | None
    time: UtcNanos | None
    reason: str
    text: str


class BarItem(NamedTuple):
    """One accepted minute and what came with it.

    `rejected` are the rows dropped since the item before it, to be charged before this
    bar is assessed. `sub_bars` are the 5-second pieces in time order, empty if the
    minute came from a minute file.
    """

    bar: Bar
    rejected: tuple[RejectedRow, ...]
    sub_bars: tuple[SubBar, ...]


class RecordedBars(Protocol):
    """Bars of one or more files as one stream, strictly increasing in time.

    `rows` are all data rows found, `rejected` those of them that were dropped, `minutes`
    the items to come. `tail` are rows dropped after the last item. Iterating twice gives
    the same items.
    """

    rows: int
    rejected: int
    minutes: int
    tail: tuple[RejectedRow, ...]

    def __iter__(self) -> Iterator[BarItem]: ...

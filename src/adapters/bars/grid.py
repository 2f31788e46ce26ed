"""From the text or number in a cell to integer ticks and whole numbers, exactly.

No price passes through a rounded float: text is read as a decimal, a binary float as
the fraction it is, and both are divided by the tick in integers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final, TypeAlias

from domain.instrument import Instrument
from domain.units import Ticks

Cell: TypeAlias = str | int | float | Decimal | None

TOLERANCE: Final = 1_000_000
"""A price may be off the grid by one millionth of a tick (instrument-and-session.md 2)."""

_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)
_NOT_FINITE: Final = frozenset({"nan", "inf", "infinity", "-inf", "+inf", "-infinity", "-nan"})
_UNKNOWN: Final = frozenset({"", "null", "none", "na", "n/a", "<na>"})
_LONGEST: Final = 48
_LARGEST: Final = 2**31 - 1


class BadCellError(ValueError):
    """A cell that is no such number; the text is the reason."""


def ratio(cell: Cell) -> tuple[int, int]:
    """The number in a cell as an exact fraction.

    Errors: BadCellError if the cell is empty, no number, or not finite.
    """
    if isinstance(cell, str):
        text = cell.strip(" \t")
        if text.lower() in _NOT_FINITE:
            raise BadCellError(f"{shown(cell)} is not finite")
        if text.lower() in _UNKNOWN:
            raise BadCellError("is empty")
        if len(text) > _LONGEST or _NUMBER.fullmatch(text) is None:
            raise BadCellError(f"{shown(cell)} is not a number")
        return Decimal(text).as_integer_ratio()
    if cell is None:
        raise BadCellError("is empty")
    if isinstance(cell, bool):
        raise BadCellError(f"{cell} is not a number")
    try:
        return cell.as_integer_ratio()
    except (ValueError, OverflowError):
        raise BadCellError(f"{cell} is not finite") from None


def shown(cell: object) -> str:
    """A cell as it may stand in a message: quoted and short."""
    text = repr(cell)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


class Memo(dict[Cell, Ticks]):
    """Cells seen before and their ticks; a new one is read, and remembered if it can be."""

    def __init__(self, read: Callable[[Cell], Ticks]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, cell: Cell) -> Ticks:
        value = self._read(cell)
        if cell == cell:  # a float NaN is a new key each time
            self[cell] = value
        return value


class Grid:
    """One instrument's cells in its units.

    Prices and quotes repeat, so each is a `Memo`: one look-up a cell as a rule, and
    BadCellError if the cell is wrong. `prices`: no number, off the grid or outside the
    band is wrong. `quotes`: text that is no number is wrong; empty, not finite, not
    positive or off the grid is 0, an absent side.
    Errors: ValueError if the price band is wider than 32-bit ticks.
    """

    def __init__(self, instrument: Instrument) -> None:
        self._tick = instrument.tick_size.as_integer_ratio()
        self._band = instrument.price_band
        if self._band.high > _LARGEST:
            raise ValueError(f"price band beyond {_LARGEST} ticks")
        self.max_volume = instrument.max_minute_volume
        self.prices = Memo(self._price)
        self.quotes = Memo(self._quote)

    def volume(self, cell: Cell) -> int:
        """A whole number within the instrument's minute limit, else BadCellError."""
        if cell.__class__ is str and len(cell) < _LONGEST and cell.isdigit() and cell.isascii():
            n, d = int(cell), 1
        else:
            n, d = ratio(cell)
        if d != 1:
            raise BadCellError(f"{shown(cell)} is not a whole number")
        if not 0 <= n <= self.max_volume:
            raise BadCellError(f"{shown(cell)} is outside 0..{self.max_volume}")
        return n

    def _price(self, cell: Cell) -> Ticks:
        ticks = self._ticks(cell)
        if ticks is None:
            raise BadCellError(f"{shown(cell)} is off the tick grid")
        if not self._band.low <= ticks <= self._band.high:
            raise BadCellError(
                f"{shown(cell)} is outside the price band of "
                f"{self._band.low}..{self._band.high} ticks"
            )
        return ticks

    def _quote(self, cell: Cell) -> Ticks:
        try:
            ticks = self._ticks(cell)
        except BadCellError:
            if isinstance(cell, str) and cell.strip(" \t").lower() not in _NOT_FINITE | _UNKNOWN:
                raise
            ticks = None
        return ticks if ticks is not None and 0 < ticks <= _LARGEST else 0

    def _ticks(self, cell: Cell) -> Ticks | None:
        """The nearest tick, None if the cell is farther from it than the tolerance."""
        n, d = ratio(cell)
        tick_n, tick_d = self._tick
        num, den = n * tick_d, d * tick_n
        nearest = (2 * num + den) // (2 * den)
        return nearest if abs(num - nearest * den) * TOLERANCE <= den else None

"""A frame's rows of numbers behave as the tuples of them do."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rust_core import Numbers, canonical

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
ROWS = st.one_of(st.lists(FLOATS, min_size=n, max_size=n).map(tuple) for n in (11, 35))


@given(ROWS, st.integers(-40, 40), st.slices(35))
def test_a_row_reads_as_its_tuple(row: tuple[float, ...], place: int, places: slice) -> None:
    numbers = Numbers(row)
    assert isinstance(numbers, Sequence)
    assert (len(numbers), tuple(numbers), numbers[places]) == (len(row), row, row[places])
    assert numbers == row
    assert row == numbers
    assert (hash(numbers), repr(numbers)) == (hash(row), repr(row))
    assert (row[0] in numbers, math.pi in numbers) == (True, math.pi in row)
    if -len(row) <= place < len(row):
        assert numbers[place] == row[place]
    else:
        with pytest.raises(IndexError):
            numbers[place]
    assert canonical(numbers) == canonical(row)


@given(ROWS)
def test_a_row_that_differs_in_one_number_is_another(row: tuple[float, ...]) -> None:
    changed = (*row[:-1], row[-1] + 1.0 if abs(row[-1]) < 2**52 else 0.0)
    assert Numbers(row) != Numbers(changed)
    assert Numbers(row) != changed
    assert Numbers(row) != "no row"


def test_copies_are_equal_and_a_row_never_changes() -> None:
    numbers = Numbers([0.5] * 11)
    assert copy.deepcopy(numbers) == numbers == pickle.loads(pickle.dumps(numbers))
    with pytest.raises(TypeError):
        numbers[0] = 1.0  # type: ignore[index]


def test_a_number_that_is_not_there_yet_equals_nothing_as_ever() -> None:
    numbers = Numbers([math.nan] * 11)
    assert numbers != Numbers([math.nan] * 11)
    assert canonical(numbers) == canonical((math.nan,) * 11)


@pytest.mark.parametrize("count", [0, 10, 12, 34, 36])
def test_another_count_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"35 or 11 numbers are needed, got {count}"):
        Numbers([0.0] * count)


def test_what_is_no_place_is_refused() -> None:
    with pytest.raises(TypeError, match="integers or slices"):
        Numbers([0.0] * 11)["0"]  # type: ignore[call-overload]

"""Which rows a quarantine drops, and to which minutes they are charged."""

from __future__ import annotations

from itertools import combinations, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.bars.order import is_minute_spaced, out_of_order, strangers
from bar_files import minutes, quarantined, read, row, stamp, write
from domain.quality import Penalty
from domain.units import HOUR, MINUTE, SECOND
from ports.errors import BadBarFile


def fewest_then_latest(times: list[int]) -> list[int]:
    """The rule of cli.md by trying every set: fewest dropped; of equally few the later rows."""
    rows = range(len(times))
    for size in range(len(times) + 1):
        fits = [
            drop
            for drop in combinations(rows, size)
            if all(a < b for a, b in pairwise(times[i] for i in rows if i not in drop))
        ]
        if fits:
            return list(max(fits))
    raise AssertionError("dropping every row always fits")


@settings(deadline=None)
@given(st.lists(st.integers(0, 6), max_size=9))
def test_the_fewest_rows_are_dropped_and_of_equal_choices_the_later(times: list[int]) -> None:
    assert out_of_order(times) == fewest_then_latest(times)


@settings(deadline=None)
@given(st.lists(st.integers(0, 10_000), max_size=400))
def test_what_is_left_increases(times: list[int]) -> None:
    gone = set(out_of_order(times))
    left = [t for i, t in enumerate(times) if i not in gone]
    assert all(a < b for a, b in pairwise(left))


def test_examples_of_disorder() -> None:
    assert out_of_order([1, 2, 9, 3, 4]) == [2]  # one row ahead costs itself
    assert out_of_order([1, 2, 2, 3]) == [2]  # of two equal the later
    assert out_of_order([1, 3, 2, 4]) == [2]  # of two swapped the later
    assert out_of_order([5, 1, 2, 3]) == [0]


def test_one_row_hours_ahead_costs_itself(tmp_path: Path) -> None:
    lines = minutes(10)
    lines[4] = row(stamp(4, hour=18))
    bars = quarantined(write(tmp_path / "es.csv", lines))
    items = list(bars)
    assert (bars.rows, bars.rejected, len(items)) == (10, 1, 9)
    (gone,) = items[4].rejected
    assert gone.kind is Penalty.NON_MONOTONIC
    assert gone.charge is None
    assert gone.time is not None
    assert gone.time - items[3].bar.open_time == 4 * HOUR + MINUTE
    with pytest.raises(BadBarFile, match=r"line 7: time .* goes back behind"):
        read(write(tmp_path / "es.csv", lines))


def test_a_readable_row_pays_in_its_minute_an_unreadable_one_in_the_next(tmp_path: Path) -> None:
    lines = minutes(8)
    lines[2] = row(stamp(2), volume="x")  # its own minute
    lines[4] = row("?", volume="x")  # the next bar's
    lines[6] = row(stamp(1), volume="x")  # not later than the last bar: the next bar's
    first, second, third = (
        r for item in quarantined(write(tmp_path / "es.csv", lines)) for r in item.rejected
    )
    assert first.charge == first.time
    assert (second.charge, second.time) == (None, None)
    assert third.charge is None
    assert third.time is not None


def test_rows_dropped_at_the_end_are_the_tail(tmp_path: Path) -> None:
    one = write(tmp_path / "1.csv", [*minutes(3), "x"])
    two = write(tmp_path / "2.csv", ["y", *(row(stamp(i, hour=16)) for i in range(2)), "z"])
    bars = quarantined(two, one)
    items = list(bars)
    assert [len(i.rejected) for i in items] == [0, 0, 0, 2, 0]
    assert [r.text for r in items[3].rejected] == ["x", "y"]
    assert [r.text for r in bars.tail] == ["z"]
    assert bars.rejected == 3


def test_pieces_of_a_minute_pay_in_it(tmp_path: Path) -> None:
    lines = [row(stamp(i // 12, i % 12 * 5)) for i in range(36)]
    lines[5] = row(stamp(0, 25), volume="x")
    lines[7] = row(stamp(0, 5))  # again
    lines[23] = row(stamp(1, 55), volume="x")  # last piece of its minute
    bars = quarantined(write(tmp_path / "es.csv", lines))
    items = list(bars)
    assert (bars.rows, bars.rejected, bars.minutes) == (36, 3, 3)
    assert [i.bar.n_sub for i in items] == [10, 11, 12]
    assert [[r.kind for r in i.rejected] for i in items] == [
        [Penalty.MALFORMED, Penalty.NON_MONOTONIC],
        [Penalty.MALFORMED],
        [],
    ]
    assert items[1].rejected[0].charge == items[1].bar.open_time


def test_a_minute_whose_pieces_add_up_to_too_much_is_no_bar(tmp_path: Path) -> None:
    lines = [row(stamp(i // 12, i % 12 * 5), volume="900000") for i in range(24)]
    lines[12:] = [row(stamp(1, i * 5)) for i in range(12)]
    path = write(tmp_path / "es.csv", lines)
    with pytest.raises(BadBarFile, match=r"line 2: .* volume above 10000000"):
        read(path)
    bars = quarantined(path)
    assert (bars.rejected, bars.minutes) == (12, 1)
    assert {r.charge for i in bars for r in i.rejected} == {next(iter(bars)).bar.open_time - MINUTE}


def test_spacing_is_what_most_steps_are() -> None:
    ones = [i * MINUTE for i in range(20)]
    fives = [i * 5 * SECOND for i in range(240)]
    assert is_minute_spaced(ones)
    assert not is_minute_spaced(fives)
    assert not is_minute_spaced(fives[::7])
    assert not is_minute_spaced([5 * SECOND])
    stray = [*ones[:8], ones[7] + 5 * SECOND, *ones[8:]]
    assert is_minute_spaced(stray)
    assert strangers(stray, True) == [8]
    shifted = [*ones[:8], *(t + 5 * SECOND for t in ones[8:])]
    assert is_minute_spaced(shifted)
    assert strangers(shifted, True) == list(range(8, 20))


def test_minute_bars_among_pieces_do_not_fit(tmp_path: Path) -> None:
    fives = [row(stamp(i // 12, i % 12 * 5)) for i in range(240)]
    ones = [row(stamp(20 + i)) for i in range(30)]
    path = write(tmp_path / "es.csv", [*fives, *ones])
    with pytest.raises(BadBarFile, match=r"line 242: .* does not fit a file of 5-second bars"):
        read(path)
    bars = quarantined(path)
    assert (bars.rejected, bars.minutes) == (30, 20)
    assert len(bars.tail) == 30


def test_a_minute_split_over_two_files_is_refused(tmp_path: Path) -> None:
    fives = [row(stamp(i // 12, i % 12 * 5)) for i in range(48)]
    one = write(tmp_path / "1.csv", fives[:30])
    with pytest.raises(BadBarFile, match=r"2\.csv: begins at .* inside .*1\.csv"):
        read(one, write(tmp_path / "2.csv", fives[30:]))
    assert read(one, write(tmp_path / "2.csv", fives[36:])).minutes == 4

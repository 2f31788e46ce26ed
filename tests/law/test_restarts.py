"""Crash loops and the quiet after a crash, at their exact numbers (law.md 2 and 3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.law.restarts import (
    REMEMBERED,
    RestartRules,
    Starts,
    ended,
    is_loop,
    quiet_until,
    started,
)
from domain.units import MINUTE, SECOND

RULES = RestartRules(loop_starts=5, loop_window=30 * MINUTE, quiet=10 * MINUTE)
T = 1_381_161_600 * SECOND


def crashes(*ages: int) -> Starts:
    """A memory of runs that started so long before T and crashed."""
    memory = Starts()
    for age in ages:
        memory = started(memory, T - age)
    return memory


@pytest.mark.parametrize(
    ("before", "loop"),
    [
        (Starts(), False),
        (crashes(4 * MINUTE, 3 * MINUTE, 2 * MINUTE), False),
        (crashes(4 * MINUTE, 3 * MINUTE, 2 * MINUTE, MINUTE), True),
        (crashes(30 * MINUTE, 3 * MINUTE, 2 * MINUTE, MINUTE), True),
        (crashes(30 * MINUTE + 1, 3 * MINUTE, 2 * MINUTE, MINUTE), False),
        (crashes(-MINUTE, 3 * MINUTE, 2 * MINUTE, MINUTE), True),
        (ended(crashes(4 * MINUTE, 3 * MINUTE, 2 * MINUTE, MINUTE)), False),
        (started(ended(crashes(5 * MINUTE, 4 * MINUTE)), T - MINUTE), False),
    ],
)
def test_the_fifth_start_in_thirty_minutes_without_a_clean_end(before: Starts, loop: bool) -> None:
    assert is_loop(before, T, RULES) is loop


def test_no_more_starts_are_remembered_than_a_loop_can_need() -> None:
    memory = crashes(*range(40, 0, -1))
    assert memory.unclean == tuple(T - age for age in range(16, 0, -1))


def test_a_clean_end_between_crashes_washes_none_of_them_out() -> None:
    memory = crashes(9 * MINUTE, 8 * MINUTE, 7 * MINUTE)
    memory = ended(started(memory, T - 6 * MINUTE))
    memory = started(memory, T - MINUTE)
    assert is_loop(memory, T, RULES)


def test_quiet_follows_a_crash_and_no_clean_end() -> None:
    assert quiet_until(Starts(), T, RULES) is None
    assert quiet_until(crashes(MINUTE), T, RULES) == T + 10 * MINUTE
    assert quiet_until(ended(crashes(MINUTE)), T, RULES) is None
    assert quiet_until(crashes(10**18), T, RULES) == T + 10 * MINUTE


@given(st.lists(st.tuples(st.integers(0, 40 * MINUTE), st.booleans()), max_size=60))
def test_memory_agrees_with_a_naive_recount(gaps: list[tuple[int, bool]]) -> None:
    memory, now = Starts(), T
    naive: list[int] = []
    for gap, clean in gaps:
        now += gap
        expected = sum(now - start <= RULES.loop_window for start in naive) + 1 >= RULES.loop_starts
        assert is_loop(memory, now, RULES) is expected
        memory = started(memory, now)
        if clean:
            memory = ended(memory)
        else:
            naive.append(now)
        assert memory.clean is clean
        assert len(memory.unclean) <= REMEMBERED

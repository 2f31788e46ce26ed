"""When an idle run on the gateway's clock asks what time it is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest

from adapters.ibkr.timekeeping import LinkTime, Pulse
from domain.units import SECOND

START = 1_709_650_000 * SECOND


class Steady:
    """A clock that goes on by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Iterator[Steady]:
    steady = Steady()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LinkTime, "steady", staticmethod(steady))
        yield steady


def test_a_time_that_runs_ahead_is_asked_for_again_at_once(clock: Steady) -> None:
    pulse = Pulse(5.0)
    pulse.said(START)
    for n in range(1, 20):
        clock.now += 0.01
        pulse.said(START + n * 5 * SECOND)
        assert pulse.left() == pytest.approx(Pulse.SOON)


def test_a_second_has_room_for_other_questions(clock: Steady) -> None:
    pulse, asked = Pulse(5.0), []
    for n in range(1, 400):
        pulse.said(START + n * 5 * SECOND)
        clock.now += max(pulse.left(), 0.0) + 0.001
        pulse.asked()
        asked.append(clock.now)
    assert all(later - first >= Pulse.APART for first, later in pairwise(asked))
    assert asked[-1] - asked[0] < 400 * (Pulse.APART + 0.01)


def test_a_time_that_goes_like_ours_is_asked_for_four_times_a_second(clock: Steady) -> None:
    """Its answers are cut to the second, so they jump by a whole one."""
    pulse, asked, passed = Pulse(5.0), 0, 0.0
    pulse.said(START)
    while passed < 20.0:
        wait = max(pulse.left(), 0.001)
        clock.now, passed = clock.now + wait, passed + wait
        pulse.asked()
        asked += 1
        pulse.said(START + int(passed) * SECOND)
    assert asked <= 20 * 4 + 10


def test_bars_that_come_faster_than_they_last_wake_it(clock: Steady) -> None:
    pulse = Pulse(5.0)
    pulse.said(START)
    clock.now += 0.001
    pulse.said(START + 5 * SECOND)
    assert pulse.left() == pytest.approx(Pulse.SOON)
    clock.now += 1.0
    assert pulse.left() < 0


def test_no_answer_is_waited_for_no_longer_than_its_time(clock: Steady) -> None:
    pulse = Pulse(5.0)
    pulse.asked()
    assert pulse.left() == pytest.approx(5.0)
    clock.now += 5.0
    assert pulse.left() <= 0

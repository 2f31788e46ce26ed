"""Claims against outcomes: against sums done otherwise, and the warning's exact line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.contracts.loader import load_contracts
from application.lessons import Lessons
from domain.aftermath import TradeEnd
from domain.calibration import calibrate
from domain.event import CalibrationWarning, Event
from domain.intent import LearningKey
from domain.reliability import Learning
from domain.track_record import Outcome
from domain.units import Money
from learning.test_aftermath import intent, trade

P = load_contracts().learning
KEY = LearningKey("K1", "range", "lunch")


def outcome(p0: float, r: float, b: float = 1.6, edge: float = 0.3) -> Outcome:
    return Outcome(
        "d", KEY, 0, 0, 0, 60, Money.parse("1"), Money.parse("1.24"), r, r, b, p0, edge, 0.9, 60,
        0, 0,
    )  # fmt: skip


trades = st.lists(
    st.tuples(st.floats(0.05, 0.9), st.floats(-2, 3), st.floats(1, 2.5), st.floats(-0.5, 1)),
    min_size=1, max_size=60,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(trades)
def test_the_numbers_are_those_of_numpy(told: list[tuple[float, float, float, float]]) -> None:
    c = calibrate([outcome(*t) for t in told])
    p, r, b, edge = np.array(told).T
    y = np.clip((r + 1) / (b + 1), 0, 1)
    assert c.gap == pytest.approx(y.mean() - p.mean(), abs=1e-8)
    assert c.brier == pytest.approx(((y - p) ** 2).mean(), abs=1e-8)
    parts = c.unreliability - c.resolution + c.uncertainty + c.within
    assert parts == pytest.approx(c.brier, abs=5e-9)
    at = np.minimum(np.floor(np.round(p * 10, 9)), 9)
    error = sum((at == k).mean() * abs((y - p)[at == k].mean()) for k in set(at))
    assert c.expected_error == pytest.approx(error, abs=1e-8)
    assert [band.n for band in c.bands] == [int((at == k).sum()) for k in sorted(set(at))]
    assert c.score_error == pytest.approx(r.mean() - edge.mean(), abs=1e-8)
    assert c.lower_bound == pytest.approx(((edge + 1) / (b + 1)).mean(), abs=1e-8)


def test_for_wins_and_losses_of_one_size_it_is_murphys_decomposition() -> None:
    told = [outcome(0.55, 1.6), outcome(0.55, -1.0), outcome(0.75, 1.6), outcome(0.75, 1.6)]
    c = calibrate(told)
    assert (c.unreliability, c.resolution) == (0.0325, 0.0625)
    assert c.uncertainty == 0.1875
    assert c.within == 0.0
    assert c.brier == pytest.approx(c.unreliability - c.resolution + c.uncertainty)


@pytest.mark.parametrize(("r", "n", "warned"), [
    (0.3, 20, False),  # y = 0.5: the gap is the line, and the line is no warning
    (0.29, 20, True),
    (-1.0, 19, False),
])  # fmt: skip
def test_the_line(r: float, n: int, warned: bool) -> None:
    books = Learning(P)
    for _ in range(n):
        books, _changes = books.shadow_closed(outcome(0.6, r))
    assert books.warned == (frozenset({"K1 shadow"}) if warned else frozenset())


def test_a_warning_is_told_once_and_again_after_it_was_over() -> None:
    lessons, told = Lessons(P, "PAPER"), list[Event]()

    def close(r: float, count: int) -> int:
        for _ in range(count):
            t = trade(net="1", r_gross=r)
            told.extend(lessons.shadow_closed(TradeEnd(intent(), t, 990, 12.5, "")))
        return sum(isinstance(event, CalibrationWarning) for event in told)

    assert close(-1.0, 19) == 0
    assert close(-1.0, 5) == 1
    assert close(1.6, 60) == 1
    assert lessons.learning.warned == frozenset()
    assert close(-1.0, 60) == 2

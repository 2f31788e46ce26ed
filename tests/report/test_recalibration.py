"""A recalibration is a bounded step towards the better exponent, and is asked for by evidence."""

from __future__ import annotations

import math
import random
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from adapters.contracts.loader import load_contracts
from domain.intent import LearningKey
from domain.recalibration import EXPONENT, HIGHEST, LOWEST, MOST_STEP, Proposal, Terms, propose
from domain.score import prior
from domain.track_record import Outcome, mean_interval
from domain.units import ZERO, q9

TERMS = Terms(20, 0.05, 0.90)
SCORE = load_contracts().decision.score


def claimed(effective: float, b: float, success: float) -> Outcome:
    """A trade of a belief, whose fractional success is given."""
    r = success * (b + 1.0) - 1.0
    p0 = q9(prior(effective, b, SCORE))
    key = LearningKey("K1", "range", "lunch")
    return Outcome("d", key, 0, 0, 0, 0, ZERO, ZERO, r, r, b, p0, 0.0, 1.0, 60, 0, 0)


def drawn(exponent: float, n: int, seed: int = 1) -> list[Outcome]:
    """Wins and losses as often as another exponent says."""
    lots = random.Random(seed)
    trades = []
    for _ in range(n):
        effective, b = lots.uniform(0.65, 0.85), lots.uniform(1.2, 2.2)
        odds = (effective / (1.0 - effective)) ** exponent / b
        trades.append(claimed(effective, b, float(lots.random() < odds / (1.0 + odds))))
    return trades


def test_the_exponent_is_that_of_the_prior() -> None:
    for effective in (0.55, 0.66, 0.8, 0.9):
        odds = (effective / (1.0 - effective)) ** EXPONENT / 1.7
        assert prior(effective, 1.7, SCORE) == pytest.approx(min(odds / (1 + odds), SCORE.p0_max))


def test_too_great_a_claim_moves_one_step_down_and_no_further() -> None:
    told = propose(drawn(0.0, 400), TERMS, 0.65)
    assert told.reason == "LESS"
    assert told.gap < 0.0
    assert told.wanted < EXPONENT - MOST_STEP
    assert told.proposed == pytest.approx(EXPONENT - MOST_STEP)
    assert told.brier_proposed < told.brier


def test_too_small_a_claim_moves_up_but_no_gate_is_loosened() -> None:
    told = propose(drawn(1.4, 400), TERMS, 0.65)
    assert told.reason == "MORE"
    assert told.proposed == pytest.approx(EXPONENT + MOST_STEP)
    assert told.min_belief_proposed == 0.65


def test_the_minimum_belief_asks_for_what_it_asked_for() -> None:
    told = propose(drawn(0.0, 400), TERMS, 0.65)
    claim = EXPONENT * math.log(0.65 / 0.35)
    exact = 1.0 / (1.0 + math.exp(-claim / told.proposed))
    assert told.min_belief_proposed is not None
    assert exact <= told.min_belief_proposed < exact + 0.001


def test_little_evidence_changes_nothing() -> None:
    few = propose(drawn(0.0, TERMS.least - 1), TERMS, 0.65)
    assert (few.reason, few.proposed, few.min_belief_proposed) == ("TOO_FEW", EXPONENT, 0.65)
    honest = propose(drawn(EXPONENT, 60, seed=3), TERMS, 0.65)
    assert (honest.reason, honest.proposed) == ("UNCLEAR", EXPONENT)
    with pytest.raises(ValueError):
        propose([], TERMS, None)


def test_the_best_fit_is_scipys() -> None:
    trades = drawn(0.4, 300)

    def brier(exponent: float) -> float:
        total = 0.0
        for o in trades:
            odds = (o.p0 / (1 - o.p0) * o.b) ** (exponent / EXPONENT) / o.b
            total += (o.success - min(max(odds / (1 + odds), 0.05), 0.90)) ** 2
        return total / len(trades)

    best = optimize.minimize_scalar(brier, bounds=(LOWEST, HIGHEST), method="bounded")
    told = propose(trades, TERMS, None)
    assert told.wanted == pytest.approx(best.x, abs=0.006)
    assert told.brier == pytest.approx(brier(EXPONENT))
    assert told.brier_proposed == pytest.approx(brier(told.proposed))
    assert (told.min_belief, told.min_belief_proposed) == (None, None)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0.5, 0.99), st.floats(0.5, 4.0), st.floats(0.0, 1.0)),
        min_size=1,
        max_size=40,
    ),
    st.floats(0.0, 1.0),
)
def test_no_proposal_leaves_its_bounds(
    rows: list[tuple[float, float, float]], belief: float
) -> None:
    told: Proposal = propose([claimed(*row) for row in rows], TERMS, belief)
    assert LOWEST <= told.proposed <= HIGHEST
    assert abs(told.proposed - EXPONENT) <= MOST_STEP + 1e-9
    assert told.min_belief_proposed is not None
    assert belief - 1e-9 <= told.min_belief_proposed <= min(1.0, belief + MOST_STEP) + 1e-9
    if told.reason not in ("LESS", "MORE"):
        assert told.proposed == EXPONENT


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-3.0, 5.0), min_size=2, max_size=40))
def test_the_interval_of_a_mean_is_students(values: list[float]) -> None:
    mean, spread = statistics.fmean(values), statistics.stdev(values)
    half = float(stats.t.ppf(0.975, len(values) - 1)) * spread / len(values) ** 0.5
    assert mean_interval(values) == pytest.approx((mean - half, mean + half), abs=1e-7)
    assert mean_interval(values[:1]) is None

"""Beliefs: constants, the pipeline step by step, readiness, session reset (beliefs.md)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.special import expit

from bar_strategies import Shape, make_tape, tapes
from domain.beliefs import BeliefModel, Surroundings, thesis
from domain.frame import BELIEFS, F5, ODD, SIGNALS, belief_index
from domain.units import q9

# The tables of the specification, written out once more.
GAIN = (8.0, 7.5, 6.0, 7.5, 5.0, 5.0)
BIAS = (-1.1, -1.1, -1.1, -1.1, 0.4, -1.2)
AT_REST = (0.250, 0.250, 0.250, 0.250, 0.599, 0.231)
DECAY = (0.60, 0.40, 0.30, 0.65, 0.80, 0.70)
NEEDS = ((0.80, 0.75), (0.85, 0.80), (0.85, 0.80), (0.80, 0.75), (0.60, 0.60), (0.60, 0.60))
PHASE = (
    (0, 0.9, 1, 0, 1, 1, 0, 0),
    (0, 1, 1, 0, 1, 1, 0, 0),
    (0, 1, 1, 0, 1, 1, 0, 0),
    (0, 1, 1, 0, 1, 1, 0, 0),
    (0, 1, 1, 1, 1, 1, 0, 0),
    (0, 1, 1, 1, 1, 1, 0, 0),
)
WEIGHTS = (
    {1: -0.34, 31: 0.12, 7: 0.10, 8: 0.10, 33: -0.10, 5: 0.06, 2: 0.06, 10: -0.04, 24: 0.03,
     4: -0.03, 13: -0.02},
    {31: 0.36, 8: 0.14, 12: 0.12, 7: 0.10, 6: 0.08, 5: 0.06, 2: 0.03, 22: 0.03, 32: 0.03,
     13: 0.03, 4: -0.02},
    {31: 0.40, 7: 0.18, 8: 0.12, 12: 0.06, 13: 0.06, 17: 0.05, 30: 0.05, 33: -0.05, 10: -0.03},
    {5: 0.16, 11: 0.14, 6: 0.14, 12: 0.10, 2: 0.10, 22: 0.08, 8: 0.06, 16: 0.05, 20: 0.05,
     33: -0.05, 35: 0.04, 34: -0.03},
    {27: 0.22, 28: -0.14, 23: -0.14, 25: -0.14, 18: -0.10, 20: 0.10, 26: -0.08, 30: -0.08},
    {29: 0.30, 33: 0.25, 35: 0.15, 1: 0.12, 30: 0.10, 32: 0.04, 17: 0.04},
)  # fmt: skip
CENTRES = {
    3: (1 / 3, 1 / 3), 4: (0.5, 0.5), 13: (0, 1), 14: (0, 1), 15: (0.5, 0.5), 16: (0, 0.5),
    17: (0, 1), 18: (0, 1), 19: (0, 1), 20: (0.5, 0.5), 23: (0, 1), 24: (0, 1), 25: (0, 1),
    26: (0.125, 0.875), 27: (0.6, 0.4), 28: (0.4, 0.4), 30: (0, 1), 32: (0, 1), 34: (0.5, 0.5),
}  # fmt: skip
ALL = [(f, s) for f in range(1, 7) for s in ((0,) if f == 5 else (1, -1))]
FULL = [1.0] * SIGNALS
GOOD = Surroundings(2, 10_000, 10_000)


def values(known: dict[int, float], missing: tuple[int, ...] = ()) -> tuple[float | None, ...]:
    """A signal vector: `known` by number, 0 elsewhere, None for the missing."""
    return tuple(None if n in missing else known.get(n, 0.0) for n in range(1, SIGNALS + 1))


@pytest.fixture(scope="session")
def model(parameters):
    return BeliefModel.of(parameters)


def test_the_contract_is_the_table(parameters):
    table = parameters.beliefs
    for f, belief in enumerate(table.all()):
        assert (belief.a, belief.b, belief.decay) == (GAIN[f], BIAS[f], DECAY[f])
        assert (belief.dvs_min, belief.eqs_min) == NEEDS[f]
        assert belief.phase.table() == PHASE[f]
        assert belief.weights == WEIGHTS[f]
    assert {n: (c.centre, c.scale) for n, c in parameters.centres.items()} == CENTRES
    assert (table.coverage_min, table.coverage_tolerance) == (0.60, 1e-12)
    assert (table.reliability_floor, table.stability_alpha) == (0.5, 0.2)


@pytest.mark.parametrize("f", range(6))
def test_constants_of_each_belief(parameters, f):
    belief = parameters.beliefs.all()[f]
    assert round(float(expit(belief.b)), 3) == AT_REST[f]
    assert expit(belief.a + belief.b) < 0.9995
    assert math.fsum(abs(w) for w in belief.weights.values()) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(("f", "side"), ALL)
def test_evidence_is_one_when_every_signal_points_my_way(model, f, side):
    mine = {}
    for n, w in WEIGHTS[f - 1].items():
        toward = math.copysign(1.0, w)
        centre, scale = CENTRES.get(n, (0.0, 1.0))
        mine[n] = side * toward if n in ODD else centre + toward * scale
    after, beliefs = model.assess(model.session_start(), values(mine), FULL, GOOD)
    k = belief_index(f, side)
    assert beliefs[k].evidence == pytest.approx(1.0, abs=1e-12)
    assert after.likelihood[k] > model.session_start().likelihood[k]


def test_session_starts_at_zero_evidence(model):
    start = model.session_start()
    for f, side in ALL:
        k = belief_index(f, side)
        assert start.likelihood[k] == pytest.approx(float(expit(BIAS[f - 1])), rel=1e-15)
        assert start.stability[k] == 0.0


def test_no_evidence_keeps_the_likelihood_where_it_started(model):
    neutral = {n: c for n, (c, _) in CENTRES.items()}
    _, beliefs = model.assess(model.session_start(), values(neutral), FULL, GOOD)
    for f, side in ALL:
        b = beliefs[belief_index(f, side)]
        assert b.evidence == 0.0
        assert b.likelihood == pytest.approx(float(expit(BIAS[f - 1])), rel=1e-12)


def test_coverage_of_exactly_sixty_percent_is_enough(model):
    """F6 without S33 and S35 has 0.60 of its weight, without S17 too 0.56."""
    k = belief_index(6, 1)
    enough = values({29: 1.0}, missing=(33, 35))
    heard = [0.0 if x is None else 1.0 for x in enough]
    _, beliefs = model.assess(model.session_start(), enough, heard, GOOD)
    assert beliefs[k].ready
    assert beliefs[k].coverage == pytest.approx(0.60, abs=1e-12)
    assert beliefs[k].effective == pytest.approx(0.5 * beliefs[k].likelihood, rel=1e-9)
    too_little = values({29: 1.0}, missing=(33, 35, 17))
    heard = [0.0 if x is None else 1.0 for x in too_little]
    _, beliefs = model.assess(model.session_start(), too_little, heard, GOOD)
    assert not beliefs[k].ready


def test_a_belief_that_is_not_ready_keeps_its_state(model):
    before, _ = model.assess(model.session_start(), values({7: 1.0, 8: 1.0}), FULL, GOOD)
    nothing = (None,) * SIGNALS
    after, beliefs = model.assess(before, nothing, [0.0] * SIGNALS, GOOD)
    assert after == before
    for b in beliefs:
        assert (b.ready, b.lraw, b.effective, b.evidence, b.coverage) == (
            False,
            None,
            0.0,
            0.0,
            0.0,
        )


def test_half_reliable_signals_count_half(model):
    k = belief_index(5, 0)
    half = list(FULL)
    half[24] = 0.5
    _, beliefs = model.assess(model.session_start(), values({27: 1.0, 25: 1.0}), half, GOOD)
    phi = {27: 1.0, 28: -1.0, 23: 0.0, 25: 1.0, 18: 0.0, 20: -1.0, 26: -0.125 / 0.875, 30: 0.0}
    r = {n: 0.5 if n == 25 else 1.0 for n in phi}
    total = sum(abs(w) * r[n] for n, w in WEIGHTS[4].items())
    said = sum(w * r[n] * phi[n] for n, w in WEIGHTS[4].items())
    assert beliefs[k].coverage == pytest.approx(0.93, abs=1e-12)
    assert beliefs[k].evidence == pytest.approx(said / total, abs=1e-12)


@pytest.mark.parametrize("phase", range(8))
@pytest.mark.parametrize(
    ("dvs", "eqs"), [(10_000, 10_000), (6_000, 10_000), (8_000, 3_000), (0, 0)]
)
def test_applicability(model, phase, dvs, eqs):
    around = Surroundings(phase, dvs, eqs)
    _, beliefs = model.assess(model.session_start(), values({}), FULL, around)
    for f, side in ALL:
        b = beliefs[belief_index(f, side)]
        need = NEEDS[f - 1]
        app = PHASE[f - 1][phase] * min(1, dvs / 1e4 / need[0]) * min(1, eqs / 1e4 / need[1])
        assert b.effective == pytest.approx(b.likelihood * app, abs=1e-15)


@settings(max_examples=8, deadline=None)
@given(tapes(max_sessions=2))
def test_the_pipeline_agrees_with_a_recomputation_from_the_signals(play, tape):
    """From the recorded signals and numpy alone; recorded values are half a grid step off."""
    weights = [np.array(list(w.values())) for w in WEIGHTS]
    likelihood, unrest = np.zeros(BELIEFS), np.zeros(BELIEFS)
    for bar, frame in zip(tape, play(tape), strict=True):
        if bar.session_start:
            likelihood[:] = [expit(BIAS[f - 1]) for f, _ in ALL]
            unrest[:] = 0.0
        for k, (f, side) in enumerate(ALL):
            w = weights[f - 1]
            x = np.array([frame.values[n - 1] for n in WEIGHTS[f - 1]])
            r = np.array([frame.reliability(n) for n in WEIGHTS[f - 1]])
            even = [CENTRES.get(n, (0, 1)) for n in WEIGHTS[f - 1]]
            phi = np.array(
                [
                    side * v if n in ODD else min(1.0, max(-1.0, (v - c) / s)) + 0.0 * v
                    for n, v, (c, s) in zip(WEIGHTS[f - 1], x, even, strict=True)
                ]
            )
            cov = float(abs(w) @ r)
            e = float(np.nan_to_num(phi) @ (w * r)) / cov if cov else 0.0
            assert frame.coverage[k] == pytest.approx(cov, abs=2e-9)
            assert frame.evidence[k] == pytest.approx(e, abs=2e-8)
            effective = 0.0
            if cov >= 0.6 - 1e-12:
                raw = float(expit(GAIN[f - 1] * e + BIAS[f - 1]))
                new = (1 - DECAY[f - 1]) * raw + DECAY[f - 1] * likelihood[k]
                unrest[k] = 0.2 * abs(new - likelihood[k]) + 0.8 * unrest[k]
                likelihood[k] = new
                need = NEEDS[f - 1]
                app = PHASE[f - 1][bar.phase]
                app *= min(1, bar.dvs_bp / 1e4 / need[0]) * min(1, bar.eqs_bp / 1e4 / need[1])
                effective = new * app * min(1, 0.5 + 0.5 * (cov - 0.6) / 0.4)
                assert frame.lraw[k] == pytest.approx(raw, abs=5e-8)
            assert frame.likelihood[k] == pytest.approx(likelihood[k], abs=1e-7)
            assert frame.stability[k] == pytest.approx(unrest[k], abs=1e-7)
            assert frame.effective[k] == pytest.approx(effective, abs=1e-7)
        t = (1 + frame.likelihood[6] - frame.likelihood[7]) / 2
        assert frame.thesis == pytest.approx(t, abs=2e-9)


def test_thesis_of_the_two_sides_adds_up_to_one(model):
    state, _ = model.assess(model.session_start(), values({5: 1.0, 11: 0.5}), FULL, GOOD)
    assert q9(thesis(model.session_start())) == 0.5
    assert thesis(state) > 0.5
    swapped = state._replace(
        likelihood=(*state.likelihood[:6], state.likelihood[7], state.likelihood[6])
    )
    assert q9(thesis(state) + thesis(swapped)) == 1.0


def test_f5_is_not_ready_for_the_first_sixty_bars_of_a_cold_start(play):
    tape = make_tape(Shape("walk", (100,), 1, False, False, False))
    ready = [frame.belief_is_ready(F5) for frame in play(tape)]
    assert ready == [False] * 60 + [True] * 40


def test_yesterdays_belief_is_no_evidence(play):
    """F2 is not ready on a session's first bar, so it shows where the session started."""
    tape = make_tape(Shape("walk", (70, 5), 1, False, False, False))
    frames = play(tape)
    for side in (1, -1):
        k = belief_index(2, side)
        assert frames[69].stability[k] > 0.0
        assert not frames[70].belief_is_ready(k)
        assert frames[70].likelihood[k] == q9(float(expit(-1.1)))
        assert frames[70].stability[k] == 0.0

"""The execution quality score: incidents superpose and are forgiven by halves."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bar_files import contracts
from changing import replace
from domain.execution_quality import ExecutionQuality
from domain.quality_parameters import Gates, IncidentKind, StaleStep

RULES = {r.kind: (r.p, r.half_life_minutes) for r in contracts().quality.incidents}


def score(*incidents: tuple[IncidentKind, int]) -> ExecutionQuality:
    eq = ExecutionQuality(contracts().quality)
    for kind, minute in incidents:
        eq.record(kind, minute)
    return eq


def test_nothing_happened() -> None:
    assert score().eqs_bp(0) == score().eqs_bp(10**9) == 10_000


@pytest.mark.parametrize(
    ("kind", "p", "half_life"),
    [
        ("ORDER_REJECTED", 0.15, 20),
        ("ACK_TIMEOUT", 0.15, 20),
        ("SLOW_EXIT", 0.08, 15),
        ("EXCESS_SLIPPAGE", 0.10, 15),
        ("PARTIAL_FILL", 0.10, 20),
        ("CANCEL_REJECTED", 0.10, 20),
        ("STATE_UNKNOWN", 0.25, 30),
        ("PROTECTION_LOST", 0.30, 40),
        ("CONNECTION_LOST", 0.30, 40),
    ],
)
def test_each_incident_costs_p_and_half_of_it_at_its_half_life(
    kind: str, p: float, half_life: int
) -> None:
    eq = ExecutionQuality(contracts().quality)
    assert eq.record(IncidentKind(kind), 100) == (p, half_life)
    assert eq.eqs_bp(100) == 10_000 - round(10_000 * p)
    assert eq.eqs_bp(100 + half_life) == 10_000 - round(5_000 * p)
    assert eq.eqs_bp(100 + 2 * half_life) == 10_000 - round(2_500 * p)


def test_the_page_s_example() -> None:
    eq = score((IncidentKind.CONNECTION_LOST, 0))
    gate = contracts().quality.gates.eqs_entry
    assert [m for m in range(20) if score((IncidentKind.CONNECTION_LOST, 0)).eqs_bp(m) < gate] == [
        *range(11)
    ]
    assert eq.eqs_bp(0) == 7_000


def test_two_incidents_superpose() -> None:
    eq = score((IncidentKind.CONNECTION_LOST, 0), (IncidentKind.ORDER_REJECTED, 40))
    assert eq.eqs_bp(40) == 10_000 - 1_500 - 1_500
    assert eq.eqs_bp(80) == 10_000 - 750 - 375


def test_it_never_leaves_its_range() -> None:
    eq = score(*[(IncidentKind.PROTECTION_LOST, 5)] * 9)
    assert eq.eqs_bp(5) == 0


def test_light_incidents_are_forgotten() -> None:
    eq = score((IncidentKind.SLOW_EXIT, 0))
    weights = [0.08 * 2 ** (-k / 15) for k in range(200)]
    gone = next(k for k, w in enumerate(weights) if w < 1e-4)
    eq.eqs_bp(gone - 1)
    assert len(eq.incidents) == 1
    assert eq.eqs_bp(gone) == 10_000
    assert eq.incidents == ()


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(IncidentKind), st.integers(0, 400)), max_size=8),
    st.integers(0, 500),
)
def test_it_is_the_formula(drawn: list[tuple[IncidentKind, int]], later: int) -> None:
    incidents = sorted(drawn, key=lambda i: i[1])
    minute = max((m for _, m in incidents), default=0) + later
    exact = Fraction(1)
    for kind, at in incidents:
        p, half_life = RULES[kind]
        weight = Fraction(p) * Fraction(2.0 ** (-(minute - at) / half_life))
        exact -= weight if weight >= Fraction(1e-4) else 0
    expected = 10_000 * max(Fraction(0), exact)
    got = score(*incidents).eqs_bp(minute)
    assert abs(got - expected) <= Fraction(1, 2) + Fraction(1, 10**6)
    again = ExecutionQuality(contracts().quality)
    again.restore(score(*incidents).incidents)
    assert again.eqs_bp(minute) == got


def test_parameters_refuse_nonsense() -> None:
    p = contracts().quality
    with pytest.raises(ValueError, match="every kind"):
        replace(p, incidents=p.incidents[1:])
    with pytest.raises(ValueError, match="staleness"):
        replace(p, staleness=(StaleStep(90, 10), StaleStep(75, 20)))
    with pytest.raises(ValueError, match="dvs_kill"):
        Gates(6_000, 8_000, 3_000, 7_500, 6_000, 3_000)
    with pytest.raises(ValueError, match="window_minutes"):
        replace(p, window_minutes=0)
    with pytest.raises(ValueError, match="outlier_multiple"):
        replace(p, outlier_multiple=float("nan"))

"""The ten worked examples of the score, the friction examples, and the Beta quantile."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta as scipy_beta

from domain.beta import beta_quantile
from domain.decision import Action, decide
from domain.frame import Frame
from domain.friction import friction
from domain.learning import Standing, Status
from market_builders import MONDAY, TUESDAY, at, beliefs, rules, snapshot
from setups import Scene, failed_break, momentum, stretched, sweep

FRICTION = rules().decision.friction


class Row(NamedTuple):
    scene: Scene
    template: str
    b: float
    p0: float
    p_lb: float
    edge: float
    cost: float
    uncertainty: float
    score: float
    theta: float
    trades: bool
    hour: int = 11
    day: date = TUESDAY
    standing: Standing = Standing(Status.ACTIVE, 1.0, 0.0, 0.0)


def _standing(multiplier: float = 1.0, a: float = 0.0, b: float = 0.0) -> Standing:
    return Standing(Status.ACTIVE, multiplier, a, b)


def _conflicting(f: Frame) -> Frame:
    return f._replace(likelihood=beliefs(0.25, f1_short=0.60, f5=0.75))


_K4 = momentum()
ROWS = {
    "1": Row(stretched(), "K1", 2.0, 0.5637, 0.4877, 0.4632, 0.2264, 0.0520, 0.1848, 0.02, True),
    "2": Row(
        failed_break(), "K2", 1.6, 0.6387, 0.5657, 0.4709, 0.2490, 0.0950, 0.1269, 0.05, True, 10
    ),
    "3": Row(
        sweep(), "K3", 1.833, 0.6606, 0.5888, 0.6683, 0.2596, 0.1055, 0.3033, 0.06, True, 10, MONDAY
    ),
    "4": Row(
        Scene(_conflicting(_K4.frame), _K4.recent),
        "K4", 2.0, 0.5858, 0.5105, 0.5315, 0.3115, 0.0550, 0.1650, 0.13, True, 14,
    ),
    "5": Row(
        stretched(), "K1", 2.0, 0.5637, 0.4877, 0.4632, 0.3395, 0.0520, 0.0716, 0.02, True,
        standing=_standing(1.5),
    ),
    "6": Row(
        stretched(), "K1", 2.0, 0.5637, 0.4445, 0.3336, 0.2264, 0.0520, 0.0553, 0.02, True,
        standing=_standing(1.0, 3.2, 6.1),
    ),
    "7": Row(
        stretched().with_frame(spread=2.0, slip=1.5),
        "K1", 2.0, 0.5637, 0.4877, 0.4632, 0.3968, 0.0520, 0.0143, 0.02, False,
    ),
    "8": Row(
        stretched(effective=0.70),
        "K1", 2.0, 0.4856, 0.4085, 0.2256, 0.2264, 0.0600, -0.0608, 0.03, False, 14,
    ),
    "9": Row(
        stretched(8, 10.5),
        "K1", 1.25, 0.6740, 0.6031, 0.3569, 0.3113, 0.0520, -0.0064, 0.03, False, 14,
    ),
    "10": Row(
        stretched(8, 10.5, 0.66),
        "K1", 1.25, 0.5682, 0.4923, 0.1077, 0.3113, 0.0640, -0.2675, 0.03, False, 14,
    ),
}  # fmt: skip


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("number", ROWS)
def test_worked_example(number: str, side: int) -> None:
    row = ROWS[number]
    t_d = at(row.hour, 0, row.day)
    snap = snapshot(row.scene.seen(side, t_d), t_d, day=row.day, standing=row.standing)
    record, chosen = decide(snap, rules())
    (candidate,) = (c for c in record.candidates if c.template == row.template)
    assert candidate.side == side
    score = candidate.score
    assert score is not None
    got = (
        score.b, score.p0, score.p_lb, score.edge, score.cost, score.uncertainty, score.score,
        candidate.theta_total,
    )  # fmt: skip
    # Printed with four digits (b with three): half a unit more than the 1e-3 of the page.
    assert got == pytest.approx(row[2:10], abs=1e-3)
    assert (chosen is not None) is row.trades
    assert record.action is (Action.ENTER if row.trades else Action.SKIP)
    assert record.reason == ("ALL_GATES_PASSED" if row.trades else "EDGE_SCORE_BELOW_THETA")


@pytest.mark.parametrize(
    ("crossings", "usd"),
    [(FRICTION.limit_crossings, 3.1125), (FRICTION.stop_limit_crossings, 3.89375)],
)
def test_friction_of_a_normal_market(crossings: int, usd: float) -> None:
    assert friction(crossings, 0.5, 1.0, 1.25, 0.62, FRICTION.pessimism) == pytest.approx(usd)


@settings(deadline=None)
@given(st.floats(0.05, 3000.0), st.floats(0.05, 3000.0), st.floats(0.005, 0.995))
def test_quantile_is_scipys(a: float, b: float, q: float) -> None:
    assert beta_quantile(a, b, q) == pytest.approx(scipy_beta.ppf(q, a, b), abs=1e-10)


@settings(deadline=None)
@given(st.floats(1.5, 27.0), st.floats(0.0, 20.0), st.floats(0.0, 20.0))
def test_quantile_where_scores_live(share: float, a_d: float, b_d: float) -> None:
    a, b = share + a_d, 30.0 - share + b_d
    assert beta_quantile(a, b, 0.2) == pytest.approx(scipy_beta.ppf(0.2, a, b), abs=1e-10)


@pytest.mark.parametrize("bad", [(0.0, 1.0, 0.2), (1.0, -1.0, 0.2), (1.0, 1.0, 0.0), (1, 1, 1.0)])
def test_quantile_refuses_what_is_no_distribution(bad: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="no quantile"):
        beta_quantile(*bad)

"""Are the beliefs honest? What was claimed at the entry against what came of it (learning.md 6).

Information and a warning: no number of a decision is changed by it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from domain.track_record import Outcome
from domain.units import q9

BANDS: Final = 10
"""Of the reliability table, each 0.10 wide."""


class Band(NamedTuple):
    """Trades whose prior lay in a band from `low` on: how many, mean prior, mean success."""

    low: float
    n: int
    prior: float
    success: float


class Calibration(NamedTuple):
    """One window of closed trades; `n` at least 1.

    `gap` is mean success minus mean prior, negative where too much was believed. The Brier score
    is `unreliability - resolution + uncertainty + within`, by the bands of the reliability table;
    `within` is what the bands' width leaves. `expected_error` is the mean distance of a band from
    honesty. `lower_bound` is the mean of the cautious win probabilities, `covered` whether mean
    success reached it. `score_error` is mean gross R minus mean edge.
    """

    n: int
    success: float
    prior: float
    gap: float
    brier: float
    unreliability: float
    resolution: float
    uncertainty: float
    within: float
    expected_error: float
    lower_bound: float
    covered: bool
    score_error: float
    bands: tuple[Band, ...]


def gap(window: Sequence[Outcome]) -> float:
    """The gap alone of `calibrate`, of one trade at least; it is asked after each."""
    return q9(_mean([o.success for o in window]) - _mean([o.p0 for o in window]))


def calibrate(window: Sequence[Outcome]) -> Calibration:
    """The calibration of closed trades. Errors: ValueError for none."""
    n = len(window)
    if n == 0:
        raise ValueError("no trade, no calibration")
    success, prior = _mean([o.success for o in window]), _mean([o.p0 for o in window])
    bands = _bands(window)
    brier = _mean([(o.success - o.p0) ** 2 for o in window])
    unreliability = math.fsum(b.n * (b.prior - b.success) ** 2 for b in bands) / n
    resolution = math.fsum(b.n * (b.success - success) ** 2 for b in bands) / n
    uncertainty = _mean([(o.success - success) ** 2 for o in window])
    bound = _mean([(o.edge + 1.0) / (o.b + 1.0) for o in window])
    return Calibration(
        n,
        q9(success),
        q9(prior),
        gap(window),
        q9(brier),
        q9(unreliability),
        q9(resolution),
        q9(uncertainty),
        q9(brier - (unreliability - resolution + uncertainty)),
        q9(math.fsum(b.n * abs(b.prior - b.success) for b in bands) / n),
        q9(bound),
        success >= bound,
        q9(_mean([o.r_gross for o in window]) - _mean([o.edge for o in window])),
        tuple(Band(b.low, b.n, q9(b.prior), q9(b.success)) for b in bands),
    )


def _bands(window: Sequence[Outcome]) -> list[Band]:
    """The bands that hold a trade, from the lowest on; a prior of 1 belongs to the last."""
    held: dict[int, list[Outcome]] = {}
    for o in window:
        held.setdefault(min(int(q9(o.p0 * BANDS)), BANDS - 1), []).append(o)
    return [
        Band(k / BANDS, len(found), _mean([o.p0 for o in found]), _mean([o.success for o in found]))
        for k, found in sorted(held.items())
    ]


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)

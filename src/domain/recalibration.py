"""How the prior would have to be changed to be honest: a proposal that nothing applies.

The prior tempers the belief's odds by an exponent (decision.md 5.2). From what was claimed and
what came, the exponent of the smallest Brier score is looked for, and one bounded step towards
it is proposed. It becomes true only by an edited contract and a new config hash (learning.md 6).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from domain.track_record import Interval, Outcome, mean_interval
from domain.units import q9

EXPONENT: Final = 0.75
"""Of the odds in the formula of the prior (`domain.score.prior`)."""
LOWEST: Final = 0.0
HIGHEST: Final = 1.5
MOST_STEP: Final = 0.05
"""The bounds of evolution in beliefs.md 3: 0 to 1.5, at most 0.05 a week."""
_GRID: Final = 300
"""Exponents tried between the bounds, beside the lowest."""
_SCALE: Final = 1000.0
"""A minimum belief is proposed in thousandths."""


class Terms(NamedTuple):
    """What a proposal is made under: trades asked for, and the limits the prior is held in."""

    least: int
    p0_min: float
    p0_max: float


class Proposal(NamedTuple):
    """What the evidence of `n` trades would change.

    `gap` is mean success minus mean p0 with Student's interval of 95 %. `wanted` is the
    exponent of the smallest Brier score within the bounds, `proposed` at most one step from
    `exponent` towards it. The Brier scores are of the same trades that chose it, so the gain
    is flattered. `min_belief` is today's, `min_belief_proposed` the belief that claims under
    `proposed` what it claims today, never lower and at most one step higher; both None where
    there is no such number. `reason` is LESS, MORE, HONEST, TOO_FEW, UNCLEAR (the gap may be
    chance), or UNMENDED (no exponent mends it).
    """

    n: int
    reason: str
    gap: float
    gap_interval: Interval | None
    exponent: float
    wanted: float
    proposed: float
    brier: float
    brier_proposed: float
    min_belief: float | None
    min_belief_proposed: float | None


def propose(window: Sequence[Outcome], terms: Terms, min_belief: float | None) -> Proposal:
    """The proposal of a window of closed trades. Errors: ValueError for none."""
    if not window:
        raise ValueError("no trade, no proposal")
    gaps = [o.success - o.p0 for o in window]
    gap, interval = math.fsum(gaps) / len(gaps), mean_interval(gaps)
    odds = [_log_odds(o, terms) for o in window]
    wanted = _wanted(window, odds, terms)
    reason = _reason(len(window), gap, interval, wanted, terms.least)
    proposed = EXPONENT
    if reason in ("LESS", "MORE"):
        proposed = min(max(wanted, EXPONENT - MOST_STEP), EXPONENT + MOST_STEP)
    return Proposal(
        len(window),
        reason,
        q9(gap),
        interval,
        EXPONENT,
        q9(wanted),
        q9(proposed),
        q9(_brier(window, odds, EXPONENT, terms)),
        q9(_brier(window, odds, proposed, terms)),
        min_belief,
        None if min_belief is None else _raised(min_belief, proposed),
    )


def _reason(n: int, gap: float, interval: Interval | None, wanted: float, least: int) -> str:
    if n < least or interval is None:
        return "TOO_FEW"
    if interval[0] <= 0.0 <= interval[1]:
        return "UNCLEAR"
    if abs(wanted - EXPONENT) < HIGHEST / _GRID / 2.0:
        return "HONEST"
    if (wanted < EXPONENT) is not (gap < 0.0):
        return "UNMENDED"
    return "LESS" if gap < 0.0 else "MORE"


def _log_odds(o: Outcome, terms: Terms) -> float:
    """The belief's own log odds, from the prior that was made of them; a prior at its limit
    gives those of the limit."""
    p0 = min(max(o.p0, terms.p0_min), terms.p0_max)
    return (math.log(p0 / (1.0 - p0)) + math.log(o.b)) / EXPONENT


def _prior(log_odds: float, b: float, exponent: float, terms: Terms) -> float:
    p = 1.0 / (1.0 + b * math.exp(-exponent * log_odds))
    return min(max(p, terms.p0_min), terms.p0_max)


def _brier(
    window: Sequence[Outcome], odds: Sequence[float], exponent: float, terms: Terms
) -> float:
    errors = (
        (o.success - _prior(x, o.b, exponent, terms)) ** 2
        for o, x in zip(window, odds, strict=True)
    )
    return math.fsum(errors) / len(window)


def _wanted(window: Sequence[Outcome], odds: Sequence[float], terms: Terms) -> float:
    """The best exponent on the grid; of equals the nearest to today's."""
    tried = [LOWEST + (HIGHEST - LOWEST) * k / _GRID for k in range(_GRID + 1)]
    return min(tried, key=lambda e: (q9(_brier(window, odds, e, terms)), abs(e - EXPONENT)))


def _raised(belief: float, exponent: float) -> float:
    """The minimum belief under another exponent, in thousandths; never a looser one."""
    if not 0.5 < belief < 1.0 or exponent <= 0.0:
        return belief
    log_odds = math.log(belief / (1.0 - belief)) * EXPONENT / exponent
    same = math.ceil(q9(_SCALE / (1.0 + math.exp(-log_odds)))) / _SCALE
    return q9(max(belief, min(same, belief + MOST_STEP)))

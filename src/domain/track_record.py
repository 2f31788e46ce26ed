"""What a run of closed trades amounts to (learning.md 2): pure arithmetic over a window.

Undefined is None, never 0 or infinity. Sums of money are exact; ratios are floats on the grid.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Final, NamedTuple

from domain.beta import beta_quantile, normal_quantile
from domain.intent import LearningKey
from domain.units import ZERO, Money, UtcNanos, q9

SESSIONS_A_YEAR: Final = 252
"""By the formula of the annualised Sharpe ratio."""
LEAST_SESSIONS: Final = 20
"""A window that spans fewer says nothing about a year."""
CONFIDENCE: Final = 0.95
"""Of the two-sided intervals."""


class Outcome(NamedTuple):
    """One closed trade as the books keep it.

    `number` counts the closes in chain order, `session` the sessions; `p0` and `edge` are the
    claim at the entry, `lw` is the learning weight; R in multiples of the initial risk, slippage
    in ticks.
    """

    decision_id: str
    key: LearningKey
    number: int
    session: int
    decided_at: UtcNanos
    closed_at: UtcNanos
    net: Money
    fees: Money
    r_gross: float
    r_net: float
    b: float
    p0: float
    edge: float
    lw: float
    duration_s: int
    slip_entry: int
    slip_exit: int

    @property
    def success(self) -> float:
        """The fractional success y of decision.md 5.3, 0 to 1."""
        return min(max((self.r_gross + 1.0) / (self.b + 1.0), 0.0), 1.0)


Interval = tuple[float, float]


class Metrics(NamedTuple):
    """The table of learning.md 2 over one window; means of money are rounded to 4 decimals.

    `win_rate_interval` is Wilson's, `expectancy_interval` Student's, in USD, both two-sided.
    """

    n: int
    wins: int
    losses: int
    flats: int
    win_rate: float | None
    win_rate_interval: Interval | None
    expectancy: Money | None
    expectancy_interval: Interval | None
    expectancy_r: float | None
    weighted_expectancy: Money | None
    consecutive_losses: int
    consecutive_wins: int
    sharpe: float | None
    sharpe_annual: float | None
    max_drawdown: Money
    profit_factor: float | None
    duration_s: float | None
    slip_entry: float | None
    slip_exit: float | None
    fees: Money | None


def measure(window: Sequence[Outcome]) -> Metrics:
    """The metrics of closed trades in their order."""
    nets = [o.net.units for o in window]
    n, total = len(nets), sum(nets)
    wins, losses = sum(u > 0 for u in nets), sum(u < 0 for u in nets)
    decided = wins + losses
    spread = _spread(nets)
    sharpe = None if not spread else total / n / spread
    lost = -sum(u for u in nets if u < 0)
    return Metrics(
        n,
        wins,
        losses,
        n - decided,
        q9(wins / decided) if decided else None,
        _wilson(wins, decided),
        _mean_money(total, n),
        _student(total, n, spread),
        _mean([o.r_net for o in window]),
        _weighted(window),
        run(window, loss=True),
        run(window, loss=False),
        None if sharpe is None else q9(sharpe),
        _annual(sharpe, window),
        _drawdown(nets),
        q9(sum(u for u in nets if u > 0) / lost) if lost else None,
        _mean([o.duration_s for o in window]),
        _mean([o.slip_entry for o in window]),
        _mean([o.slip_exit for o in window]),
        _mean_money(sum(o.fees.units for o in window), n),
    )


def run(window: Sequence[Outcome], *, loss: bool) -> int:
    """Losses, or wins, in a row at the end of the window; a flat trade leaves a run unchanged."""
    length = 0
    for outcome in reversed(window):
        if outcome.net == ZERO:
            continue
        if (outcome.net < ZERO) is not loss:
            break
        length += 1
    return length


def _mean(values: Sequence[float]) -> float | None:
    return q9(math.fsum(values) / len(values)) if values else None


def _mean_money(total: int, n: int) -> Money | None:
    return Money(round(Fraction(total, n))) if n else None


def _weighted(window: Sequence[Outcome]) -> Money | None:
    # Weights are floats and so fractions of powers of two: one denominator serves them all.
    exact = [o.lw.as_integer_ratio() for o in window]
    scale = max((den for _, den in exact), default=1)
    weights = [num * (scale // den) for num, den in exact]
    weight = sum(weights)
    if not weight:
        return None
    summed = sum(w * o.net.units for w, o in zip(weights, window, strict=True))
    return Money(round(Fraction(summed, weight)))


def _spread(nets: Sequence[int]) -> float | None:
    """The standard deviation with n - 1, in units of money; None where it is undefined."""
    n = len(nets)
    if n < 2:
        return None
    exact = Fraction(n * sum(u * u for u in nets) - sum(nets) ** 2, n * (n - 1))
    return math.sqrt(exact)


def _annual(sharpe: float | None, window: Sequence[Outcome]) -> float | None:
    if sharpe is None:
        return None
    sessions = window[-1].session - window[0].session + 1
    if sessions < LEAST_SESSIONS:
        return None
    return q9(sharpe * math.sqrt(SESSIONS_A_YEAR * len(window) / sessions))


def _drawdown(nets: Sequence[int]) -> Money:
    """The largest fall of the running sum from its running maximum, which starts at 0."""
    reached = highest = deepest = 0
    for net in nets:
        reached += net
        highest = max(highest, reached)
        deepest = max(deepest, highest - reached)
    return Money(deepest)


def _wilson(wins: int, n: int) -> Interval | None:
    """Wilson's score interval of a share."""
    if n == 0:
        return None
    z = normal_quantile(0.5 + CONFIDENCE / 2.0)
    share, room = wins / n, z * z / n
    middle = (share + room / 2.0) / (1.0 + room)
    half = z / (1.0 + room) * math.sqrt(share * (1.0 - share) / n + room / (4.0 * n))
    return q9(max(middle - half, 0.0)), q9(min(middle + half, 1.0))


def _student(total: int, n: int, spread: float | None) -> Interval | None:
    """Student's interval of the mean net result, in USD."""
    if spread is None:
        return None
    mean, half = total / n, _half_width(spread, n)
    scale = float(Money(1))
    return q9((mean - half) * scale), q9((mean + half) * scale)


def mean_interval(values: Sequence[float]) -> Interval | None:
    """Student's interval of the mean, two-sided; None below two values."""
    n = len(values)
    if n < 2:
        return None
    mean = math.fsum(values) / n
    spread = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (n - 1))
    half = _half_width(spread, n)
    return q9(mean - half), q9(mean + half)


def _half_width(spread: float, n: int) -> float:
    return student_quantile(n - 1) * spread / math.sqrt(n)


@lru_cache(maxsize=256)
def student_quantile(freedom: int) -> float:
    """The two-sided `CONFIDENCE` quantile of Student's t with `freedom` degrees, at least 1.

    By the Beta distribution of `freedom / (freedom + t^2)`. Oracle: scipy.stats.t.ppf.
    """
    x = beta_quantile(freedom / 2.0, 0.5, 1.0 - CONFIDENCE)
    return math.sqrt(freedom * (1.0 - x) / x)

"""Quantile of the Beta distribution, for the cautious win probability (decision.md 5.4).

The regularised incomplete beta function by its continued fraction (DLMF 8.17.22, evaluated
with the modified Lentz method), inverted by Halley steps kept inside a bisection bracket:
the same root as plain bisection, as a rule in one or two evaluations.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist
from typing import Final

_TINY: Final = 1e-300
_PRECISION: Final = 1e-15
_LAST_STEP: Final = 1e-5
_MAX_TERMS: Final = 500.0
_MAX_STEPS: Final = 200
_NEIGHBOURS: Final = 128
_STIRLING_FROM: Final = 12.0
_HALF_LOG_TWO_PI: Final = 0.9189385332046728
_WEIGHT_PLACES: Final = 6


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of I_x(a, b); converges fast for x < (a + 1) / (a + b + 2)."""
    c, ab, m = 1.0, a + b, 0.0
    d = 1.0 / (1.0 - ab * x / (a + 1.0) or _TINY)
    h = d
    while m < _MAX_TERMS:  # floats throughout: mixed with integers every step costs more
        m += 1.0
        am = a + (m + m)
        term = m * (b - m) * x / ((am - 1.0) * am)
        d = 1.0 / (1.0 + term * d or _TINY)
        c = 1.0 + term / c or _TINY
        h *= c * d
        term = -(a + m) * (ab + m) * x / (am * (am + 1.0))
        d = 1.0 / (1.0 + term * d or _TINY)
        c = 1.0 + term / c or _TINY
        step = c * d
        h *= step
        if -_PRECISION < step - 1.0 < _PRECISION:
            break
    return h


def _log_gamma(x: float) -> float:
    """The logarithm of the gamma function for positive `x`, by Stirling's series (DLMF 5.11.1),
    carried down to small arguments by the recurrence.

    Not `math.lgamma`: that is an interpreter's own, and another engine could not agree to the bit.
    """
    product = 1.0
    while x < _STIRLING_FROM:
        product *= x
        x += 1.0
    z = 1.0 / (x * x)
    series = 1.0 / 12.0 - z * (
        1.0 / 360.0 - z * (1.0 / 1260.0 - z * (1.0 / 1680.0 - z * (1.0 / 1188.0)))
    )
    whole = (x - 0.5) * math.log(x) - x + _HALF_LOG_TWO_PI + series / x
    return whole - math.log(product)


def _front(a: float, b: float) -> float:
    return _log_gamma(a + b) - _log_gamma(a) - _log_gamma(b)


def _cdf(a: float, b: float, x: float, power: float) -> float:
    """I_x(a, b) from `power`, which is x^a (1 - x)^b / B(a, b)."""
    if x < (a + 1.0) / (a + b + 2.0):
        return power * _fraction(a, b, x) / a
    return 1.0 - power * _fraction(b, a, 1.0 - x) / b


def _power(a: float, b: float, x: float, log_front: float) -> float:
    return math.exp(log_front + a * math.log(x) + b * math.log1p(-x))


def beta_cdf(a: float, b: float, x: float) -> float:
    """P(X <= x) for X ~ Beta(a, b), a and b positive, x in 0..1."""
    if x <= 0.0:
        return 0.0
    return 1.0 if x >= 1.0 else _cdf(a, b, x, _power(a, b, x, _front(a, b)))


def beta_quantile(a: float, b: float, q: float) -> float:
    """The `q` quantile of Beta(a, b), to better than 1e-10.

    Errors: ValueError unless a > 0, b > 0 and 0 < q < 1.
    Oracle: scipy.stats.beta.ppf.
    """
    if not (a > 0.0 and b > 0.0 and 0.0 < q < 1.0):
        raise ValueError(f"no quantile of Beta({a}, {b}) at {q}")
    return _solve(a, b, q, _start(a, b, q))


def _solve(a: float, b: float, q: float, x: float) -> float:
    """The root, from a start `x` strictly between 0 and 1."""
    log_front = _front(a, b)
    low, high = 0.0, 1.0
    for _ in range(_MAX_STEPS):
        power = _power(a, b, x, log_front)
        error = _cdf(a, b, x, power) - q
        if error > 0.0:
            high = x
        else:
            low = x
        ahead = x - _halley(error, power / (x * (1.0 - x)), a, b, x)
        if not low <= ahead <= high or not 0.0 < ahead < 1.0:
            ahead = 0.5 * (low + high)
            if not 0.0 < ahead < 1.0:
                break  # nearer to the edge than two neighbouring numbers
        moved = abs(ahead - x)
        x = ahead
        if moved < _LAST_STEP * x * (1.0 - x):  # what is left is of third order in this
            break
    return x


def _start(a: float, b: float, q: float) -> float:
    """A guess from three neighbours of the same weight, a parabola through their quantiles.

    The weight a + b of a prior does not change from one question to the next, so neighbours
    recur; one step from here is as a rule the last.
    """
    total = a + b
    place = a / total * _NEIGHBOURS
    k = round(place)
    if not 1 < k < _NEIGHBOURS - 1:
        return _normal_guess(a, b, q)
    weight, u = round(total, _WEIGHT_PLACES), place - k
    left, here, right = (
        _neighbour(k - 1, weight, q),
        _neighbour(k, weight, q),
        _neighbour(k + 1, weight, q),
    )
    guess = here + 0.5 * u * (right - left + u * (right - 2.0 * here + left))
    return guess if 0.0 < guess < 1.0 else here


@lru_cache(maxsize=4096)
def _neighbour(k: int, weight: float, q: float) -> float:
    """The quantile of the distribution whose mean is `k` steps of the grid."""
    a = weight * k / _NEIGHBOURS
    b = weight - a
    return _solve(a, b, q, _normal_guess(a, b, q))


def _normal_guess(a: float, b: float, q: float) -> float:
    """The normal approximation of the quantile where it lies inside (0, 1), else the mean."""
    total = a + b
    mean = a / total
    guess = mean + normal_quantile(q) * math.sqrt(mean * (b / total) / (total + 1.0))
    return guess if 0.0 < guess < 1.0 else mean


@lru_cache(maxsize=64)
def normal_quantile(q: float) -> float:
    """The standard normal quantile at `q`."""
    return NormalDist().inv_cdf(q)


def _halley(error: float, density: float, a: float, b: float, x: float) -> float:
    """Halley's step for cdf(x) = q; infinite where the density vanishes."""
    if density <= 0.0:
        return math.inf
    newton = error / density
    bend = newton * ((a - 1.0) / x - (b - 1.0) / (1.0 - x))
    return newton / (1.0 - 0.5 * min(1.0, bend))

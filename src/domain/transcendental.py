"""The one place where the platform's maths library is asked for `exp` and `cbrt`.

Everything else in signals and beliefs is +, -, *, / and square root, which are
correctly rounded everywhere; these two are not, so two engines agree bit for bit
only on one machine (signals.md 1).
"""

from __future__ import annotations

import math


def exp(x: float) -> float:
    """e to the power `x`."""
    return math.exp(x)


def cbrt(x: float) -> float:
    """The real cube root of `x`."""
    return math.cbrt(x)


def sigma(x: float) -> float:
    """The logistic function, in the form that cannot overflow."""
    if x >= 0.0:
        return 1.0 / (1.0 + exp(-x))
    e = exp(x)
    return e / (1.0 + e)

"""S25 to S28: what trading would cost, and how far the data can be trusted (signals.md 3)."""

from __future__ import annotations

import math
from typing import NamedTuple

from domain.belief_parameters import EngineParameters
from domain.friction import friction
from domain.session import Phase
from domain.signals.parameters import SignalParameters
from domain.signals.shared import Quantities
from domain.signals.windows import clamp

FULL_SCALE_BP = 10_000


class Slippage(NamedTuple):
    """Expected adverse slippage of a stop or market fill, in ticks (S26).

    `model` knows the market only; `expected` is at least what our own fills suffered.
    """

    model: float
    expected: float


def spread_proxy_tickiness(q: Quantities, p: SignalParameters) -> float | None:
    """S25, even, [0, 1]: quoted spread, else Roll's estimate; 0 is one tick. Source: Roll 1984."""
    s = q.bar.spread
    if s is None:
        s = roll_spread(q, p)
        if s is None:
            return None
    return clamp((max(s, 1.0) - 1.0) / p.spread_scale, 0.0, 1.0)


def roll_spread(q: Quantities, p: SignalParameters) -> float | None:
    """Spread in ticks implied by the bounce between neighbouring close changes."""
    changes = q.session.changes
    n = len(q.session.products.items)
    if len(changes.items) < p.roll_min or n == 0:
        return None
    later = changes.total - changes.items[0]
    earlier = changes.total - changes.items[-1]
    cov = float(q.session.products.total) / n - (later / n) * (earlier / n)
    return 2.0 * math.sqrt(max(0.0, -cov))


def slippage(q: Quantities, ep: EngineParameters, x3: float | None) -> Slippage | None:
    """The slippage behind S26; needs S3."""
    if x3 is None:
        return None
    p = ep.signals
    spread = float(ep.typical_spread_ticks) if q.bar.spread is None else q.bar.spread
    model = p.slip_base
    model += p.slip_atr_1_step if x3 > p.slip_atr_1 else 0.0
    model += p.slip_atr_2_step if x3 > p.slip_atr_2 else 0.0
    model += p.slip_spread_1_step if spread >= p.slip_spread_1 else 0.0
    model += p.slip_spread_2_step if spread >= p.slip_spread_2 else 0.0
    if q.bar.phase == Phase.OPENING:
        model *= p.slip_opening_factor
    elif q.bar.phase == Phase.CLOSE:
        model *= p.slip_close_factor
    return Slippage(model, min(p.slip_max, max(model, q.bar.realised_slip)))


def slippage_risk_proxy(slip: Slippage | None, p: SignalParameters) -> float | None:
    """S26, even, [0, 1]: expected slippage as a share of its maximum."""
    return None if slip is None else slip.expected / p.slip_max


def dvs(q: Quantities) -> float:
    """S27, even, [0, 1]: data validity; always ready."""
    return q.bar.dvs_bp / FULL_SCALE_BP


def friction_spread(q: Quantities, ep: EngineParameters) -> float:
    """The spread that friction reckons with, in ticks: quoted and at least 1, else typical."""
    if q.bar.spread is None:
        return float(ep.typical_spread_ticks)
    return max(q.bar.spread, 1.0)


def friction_regime_index(
    q: Quantities, ep: EngineParameters, slip: Slippage | None
) -> float | None:
    """S28, even, [0, 1]: friction of a one-crossing round trip against the risk of a trade."""
    if slip is None:
        return None
    usd = friction(
        1,
        slip.expected,
        friction_spread(q, ep),
        ep.tick_value,
        ep.fee_per_side,
        ep.friction_pessimism,
    )
    return clamp(usd / ep.max_risk_usd / ep.signals.friction_share, 0.0, 1.0)

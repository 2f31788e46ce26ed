"""All thirty-five signals of one bar, in order."""

from __future__ import annotations

from typing import NamedTuple

from domain.belief_parameters import EngineParameters
from domain.signals.cost import (
    Slippage,
    dvs,
    friction_regime_index,
    slippage,
    slippage_risk_proxy,
    spread_proxy_tickiness,
)
from domain.signals.crowd import (
    auction_efficiency,
    fomo_index,
    herding_score,
    late_entry_flag,
    panic_index,
    round_number_proximity,
    sweep_reversal_score,
)
from domain.signals.participation import participation
from domain.signals.session_context import (
    close_magnet_index,
    lunch_void_gate,
    opening_range_break,
    session_phase,
)
from domain.signals.shared import Quantities
from domain.signals.structure import structure


class SignalVector(NamedTuple):
    """Raw values, None where not ready; `fallback` holds the numbers of the half-reliable ones."""

    values: tuple[float | None, ...]
    fallback: tuple[int, ...]
    slip: Slippage | None

    def reliability(self, fallback_reliability: float) -> list[float]:
        """1 where ready, `fallback_reliability` on a fallback, 0 where not ready."""
        out = [0.0 if x is None else 1.0 for x in self.values]
        for number in self.fallback:
            out[number - 1] = fallback_reliability
        return out


def signal_vector(q: Quantities, ep: EngineParameters) -> SignalVector:
    """S1 to S35 from one bar's shared quantities."""
    p = ep.signals
    price = structure(q, p)
    x1, x3, x11, x12 = price[0], price[2], price[10], price[11]
    volume = participation(q, p)
    x13, x14 = volume[0], volume[1]
    slip = slippage(q, ep, x3)
    x25 = spread_proxy_tickiness(q, p)
    values = (
        *price,
        *volume,
        session_phase(q),
        opening_range_break(q, p),
        lunch_void_gate(q, p, x3),
        close_magnet_index(q, x1),
        x25,
        slippage_risk_proxy(slip, p),
        dvs(q),
        friction_regime_index(q, ep, slip),
        fomo_index(x1, x11, x13, p),
        panic_index(q, p, x12),
        sweep_reversal_score(q, p),
        round_number_proximity(q, p, ep.round_grid_ticks),
        late_entry_flag(q, p),
        auction_efficiency(q, p, x1),
        herding_score(q, p, x14),
    )
    fallback = []
    if x3 is not None and q.ratio_is_fallback:
        fallback.append(3)
    if x25 is not None and q.bar.spread is None:
        fallback.append(25)
    return SignalVector(values, tuple(fallback), slip)

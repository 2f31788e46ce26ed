"""The templates that a run decides with: the four of the house, and those from outside."""

from __future__ import annotations

from application.guarded import Guarded
from domain.contract_set import Contracts
from domain.instrument import Instrument
from domain.strategies.failed_break import FailedBreak
from domain.strategies.interface import Strategy
from domain.strategies.momentum import Momentum
from domain.strategies.outside import Measure
from domain.strategies.sweep_reversal import SweepReversal
from domain.strategies.vwap_reversion import VwapReversion


def strategies_of(contracts: Contracts) -> tuple[Strategy, ...]:
    """The enabled templates of the contracts, K1 to K4."""
    t, m = contracts.templates, contracts.management
    every: tuple[Strategy, ...] = (
        VwapReversion(t.k1, t.k1_rule, t.stop),
        FailedBreak(t.k2, t.k2_rule, t.stop, m),
        SweepReversal(t.k3, t.k3_rule, t.stop, m),
        Momentum(t.k4, t.k4_rule, t.stop, m),
    )
    return tuple(s for s in every if s.parameters.enabled)


def outside_of(contracts: Contracts, instrument: Instrument) -> tuple[Guarded, ...]:
    """The enabled templates from outside, each behind its guard."""
    t, law = contracts.templates, contracts.constitution
    farthest = t.k1_rule.target_max_stops
    measure = Measure(t.stop, farthest, law.max_distance_atr, instrument.price_band)
    every = (Guarded(outside, measure) for outside in contracts.outside)
    return tuple(s for s in every if s.parameters.enabled)

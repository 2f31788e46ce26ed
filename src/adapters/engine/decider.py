"""The production decider: the crate `tradebot-decision` behind `ports.decider`.

It knows the four templates of the house. Where another one takes part, the reference decides.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from typing import Final, NamedTuple

from domain.beta import normal_quantile
from domain.candidate import Candidate, Lens, Rules, learning_key
from domain.counterfactual import Counterfactual
from domain.decision import Action, DecisionRecord, decide
from domain.gates import (
    BOOLEAN,
    COUNT,
    FRACTION,
    MINUTES,
    MISSING,
    USD,
    GateResult,
    first_entry,
    of_the_moment,
    spaced,
)
from domain.intent import EntryType
from domain.learning import NEW, Status
from domain.score import Score, ThetaParts
from domain.session import Phase
from domain.strategies.failed_break import FailedBreak
from domain.strategies.interface import EntryPlan, Rejection, Setup, Strategy
from domain.strategies.momentum import Momentum
from domain.strategies.sweep_reversal import SweepReversal
from domain.strategies.vwap_reversion import VwapReversion
from domain.units import q9
from ports.decider import Decider
from rust_core import Decider as NativeDecider

_HOUSE: Final[dict[str, type[Strategy]]] = {
    "K1": VwapReversion,
    "K2": FailedBreak,
    "K3": SweepReversal,
    "K4": Momentum,
}
_GLOBAL: Final = (
    "kill", "flat", "trades_today", "spacing", "streak", "daily_loss", "weekly_loss",
    "monthly_loss", "dvs", "eqs", "session", "window", "vol_shock", "execution_danger",
    "news_shock",
)  # fmt: skip
"""Gates of the whole market in their order; those of a candidate follow."""
_OWN: Final = (
    ("tier", 5, "TEMPLATE_NOT_ALLOWED_BY_TIER"),
    ("plan", 5, ""),
    ("budget", 5, "RISK_BUDGET_EXHAUSTED"),
    ("belief", 6, "BELIEF_TOO_LOW"),
    ("stability", 6, "STABILITY_NOT_MET"),
    ("thesis", 6, "THESIS_TOO_WEAK"),
    ("noise", 6, "NOISE_VETO"),
    ("learning", 6, "STRATEGY_QUARANTINED"),
    ("friction_share", 7, "FRICTION_TOO_HIGH"),
    ("score", 8, "EDGE_SCORE_BELOW_THETA"),
    ("one_side", 8, "CONFLICTING_SETUPS"),
)


class Parts(NamedTuple):
    """What records are made of: classes, shared values, and the answers that the domain makes."""

    record: type[DecisionRecord]
    candidate: type[Candidate]
    gate: type[GateResult]
    setup: type[Setup]
    plan: type[EntryPlan]
    rejection: type[Rejection]
    score: type[Score]
    theta: type[ThetaParts]
    counterfactual: type[Counterfactual]
    actions: tuple[Action, Action]
    entry_types: tuple[EntryType, EntryType]
    phases: tuple[Phase, ...]
    templates: tuple[str, ...]
    lenses: tuple[Lens | None, ...]
    gate_names: tuple[str, ...]
    layers: tuple[int, ...]
    reasons: tuple[str, ...]
    refusals: tuple[str, str]
    no_setup: str
    all_passed: str
    missing: str
    comparisons: tuple[str, ...]
    kinds: tuple[str, ...]
    key_of: object
    new: object
    quarantined: Status
    of_the_moment: object
    first_entry: object
    spaced: object
    late_hour: int


def decider(rules: Rules) -> Decider:
    """What decides under `rules`: compiled where it knows all the templates."""
    house = all(type(s) is _HOUSE.get(s.name) for s in rules.strategies)
    if not house:
        return partial(decide, rules=rules)
    return NativeDecider(json.dumps(_numbers(rules), allow_nan=False), _parts(rules)).decide


def _parts(rules: Rules) -> Parts:
    lenses = {strategy.name: by_side for strategy, by_side in rules.looks}
    return Parts(
        DecisionRecord,
        Candidate,
        GateResult,
        Setup,
        EntryPlan,
        Rejection,
        Score,
        ThetaParts,
        Counterfactual,
        (Action.ENTER, Action.SKIP),
        (EntryType.LIMIT, EntryType.STOP_LIMIT),
        tuple(Phase),
        tuple(_HOUSE),
        tuple(
            lenses[name][side] if name in lenses else None for name in _HOUSE for side in (1, -1)
        ),
        (*_GLOBAL, *(name for name, _, _ in _OWN)),
        tuple(layer for _, layer, _ in _OWN),
        tuple(reason for _, _, reason in _OWN),
        ("STOP_EXCEEDS_RISK_BUDGET", "TARGET_TOO_CLOSE"),
        "NO_SETUP",
        "ALL_GATES_PASSED",
        MISSING,
        ("is", ">=", "<=", "<"),
        (BOOLEAN, FRACTION, MINUTES, USD, COUNT),
        learning_key,
        NEW,
        Status.QUARANTINED,
        of_the_moment,
        first_entry,
        spaced,
        rules.decision.theta.friday_late_hour,
    )


def _numbers(rules: Rules) -> dict[str, object]:
    """The rules as the crate reads them; thresholds on the grid where the reference puts them."""
    t, d = rules.templates, rules.decision
    plans = [
        asdict(p)
        | {
            "least_belief": q9(p.min_belief),
            "most_stability": q9(p.max_stability),
            "least_thesis": q9(p.theta_t + t.thesis_margin),
        }
        for p in (t.k1, t.k2, t.k3, t.k4)
    ]
    friction = {
        "pessimism": d.friction.pessimism,
        "limit_crossings": d.friction.limit_crossings,
        "stop_limit_crossings": d.friction.stop_limit_crossings,
        "alarm_usd": rules.alarm_usd,
        "tick_usd": rules.tick_usd,
        "fee_usd": rules.fee_usd,
        "most_share": q9(rules.law.max_friction_share),
    }
    theta = asdict(d.theta) | {
        "by_phase": rules.theta.by_phase,
        "volatility_low": rules.theta.volatility_low,
    }
    return {
        "templates": [s.name for s in rules.strategies],
        "min_bars": t.min_bars,
        "plans": plans,
        "stop": asdict(t.stop),
        "k1": asdict(t.k1_rule),
        "k2": asdict(t.k2_rule),
        "k3": asdict(t.k3_rule),
        "k4": asdict(t.k4_rule),
        "least_noise": q9(rules.noise.rule.min_tradeability),
        "score": asdict(d.score),
        "normal_quantile": normal_quantile(d.score.quantile),
        "theta": theta,
        "friction": friction,
        "tick_units": rules.instrument.tick_value.units,
        "scales": asdict(d.counterfactual),
    }

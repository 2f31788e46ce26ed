"""Candidates: a template that saw its setup on one side, and its gates (decision.md 1 to 6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from domain.decision_parameters import DecisionParameters, TemplateTable, Tier
from domain.frame import Frame, Regime, belief_index
from domain.gates import (
    BOOLEAN,
    FRACTION,
    USD,
    GateResult,
    LawGates,
    Locks,
    at_least,
    at_most,
    boolean,
    first_failure,
    pair,
    unknown,
)
from domain.instrument import Instrument
from domain.intent import LearningKey
from domain.law.constitution import Constitution
from domain.law.limits import worst_case
from domain.learning import Standing, Status
from domain.recent import KEEP, MarketContext
from domain.score import (
    Odds,
    Score,
    ThetaParts,
    ThetaTable,
    candidate_theta,
    friction_usd,
    score_of,
)
from domain.session import Phase, Timetable
from domain.strategies.interface import EntryPlan, Rejection, Setup, Strategy
from domain.strategies.noise_filter import NoiseFilter, Veto
from domain.units import Money, Side, Ticks, UtcNanos, q9

_made: Final = tuple.__new__
"""Makes a named tuple of fields that are all there, without the constructor's own call."""
_UNKNOWN: Final = Regime.UNKNOWN
_REGIME_NAMES: Final = tuple(r.name.lower() for r in Regime)
_PHASE_NAMES: Final = tuple(p.name.lower() for p in Phase)
_MOMENTUM: Final = 1 << belief_index(4, 1) | 1 << belief_index(4, -1)


class Candidate(NamedTuple):
    """One (template, side) that saw its setup, with everything measured about it."""

    template: str
    side: Side
    setup: Setup
    plan: EntryPlan | None
    rejection: Rejection | None
    effective: float
    stability: float
    thesis: float
    score: Score | None
    theta: ThetaParts
    theta_total: float
    gates: tuple[GateResult, ...]

    @property
    def failed(self) -> tuple[GateResult, ...]:
        """Candidate gates that failed, in order."""
        return tuple([g for g in self.gates if not g.passed])

    @property
    def passes(self) -> bool:
        """True if no candidate gate failed."""
        return first_failure(self.gates) is None

    @property
    def surplus(self) -> float:
        """Score minus theta in R; minus infinity where there is no score."""
        return -float("inf") if self.score is None else q9(self.score.score - self.theta_total)


class Snapshot(NamedTuple):
    """Everything a decision may look at.

    `law_gates` are what the law's memory says; `tier` is None while equity is unknown; `flat` is
    false with a position or a working or in-doubt entry; `open_worst` the worst case of
    what is open.
    """

    decision_id: str
    t_d: UtcNanos
    ctx: MarketContext
    timetable: Timetable
    dvs_bp: int
    eqs_bp: int
    tier: Tier | None
    law_gates: LawGates
    flat: bool
    open_worst: Money
    locks: Locks
    standing_of: Callable[[LearningKey], Standing]


class Lens(NamedTuple):
    """One template looking at one side, and what the contracts say of it whatever the bar.

    `belief`, `crowd` and `against` say where its own belief, the crowd's and those that
    conflict with it stand in the eleven values. The least and the most are thresholds on the
    grid. `tier`, `learning` and `one_side` are (failing, passing), `planned` passes.
    """

    strategy: Strategy
    side: Side
    who: str
    belief: int
    crowd: int
    against: tuple[int, ...]
    least_belief: float
    most_stability: float
    least_thesis: float
    least_noise: float
    most_friction: float
    tier: tuple[GateResult, GateResult]
    planned: GateResult
    learning: tuple[GateResult, GateResult]
    one_side: tuple[GateResult, GateResult]


@dataclass(frozen=True, slots=True)
class Rules:
    """The contracts a decision is made under, and what follows from them: the lenses of each
    template by side, K1 to K4, the table of theta, the value of a tick, the fee
    of a side and the alarm of the costs in USD."""

    law: Constitution
    decision: DecisionParameters
    templates: TemplateTable
    strategies: tuple[Strategy, ...]
    noise: NoiseFilter
    instrument: Instrument
    looks: tuple[tuple[Strategy, dict[Side, Lens]], ...] = field(
        init=False, repr=False, compare=False
    )
    theta: ThetaTable = field(init=False, repr=False, compare=False)
    tick_usd: float = field(init=False, repr=False, compare=False)
    fee_usd: float = field(init=False, repr=False, compare=False)
    alarm_usd: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        looks = tuple((s, {side: self._lens(s, side) for side in (1, -1)}) for s in self.strategies)
        object.__setattr__(self, "looks", looks)
        object.__setattr__(self, "theta", ThetaTable.of(self.decision.theta))
        object.__setattr__(self, "tick_usd", float(self.instrument.tick_value))
        object.__setattr__(self, "fee_usd", float(self.instrument.fee_per_side))
        object.__setattr__(self, "alarm_usd", float(self.decision.friction.alarm))

    def _lens(self, strategy: Strategy, side: Side) -> Lens:
        p, who = strategy.parameters, label(strategy.name, side)
        rivals = (1, 2, 3) if strategy.belief == 4 else (4,)
        return Lens(
            strategy,
            side,
            who,
            belief_index(strategy.belief, side),
            belief_index(6, side),
            tuple(belief_index(rival, -side) for rival in rivals),
            q9(p.min_belief),
            q9(p.max_stability),
            q9(p.theta_t + self.templates.thesis_margin),
            q9(self.noise.rule.min_tradeability),
            q9(self.law.max_friction_share),
            pair("tier", 5, "TEMPLATE_NOT_ALLOWED_BY_TIER", who),
            boolean("plan", 5, True, "", who),
            pair("learning", 6, "STRATEGY_QUARANTINED", who),
            pair("one_side", 8, "CONFLICTING_SETUPS", who),
        )


def tier_of(equity: Money | None, tiers: tuple[Tier, ...]) -> Tier | None:
    """The capital tier of a known, positive equity; None while it is unknown."""
    if equity is None or equity.units <= 0:
        return None
    found = tiers[0]
    for tier in tiers:
        if equity >= tier.equity_from:
            found = tier
    return found


def stop_cap(tier: Tier | None, law: Constitution, instrument: Instrument) -> int:
    """Largest stop in ticks that law, tier and risk allow; 0 while the tier is unknown."""
    if tier is None:
        return 0
    budget = min(law.max_risk, tier.risk_cap)
    return min(law.max_stop_ticks, tier.stop_cap_ticks, budget.units // instrument.tick_value.units)


def detect_all(ctx: MarketContext, rules: Rules) -> list[tuple[Lens, Setup]]:
    """Every setup of both sides, in the order K1 to K4, long before short."""
    frame, found = ctx.frame, []
    if frame.bars_in_session < rules.templates.min_bars or frame.regime == _UNKNOWN:
        return []
    if frame.a14 != frame.a14 or len(ctx.recent.bars) < KEEP:
        return []
    for strategy, lenses in rules.looks:
        for side in strategy.sides(ctx):
            setup = strategy.detect(ctx, side)
            if setup is not None:
                found.append((lenses[side], setup))
    return found


def label(template: str, side: Side) -> str:
    return f"{template}{side:+d}"


def judge(
    snap: Snapshot,
    rules: Rules,
    lens: Lens,
    setup: Setup,
    parts: ThetaParts,
    veto: Veto,
    phase: Phase,
) -> Candidate:
    """Evaluate every candidate gate of one setup; the rival side's conflict comes later."""
    frame, strategy, decision = snap.ctx.frame, lens.strategy, rules.decision
    effective, stability = frame.effective[lens.belief], frame.stability[lens.belief]
    thesis = frame.thesis if lens.side > 0 else q9(1.0 - frame.thesis)
    standing = snap.standing_of(learning_key(strategy.name, frame.regime, phase))
    answer = strategy.plan_entry(snap.ctx, setup)
    plan = answer if isinstance(answer, EntryPlan) else None
    rejection = answer if isinstance(answer, Rejection) else None
    likelihood, rivals = frame.likelihood, lens.against
    theta = candidate_theta(
        parts,
        likelihood[lens.crowd],
        likelihood[rivals[0]] if len(rivals) == 1 else max([likelihood[k] for k in rivals]),
        decision.theta,
    )
    total = theta.total(decision.theta)
    cost = None
    if plan is not None:
        cost = friction_usd(plan.entry_type, frame, (rules.tick_usd, rules.fee_usd), decision)
        cost = cost if cost == cost else None
    score = None
    if plan is not None and cost is not None:
        risk = plan.stop * rules.tick_usd
        odds = _made(
            Odds,
            (plan.stop, plan.target, effective, stability, snap.dvs_bp, snap.eqs_bp, cost, risk),
        )
        score = score_of(odds, standing, decision.score)
    gates = (
        _tier_gate(snap.tier, lens),
        boolean("plan", 5, False, rejection.reason, lens.who) if rejection else lens.planned,
        _budget_gate(snap, rules, plan, lens.who),
        *_belief_gates(frame, (effective, stability, thesis), lens),
        _noise_gate(veto, lens),
        lens.learning[standing.status is not Status.QUARANTINED],
        _friction_gate(plan, cost, rules, lens),
        score_gate(score, total, lens.who),
        lens.one_side[True],
    )
    return _made(
        Candidate,
        (
            strategy.name,
            lens.side,
            setup,
            plan,
            rejection,
            effective,
            stability,
            thesis,
            score,
            theta,
            total,
            gates,
        ),
    )


@lru_cache(maxsize=1024)
def learning_key(template: str, regime: int, phase: int) -> LearningKey:
    """The key of a template in a held regime and a phase (decision.md 3)."""
    return LearningKey(template, _REGIME_NAMES[regime], _PHASE_NAMES[phase])


def _tier_gate(tier: Tier | None, lens: Lens) -> GateResult:
    if tier is None:
        return unknown("tier", 5, "is", None, BOOLEAN, lens.who)
    return lens.tier[lens.strategy.name in tier.templates]


def _budget_gate(snap: Snapshot, rules: Rules, plan: EntryPlan | None, who: str) -> GateResult:
    """Losses, what is open and this trade's worst case in the period with the least room."""
    if plan is None:
        return unknown("budget", 5, "<=", None, USD, who)
    tick, (lost, limit) = rules.instrument.tick_value, snap.law_gates.tightest
    used = lost.units + snap.open_worst.units
    return _budget(who, plan.stop, used, limit.units, tick.units, snap.law_gates.fee.units)


@lru_cache(maxsize=1024)
def _budget(who: str, stop: Ticks, used: int, limit: int, tick_value: int, fee: int) -> GateResult:
    """The budget's answer for one contract more; money in its units, which are cheap keys."""
    after = Money(used) + worst_case(stop, 1, Money(tick_value), Money(fee))
    most = float(Money(limit))
    return at_most("budget", 5, float(after), most, "RISK_BUDGET_EXHAUSTED", USD, who)


def _belief_gates(
    frame: Frame, values: tuple[float, float, float], lens: Lens
) -> tuple[GateResult, GateResult, GateResult]:
    """`values` are the effective belief, its stability and the thesis."""
    who, (effective, still, for_it) = lens.who, values
    least, most, thesis_least = lens.least_belief, lens.most_stability, lens.least_thesis
    if frame.belief_is_ready(lens.belief):
        belief = at_least("belief", 6, effective, least, "BELIEF_TOO_LOW", FRACTION, who)
        stability = at_most("stability", 6, still, most, "STABILITY_NOT_MET", FRACTION, who)
    else:
        belief = unknown("belief", 6, ">=", least, FRACTION, who)
        stability = unknown("stability", 6, "<=", most, FRACTION, who)
    if frame.belief_ready & _MOMENTUM == _MOMENTUM:
        thesis = at_least("thesis", 6, for_it, thesis_least, "THESIS_TOO_WEAK", FRACTION, who)
    else:
        thesis = unknown("thesis", 6, ">=", thesis_least, FRACTION, who)
    return belief, stability, thesis


def _noise_gate(veto: Veto, lens: Lens) -> GateResult:
    least = lens.least_noise
    if veto.tradeability is None:
        return unknown("noise", 6, ">=", least, FRACTION, lens.who)
    return at_least("noise", 6, veto.tradeability, least, "NOISE_VETO", FRACTION, lens.who)


def _friction_gate(
    plan: EntryPlan | None, cost: float | None, rules: Rules, lens: Lens
) -> GateResult:
    most = lens.most_friction
    if plan is None or cost is None:
        return unknown("friction_share", 7, "<=", most, FRACTION, lens.who)
    share = q9(cost / (plan.target * rules.tick_usd))
    gate = at_most("friction_share", 7, share, most, "FRICTION_TOO_HIGH", FRACTION, lens.who)
    if cost > rules.alarm_usd:
        return gate._replace(passed=False)
    return gate


def score_gate(score: Score | None, theta: float, who: str) -> GateResult:
    if score is None:
        return unknown("score", 8, ">=", theta, FRACTION, who)
    return at_least("score", 8, score.score, theta, "EDGE_SCORE_BELOW_THETA", FRACTION, who)

"""Candidates: a template that saw its setup on one side, and its gates (decision.md 1 to 6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

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
    unknown,
)
from domain.instrument import Instrument
from domain.intent import LearningKey
from domain.law.constitution import Constitution
from domain.law.limits import worst_case
from domain.law.state import Halt, LawState, limit_of
from domain.learning import Standing, Status
from domain.recent import KEEP, MarketContext
from domain.score import Odds, Score, ThetaParts, candidate_theta, friction_usd, score_of
from domain.session import Phase, Timetable
from domain.strategies.interface import EntryPlan, Rejection, Setup, Strategy
from domain.strategies.noise_filter import NoiseFilter, Veto
from domain.units import Money, Side, UtcNanos, q9


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
        return tuple(g for g in self.gates if not g.passed)

    @property
    def surplus(self) -> float:
        """Score minus theta in R; minus infinity where there is no score."""
        return -float("inf") if self.score is None else q9(self.score.score - self.theta_total)


class Snapshot(NamedTuple):
    """Everything a decision may look at.

    `law_gates` are those of `law_state`; `tier` is None while equity is unknown; `flat` is
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
    law_state: LawState
    law_gates: LawGates
    flat: bool
    open_worst: Money
    locks: Locks
    standing_of: Callable[[LearningKey], Standing]


class Rules(NamedTuple):
    """The contracts a decision is made under."""

    law: Constitution
    decision: DecisionParameters
    templates: TemplateTable
    strategies: tuple[Strategy, ...]
    noise: NoiseFilter
    instrument: Instrument


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


def detect_all(ctx: MarketContext, rules: Rules) -> list[tuple[Strategy, Setup]]:
    """Every setup of both sides, in the order K1 to K4, long before short."""
    frame = ctx.frame
    if frame.bars_in_session < rules.templates.min_bars or frame.regime == Regime.UNKNOWN:
        return []
    if frame.a14 != frame.a14 or len(ctx.recent.closes) < KEEP:
        return []
    found = []
    for strategy in rules.strategies:
        for side in (1, -1):
            setup = strategy.detect(ctx, side)
            if setup is not None:
                found.append((strategy, setup))
    return found


def label(template: str, side: Side) -> str:
    return f"{template}{side:+d}"


def judge(
    snap: Snapshot,
    rules: Rules,
    strategy: Strategy,
    setup: Setup,
    parts: ThetaParts,
    veto: Veto,
    phase: Phase,
) -> Candidate:
    """Evaluate every candidate gate of one setup; the rival side's conflict comes later."""
    frame, side = snap.ctx.frame, setup.side
    index = belief_index(strategy.belief, side)
    key = LearningKey(strategy.name, Regime(frame.regime).name.lower(), phase.name.lower())
    standing = snap.standing_of(key)
    answer = strategy.plan_entry(snap.ctx, setup)
    plan = answer if isinstance(answer, EntryPlan) else None
    rejection = answer if isinstance(answer, Rejection) else None
    theta = candidate_theta(parts, frame, strategy.belief, side, rules.decision.theta)
    total = theta.total(rules.decision.theta)
    who = label(strategy.name, side)
    cost = friction_usd(plan.entry_type, frame, rules.instrument, rules.decision) if plan else None
    score = None
    if plan is not None and cost is not None and cost == cost:
        odds = Odds(
            plan.stop,
            plan.target,
            frame.effective[index],
            frame.stability[index],
            snap.dvs_bp,
            snap.eqs_bp,
            cost,
            plan.stop * float(rules.instrument.tick_value),
        )
        score = score_of(odds, standing, rules.decision.score)
    gates = (
        _tier_gate(snap.tier, strategy.name, who),
        boolean("plan", 5, plan is not None, rejection.reason if rejection else "", who),
        _budget_gate(snap, rules, plan, who),
        *_belief_gates(frame, index, side, strategy, rules, who),
        _noise_gate(veto, rules, who),
        boolean(
            "learning", 6, standing.status is not Status.QUARANTINED, "STRATEGY_QUARANTINED", who
        ),
        _friction_gate(plan, cost, rules, who),
        score_gate(score, total, who),
        boolean("one_side", 8, True, "CONFLICTING_SETUPS", who),
    )
    thesis = frame.thesis if side > 0 else q9(1.0 - frame.thesis)
    return Candidate(
        strategy.name,
        side,
        setup,
        plan,
        rejection,
        frame.effective[index],
        frame.stability[index],
        thesis,
        score,
        theta,
        total,
        gates,
    )


def _tier_gate(tier: Tier | None, template: str, who: str) -> GateResult:
    if tier is None:
        return unknown("tier", 5, "is", None, BOOLEAN, who)
    allowed = template in tier.templates
    return boolean("tier", 5, allowed, "TEMPLATE_NOT_ALLOWED_BY_TIER", who)


def _budget_gate(snap: Snapshot, rules: Rules, plan: EntryPlan | None, who: str) -> GateResult:
    if plan is None:
        return unknown("budget", 5, "<=", None, USD, who)
    instrument = rules.instrument
    new = worst_case(plan.stop, 1, instrument.tick_value, instrument.fee_per_side)
    used, limit = _tightest(snap.law_state, snap.open_worst + new, rules.law)
    return at_most("budget", 5, float(used), float(limit), "RISK_BUDGET_EXHAUSTED", USD, who)


def _tightest(state: LawState, more: Money, law: Constitution) -> tuple[Money, Money]:
    """Used and limit of the period with the least room; ties in the order day, week, month."""
    rows = [(state.realised_loss(h) + more, limit_of(h, law)) for h in Halt]
    return min(rows, key=lambda row: row[1].units - row[0].units)


def _belief_gates(
    frame: Frame, index: int, side: Side, strategy: Strategy, rules: Rules, who: str
) -> tuple[GateResult, GateResult, GateResult]:
    p = strategy.parameters
    least_thesis = q9(p.theta_t + rules.templates.thesis_margin)
    if frame.belief_is_ready(index):
        belief = at_least(
            "belief", 6, frame.effective[index], q9(p.min_belief), "BELIEF_TOO_LOW", FRACTION, who
        )
        stability = at_most(
            "stability", 6, frame.stability[index], q9(p.max_stability), "STABILITY_NOT_MET",
            FRACTION, who,
        )  # fmt: skip
    else:
        belief = unknown("belief", 6, ">=", q9(p.min_belief), FRACTION, who)
        stability = unknown("stability", 6, "<=", q9(p.max_stability), FRACTION, who)
    if frame.belief_is_ready(belief_index(4, 1)) and frame.belief_is_ready(belief_index(4, -1)):
        value = frame.thesis if side > 0 else q9(1.0 - frame.thesis)
        thesis = at_least("thesis", 6, value, least_thesis, "THESIS_TOO_WEAK", FRACTION, who)
    else:
        thesis = unknown("thesis", 6, ">=", least_thesis, FRACTION, who)
    return belief, stability, thesis


def _noise_gate(veto: Veto, rules: Rules, who: str) -> GateResult:
    least = q9(rules.noise.rule.min_tradeability)
    if veto.tradeability is None:
        return unknown("noise", 6, ">=", least, FRACTION, who)
    return at_least("noise", 6, veto.tradeability, least, "NOISE_VETO", FRACTION, who)


def _friction_gate(
    plan: EntryPlan | None, cost: float | None, rules: Rules, who: str
) -> GateResult:
    most = q9(rules.law.max_friction_share)
    if plan is None or cost is None or cost != cost:
        return unknown("friction_share", 7, "<=", most, FRACTION, who)
    share = q9(cost / (plan.target * float(rules.instrument.tick_value)))
    gate = at_most("friction_share", 7, share, most, "FRICTION_TOO_HIGH", FRACTION, who)
    if cost > float(rules.decision.friction.alarm):
        return gate._replace(passed=False)
    return gate


def score_gate(score: Score | None, theta: float, who: str) -> GateResult:
    if score is None:
        return unknown("score", 8, ">=", theta, FRACTION, who)
    return at_least("score", 8, score.score, theta, "EDGE_SCORE_BELOW_THETA", FRACTION, who)

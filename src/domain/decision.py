"""One decision per closed bar: candidates, gates, selection, and the record (decision.md 6 to 8).

`decide` is a pure function of its snapshot; same snapshot, same record.
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from itertools import chain
from typing import Final, NamedTuple

from domain.candidate import Candidate, Rules, Snapshot, detect_all, judge, label, score_gate
from domain.counterfactual import Counterfactual, closest_to_refusing, nearest_miss
from domain.frame import Frame
from domain.gates import GateResult, boolean, global_gates
from domain.score import ThetaParts
from domain.session import IS_TRADABLE, Phase
from domain.units import Side, UtcNanos


class Action(Enum):
    """What a decision does."""

    ENTER = "ENTER"
    SKIP = "SKIP"
    HOLD = "HOLD"
    EXIT = "EXIT"
    MODIFY = "MODIFY"


_ENTER: Final = Action.ENTER
_SKIP: Final = Action.SKIP
_made: Final = tuple.__new__
"""Makes a named tuple of fields that are all there, without the constructor's own call."""


class DecisionRecord(NamedTuple):
    """The one record of a bar (decision.md 8)."""

    decision_id: str
    t_d: UtcNanos
    action: Action
    reason: str
    side: Side
    template: str | None
    tier: str | None
    regime: int
    phase: Phase
    dvs_bp: int
    eqs_bp: int
    f5_eff: float | None
    theta: ThetaParts
    candidates: tuple[Candidate, ...]
    primary: Candidate | None
    gates: tuple[GateResult, ...]
    counterfactual: Counterfactual | None
    frame: Frame


class View(NamedTuple):
    """What came of a bar's setups: the candidates, the one that was chosen, the likeliest
    with its side (0 when the two sides tie exactly), and what the record says of it."""

    candidates: tuple[Candidate, ...]
    chosen: Candidate | None
    likeliest: Candidate | None
    side: Side
    reason: str
    counterfactual: Counterfactual | None


@lru_cache(maxsize=64)
def _nothing_seen(reason: str) -> View:
    """No template saw its setup."""
    return View((), None, None, 0, reason, None)


def decide(snap: Snapshot, rules: Rules) -> tuple[DecisionRecord, Candidate | None]:
    """The bar's decision, and the candidate that passed everything (None if none did)."""
    decision_id, t_d, ctx, timetable, dvs_bp, eqs_bp, tier, law_says, flat, _, locks, _ = snap
    frame = ctx.frame
    phase = timetable.phase(t_d)
    told, blocked = global_gates(
        law_says,
        flat,
        (dvs_bp, eqs_bp),
        IS_TRADABLE[phase],
        timetable.entry_window_open(t_d),
        t_d,
        locks,
    )
    theta = rules.theta.parts(frame, phase, t_d, timetable)
    veto = rules.noise.detect(frame)
    setups = detect_all(ctx, rules)
    if setups:
        judged = [judge(snap, rules, who, setup, theta, veto, phase) for who, setup in setups]
        view = _weigh(judged, told, blocked, rules)
        told = (*told, *chain.from_iterable([c.gates for c in view.candidates]))
    else:
        view = _nothing_seen("NO_SETUP" if blocked is None else blocked.reason)
    candidates, chosen, likeliest, side, reason, counterfactual = view
    primary = likeliest if side else None  # of two sides that tie exactly, neither is
    record = _made(
        DecisionRecord,
        (
            decision_id,
            t_d,
            _ENTER if chosen else _SKIP,
            reason,
            side,
            likeliest.template if likeliest else None,
            tier.name if tier else None,
            frame.regime,
            phase,
            dvs_bp,
            eqs_bp,
            veto.tradeability,
            primary.theta if primary else theta,
            candidates,
            primary,
            told,
            counterfactual,
            frame,
        ),
    )
    return record, chosen


def _weigh(
    judged: list[Candidate],
    gates: tuple[GateResult, ...],
    blocked: GateResult | None,
    rules: Rules,
) -> View:
    """Settle the sides and choose, unless a global gate has `blocked`; `gates` are those."""
    candidates = tuple(judged if blocked else settle_sides(judged, rules))
    chosen = None if blocked else choose(candidates)
    likeliest, side = (chosen, chosen.side) if chosen else primary_of(candidates)
    counterfactual = None
    if likeliest is not None and side:
        own = (*gates, *likeliest.gates)
        scales = rules.decision.counterfactual
        counterfactual = closest_to_refusing(own, scales) if chosen else nearest_miss(own, scales)
    reason = reason_of(blocked, likeliest, side, candidates, chosen)
    return View(candidates, chosen, likeliest, side, reason, counterfactual)


def managed(record: DecisionRecord, action: Action, reason: str) -> DecisionRecord:
    """The record of a bar in a position: the action is management's."""
    return record._replace(action=action, reason=reason)


def refused(record: DecisionRecord, reason: str) -> DecisionRecord:
    """The record of a chosen candidate that the law refused: a skip, without a counterfactual."""
    return record._replace(action=Action.SKIP, reason=reason, counterfactual=None)


def settle_sides(judged: list[Candidate], rules: Rules) -> list[Candidate]:
    """The mutual conflict (decision.md 7): raise theta once, refuse both sides if both stand."""
    p = rules.decision.theta

    if not _both_pass(judged):
        return judged
    raised = []
    for c in judged:
        if c.passes and c.theta.conflict == 0.0 and c.score is not None:
            theta = c.theta._replace(conflict=p.conflict_add)
            total = theta.total(p)
            gate = score_gate(c.score, total, label(c.template, c.side))
            c = c._replace(theta=theta, theta_total=total, gates=_with_gate(c.gates, gate))
        raised.append(c)
    if not _both_pass(raised):
        return raised
    return [
        c
        if not c.passes
        else c._replace(
            gates=_with_gate(
                c.gates,
                boolean("one_side", 8, False, "CONFLICTING_SETUPS", label(c.template, c.side)),
            )
        )
        for c in raised
    ]


def _both_pass(candidates: list[Candidate]) -> bool:
    """True if both sides have a candidate that passed everything."""
    return len(candidates) > 1 and {c.side for c in candidates if c.passes} == {1, -1}


def _with_gate(gates: tuple[GateResult, ...], new: GateResult) -> tuple[GateResult, ...]:
    return tuple(new if g.id == new.id else g for g in gates)


def choose(candidates: tuple[Candidate, ...]) -> Candidate | None:
    """The passing candidate with the largest surplus; ties go to the earlier template."""
    passing = [c for c in candidates if c.passes]
    return max(passing, key=lambda c: c.surplus) if passing else None


def primary_of(candidates: tuple[Candidate, ...]) -> tuple[Candidate | None, Side]:
    """The candidate a skip is about, and its side: 0 when the two sides tie exactly."""
    if not candidates:
        return None, 0
    if len(candidates) == 1:
        return candidates[0], candidates[0].side
    fewest = min(len(c.failed) for c in candidates)
    best = [c for c in candidates if len(c.failed) == fewest]
    most = max(c.surplus for c in best)
    best = [c for c in best if c.surplus == most]
    first = [c for c in best if c.template == best[0].template]
    return first[0], first[0].side if len(first) == 1 else 0


def reason_of(
    blocked: GateResult | None,
    primary: Candidate | None,
    side: Side,
    candidates: tuple[Candidate, ...],
    chosen: Candidate | None,
) -> str:
    """The reason code: a failing global gate first, then the primary candidate's first."""
    if chosen is not None:
        return "ALL_GATES_PASSED"
    if blocked is not None:
        return blocked.reason
    if primary is None:
        return "NO_SETUP"
    failed = primary.failed
    if not side:
        twins = [c for c in candidates if c.template == primary.template]
        common = {(g.id, g.reason) for g in twins[0].failed}
        for twin in twins[1:]:
            common &= {(g.id, g.reason) for g in twin.failed}
        failed = tuple(g for g in failed if (g.id, g.reason) in common) or failed
    return failed[0].reason

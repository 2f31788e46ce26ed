"""Carry one chosen candidate through the law; say what follows, perform nothing."""

from __future__ import annotations

from application.desk import Desk, Outcome
from domain.candidate import Candidate, stop_cap
from domain.command import SubmitEntry
from domain.decision_parameters import Tier
from domain.event import OrderIntentCreated, OrderSubmitting, PermitGranted, PermitRefused
from domain.frame import Frame, Regime, signals_hash
from domain.intent import LearningKey, OrderIntent, time_to_live_end
from domain.law import state as law_state
from domain.law.check import Facts
from domain.law.door import Permit, Refusal, authorize
from domain.orders import ParentEvent, parent_after
from domain.session import Timetable
from domain.trade import Group
from domain.units import MINUTE, UtcNanos


def intent_of(
    candidate: Candidate, decision_id: str, t_d: UtcNanos, frame: Frame, desk: Desk
) -> OrderIntent:
    """The immutable intent of a candidate that passed every gate."""
    plan, score, timetable = candidate.plan, candidate.score, desk.timetable
    if plan is None or score is None or timetable is None:
        raise ValueError(f"{decision_id}: a candidate without plan or score cannot be traded")
    strategy = next(s for s in desk.rules.strategies if s.name == candidate.template)
    p = strategy.parameters
    return OrderIntent(
        decision_id,
        candidate.template,
        candidate.side,
        1,
        plan.entry_type,
        plan.trigger,
        plan.limit,
        plan.stop_price,
        plan.target_price,
        plan.stop,
        plan.target,
        t_d,
        time_to_live_end(t_d, p.time_to_live_seconds, timetable.next_block(t_d)),
        p.time_stop_minutes,
        p.theta_t,
        candidate.setup.level,
        frame.a14,
        score.p0,
        score.edge,
        frame.slip,
        frame.spread,
        LearningKey(
            candidate.template,
            Regime(frame.regime).name.lower(),
            timetable.phase(t_d).name.lower(),
        ),
        False,
        signals_hash(frame),
    )


def facts_of(
    intent: OrderIntent, desk: Desk, timetable: Timetable, tier: Tier | None, now: UtcNanos
) -> Facts:
    """The state of the world at the moment of the permit for `intent`."""
    group, account = desk.group, desk.account_at(now)
    law = desk.contracts.constitution
    strategy = next(s for s in desk.rules.strategies if s.name == intent.template)
    cap = min(stop_cap(tier, law, desk.instrument), strategy.parameters.stop_cap_ticks)
    return Facts(
        now=now,
        next_bar_close=intent.decided_at + MINUTE,
        law_state=desk.law,
        timetable=timetable,
        instrument=desk.fees.at_worst,
        position=0 if group is None else group.position,
        working_entry_qty=group.intent.qty if group is not None and group.working_entry else 0,
        in_doubt=desk.in_doubt(now),
        open_worst=desk.open_worst,
        tier_risk_cap=tier.risk_cap if tier else None,
        stop_cap_ticks=cap,
        reference_close=desk.reference_close,
        last_price=desk.last_close,
        a14=intent.a14,
        equity=account.equity if account else None,
        free_margin=account.available if account else None,
        initial_margin=desk.instrument.initial_margin,
        dvs_bp=desk.dvs_bp,
        eqs_bp=desk.eqs_bp,
        host_fit=not desk.unfit,
        observe_only=desk.observing(),
        account=desk.run.account,
        run_account=desk.run.account,
        symbol=desk.run.symbol,
    )


def ask_law(intent: OrderIntent, facts: Facts, desk: Desk) -> Permit | Refusal:
    """The law's answer."""
    return authorize(intent, facts, desk.contracts.constitution)


def record_answer(
    intent: OrderIntent, answer: Permit | Refusal, at: UtcNanos, out: Outcome
) -> None:
    """Tell of the intent and of the law's answer."""
    out.events.append(OrderIntentCreated(at, intent))
    if isinstance(answer, Permit):
        out.events.append(
            PermitGranted(
                at, intent.decision_id, answer.intent_hash, answer.expires_at, answer.checks
            )
        )
    else:
        out.events.append(
            PermitRefused(at, intent.decision_id, intent.hash(), answer.reason, answer.checks)
        )


def submit(permit: Permit, at: UtcNanos, desk: Desk, out: Outcome) -> None:
    """Write ahead that a bracket is about to be sent, then ask for it."""
    intent = permit.intent
    group = Group.of(intent, at)
    orders = group.orders
    out.events.append(
        OrderSubmitting(
            at,
            str(orders.entry_ref),
            str(orders.stop.ref),
            str(orders.target.ref),
            intent.side,
            intent.qty,
            intent.entry_type.value,
            intent.trigger,
            intent.limit,
            intent.stop_price,
            intent.target_price,
            intent.expires_at,
            intent.decision_id,
        )
    )
    desk.set_law(law_state.entry_sent(desk.law), "entry sent", at, out)
    before = orders.parent
    sent = orders.entry_is(parent_after(before, ParentEvent.SEND), at)
    group = group._replace(orders=sent)
    desk.group = group
    desk.state_changed(
        group, sent.entry_ref, before.value, sent.parent.value, ParentEvent.SEND.value, at, out
    )
    out.commands.append(SubmitEntry(permit, at))

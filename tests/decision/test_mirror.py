"""Reflected prices swap the sides of every decision, on bars that nobody chose (signals.md 1)."""

from __future__ import annotations

from functools import cache

from hypothesis import given, settings

from adapters.engine.reference import ReferenceEngine
from bar_strategies import FULL_DAY, Shape, make_tape, mirrored, shapes
from domain.bar import Bar
from domain.candidate import Candidate, stop_cap
from domain.decision import DecisionRecord, decide
from domain.frame import BarInput
from domain.narrative import MAX_LENGTH, tell
from domain.recent import MarketContext, Recent
from domain.strategies.interface import EntryPlan
from domain.units import MINUTE
from market_builders import TUESDAY, contracts, mes, rules, session_on, snapshot
from ports.engine import Engine

TWICE_M = 40_480  # a multiple of the round grid of 40: S32 is invariant too


def engine() -> Engine:
    """The production engine where it is built, else the reference; they agree bit for bit."""
    parameters = contracts().engine_parameters(mes())
    try:
        from adapters.engine.rust import RustEngine
    except ImportError:
        return ReferenceEngine(parameters)
    return RustEngine(parameters)


def decisions(tape: list[BarInput]) -> list[DecisionRecord]:
    """Decide on every bar of the tape, as if flat and unhindered all day long."""
    core, recent, out = engine(), Recent(), []
    opens = session_on(TUESDAY).open
    tier = rules().decision.tiers[2]
    for item in tape:
        if item.session_start:
            recent = Recent()
        frame = core.update(item)
        bar = Bar(opens + item.minute * MINUTE, *item[:5])
        recent = recent.after(bar)
        ctx = MarketContext(bar, frame, recent, stop_cap(tier, rules().law, mes()))
        snap = snapshot(ctx, bar.close_time, dvs_bp=item.dvs_bp, eqs_bp=item.eqs_bp)
        out.append(decide(snap, rules())[0])
    return out


def swapped(c: Candidate) -> tuple[object, ...]:
    """What a candidate says, seen from the other side of the mirror."""
    level = None if c.setup.level is None else TWICE_M - c.setup.level
    plan = c.plan
    if plan is not None:
        trigger = None if plan.trigger is None else TWICE_M - plan.trigger
        plan = EntryPlan(
            plan.entry_type, trigger, TWICE_M - plan.limit, plan.need, plan.stop, plan.target,
            TWICE_M - plan.stop_price, TWICE_M - plan.target_price,
        )  # fmt: skip
    gates = [(g.id, g.value, g.threshold, g.passed, g.reason) for g in c.gates]
    return (
        c.template, -c.side, level, plan, c.rejection, c.effective, c.stability, c.score, c.theta,
        c.theta_total, gates,
    )  # fmt: skip


def as_told(c: Candidate) -> tuple[object, ...]:
    gates = [(g.id, g.value, g.threshold, g.passed, g.reason) for g in c.gates]
    return (
        c.template, c.side, c.setup.level, c.plan, c.rejection, c.effective, c.stability, c.score,
        c.theta, c.theta_total, gates,
    )  # fmt: skip


def compare(tape: list[BarInput]) -> int:
    found = 0
    there = decisions(mirrored(tape, TWICE_M))
    for here, other in zip(decisions(tape), there, strict=True):
        ours = sorted((swapped(c) for c in here.candidates), key=lambda x: (x[0], x[1]))
        theirs = sorted((as_told(c) for c in other.candidates), key=lambda x: (x[0], x[1]))
        assert ours == theirs
        assert (here.action, here.reason, here.template) == (
            other.action,
            other.reason,
            other.template,
        )
        assert here.side == -other.side
        if here.side:
            assert here.counterfactual == other.counterfactual
        found += len(ours)
        for record in (here, other):
            assert 0 < len(tell(record)) <= MAX_LENGTH
            ids = [g.id for g in record.gates]
            assert len(ids) == 15 + 11 * len(record.candidates)
    return found


@settings(deadline=None, max_examples=8)
@given(shapes(max_sessions=2))
def test_sides_swap(shape: Shape) -> None:
    compare(make_tape(shape))


@cache
def long_tape() -> list[BarInput]:
    return make_tape(Shape("trend", (FULL_DAY, FULL_DAY), 11, True, False, False))


def test_sides_swap_on_a_tape_rich_in_candidates() -> None:
    assert compare(long_tape()) > 50


def test_one_record_a_bar() -> None:
    records = decisions(long_tape()[:FULL_DAY])
    assert [r.decision_id for r in records] == [
        f"{TUESDAY.isoformat()}-{k:03d}-MES" for k in range(FULL_DAY)
    ]
    for record, gate in ((records[0], "window"), (records[-1], "session")):
        assert not next(g for g in record.gates if g.id == gate).passed

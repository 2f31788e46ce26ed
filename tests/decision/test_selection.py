"""Selection, conflict of the sides, the primary candidate and the counterfactual."""

from __future__ import annotations

import pytest

from domain.candidate import Candidate
from domain.counterfactual import Counterfactual
from domain.decision import (
    Action,
    DecisionRecord,
    choose,
    decide,
    primary_of,
    refused,
    settle_sides,
)
from domain.frame import Frame
from domain.gates import Locks
from domain.law.state import Halt, LawState
from domain.units import MINUTE, Money
from market_builders import (
    PRICE,
    TUESDAY,
    at,
    beliefs,
    context,
    recent_of,
    reflected,
    remembered,
    rules,
    snapshot,
    values,
)
from setups import Scene, stretched, sweep

T = at(11, 0)


def judged(scene: Scene, side: int = 1, **changes: object) -> DecisionRecord:
    return decide(snapshot(scene.seen(side, T), T, **changes), rules())[0]


def candidate(scene: Scene, side: int = 1, **changes: object) -> Candidate:
    return judged(scene, side, **changes).candidates[0]


def renamed(c: Candidate, template: str, surplus_from: Candidate | None = None) -> Candidate:
    source = surplus_from or c
    return c._replace(template=template, score=source.score, theta_total=source.theta_total)


# ---- choosing


def test_the_largest_surplus_wins_and_ties_go_to_the_earlier_template() -> None:
    good, better = candidate(stretched()), candidate(stretched(effective=0.85))
    assert choose((good, better)) is better
    assert choose((better, good)) is better
    twin = renamed(good, "K2")
    assert choose((good, twin)) is good


def test_only_passing_candidates_are_chosen() -> None:
    weak = candidate(stretched(effective=0.60))
    assert choose((weak,)) is None
    assert choose(()) is None


# ---- both sides


def two_sides(eff_long: float, eff_short: float, conflict: bool = False) -> Frame:
    """A frame in which K3 sees a sweep below for the long and, K1 stretched, a short."""
    f = sweep(effective=eff_long).frame
    likelihood = beliefs(0.25, f4_long=0.6) if conflict else f.likelihood
    return f._replace(
        values=values(s1=0.6, s8=-0.0, s31=0.5),
        dev=30.0,
        effective=beliefs(0.25, f3_long=eff_long, f1_short=eff_short, f5=0.75),
        likelihood=likelihood,
    )


def both(eff_long: float, eff_short: float, conflict: bool = False) -> DecisionRecord:
    scene = sweep()
    highs = [PRICE + 9, *scene.recent.highs[-2:-1], PRICE + 1]
    was = scene.recent
    recent = remembered((*was.highs[:-3], *highs), was.lows, was.closes)
    f = two_sides(eff_long, eff_short, conflict)
    return decide(snapshot(context(f, recent, T), T), rules())[0]


def test_both_sides_standing_refuse_each_other() -> None:
    record = both(0.90, 0.85)
    assert {c.side for c in record.candidates} == {1, -1}
    assert record.reason == "CONFLICTING_SETUPS"
    for c in record.candidates:
        assert c.theta.conflict == 0.10
        assert [g.id for g in c.failed] == ["one_side"]


def test_the_raised_threshold_can_settle_it() -> None:
    """The weaker side passes alone, fails with 0.10 more, and the other is entered."""
    record = both(0.90, 0.74)
    assert record.action is Action.ENTER
    assert record.template == "K3"
    k1 = next(c for c in record.candidates if c.template == "K1")
    assert [g.id for g in k1.failed] == ["score"]
    assert k1.theta.conflict == 0.10
    assert k1.score is not None
    assert k1.score.score >= k1.theta_total - 0.10


def test_a_conflict_modifier_is_given_once() -> None:
    record = both(0.95, 0.95, conflict=True)  # L(F4, long) already stands against the K1 short
    assert all(c.theta.conflict == 0.10 for c in record.candidates)
    base = both(0.95, 0.25, conflict=True)
    k1_before = next(c for c in base.candidates if c.template == "K1").theta_total
    k1_after = next(c for c in record.candidates if c.template == "K1").theta_total
    assert k1_before == k1_after


def test_candidates_that_failed_anyway_keep_their_threshold() -> None:
    strong, weak = candidate(stretched()), candidate(stretched(effective=0.60))
    short = candidate(stretched(), -1)
    raised = settle_sides([strong, weak, short], rules())
    assert raised[1] is weak
    assert raised[0].theta.conflict == raised[2].theta.conflict == 0.10


def test_a_global_failure_keeps_the_sides_apart_from_one_another() -> None:
    scene_record = both(0.90, 0.85)
    assert scene_record.reason == "CONFLICTING_SETUPS"
    f = two_sides(0.90, 0.85)
    record = decide(
        snapshot(context(f, sweep().recent, T), T, locks=Locks(True, False, False)), rules()
    )[0]
    assert record.reason == "VOL_SHOCK_LOCKOUT"
    assert all(c.theta.conflict == 0.0 for c in record.candidates)


# ---- the primary candidate


def test_fewest_failed_gates_first() -> None:
    one, two = candidate(stretched(effective=0.60)), candidate(stretched(to_value=13.0))
    assert len(one.failed) < len(two.failed)
    assert primary_of((two, one)) == (one, 1)


def test_then_the_larger_surplus() -> None:
    low, high = candidate(stretched(effective=0.50)), candidate(stretched(effective=0.55))
    assert len(low.failed) == len(high.failed)
    assert primary_of((low, high)) == (high, 1)


def test_a_rejected_plan_counts_as_minus_infinity() -> None:
    rejected = candidate(stretched(to_value=13.0))
    assert rejected.surplus == -float("inf")
    assert primary_of((rejected, renamed(rejected, "K2")))[0] is rejected


def test_then_the_earlier_template_then_neither_side() -> None:
    long, short = candidate(stretched(effective=0.60)), candidate(stretched(effective=0.60), -1)
    assert long.surplus == short.surplus
    chosen, side = primary_of((long, short))
    assert chosen is long
    assert side == 0
    other = renamed(long, "K2")
    assert primary_of((short, other)) == (short, -1)


def test_the_reason_of_a_tie_is_common_to_both_sides() -> None:
    """A symmetric tape: both K1 sides detected would need S1 on both sides, so K2 by levels."""
    closes = [PRICE, PRICE - 5, PRICE + 5, PRICE + 5, PRICE]
    highs = [PRICE + 1, PRICE, PRICE + 7, PRICE + 7, PRICE + 3]
    lows = [PRICE - 1, PRICE - 7, PRICE, PRICE - 3, PRICE - 3]
    f = sweep().frame._replace(
        values=values(),
        levels=(PRICE - 3, None, None, PRICE + 3, None, None),
        effective=beliefs(0.25, f5=0.75),
        stability=(0.06,) * 11,
    )
    record = decide(snapshot(context(f, recent_of(highs, lows, closes), T), T), rules())[0]
    assert [(c.template, c.side) for c in record.candidates] == [("K2", 1), ("K2", -1)]
    assert record.side == 0
    assert record.template == "K2"
    common = [
        g.reason
        for g in record.candidates[0].failed
        if g.id in {h.id for h in record.candidates[1].failed}
    ]
    assert record.reason == common[0]
    mirror = reflected(f, 2 * PRICE)
    assert mirror.levels == f.levels


# ---- the counterfactual


def test_one_number_between_a_skip_and_a_trade_flips_it() -> None:
    record = judged(stretched(effective=0.78), state=memory(last_entry=T - 25 * MINUTE))
    assert record.counterfactual == Counterfactual("spacing", 25.0, 30.0, 5.0, True, 0)


def memory(**changes: object) -> LawState:
    return LawState(session_date=TUESDAY)._replace(**changes)


def test_delta_is_threshold_minus_value_in_the_gates_unit() -> None:
    record = judged(stretched(effective=0.78).with_frame(stability=(0.15,) * 11))
    assert record.counterfactual == Counterfactual("stability", 0.15, 0.12, -0.03, True, 0)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"trades_today": 2}, Counterfactual("trades_today", 2.0, 1.0, -1.0, True, 0)),
    ],
)
def test_a_strict_gate_names_its_last_passing_value(
    changes: dict[str, int], expected: Counterfactual
) -> None:
    assert judged(stretched(), state=memory(**changes)).counterfactual == expected


def test_a_strict_loss_gate_names_29_99() -> None:
    record = judged(stretched(), state=memory(net_day=-Money.parse("30.00")))
    # the budget fails as well: 0.01 is nearer than 14.99
    assert record.counterfactual == Counterfactual("daily_loss", 30.0, 29.99, -0.01, False, 1)


def test_several_failures_name_the_nearest_and_count_the_others() -> None:
    scene = stretched(effective=0.60).with_frame(thesis=0.20)
    record = judged(scene, state=memory(last_entry=T - 20 * MINUTE))
    failed = [g.id for g in record.gates if not g.passed]
    assert failed == ["spacing", "belief", "thesis", "score"]
    # in scales: spacing 10/30, belief .05/.1, thesis .03/.1; the score is farther
    assert record.counterfactual == Counterfactual("thesis", 0.20, 0.23, 0.03, False, 3)


def test_equally_near_gates_go_by_their_order() -> None:
    scene = stretched(effective=0.60).with_frame(thesis=0.18, stability=(0.17,) * 11)
    record = judged(scene)
    # belief .05, stability -.05 and thesis .05 are all half a scale away
    assert record.counterfactual is not None
    assert record.counterfactual.gate == "belief"


def test_boolean_gates_count_only_when_nothing_has_a_number() -> None:
    locked = judged(stretched(), locks=Locks(True, False, True))
    assert locked.counterfactual == Counterfactual("vol_shock", None, None, None, False, 1)
    mixed = judged(stretched(effective=0.60), locks=Locks(True, False, True))
    assert mixed.counterfactual is not None
    assert mixed.counterfactual.gate == "belief"


def test_a_gate_without_a_value_never_counts_as_nearest() -> None:
    record = judged(stretched(to_value=13.0))
    assert record.counterfactual == Counterfactual("plan", None, None, None, False, 3)


def test_a_halt_in_force_is_no_number_that_could_be_other() -> None:
    """The month's halt outlives its sum: 'a loss of 149.99 instead of 0' would be nonsense."""
    record = judged(stretched(), state=memory(halts=(Halt.MONTH,)))
    assert record.reason == "MONTHLY_LOSS_LIMIT"
    assert record.counterfactual is not None
    assert record.counterfactual.delta is None
    assert not record.counterfactual.flips


def test_an_entry_names_the_gate_closest_to_refusing() -> None:
    record = judged(stretched().with_frame(thesis=0.24))
    assert record.action is Action.ENTER
    assert record.counterfactual == Counterfactual("thesis", 0.24, 0.23, -0.01, True, 0)


def test_after_one_entry_the_second_is_closest_to_refusing_by_count() -> None:
    record = judged(stretched(), state=memory(trades_today=1))
    assert record.counterfactual == Counterfactual("trades_today", 1.0, 1.0, 0.0, True, 0)


def test_no_candidate_or_a_refused_permit_has_none() -> None:
    record = judged(stretched())
    told = refused(record, "PERMIT_REFUSED_L5")
    assert told.action is Action.SKIP
    assert told.reason == "PERMIT_REFUSED_L5"
    assert told.counterfactual is None
    assert told.primary is record.primary


def test_same_snapshot_same_record() -> None:
    snap = snapshot(stretched().seen(1, T), T)
    assert decide(snap, rules())[0] == decide(snap, rules())[0]

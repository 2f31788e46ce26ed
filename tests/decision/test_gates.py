"""Every gate exactly at its number, and the order in which failures name the reason."""

from __future__ import annotations

import pytest

from domain.decision import Action, decide
from domain.frame import F5, SIGNALS, Regime, belief_index
from domain.gates import Locks
from domain.law.state import Halt, KillState
from domain.units import MINUTE, Money
from gate_cases import FAILING, T, decided, lost, memory
from market_builders import at, beliefs, context, frame, recent_of, rules, snapshot, values
from setups import SCENES, Scene, failed_break, momentum, stretched, sweep

GLOBAL = (
    "kill", "flat", "trades_today", "spacing", "streak", "daily_loss", "weekly_loss",
    "monthly_loss", "dvs", "eqs", "session", "window", "vol_shock", "execution_danger",
    "news_shock",
)  # fmt: skip
OF_CANDIDATE = (
    "tier", "plan", "budget", "belief", "stability", "thesis", "noise", "learning",
    "friction_share", "score", "one_side",
)  # fmt: skip
LAYERS = (0, *[1] * 7, 2, 2, 3, 3, 4, 4, 4, 5, 5, 5, *[6] * 5, 7, 8, 8)


def test_gates_are_recorded_in_the_order_of_the_page() -> None:
    record = decided()
    assert tuple(g.id for g in record.gates) == GLOBAL + OF_CANDIDATE
    assert tuple(g.layer for g in record.gates) == LAYERS
    assert [g.candidate for g in record.gates] == [None] * 15 + ["K1+1"] * 11
    assert record.action is Action.ENTER


PASSING = {
    "trades_today": {"state": memory(trades_today=1)},
    "spacing": {"state": memory(last_entry=T - 30 * MINUTE)},
    "streak": {"state": memory(streak=1)},
    "daily_loss": lost("net_day", "13.99"),
    "weekly_loss": lost("net_week", "58.99"),
    "monthly_loss": lost("net_month", "133.99"),
    "dvs": {"dvs_bp": 8000},
    "eqs": {"eqs_bp": 7500},
    "session": {"t_d": at(15, 44)},
    "window": {"t_d": at(9, 35)},
    "budget": lost("net_day", "15.01"),  # 11 ticks and fees are 14.99
    "belief": {"scene": stretched(effective=0.65)},
    "stability": {"scene": stretched().with_frame(stability=(0.12,) * 11)},
    "thesis": {"scene": stretched().with_frame(thesis=0.23)},
    "noise": {"scene": stretched().with_frame(effective=beliefs(0.25, f1_long=0.78, f5=0.60))},
}


@pytest.mark.parametrize("gate", PASSING)
def test_exactly_at_the_number_passes(gate: str) -> None:
    record = decided(**PASSING[gate])
    (found,) = (g for g in record.gates if g.id == gate)
    assert found.passed
    if found.value is not None:
        assert found.margin is not None
        assert found.margin >= 0


@pytest.mark.parametrize("gate", FAILING)
def test_just_beyond_the_number_fails_with_its_reason(gate: str) -> None:
    changes, reason = FAILING[gate]
    record = decided(**changes)
    (found,) = (
        g for g in record.gates if g.id == gate and (g.candidate or "K1")[:2] in ("K1", "K3")
    )
    assert not found.passed
    assert record.action is Action.SKIP
    assert record.reason == reason


def test_the_first_failing_gate_of_the_order_names_the_reason() -> None:
    """With one more failure in front each time, the reason moves to the front."""
    changes: dict[str, object] = {"scene": stretched(effective=0.60)}
    assert decided(**changes).reason == "BELIEF_TOO_LOW"
    changes["state"] = memory(net_day=-Money.parse("20.00"))
    assert decided(**changes).reason == "RISK_BUDGET_EXHAUSTED"
    for extra, reason in (
        ({"locks": Locks(False, False, True)}, "NEWS_LOCKOUT"),
        ({"locks": Locks(True, True, True)}, "VOL_SHOCK_LOCKOUT"),
        ({"t_d": at(12, 0)}, "SESSION_WINDOW_BLOCK"),
        ({"eqs_bp": 0}, "EQS_TOO_LOW"),
        ({"dvs_bp": 0}, "DVS_TOO_LOW"),
        ({"state": memory(net_month=-Money.parse("150"))}, "MONTHLY_LOSS_LIMIT"),
        ({"flat": False}, "IN_POSITION"),
        ({"state": memory(kill_state=KillState.KILLING)}, "KILL_SWITCH_ACTIVE"),
    ):
        changes.update(extra)
        assert decided(**changes).reason == reason


def test_a_global_failure_gives_the_reason_without_any_setup_too() -> None:
    quiet = Scene(frame(), recent_of([0] * 2, [0] * 2, [0] * 2))
    assert decided(scene=quiet).reason == "NO_SETUP"
    record = decided(scene=quiet, dvs_bp=7000)
    assert record.reason == "DVS_TOO_LOW"
    assert record.candidates == ()
    assert record.primary is None
    assert record.counterfactual is None
    assert len(record.gates) == 15


@pytest.mark.parametrize("halt", [Halt.DAY, Halt.WEEK, Halt.MONTH])
def test_a_halt_in_force_fails_its_gate_whatever_the_sum(halt: Halt) -> None:
    record = decided(state=memory(halts=(halt,)))
    name = {Halt.DAY: "DAILY", Halt.WEEK: "WEEKLY", Halt.MONTH: "MONTHLY"}[halt]
    assert record.reason == f"{name}_LOSS_LIMIT"


@pytest.mark.parametrize(
    ("cleared", "missing"),
    [
        ("f1_long", {"belief", "stability"}),
        ("f4_long", {"thesis"}),
        ("f4_short", {"thesis"}),
        ("f5", {"noise"}),
    ],
)
def test_what_is_not_known_fails_closed(cleared: str, missing: set[str]) -> None:
    """A belief that is not ready has an effective value of 0, which no score survives."""
    number, _, side = cleared[1:].partition("_")
    index = F5 if number == "5" else belief_index(int(number), -1 if side == "short" else 1)
    effective = list(stretched().frame.effective)
    effective[index] = 0.0
    scene = stretched().with_frame(
        belief_ready=((1 << 11) - 1) & ~(1 << index), effective=tuple(effective)
    )
    record = decided(scene=scene)
    failed = {g.id: g for g in record.gates if not g.passed}
    assert set(failed) - {"score"} == missing
    assert ("score" in failed) is (cleared == "f1_long")
    assert record.reason == "MISSING_REQUIRED_SIGNAL"
    assert all(failed[gate].value is None for gate in missing)


def test_unknown_equity_means_no_entry() -> None:
    record = decided(equity=None)
    assert record.reason == "MISSING_REQUIRED_SIGNAL"
    assert record.tier is None
    assert decided(equity="0.00").tier is None


def test_costs_not_known_fail_closed() -> None:
    record = decided(scene=stretched().with_frame(slip=float("nan")))
    assert {g.id for g in record.gates if not g.passed} == {"friction_share", "score"}
    assert record.reason == "MISSING_REQUIRED_SIGNAL"


def test_after_a_rejected_plan_budget_friction_and_score_fail_without_a_value() -> None:
    record = decided(scene=stretched(to_value=13.0))
    failed = {g.id: g for g in record.gates if not g.passed}
    assert set(failed) == {"plan", "budget", "friction_share", "score"}
    assert all(g.value is None for g in failed.values())
    (belief,) = (g for g in record.gates if g.id == "belief")
    assert belief.passed
    assert belief.value == 0.78


def test_friction_share_exactly_thirty_percent_passes() -> None:
    """Target 22 ticks = 27.50 USD; 8.25 USD of friction is 30% of it."""
    slip = (8.25 / 1.25 - 1.24) / 1.25 - 0.5
    record = decided(scene=stretched().with_frame(slip=slip))
    (gate,) = (g for g in record.gates if g.id == "friction_share")
    assert gate.value == 0.3
    assert gate.passed


def test_an_estimate_above_nine_dollars_fails_outright() -> None:
    """With a target of 24 ticks, 9.00 USD is exactly 30% and passes; more fails, share or not."""
    for usd, passes in ((9.0, True), (9.01, False)):
        slip = (usd / 1.25 - 1.24) / 1.25 - 0.5
        record = decided(scene=stretched(12).with_frame(slip=slip))
        (gate,) = (g for g in record.gates if g.id == "friction_share")
        assert gate.passed is passes


# ---- tiers and stops


@pytest.mark.parametrize(
    ("equity", "tier"),
    [("0.01", "S"), ("2499.99", "S"), ("2500.00", "A"), ("7499.99", "A"), ("7500.00", "B")],
)
def test_tiers(equity: str, tier: str) -> None:
    assert decided(equity=equity).tier == tier


@pytest.mark.parametrize(
    ("template", "lowest"), [("K1", "0.01"), ("K2", "0.01"), ("K3", "2500.00"), ("K4", "7500.00")]
)
def test_templates_by_tier(template: str, lowest: str) -> None:
    for equity in ("0.01", "2499.99", "2500.00", "7499.99", "7500.00"):
        record = decided(scene=SCENES[template](), equity=equity)
        (gate,) = (g for g in record.gates if g.id == "tier")
        assert gate.passed is (Money.parse(equity) >= Money.parse(lowest))


@pytest.mark.parametrize(
    ("stop", "equity", "planned"),
    [(3, "9000", 8), (8, "9000", 8), (12, "9000", 12), (18, "9000", 12), (19, "9000", None),
     (9, "1000", 9), (13, "1000", 9), (14, "1000", None)],
)  # fmt: skip
def test_stop_rule(stop: int, equity: str, planned: int | None) -> None:
    """need = stop here; cap 12 (9 in tier S): up to a cap and a half it is cut to the cap."""
    record = decided(scene=stretched(stop, 60.0), equity=equity)
    (candidate,) = record.candidates
    if planned is None:
        assert candidate.rejection is not None
        assert candidate.rejection.reason == "STOP_EXCEEDS_RISK_BUDGET"
        assert record.reason == "STOP_EXCEEDS_RISK_BUDGET"
        return
    assert candidate.plan is not None
    assert candidate.plan.need == stop
    assert candidate.plan.stop == planned
    assert candidate.plan.stop_price == candidate.plan.limit - planned


@pytest.mark.parametrize(("a14", "fits"), [(15.0, True), (15.000000001, False)])
def test_a_stop_inside_the_noise_is_refused(a14: float, fits: bool) -> None:
    record = decided(scene=stretched().with_frame(a14=a14))
    assert (record.candidates[0].plan is not None) is fits


# ---- detection


def detects(scene: Scene, **changes: object) -> bool:
    return bool(decided(scene=scene.with_frame(**changes)).candidates)


@pytest.mark.parametrize("template", SCENES)
def test_preconditions_of_every_template(template: str) -> None:
    scene = SCENES[template]()
    assert detects(scene)
    assert detects(scene, bars_in_session=20)
    assert not detects(scene, bars_in_session=19)
    assert not detects(scene, regime=Regime.UNKNOWN)
    assert not detects(scene, a14=float("nan"))


@pytest.mark.parametrize(
    ("template", "numbers"),
    [("K1", {1, 5, 8}), ("K2", {5}), ("K3", {31}), ("K4", {5, 6, 12, 22, 33})],
)
def test_every_named_signal_must_be_ready(template: str, numbers: set[int]) -> None:
    scene = SCENES[template]()
    for number in range(1, SIGNALS + 1):
        x = list(scene.frame.values)
        x[number - 1] = float("nan")
        ready = scene.frame.ready & ~(1 << (number - 1))
        assert detects(scene, values=tuple(x), ready=ready) is (number not in numbers)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"values": values(s1=-0.5, s8=0.0)}, True),
        ({"values": values(s1=-0.499999999, s8=0.5)}, False),
        ({"values": values(s1=-0.6, s8=-0.000000001)}, False),
        ({"regime": Regime.VOLATILE}, False),
        ({"regime": Regime.TRENDING}, True),
        ({"regime": Regime.TRENDING, "values": values(s1=-0.6, s8=0.5, s5=-0.4)}, False),
        ({"regime": Regime.TRENDING, "values": values(s1=-0.6, s8=0.5, s5=-0.399999999)}, True),
        ({"regime": Regime.RANGE, "values": values(s1=-0.6, s8=0.5, s5=-0.9)}, True),
        ({"regime": Regime.CHOPPY}, True),
    ],
)
def test_k1(changes: dict[str, object], found: bool) -> None:
    assert detects(stretched(), **changes) is found


@pytest.mark.parametrize(
    ("to_value", "target"), [(13.9, None), (14.0, 14), (13.9999999996, 14), (21.9, 21), (60.0, 22)]
)
def test_k1_target(to_value: float, target: int | None) -> None:
    """Whole ticks to VWAP after q9, at least 6/5 stops rounded up, at most two."""
    (candidate,) = decided(scene=stretched(11, to_value)).candidates
    assert (candidate.plan.target if candidate.plan else None) == target


def k2(closes: list[int], lows: list[int], levels: list[int | None], **changes: object) -> object:
    """K2's level for closes and lows around 100; None if nothing is detected."""
    scene = failed_break().with_frame(levels=(*levels, None, None, None), **changes)
    r = recent_of([103] * len(closes), lows, closes)
    t_d = T
    snap = snapshot(context(scene.frame, r, t_d), t_d)
    found = [c for c in decide(snap, rules())[0].candidates if c.template == "K2"]
    return found[0].setup.level if found else None


@pytest.mark.parametrize(
    ("closes", "lows", "level"),
    [
        ([100, 97, 97, 97, 101], [99, 96, 96, 96, 99], 100),
        ([100, 100, 100, 99, 101], [99, 98, 98, 96, 99], 100),
        ([100, 100, 100, 100, 101], [99, 98, 98, 96, 99], None),  # no close beyond
        ([99, 97, 97, 97, 101], [98, 96, 96, 96, 99], None),  # not inside before
        ([100, 97, 97, 97, 100], [99, 96, 96, 96, 99], None),  # not back inside
        ([100, 99, 99, 99, 101], [99, 99, 99, 99, 99], None),  # broken by one tick
        ([100, 99, 99, 99, 101], [99, 99, 98, 99, 99], 100),  # by two
    ],
)
def test_k2(closes: list[int], lows: list[int], level: int | None) -> None:
    assert k2(closes, lows, [100, None, None]) == level


def test_k2_break_must_be_a_quarter_of_atr() -> None:
    closes, lows = [100, 97, 97, 97, 101], [99, 97, 96, 96, 99]
    assert k2(closes, lows, [100, None, None], a14=15.0) == 100  # 3.75 against 4
    assert k2(closes, [99, 97, 97, 97, 99], [100, None, None], a14=12.0) == 100  # 3 against 3
    assert k2(closes, [99, 97, 97, 97, 99], [100, None, None], a14=12.000000004) is None


def test_k2_takes_the_widest_break_and_the_first_of_equals() -> None:
    closes, lows = [100, 95, 95, 95, 101], [99, 94, 94, 94, 99]
    assert k2(closes, lows, [98, 100, 99]) == 100
    assert k2(closes, lows, [None, 99, 98]) == 99
    assert k2(closes, lows, [100, 100, 100]) == 100
    assert k2(closes, lows, [None, None, None]) is None


@pytest.mark.parametrize(
    ("regime", "s5", "found"),
    [(Regime.VOLATILE, 0.0, False), (Regime.TRENDING, -0.4, False), (Regime.TRENDING, -0.39, True),
     (Regime.RANGE, -0.9, True), (Regime.CHOPPY, 0.0, True)],
)  # fmt: skip
def test_k2_regimes(regime: Regime, s5: float, found: bool) -> None:
    assert detects(failed_break(), regime=regime, values=values(s5=s5)) is found


def k3(closes: list[int], lows: list[int], levels: list[int | None]) -> int | None:
    scene = sweep().with_frame(levels=(*levels, None, None, None))
    r = recent_of([103] * len(closes), lows, closes)
    snap = snapshot(context(scene.frame, r, T), T)
    found = [c for c in decide(snap, rules())[0].candidates if c.template == "K3"]
    return found[0].setup.level if found else None


@pytest.mark.parametrize(
    ("closes", "lows", "levels", "level"),
    [
        ([102, 102, 102, 101], [101, 101, 99, 100], [100, None, None], 100),
        ([102, 102, 102, 101], [101, 101, 100, 100], [100, None, None], None),  # not swept
        ([102, 102, 102, 102], [99, 101, 101, 101], [100, None, None], None),  # too long ago
        ([102, 102, 102, 100], [101, 101, 99, 100], [100, None, None], None),  # not reclaimed
        ([99, 102, 102, 101], [99, 101, 99, 100], [100, None, None], None),  # closed beyond: K2
        ([100, 100, 100, 101], [99, 99, 99, 99], [100, None, None], 100),  # at it is not beyond
        ([102, 102, 102, 101], [101, 101, 98, 100], [None, 99, 100], 99),  # first in order
    ],
)
def test_k3(
    closes: list[int], lows: list[int], levels: list[int | None], level: int | None
) -> None:
    assert k3(closes, lows, levels) == level


def test_k3_score_and_regime() -> None:
    assert detects(sweep(), values=values(s31=0.45))
    assert not detects(sweep(), values=values(s31=0.449999999))
    assert not detects(sweep(), regime=Regime.CHOPPY)
    assert detects(sweep(), regime=Regime.VOLATILE)


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"s5": 0.2}, True), ({"s5": 0.199999999}, False),
        ({"s12": 0.1}, True), ({"s12": 0.099999999}, False),
        ({"s33": 0.899999999}, True), ({"s33": 0.9}, False),
        ({"s6": 0.0}, True), ({"s22": 0.0}, True), ({"s6": 0.0, "s22": 0.0}, False),
        ({"s6": -0.5, "s22": 0.1}, True),
    ],
)  # fmt: skip
def test_k4(changed: dict[str, float], found: bool) -> None:
    x = {"s5": 0.3, "s6": 0.2, "s12": 0.2, "s22": 0.1, "s33": 0.1} | changed
    assert detects(momentum(), values=values(**x)) is found


@pytest.mark.parametrize("regime", list(Regime))
def test_k4_regimes(regime: Regime) -> None:
    assert detects(momentum(), regime=regime) is (regime in (Regime.TRENDING, Regime.VOLATILE))


# ---- theta


@pytest.mark.parametrize(
    ("t_d", "day_add"),
    [(at(10, 0), 0.02), (at(11, 0), -0.01), (at(14, 0), 0.0), (at(15, 10), 0.0)],
)
def test_theta_by_time_of_day(t_d: int, day_add: float) -> None:
    assert decided(t_d=t_d).theta.tod == day_add


@pytest.mark.parametrize(
    ("s3", "s4", "vol", "range_"),
    [
        (0.5, 0.5, 0.0, 0.0), (0.500000001, 0.5, 0.05, 0.0),
        (0.233333333, 0.5, 0.0, 0.0), (0.233333332, 0.5, -0.01, 0.0),
        (0.3, 0.8, 0.0, 0.0), (0.3, 0.800000001, 0.0, 0.03),
        (0.3, 0.2, 0.0, 0.0), (0.3, 0.199999999, 0.0, -0.01), (0.3, float("nan"), 0.0, 0.0),
    ],
)  # fmt: skip
def test_theta_by_volatility_and_range(s3: float, s4: float, vol: float, range_: float) -> None:
    scene = stretched().with_frame(values=values(s1=-0.6, s8=0.5, s3=s3, s4=s4))
    theta = decided(scene=scene).theta
    assert (theta.vol, theta.range) == (vol, range_)


@pytest.mark.parametrize(
    ("template", "likelihood", "conflict", "crowd"),
    [
        ("K1", {}, 0.0, 0.0),
        ("K1", {"f4_short": 0.6}, 0.1, 0.0),
        ("K1", {"f4_short": 0.599999999}, 0.0, 0.0),
        ("K1", {"f4_long": 0.9}, 0.0, 0.0),
        ("K1", {"f6_long": 0.75}, 0.1, 0.05),
        ("K1", {"f6_long": 0.749999999}, 0.0, 0.05),
        ("K1", {"f6_short": 0.9}, 0.0, 0.0),
        ("K1", {"f6_long": 0.9, "f4_short": 0.9}, 0.1, 0.08),
        ("K4", {"f4_short": 0.9}, 0.0, 0.0),
        ("K4", {"f1_short": 0.6}, 0.1, 0.0),
        ("K4", {"f2_short": 0.6}, 0.1, 0.0),
        ("K4", {"f3_short": 0.6}, 0.1, 0.0),
        ("K4", {"f3_long": 0.9}, 0.0, 0.0),
    ],
)
def test_theta_by_conflict_and_crowd(
    template: str, likelihood: dict[str, float], conflict: float, crowd: float
) -> None:
    scene = SCENES[template]().with_frame(likelihood=beliefs(0.25, **likelihood))
    theta = decided(scene=scene).theta
    assert theta.conflict == conflict
    assert theta.crowd == pytest.approx(crowd, abs=1e-8)


def test_theta_is_clamped() -> None:
    quiet = stretched().with_frame(values=values(s1=-0.6, s8=0.5, s3=0.1, s4=0.1))
    record = decided(scene=quiet)
    assert record.candidates[0].theta_total == 0.02

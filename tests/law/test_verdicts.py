"""Every article's verdict word for word: whether it passes, its figure and its limit."""

from __future__ import annotations

import pytest

from changing import replace
from domain.intent import OrderIntent
from domain.law.check import Bench, Check
from domain.law.door import ARTICLES, Permit, Refusal, authorize
from domain.law.limits import tightest_budget, worst_case
from domain.law.state import Halt, KillState, LawState, StreakState
from domain.units import MINUTE, SECOND, ZERO, Money
from law_builders import NOW, ask, facts, intent, stop_limit_intent
from market_builders import PRICE, TUESDAY, mes, rules, timetable_on

LAW = rules().law
FREE = LawState(session_date=TUESDAY)


def usd(text: str) -> Money:
    return Money.parse(text)


def verdict(article: str, wanted: OrderIntent | None = None, **changes: object) -> Check:
    answer = ask(wanted, **changes)
    assert len(answer.checks) == len(ARTICLES)
    (found,) = [c for c in answer.checks if c.id == article]
    return found


@pytest.mark.parametrize(
    ("state", "passed", "value"),
    [
        (FREE, True, "none"),
        (FREE._replace(kill_state=KillState.KILLED, kill_trigger="MANUAL"), False, "MANUAL"),
        (FREE._replace(kill_state=KillState.KILLING, kill_trigger="MARGIN"), False, "MARGIN"),
        (FREE._replace(muted="DVS_KILL"), False, "DVS_KILL"),
        (FREE._replace(resting=True), False, "reset"),
        (FREE._replace(muted="MARGIN", resting=True), False, "MARGIN"),
    ],
)
def test_kill(state: LawState, passed: bool, value: str) -> None:
    assert verdict("KILL", state=state) == Check("KILL", passed, value, "none")


def test_halt() -> None:
    assert verdict("HALT") == Check("HALT", True, "none", "none")
    both = FREE._replace(halts=(Halt.DAY, Halt.MONTH))
    assert verdict("HALT", state=both) == Check("HALT", False, "HALT_DAY,HALT_MONTH", "none")


def test_position() -> None:
    assert verdict("L1") == Check("L1", True, "1", "1")
    assert verdict("L1", position=-1) == Check("L1", False, "2", "1")
    assert verdict("L1", working_entry_qty=1) == Check("L1", False, "2", "1")
    assert verdict("L1", position=-1, working_entry_qty=2) == Check("L1", False, "4", "1")
    assert verdict("L1", intent(qty=2)) == Check("L1", False, "2", "1")
    assert verdict("L1", intent(qty=0)) == Check("L1", False, "0", "1")


def test_risk() -> None:
    assert verdict("L2") == Check("L2", True, "15.0000", "15.0000")
    assert verdict("L2", tier_risk_cap=usd("14.99")) == Check("L2", False, "15.0000", "14.9900")
    assert verdict("L2", tier_risk_cap=usd("99.00")).limit == "15.0000"
    assert verdict("L2", tier_risk_cap=None) == Check("L2", False, "15.0000", "15.0000")
    assert not verdict("L2", intent(stop=13)).passed


def test_stop() -> None:
    assert verdict("L3") == Check("L3", True, "12", "8..12")
    assert verdict("L3", intent(stop=8)).passed
    assert not verdict("L3", intent(stop=7)).passed
    assert verdict("L3", stop_cap_ticks=11) == Check("L3", False, "12", "8..11")
    assert verdict("L3", intent(stop=13), stop_cap_ticks=18) == Check("L3", False, "13", "8..12")


def test_counts_of_the_day() -> None:
    assert verdict("L4", state=FREE._replace(trades_today=1)) == Check("L4", True, "1", "2")
    assert verdict("L4", state=FREE._replace(trades_today=2)) == Check("L4", False, "2", "2")
    assert verdict("L19", state=FREE._replace(sent_today=9)) == Check("L19", True, "9", "10")
    assert verdict("L19", state=FREE._replace(sent_today=10)) == Check("L19", False, "10", "10")


def test_spacing() -> None:
    assert verdict("L5") == Check("L5", True, "none", "30 min")
    on_time = FREE._replace(last_entry=NOW - 30 * MINUTE)
    assert verdict("L5", state=on_time) == Check("L5", True, "30.000 min", "30 min")
    early = FREE._replace(last_entry=NOW - 30 * MINUTE + 1)
    assert verdict("L5", state=early) == Check("L5", False, "30.000 min", "30 min")


@pytest.mark.parametrize(
    ("article", "field", "limit"),
    [("L6", "net_day", "30"), ("L7", "net_week", "75"), ("L8", "net_month", "150")],
)
def test_losses(article: str, field: str, limit: str) -> None:
    below = usd(f"-{int(limit) - 1}.9999")
    assert verdict(article, state=FREE._replace(**{field: below})) == Check(
        article, True, f"{int(limit) - 1}.9999", f"{limit}.0000"
    )
    reached = FREE._replace(**{field: usd(f"-{limit}.00")})
    assert not verdict(article, state=reached).passed
    won = FREE._replace(**{field: usd("500.00")})
    assert verdict(article, state=won) == Check(article, True, "0.0000", f"{limit}.0000")


def test_worst_case_counts_fees_of_both_sides_and_no_winning_ticks() -> None:
    assert worst_case(12, 2, usd("1.25"), usd("0.62")) == usd("32.48")
    assert worst_case(0, 1, usd("1.25"), usd("0.62")) == usd("1.24")
    assert worst_case(-5, 1, usd("1.25"), usd("0.62")) == usd("1.24")


def test_budget_takes_the_period_with_the_least_room() -> None:
    fees = mes().fee_per_side * 2
    one = usd("15.00") + fees
    assert verdict("L9") == Check("L9", True, str(one), "30.0000")
    open_too = verdict("L9", open_worst=usd("10.00"))
    assert open_too.value == str(one + usd("10.00"))
    room = usd("30.00") - one
    exact = FREE._replace(net_day=-room)
    assert verdict("L9", state=exact) == Check("L9", True, "30.0000", "30.0000")
    over = FREE._replace(net_day=-room - usd("0.0001"))
    assert verdict("L9", state=over) == Check("L9", False, "30.0001", "30.0000")
    week = FREE._replace(net_day=usd("5.00"), net_week=usd("-50.00"))
    assert verdict("L9", state=week).limit == "75.0000"
    month = FREE._replace(net_month=usd("-140.00"))
    assert verdict("L9", state=month).limit == "150.0000"
    bench = Bench(facts(state=FREE._replace(net_week=usd("-45.00"))), LAW)
    assert tightest_budget(ZERO, bench) == (ZERO, usd("30.00"))  # equal room: the day is named


def test_streak() -> None:
    assert verdict("L10") == Check("L10", True, "0 NORMAL", "2")
    locked = FREE._replace(streak=2, streak_state=StreakState.LOCKED)
    assert verdict("L10", state=locked) == Check("L10", False, "2 LOCKED", "2")
    back = FREE._replace(streak=1, streak_state=StreakState.PROBATION)
    assert verdict("L10", state=back) == Check("L10", True, "1 PROBATION", "2")
    assert not verdict("L10", state=back._replace(trades_today=1)).passed
    assert verdict("L10", state=FREE._replace(streak=1)).passed
    assert not verdict("L10", state=FREE._replace(streak=2)).passed


def test_kind_of_entry() -> None:
    types = "LIMIT, STOP-LIMIT"
    assert verdict("L15") == Check("L15", True, "LIMIT", types)
    assert not verdict("L15", intent(trigger=PRICE)).passed
    for side in (1, -1):
        kind = stop_limit_intent(side)
        assert verdict("L15", kind) == Check("L15", True, kind.entry_type.value, types)
        assert verdict("L15", replace(kind, trigger=kind.limit)).passed
        assert not verdict("L15", replace(kind, trigger=kind.limit + side)).passed
        assert not verdict("L15", replace(kind, trigger=None)).passed


@pytest.mark.parametrize("side", [1, -1])
def test_the_children_lie_where_the_distances_say(side: int) -> None:
    good = intent(side)
    prices = f"{PRICE - 12 * side}/{PRICE + 24 * side}"
    assert verdict("L16", good) == Check("L16", True, prices, "stop and target")
    for spoilt in (
        intent(side, stop_price=good.stop_price + 1),
        intent(side, target_price=good.target_price - 1),
        intent(side, stop=0),
        intent(side, target=0),
        intent(side, stop=-1),
        intent(side, target=-1),
    ):
        assert not verdict("L16", spoilt).passed
    assert verdict("L16", intent(side, stop=1, target=1)).passed


def test_no_averaging() -> None:
    assert verdict("L17") == Check("L17", True, "0", "0")
    assert verdict("L17", position=-1) == Check("L17", False, "-1", "0")


def test_account_and_symbol() -> None:
    assert verdict("ACCOUNT") == Check("ACCOUNT", True, "MES", "MES")
    assert not verdict("ACCOUNT", account="OTHER").passed
    assert verdict("ACCOUNT", symbol="ES") == Check("ACCOUNT", False, "MES", "ES")
    other = intent(decision_id="2024-03-05-089-ES")
    assert verdict("ACCOUNT", other) == Check("ACCOUNT", False, "ES", "MES")
    assert not verdict("ACCOUNT", other, symbol="ES").passed


def test_sides() -> None:
    for side in (1, -1):
        good = intent(side)
        assert verdict("SIDES", good) == Check("SIDES", True, str(side), "stop < limit < target")
        assert not verdict("SIDES", replace(good, stop_price=good.limit)).passed
        assert not verdict("SIDES", replace(good, target_price=good.limit)).passed
        assert verdict("SIDES", replace(good, stop_price=good.limit - side)).passed
        assert verdict("SIDES", replace(good, target_price=good.limit + side)).passed
    for no_side in (0, 2, -2):
        assert not verdict("SIDES", replace(intent(), side=no_side)).passed
        assert not verdict("SIDES", replace(intent(-1), side=no_side)).passed


def test_price() -> None:
    band = mes().price_band
    limit = f"{band.low}..{band.high}"
    assert verdict("PRICE") == Check("PRICE", True, f"{PRICE},{PRICE - 12},{PRICE + 24}", limit)
    kind = stop_limit_intent()
    assert verdict("PRICE", kind).value.endswith(f",{PRICE + 2}")
    assert verdict("PRICE", reference_close=None) == Check(
        "PRICE", False, "no reference close", limit
    )
    for field in ("limit", "stop_price", "target_price"):
        for edge in (PRICE + 1_000, PRICE - 1_000):
            assert verdict("PRICE", replace(intent(), **{field: edge})).passed
        for beyond in (PRICE + 1_001, PRICE - 1_001):
            assert not verdict("PRICE", replace(intent(), **{field: beyond})).passed
    assert not verdict("PRICE", replace(kind, trigger=PRICE + 1_001)).passed
    for price in (band.low, band.high):
        at_edge = intent(limit=price, stop_price=price, target_price=price)
        assert verdict("PRICE", at_edge, reference_close=price).passed
    for price in (band.low - 1, band.high + 1):
        outside = intent(limit=price, stop_price=price, target_price=price)
        assert not verdict("PRICE", outside, reference_close=price).passed


def test_distance() -> None:
    assert verdict("DISTANCE") == Check("DISTANCE", True, "0", "20.0000")
    assert verdict("DISTANCE", last_price=PRICE + 20).passed
    assert verdict("DISTANCE", last_price=PRICE - 21) == Check("DISTANCE", False, "21", "20.0000")
    calm = verdict("DISTANCE", last_price=PRICE + 4, a14=0.1)
    assert calm == Check("DISTANCE", True, "4", "4.0000")
    assert not verdict("DISTANCE", last_price=PRICE + 5, a14=0.1).passed


def test_window() -> None:
    session = timetable_on().session
    assert verdict("WINDOW") == Check(
        "WINDOW", True, timetable_on().phase(NOW).name, "entry window"
    )
    assert not verdict("WINDOW", now=session.open - 1).passed
    assert not verdict("WINDOW", now=session.close).passed
    assert not verdict("WINDOW", now=session.open).passed


def test_time_to_live() -> None:
    assert verdict("TTL") == Check("TTL", True, "0.000 s", "10 s")
    assert verdict("TTL", now=NOW + 10 * SECOND) == Check("TTL", True, "10.000 s", "10 s")
    assert not verdict("TTL", now=NOW + 10 * SECOND + 1).passed
    assert not verdict("TTL", now=NOW - 1).passed
    assert not verdict("TTL", intent(expires_at=NOW)).passed
    assert verdict("TTL", intent(expires_at=NOW + 1)).passed
    close = timetable_on().session.close
    assert not verdict("TTL", intent(expires_at=close)).passed
    assert verdict("TTL", intent(expires_at=close - 1)).passed


def test_margin() -> None:
    initial = mes().initial_margin
    need = initial.units * 3 // 2
    limit = f"{need / 10_000:.2f}"
    enough = Money(need)
    assert verdict("MARGIN", free_margin=enough) == Check("MARGIN", True, str(enough), limit)
    assert not verdict("MARGIN", free_margin=Money(need - 1)).passed
    assert verdict("MARGIN", equity=None) == Check("MARGIN", False, "unknown", limit)
    assert verdict("MARGIN", free_margin=None) == Check("MARGIN", False, "unknown", limit)
    assert not verdict("MARGIN", intent(qty=2), free_margin=Money(2 * need - 1)).passed
    assert verdict("MARGIN", intent(qty=2), free_margin=Money(2 * need)).passed


def test_doubt_quality_host_and_mode() -> None:
    assert verdict("IN_DOUBT") == Check("IN_DOUBT", True, "False", "False")
    assert verdict("IN_DOUBT", in_doubt=True) == Check("IN_DOUBT", False, "True", "False")
    least = verdict("QUALITY", dvs_bp=8_000, eqs_bp=7_500)
    assert least == Check("QUALITY", True, "8000/7500", "8000/7500")
    assert not verdict("QUALITY", dvs_bp=7_999).passed
    assert not verdict("QUALITY", eqs_bp=7_499).passed
    assert verdict("HOST") == Check("HOST", True, "True", "True")
    assert verdict("HOST", host_fit=False) == Check("HOST", False, "False", "True")
    assert verdict("MODE") == Check("MODE", True, "may send", "may send")
    assert verdict("MODE", observe_only="RESTING") == Check("MODE", False, "RESTING", "may send")
    shadow = verdict("MODE", intent(shadow=True))
    assert shadow == Check("MODE", False, "shadow intent", "may send")


def test_a_refusal_names_the_first_breach_and_lists_them_all() -> None:
    refused = ask(position=1, in_doubt=True)
    assert isinstance(refused, Refusal)
    assert refused.reason == "PERMIT_REFUSED_L1"
    assert [c.id for c in refused.failed] == ["L1", "L17", "IN_DOUBT"]
    observing = ask(observe_only="RESTING")
    assert isinstance(observing, Refusal)
    assert observing.reason == "OBSERVE_ONLY"


def test_a_permit_lives_for_seconds_and_not_beyond_the_bar() -> None:
    long = authorize(intent(), facts(next_bar_close=NOW + MINUTE), LAW)
    assert isinstance(long, Permit)
    assert long.expires_at == NOW + 5 * SECOND
    short = authorize(intent(), facts(next_bar_close=NOW + SECOND), LAW)
    assert isinstance(short, Permit)
    assert short.expires_at == NOW + SECOND
    assert all(c.passed for c in long.checks)
    assert long.intent_hash == intent().hash()

"""Every article of the law exactly at its number, one unit below and one above (law.md 1, 2)."""

from __future__ import annotations

import pytest

from changing import replace
from domain.intent import EntryType, OrderIntent
from domain.law.door import Permit, Refusal, authorize
from domain.law.state import Halt, KillState, LawState, StreakState
from domain.units import MINUTE, SECOND, ZERO, Money
from law_builders import NOW, ask, facts, intent, stop_limit_intent
from market_builders import PRICE, TUESDAY, at, rules, timetable_on

ORDER = (
    "KILL", "HALT", "L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8", "L9", "L10", "L15", "L16",
    "L17", "L19", "ACCOUNT", "SIDES", "PRICE", "DISTANCE", "WINDOW", "TTL", "MARGIN", "IN_DOUBT",
    "QUALITY", "HOST", "MODE",
)  # fmt: skip


def usd(text: str) -> Money:
    return Money.parse(text)


def state(**changes: object) -> LawState:
    return LawState(session_date=TUESDAY)._replace(**changes)


def verdict(check_id: str, wanted: OrderIntent | None = None, **changes: object) -> bool:
    """Whether the article of that id passes, whatever the others say."""
    answer = ask(wanted, **changes)
    (found,) = (c for c in answer.checks if c.id == check_id)
    return found.passed


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("make", [intent, stop_limit_intent])
def test_a_lawful_intent_is_granted_with_every_check(make: object, side: int) -> None:
    answer = ask(make(side))
    assert isinstance(answer, Permit)
    assert tuple(c.id for c in answer.checks) == ORDER
    assert answer.expires_at == NOW + 5 * SECOND


def test_all_checks_are_evaluated_and_the_first_names_the_reason() -> None:
    answer = ask(host_fit=False, in_doubt=True, dvs_bp=0, last_price=PRICE + 21)
    assert isinstance(answer, Refusal)
    assert answer.reason == "PERMIT_REFUSED_DISTANCE"
    assert [c.id for c in answer.failed] == ["DISTANCE", "IN_DOUBT", "QUALITY", "HOST"]
    assert tuple(c.id for c in answer.checks) == ORDER


def test_l1_position() -> None:
    assert verdict("L1")  # exactly one
    assert not verdict("L1", working_entry_qty=1)
    assert not verdict("L1", position=1)
    assert not verdict("L1", position=-1)
    assert not verdict("L1", intent(qty=2))
    assert not verdict("L1", intent(qty=0))
    assert not verdict("L1", intent(qty=-1))


@pytest.mark.parametrize(
    ("stop", "cap", "passes"),
    [(11, "15.00", True), (12, "15.00", True), (13, "15.00", False),
     (9, "12.00", True), (10, "12.00", False), (9, "11.25", True), (9, "11.24", False)],
)  # fmt: skip
def test_l2_risk(stop: int, cap: str, passes: bool) -> None:
    assert verdict("L2", intent(stop=stop), tier_risk_cap=usd(cap)) is passes


def test_l2_without_a_tier() -> None:
    assert not verdict("L2", intent(stop=8), tier_risk_cap=None)


@pytest.mark.parametrize(
    ("stop", "cap", "passes"),
    [(7, 12, False), (8, 12, True), (12, 12, True), (13, 12, False), (13, 18, False),
     (9, 9, True), (10, 9, False), (8, 0, False)],
)  # fmt: skip
def test_l3_stop(stop: int, cap: int, passes: bool) -> None:
    assert verdict("L3", intent(stop=stop), stop_cap_ticks=cap) is passes


@pytest.mark.parametrize(("done", "passes"), [(0, True), (1, True), (2, False), (3, False)])
def test_l4_trades_a_day(done: int, passes: bool) -> None:
    assert verdict("L4", state=state(trades_today=done)) is passes


@pytest.mark.parametrize(
    ("ago", "passes"),
    [(30 * MINUTE, True), (30 * MINUTE - 1, False), (30 * MINUTE + 1, True), (0, False)],
)
def test_l5_spacing(ago: int, passes: bool) -> None:
    assert verdict("L5", state=state(last_entry=NOW - ago)) is passes


@pytest.mark.parametrize(
    ("article", "field", "limit"),
    [("L6", "net_day", "30.0000"), ("L7", "net_week", "75.0000"), ("L8", "net_month", "150.0000")],
)
def test_loss_limits(article: str, field: str, limit: str) -> None:
    exact, least = usd(limit), usd("0.0001")
    assert verdict(article, state=state(**{field: -(exact - least)}))
    assert not verdict(article, state=state(**{field: -exact}))
    assert not verdict(article, state=state(**{field: -(exact + least)}))
    assert verdict(article, state=state(**{field: exact}))  # a gain is no loss


@pytest.mark.parametrize("field", ["net_day", "net_week", "net_month"])
def test_l9_budget_of_each_period(field: str) -> None:
    limit = {"net_day": "30.00", "net_week": "75.00", "net_month": "150.00"}[field]
    risk = usd("16.24")  # 12 ticks and the fees of both sides
    exact = -(usd(limit) - risk)
    assert verdict("L9", state=state(**{field: exact}))
    assert verdict("L9", state=state(**{field: exact + usd("0.0001")}))
    assert not verdict("L9", state=state(**{field: exact - usd("0.0001")}))


def test_l9_counts_what_is_open() -> None:
    room = usd("30.00") - usd("16.24")
    assert verdict("L9", open_worst=room)
    assert not verdict("L9", open_worst=room + usd("0.0001"))


def test_l9_example_of_the_page() -> None:
    """First trade loses 12 ticks, 1 tick of slippage and fees: 9 ticks are left, not 10."""
    lost = state(net_day=-usd("17.49"), net_week=-usd("17.49"), net_month=-usd("17.49"))
    assert verdict("L9", intent(stop=9), state=lost)
    assert not verdict("L9", intent(stop=10), state=lost)


@pytest.mark.parametrize(
    ("streak", "lock", "done", "passes"),
    [(0, StreakState.NORMAL, 0, True), (1, StreakState.NORMAL, 1, True),
     (2, StreakState.NORMAL, 0, False), (2, StreakState.LOCKED, 0, False),
     (1, StreakState.LOCKED, 0, False), (1, StreakState.PROBATION, 0, True),
     (1, StreakState.PROBATION, 1, False), (0, StreakState.PROBATION, 1, False)],
)  # fmt: skip
def test_l10_streak(streak: int, lock: StreakState, done: int, passes: bool) -> None:
    told = state(streak=streak, streak_state=lock, trades_today=done)
    assert verdict("L10", state=told) is passes


def test_l15_entry_types() -> None:
    assert verdict("L15")
    assert not verdict("L15", intent(trigger=PRICE))
    assert verdict("L15", stop_limit_intent())
    assert not verdict("L15", replace(stop_limit_intent(), trigger=None))
    at_limit = stop_limit_intent()
    assert verdict("L15", replace(at_limit, trigger=at_limit.limit))
    assert not verdict("L15", replace(at_limit, trigger=at_limit.limit + 1))
    assert {kind.value for kind in EntryType} == {"LIMIT", "STOP-LIMIT"}


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(
    "spoiled",
    [{"stop_price": PRICE}, {"target_price": PRICE}, {"stop_price": PRICE - 11},
     {"stop_price": PRICE - 13}, {"target_price": PRICE + 23}, {"stop": 0}, {"target": 0},
     {"stop": -12}],
)  # fmt: skip
def test_l16_brackets(side: int, spoiled: dict[str, int]) -> None:
    flipped = {
        k: 2 * PRICE - v if k.endswith("price") and side < 0 else v for k, v in spoiled.items()
    }
    assert verdict("L16", intent(side))
    assert not verdict("L16", intent(side, **flipped))


@pytest.mark.parametrize(("position", "passes"), [(0, True), (1, False), (-1, False)])
def test_l17_no_averaging(position: int, passes: bool) -> None:
    assert verdict("L17", position=position) is passes


@pytest.mark.parametrize(("sent", "passes"), [(9, True), (10, False), (11, False)])
def test_l19_submissions(sent: int, passes: bool) -> None:
    assert verdict("L19", state=state(sent_today=sent)) is passes


@pytest.mark.parametrize(
    ("kill", "passes"),
    [(KillState.ARMED, True), (KillState.KILLING, False), (KillState.KILLED, False)],
)
def test_kill(kill: KillState, passes: bool) -> None:
    assert verdict("KILL", state=state(kill_state=kill)) is passes


@pytest.mark.parametrize("halt", list(Halt))
def test_halt_of_any_period(halt: Halt) -> None:
    assert not verdict("HALT", state=state(halts=(halt,)))


def test_account_and_symbol() -> None:
    assert not verdict("ACCOUNT", account="OTHER")
    assert not verdict("ACCOUNT", symbol="ES")
    assert not verdict("ACCOUNT", intent(decision_id="2024-03-05-089-MNQ"))


@pytest.mark.parametrize("side", [1, -1])
def test_sides(side: int) -> None:
    other = intent(-side)
    twisted = intent(side, stop_price=other.stop_price, target_price=other.target_price)
    assert not verdict("SIDES", twisted)
    assert not verdict("SIDES", intent(side, stop_price=PRICE))
    assert not verdict("SIDES", intent(0))


def test_price_within_five_percent() -> None:
    """With a reference of 20000 the stop may lie at 19000, a reference of 20021 is too far."""
    low = intent(limit=19_012, stop_price=19_000, target_price=19_036)
    assert verdict("PRICE", low)
    assert not verdict("PRICE", low, reference_close=PRICE + 1)
    high = intent(-1, limit=20_988, stop_price=21_000, target_price=20_964)
    assert verdict("PRICE", high)
    assert not verdict("PRICE", high, reference_close=PRICE - 1)
    target = intent(limit=20_976, stop_price=20_964, target_price=21_000)
    assert verdict("PRICE", target)
    assert not verdict("PRICE", target, reference_close=PRICE - 1)
    assert not verdict("PRICE", reference_close=None)


def test_price_band() -> None:
    at_band = intent(limit=412, stop_price=400, target_price=432)
    assert verdict("PRICE", at_band, reference_close=412)
    below = intent(limit=411, stop_price=399, target_price=431)
    assert not verdict("PRICE", below, reference_close=411)


@pytest.mark.parametrize(
    ("away", "a14", "passes"),
    [(20, 5.0, True), (21, 5.0, False), (-20, 5.0, True), (-21, 5.0, False),
     (4, 0.3, True), (5, 0.3, False), (0, float("nan"), False)],
)  # fmt: skip
def test_distance(away: int, a14: float, passes: bool) -> None:
    assert verdict("DISTANCE", last_price=PRICE + away, a14=a14) is passes


@pytest.mark.parametrize(
    ("moment", "passes"),
    [((9, 30), False), ((9, 34), False), ((9, 35), True), ((11, 29), True), ((11, 30), False),
     ((13, 29), False), ((13, 30), True), ((15, 44), True), ((15, 45), False), ((16, 0), False),
     ((9, 29), False)],
)  # fmt: skip
def test_window(moment: tuple[int, int], passes: bool) -> None:
    assert verdict("WINDOW", now=at(*moment)) is passes


@pytest.mark.parametrize(
    ("moment", "passes"), [((9, 35), True), ((11, 29), True), ((11, 30), False), ((12, 44), False)]
)
def test_window_of_an_early_close(moment: tuple[int, int], passes: bool) -> None:
    short = timetable_on(close_hour=13)
    assert verdict("WINDOW", now=at(*moment), timetable=short) is passes


@pytest.mark.parametrize(
    ("age", "passes"),
    [(0, True), (10 * SECOND, True), (10 * SECOND + 1, False), (-1, False)],
)
def test_ttl_age_of_the_decision(age: int, passes: bool) -> None:
    assert verdict("TTL", now=NOW + age) is passes


def test_ttl_end() -> None:
    close = at(16, 0)
    late = intent(decided_at=at(15, 44), expires_at=close - 1)
    assert verdict("TTL", late, now=at(15, 44))
    assert not verdict("TTL", replace(late, expires_at=close), now=at(15, 44))
    assert not verdict("TTL", intent(expires_at=NOW))


@pytest.mark.parametrize(
    ("free", "passes"), [("2250.00", True), ("2249.9999", False), ("2250.0001", True)]
)
def test_margin(free: str, passes: bool) -> None:
    assert verdict("MARGIN", free_margin=usd(free)) is passes


def test_margin_unknown() -> None:
    assert not verdict("MARGIN", free_margin=None)
    assert not verdict("MARGIN", equity=None)


@pytest.mark.parametrize(
    ("dvs", "eqs", "passes"),
    [(8000, 7500, True), (7999, 7500, False), (8000, 7499, False)],
)
def test_quality(dvs: int, eqs: int, passes: bool) -> None:
    assert verdict("QUALITY", dvs_bp=dvs, eqs_bp=eqs) is passes


def test_in_doubt_host_and_mode() -> None:
    assert not verdict("IN_DOUBT", in_doubt=True)
    assert not verdict("HOST", host_fit=False)
    answer = ask(observe_only="OBSERVE")
    assert isinstance(answer, Refusal)
    assert answer.reason == "OBSERVE_ONLY"
    assert isinstance(ask(intent(shadow=True)), Refusal)


def test_permit_dies_at_the_next_bar_close() -> None:
    answer = ask(next_bar_close=NOW + 2 * SECOND)
    assert isinstance(answer, Permit)
    assert answer.expires_at == NOW + 2 * SECOND


SPOILERS: dict[str, dict[str, object]] = {
    "KILL": {"state": state(kill_state=KillState.KILLED)},
    "HALT": {"state": state(halts=(Halt.WEEK,))},
    "L1": {"working_entry_qty": 1},
    "L2": {"tier_risk_cap": usd("14.99")},
    "L3": {"stop_cap_ticks": 11},
    "L4": {"state": state(trades_today=2)},
    "L5": {"state": state(last_entry=NOW + 60 * MINUTE)},
    "L6": {"state": state(net_day=-usd("30.00"))},
    "L7": {"state": state(net_week=-usd("75.00"))},
    "L8": {"state": state(net_month=-usd("150.00"))},
    "L9": {"open_worst": usd("13.77")},
    "L10": {"state": state(streak=2, streak_state=StreakState.LOCKED)},
    "L17": {"position": 1},
    "L19": {"state": state(sent_today=10)},
    "ACCOUNT": {"account": "OTHER"},
    "PRICE": {"reference_close": None},
    "DISTANCE": {"last_price": PRICE + 21},
    "WINDOW": {"now": at(11, 30)},
    "TTL": {"now": NOW + 11 * SECOND},
    "MARGIN": {"free_margin": ZERO},
    "IN_DOUBT": {"in_doubt": True},
    "QUALITY": {"dvs_bp": 7999},
    "HOST": {"host_fit": False},
    "MODE": {"observe_only": "OBSERVE"},
}


@pytest.mark.parametrize("first", SPOILERS)
def test_the_earliest_breach_of_two_is_the_reason(first: str) -> None:
    for second, spoiled in SPOILERS.items():
        if "state" in spoiled and "state" in SPOILERS[first]:
            continue
        if ORDER.index(second) <= ORDER.index(first):
            continue
        both = {**spoiled, **SPOILERS[first]}
        answer = authorize(intent(), facts(**both), rules().law)
        assert isinstance(answer, Refusal)
        named = next(c.id for c in answer.checks if not c.passed)
        assert named == min((c.id for c in answer.failed), key=ORDER.index)
        assert ORDER.index(named) <= ORDER.index(first)
        expected = "OBSERVE_ONLY" if named == "MODE" else f"PERMIT_REFUSED_{named}"
        assert answer.reason == expected

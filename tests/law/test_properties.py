"""The law under arbitrary facts: one breach refuses, and losing more never helps."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from changing import replace
from domain.intent import OrderIntent
from domain.law.check import Facts
from domain.law.door import Permit, authorize
from domain.law.state import Halt, KillState, LawState, StreakState, trade_closed
from domain.units import MINUTE, SECOND, Money
from law_builders import NOW, facts, intent
from market_builders import PRICE, TUESDAY, rules

MONEY = st.integers(-400_0000, 400_0000).map(lambda units: Money(units // 100))


def states() -> st.SearchStrategy[LawState]:
    return st.builds(
        LawState,
        session_date=st.just(TUESDAY),
        trades_today=st.integers(0, 3),
        sent_today=st.integers(0, 11),
        last_entry=st.one_of(st.none(), st.integers(0, 60).map(lambda m: NOW - m * MINUTE)),
        streak=st.integers(0, 3),
        streak_state=st.sampled_from(StreakState),
        net_day=MONEY,
        net_week=MONEY,
        net_month=MONEY,
        halts=st.one_of(st.just(()), st.sampled_from([(Halt.DAY,), (Halt.WEEK, Halt.MONTH)])),
        kill_state=st.sampled_from([KillState.ARMED] * 5 + [KillState.KILLED]),
    )


def worlds() -> st.SearchStrategy[Facts]:
    return st.builds(
        lambda **k: replace(facts(), **k),
        law_state=states(),
        now=st.sampled_from([NOW] * 6 + [NOW + 11 * SECOND, NOW + 30 * MINUTE]),
        position=st.sampled_from([0] * 6 + [1, -1]),
        working_entry_qty=st.sampled_from([0] * 6 + [1]),
        in_doubt=st.sampled_from([False] * 6 + [True]),
        open_worst=st.sampled_from([Money(0), Money(16_2400)]),
        tier_risk_cap=st.sampled_from([None, Money(12_0000), Money(15_0000)]),
        stop_cap_ticks=st.sampled_from([0, 9, 12]),
        reference_close=st.sampled_from([None, PRICE, PRICE, PRICE, PRICE * 2]),
        last_price=st.integers(PRICE - 25, PRICE + 25),
        free_margin=st.sampled_from([None, Money(2249_0000), Money(2250_0000)]),
        dvs_bp=st.sampled_from([10_000] * 3 + [8000, 7999]),
        eqs_bp=st.sampled_from([10_000] * 3 + [7500, 7499]),
        observe_only=st.sampled_from([None] * 5 + ["OBSERVE"]),
    )


def intents() -> st.SearchStrategy[OrderIntent]:
    return st.builds(
        intent,
        side=st.sampled_from([1, -1]),
        stop=st.integers(6, 14),
        target=st.integers(1, 30),
        qty=st.sampled_from([1] * 6 + [0, 2]),
    )


def lawful(i: OrderIntent, f: Facts) -> bool:
    """The page once more, in plain words and integers."""
    s = f.law_state
    lost = [max(0, -n.units) for n in (s.net_day, s.net_week, s.net_month)]
    limits = [30_0000, 75_0000, 150_0000]
    risk = i.stop * 1_2500
    worst = risk + 2 * 6200 + f.open_worst.units
    streak_ok = (
        s.streak < 2
        if s.streak_state is StreakState.NORMAL
        else s.streak_state is StreakState.PROBATION and s.trades_today < 1
    )
    return all((
        s.kill_state is KillState.ARMED,
        not s.halts,
        i.qty == 1 and f.position == 0 and f.working_entry_qty == 0,
        f.tier_risk_cap is not None and risk <= min(15_0000, f.tier_risk_cap.units),
        8 <= i.stop <= min(12, f.stop_cap_ticks),
        s.trades_today < 2,
        s.last_entry is None or f.now - s.last_entry >= 30 * MINUTE,
        all(a < b for a, b in zip(lost, limits, strict=True)),
        all(a + worst <= b for a, b in zip(lost, limits, strict=True)),
        streak_ok,
        s.sent_today < 10,
        f.reference_close == PRICE,
        abs(i.limit - f.last_price) <= 20,
        f.now == NOW,
        f.free_margin is not None and f.free_margin.units >= 2250_0000,
        not f.in_doubt,
        f.dvs_bp >= 8000 and f.eqs_bp >= 7500,
        f.observe_only is None,
    ))  # fmt: skip


@settings(deadline=None, max_examples=200)
@given(intents(), worlds())
def test_a_permit_exactly_when_no_article_is_breached(i: OrderIntent, f: Facts) -> None:
    answer = authorize(i, f, rules().law)
    assert isinstance(answer, Permit) is lawful(i, f)
    assert isinstance(answer, Permit) is all(c.passed for c in answer.checks)


@settings(deadline=None)
@given(intents(), worlds(), st.integers(1, 400_000))
def test_losing_more_never_buys_a_permit(i: OrderIntent, f: Facts, units: int) -> None:
    before = authorize(i, f, rules().law)
    loss = Money(units)
    s = f.law_state
    poorer = s._replace(
        net_day=s.net_day - loss, net_week=s.net_week - loss, net_month=s.net_month - loss
    )
    for worse in (poorer, trade_closed(s, -loss, rules().law)):
        after = authorize(i, replace(f, law_state=worse), rules().law)
        if isinstance(after, Permit):
            assert isinstance(before, Permit)

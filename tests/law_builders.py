"""One lawful intent and the facts under which it gets its permit, for tests to spoil."""

from __future__ import annotations

from changing import replace
from domain.intent import EntryType, LearningKey, OrderIntent
from domain.law.check import Facts
from domain.law.door import Permit, Refusal, authorize
from domain.law.state import LawState
from domain.units import MINUTE, SECOND, ZERO, Money, UtcNanos
from market_builders import PRICE, TUESDAY, at, mes, rules, timetable_on

NOW = at(11, 0)


def intent(side: int = 1, stop: int = 12, target: int = 24, **changes: object) -> OrderIntent:
    """A LIMIT bracket at the last price, decided at 11:00."""
    made = OrderIntent(
        decision_id=f"{TUESDAY.isoformat()}-089-MES",
        template="K1",
        side=side,
        qty=1,
        entry_type=EntryType.LIMIT,
        trigger=None,
        limit=PRICE,
        stop_price=PRICE - side * stop,
        target_price=PRICE + side * target,
        stop=stop,
        target=target,
        decided_at=NOW,
        expires_at=NOW + 90 * SECOND,
        time_stop_min=30,
        theta_t=0.18,
        level=None,
        a14=5.0,
        p0=0.56,
        edge=0.46,
        slip_est=0.5,
        spread=1.0,
        key=LearningKey("K1", "range", "mid_morning"),
        shadow=False,
        snapshot_hash="0" * 64,
    )
    return replace(made, **changes)


def stop_limit_intent(side: int = 1, stop: int = 12, target: int = 22) -> OrderIntent:
    """A STOP-LIMIT bracket two ticks ahead of the last price, its limit two further."""
    limit = PRICE + 4 * side
    return intent(
        side,
        stop,
        target,
        template="K3",
        entry_type=EntryType.STOP_LIMIT,
        trigger=PRICE + 2 * side,
        limit=limit,
        stop_price=limit - side * stop,
        target_price=limit + side * target,
    )


def facts(now: UtcNanos = NOW, **changes: object) -> Facts:
    """A moment at which nothing stands against the intent; `state` is the law's memory."""
    state = changes.pop("state", LawState(session_date=TUESDAY))
    assert isinstance(state, LawState)
    made = Facts(
        now=now,
        next_bar_close=now + MINUTE,
        law_state=state,
        timetable=timetable_on(),
        instrument=mes(),
        position=0,
        working_entry_qty=0,
        in_doubt=False,
        open_worst=ZERO,
        tier_risk_cap=Money.parse("15.00"),
        stop_cap_ticks=12,
        reference_close=PRICE,
        last_price=PRICE,
        a14=5.0,
        equity=Money.parse("10000.00"),
        free_margin=Money.parse("10000.00"),
        initial_margin=mes().initial_margin,
        dvs_bp=10_000,
        eqs_bp=10_000,
        host_fit=True,
        observe_only=None,
        account="SIM",
        run_account="SIM",
        symbol="MES",
    )
    return replace(made, **changes)


def ask(wanted: OrderIntent | None = None, **changes: object) -> Permit | Refusal:
    """The law's answer to `wanted` (the lawful intent) under changed facts."""
    return authorize(wanted or intent(), facts(**changes), rules().law)


def granted(wanted: OrderIntent, **changes: object) -> Permit:
    """A permit that must be given; the facts move to the intent's decision time."""
    answer = authorize(wanted, facts(wanted.decided_at, **changes), rules().law)
    assert isinstance(answer, Permit), answer
    return answer

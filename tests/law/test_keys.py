"""Every lock has a key, and those that ask for a person open for nobody else (H44)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.law import state as law
from domain.law.state import LASTING, Halt, KillState, LawState
from domain.units import Money
from market_builders import contracts

TRIGGERS = (*sorted(LASTING), "MANUAL", "POSITION_DESYNC", "CONSTITUTION_VIOLATION")
RULES = contracts().constitution
FIRST = date(2026, 1, 5)
Op = Callable[[LawState], LawState]


def next_session(state: LawState) -> LawState:
    """The session of the next weekday."""
    day = (state.session_date or FIRST) + timedelta(days=1)
    while day.weekday() > 4:
        day += timedelta(days=1)
    return law.session_opened(state, day)


def clean_minute(state: LawState) -> LawState:
    """A decision with nothing wrong around it."""
    seen = law.decision_seen(state, 10_000, 10_000, RULES)
    return seen if seen.killed else law.rested(seen)


def reset(state: LawState) -> LawState:
    return law.kill_reset(state) if state.kill_state is KillState.KILLED else state


def statement_seen(state: LawState) -> LawState:
    return law.statement_acknowledged(state, RULES)


def kill_done(state: LawState) -> LawState:
    return law.kill_completed(state) if state.kill_state is KillState.KILLING else state


def traded(cents: int) -> Op:
    def op(state: LawState) -> LawState:
        opened = law.entry_filled(law.entry_sent(state), 1)
        return law.trade_closed(opened, Money(cents * 100), RULES)

    return op


OPS: st.SearchStrategy[Op] = st.one_of(
    st.integers(-1_600, 2_500).map(traded),
    st.integers(-500, 500).map(lambda c: lambda s: law.adjusted(s, Money(c * 100), RULES)),
    st.sampled_from(TRIGGERS).map(lambda t: lambda s: law.kill_latched(s, t)),
    st.sampled_from(TRIGGERS).map(lambda t: lambda s: law.condition_gone(s, t)),
    st.integers(0, 900).map(lambda c: lambda s: law.statement_differs(s, Money(c * 100))),
    st.sampled_from(
        [next_session, clean_minute, reset, kill_done, law.month_acknowledged, statement_seen]
    ),
)


def trades(state: LawState) -> bool:
    """True if nothing of the law's memory keeps an entry out."""
    return (
        not state.killed and not state.halts and state.muted is None and not state.resting
        and state.statement is None and state.trades_today < RULES.max_trades_per_day
        and law.streak_allows(state, RULES)
    )  # fmt: skip


@st.composite
def reachable(draw: st.DrawFn) -> LawState:
    state = law.session_opened(LawState(), FIRST)
    for op in draw(st.lists(OPS, max_size=40)):
        state = op(state)
    return state


def waited(state: LawState, sessions: int, acts: tuple[Op, ...] = ()) -> LawState:
    """What is left after so many clean sessions, a person acting in each."""
    for _ in range(sessions):
        state = next_session(kill_done(state))
        for act in acts:
            state = act(state)
        for trigger in TRIGGERS:
            state = law.condition_gone(state, trigger)
        for _ in range(RULES.recovery_minutes + 1):
            state = clean_minute(state)
    return state


@given(reachable())
def test_every_lock_has_a_key(state: LawState) -> None:
    acts = (statement_seen, law.month_acknowledged, reset)
    assert trades(waited(state, 25, acts))


@given(reachable())
def test_what_asks_for_a_person_waits_for_one(state: LawState) -> None:
    later = waited(state, 70)
    assert later.killed == (state.killed and not state.reset_pending)
    if Halt.MONTH in state.halts and not state.month_acknowledged:
        assert Halt.MONTH in later.halts
    assert later.statement == state.statement
    month = Halt.MONTH in state.halts and not state.month_acknowledged
    if not state.killed and not month and state.statement is None:
        assert trades(later)

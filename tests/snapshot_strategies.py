"""Moments made up by hypothesis: something is often seen, and any gate may fail."""

from __future__ import annotations

import math
from datetime import date

from hypothesis import strategies as st

from domain.candidate import Snapshot
from domain.frame import Regime
from domain.gates import Locks
from domain.law.state import Halt, KillState, LawState, StreakState
from domain.learning import NEW, Standing, Status
from domain.recent import KEEP, MarketContext, Recent
from domain.units import MINUTE, ZERO, Money, q9
from market_builders import (
    ALL_BELIEFS,
    ALL_SIGNALS,
    FRIDAY,
    MONDAY,
    PRICE,
    TUESDAY,
    bar_at,
    frame,
    recent_of,
    remembered,
    session_on,
    snapshot,
)

DAYS = (MONDAY, TUESDAY, FRIDAY)
SHARES = st.one_of(
    st.sampled_from([0.0, 0.12, 0.25, 0.5, 0.6, 0.65, 0.75, 0.78, 0.8, 0.9, 1.0]),
    st.floats(0.0, 1.0).map(q9),
)
SIGNED = st.one_of(
    st.sampled_from([-0.9, -0.5, -0.4, 0.0, 0.1, 0.2, 0.45, 0.5, 0.85]),
    st.floats(-1.0, 1.0).map(q9),
    st.just(math.nan),
)
STEPS = st.integers(-6, 6)
MONEY = st.integers(-400_000, 0).map(Money)


@st.composite
def walks(draw: st.DrawFn) -> Recent:
    """Up to eight bars that follow one another, now and then fewer than are remembered."""
    count = draw(st.sampled_from([KEEP] * 9 + [KEEP - 1]))
    close, rows = PRICE, []
    for _ in range(count):
        close += draw(STEPS)
        rows.append((close + draw(st.integers(0, 5)), close - draw(st.integers(0, 5)), close))
    highs, lows, closes = zip(*rows, strict=True)
    return remembered(highs, lows, closes)


@st.composite
def states(draw: st.DrawFn) -> LawState:
    """What the law may remember, lawful or not."""
    today = session_on(TUESDAY)
    net = draw(MONEY)
    return LawState(
        session_date=TUESDAY,
        trades_today=draw(st.integers(0, 3)),
        last_entry=draw(st.none() | st.integers(0, 60).map(lambda m: today.at(10) + m * MINUTE)),
        streak=draw(st.integers(0, 2)),
        streak_state=draw(st.sampled_from(StreakState)),
        net_day=net,
        net_week=net + draw(MONEY),
        net_month=net + draw(MONEY),
        halts=draw(st.sampled_from([(), (), (Halt.DAY,), (Halt.WEEK, Halt.MONTH)])),
        kill_state=draw(st.sampled_from([KillState.ARMED] * 4 + [KillState.KILLED])),
    )


STANDINGS = st.just(NEW) | st.builds(
    Standing,
    st.sampled_from(Status),
    st.sampled_from([1.0, 1.2, 1.5]),
    st.floats(0.0, 30.0),
    st.floats(0.0, 30.0),
)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """Moments in which something is often seen, and any gate may fail."""
    day: date = draw(st.sampled_from(DAYS))
    t_d = session_on(day).open + draw(st.integers(0, 391)) * MINUTE
    recent = draw(walks())
    last = recent.closes[-1]
    values = [draw(SIGNED) if k in (0, 2, 3, 4, 5, 7, 11, 21, 30, 32) else 0.0 for k in range(35)]
    eleven = st.lists(SHARES, min_size=11, max_size=11).map(tuple)
    usually = st.sampled_from([True, True, True, True, False])
    f = frame(
        values=tuple(values),
        ready=ALL_SIGNALS if draw(usually) else draw(st.integers(0, ALL_SIGNALS)),
        regime=draw(st.sampled_from(Regime)),
        a14=draw(st.sampled_from([1.0, 2.5, 5.0, 14.9, 15.0, 15.1, math.nan])),
        dev=q9(draw(st.floats(-40.0, 40.0))),
        spread=draw(st.sampled_from([1.0, 1.5, 3.0])),
        slip=draw(st.sampled_from([0.5, 0.73, 2.0, 12.0, math.nan])),
        bars_in_session=draw(st.sampled_from([19, 20, 200])),
        levels=tuple(
            draw(st.lists(st.none() | STEPS.map(lambda d: last + d), min_size=6, max_size=6))
        ),
        likelihood=draw(eleven),
        stability=draw(eleven),
        effective=draw(eleven),
        belief_ready=ALL_BELIEFS if draw(usually) else draw(st.integers(0, ALL_BELIEFS)),
        thesis=draw(SHARES),
    )
    bar = bar_at(t_d, last, recent.highs[-1], recent.lows[-1], last)
    standing = draw(STANDINGS)
    return snapshot(
        MarketContext(bar, f, recent, 0),
        t_d,
        day=day,
        state=draw(states()) if not draw(usually) else LawState(session_date=TUESDAY),
        equity=draw(st.sampled_from([None, "900.00", "2500.00", "10000.00"])),
        dvs_bp=draw(st.sampled_from([10_000, 10_000, 8_000, 7_999])),
        eqs_bp=draw(st.sampled_from([10_000, 10_000, 7_500, 7_499])),
        flat=draw(usually),
        open_worst=draw(st.sampled_from([ZERO, Money(162_400)])),
        locks=draw(st.sampled_from([Locks(False, False, False)] * 3 + [Locks(True, False, True)])),
        standing_of=lambda key: standing,
    )


def both_sides() -> Snapshot:
    """K1 and K3 see their setups on both sides of one bar."""
    recent = recent_of([20_004, 20_003], [19_990, 19_996], [20_000, 20_000])
    f = frame(dev=0.0, levels=(19_998, None, None, 20_002, None, None))
    bar = bar_at(session_on(TUESDAY).at(11), 20_000, 20_003, 19_996, 20_000)
    return snapshot(MarketContext(bar, f, recent, 0), session_on(TUESDAY).at(11))

"""Small worlds for tests of decisions, law and management: a session, frames, snapshots.

Everything starts from one ordinary moment, in which every gate passes, and is then changed
by the test in the one respect that it is about. Contracts are the shipped ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import cache

from adapters.contracts.loader import load_contracts
from application.strategies import strategies_of
from domain.bar import Bar
from domain.candidate import Rules, Snapshot, stop_cap, tier_of
from domain.contract_set import Contracts
from domain.frame import ODD, SIGNALS, Frame, Regime, belief_index
from domain.gates import Locks, law_gates
from domain.instrument import Instrument
from domain.law.state import LawState
from domain.learning import NEW, Standing
from domain.recent import KEEP, MarketContext, Recent
from domain.session import Session, Timetable
from domain.strategies.noise_filter import NoiseFilter
from domain.units import HOUR, MINUTE, SECOND, ZERO, Money, UtcNanos, q9

ALL_BELIEFS = (1 << 11) - 1
ALL_SIGNALS = (1 << SIGNALS) - 1
PRICE = 20_000


@cache
def contracts() -> Contracts:
    """The shipped contracts."""
    return load_contracts()


def mes() -> Instrument:
    return contracts().instruments["MES"]


@cache
def rules() -> Rules:
    """What MES decisions are made under."""
    c = contracts()
    return Rules(
        c.constitution,
        c.decision,
        c.templates,
        strategies_of(c),
        NoiseFilter(c.templates.k5),
        mes(),
    )


def nanos(year: int, month: int, day: int, hour: int, minute: int) -> UtcNanos:
    """UTC wall clock to nanoseconds."""
    return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp()) * SECOND


def session_on(day: date, close_hour: int = 16) -> Session:
    """09:30 to `close_hour` in New York on a winter date."""
    opens = nanos(day.year, day.month, day.day, 14, 30)
    closes = nanos(day.year, day.month, day.day, close_hour + 5, 0)
    return Session(day, opens, closes, -5 * HOUR, close_hour < 16)


TUESDAY = date(2024, 3, 5)
MONDAY = date(2024, 3, 4)
FRIDAY = date(2024, 3, 8)


def timetable_on(day: date = TUESDAY, close_hour: int = 16) -> Timetable:
    return Timetable.of(session_on(day, close_hour), contracts().session)


def at(hour: int, minute: int = 0, day: date = TUESDAY) -> UtcNanos:
    """New York wall clock of a winter date."""
    return session_on(day).at(hour, minute)


def values(**named: float) -> tuple[float, ...]:
    """Thirty-five ordinary signal values, some replaced by number: `s1=-0.6`."""
    x = [0.0] * SIGNALS
    x[2], x[3], x[26] = 0.333333333, 0.5, 1.0
    for name, value in named.items():
        x[int(name[1:]) - 1] = value
    return tuple(x)


def beliefs(rest: float, **named: float) -> tuple[float, ...]:
    """Eleven belief values, all `rest` but those named: `f1_long=0.8`, `f5=0.7`."""
    x = [rest] * 11
    for name, value in named.items():
        number, _, side = name[1:].partition("_")
        x[belief_index(int(number), -1 if side == "short" else 1)] = value
    return tuple(x)


def frame(**changes: object) -> Frame:
    """An ordinary mid-day frame in which nothing is detected."""
    return Frame(
        values=values(),
        ready=ALL_SIGNALS,
        fallback=0,
        regime=Regime.RANGE,
        regime_raw=Regime.RANGE,
        er20=0.2,
        a14=5.0,
        tr=6,
        p30=5.0,
        dev=0.0,
        spread=1.0,
        slip=0.5,
        slip_model=0.5,
        shock=False,
        bars_in_session=60,
        levels=(None,) * 6,
        evidence=(0.0,) * 11,
        lraw=(0.25,) * 11,
        likelihood=beliefs(0.25, f5=0.75),
        stability=(0.06,) * 11,
        effective=beliefs(0.25, f5=0.75),
        coverage=(1.0,) * 11,
        belief_ready=ALL_BELIEFS,
        thesis=0.5,
    )._replace(**changes)


def bar_at(t_d: UtcNanos, o: int, h: int, low: int, c: int, volume: int = 100) -> Bar:
    """The bar that is decided on at `t_d`."""
    return Bar(t_d - MINUTE, o, h, low, c, volume)


def remembered(highs: Iterable[int], lows: Iterable[int], closes: Iterable[int]) -> Recent:
    """Bars of these prices, the newest last."""
    rows = zip(highs, lows, closes, strict=True)
    return Recent(tuple(Bar(k * MINUTE, c, h, low, c, 100) for k, (h, low, c) in enumerate(rows)))


def recent_of(highs: list[int], lows: list[int], closes: list[int]) -> Recent:
    """The last bars, padded in front with quiet ones at the first price given."""
    pad = KEEP - len(closes)
    first = closes[0]
    return remembered(
        (*[max(first, highs[0])] * pad, *highs),
        (*[first] * pad, *lows),
        (*[first] * pad, *closes),
    )


def context(f: Frame, recent: Recent, t_d: UtcNanos, equity: str = "10000.00") -> MarketContext:
    """What templates see at `t_d`."""
    c = recent.closes[-1]
    bar = bar_at(t_d, c, recent.highs[-1], recent.lows[-1], c)
    tier = tier_of(Money.parse(equity), contracts().decision.tiers)
    return MarketContext(bar, f, recent, stop_cap(tier, contracts().constitution, mes()))


def snapshot(ctx: MarketContext, t_d: UtcNanos, **changes: object) -> Snapshot:
    """A moment in which no global gate fails, changed as told.

    `state`, `day`, `equity` and `standing` are changed by name; anything else is a field.
    """
    state = changes.pop("state", LawState(session_date=TUESDAY))
    day = changes.pop("day", TUESDAY)
    equity = changes.pop("equity", "10000.00")
    standing = changes.pop("standing", NEW)
    assert isinstance(state, LawState)
    assert isinstance(day, date)
    assert isinstance(standing, Standing)
    tier = None if equity is None else tier_of(Money.parse(str(equity)), rules().decision.tiers)
    index = session_on(day).minute_of(t_d - MINUTE)
    return Snapshot(
        decision_id=f"{day.isoformat()}-{index:03d}-MES",
        t_d=t_d,
        ctx=ctx._replace(cap=stop_cap(tier, rules().law, mes())),
        timetable=timetable_on(day),
        dvs_bp=10_000,
        eqs_bp=10_000,
        tier=tier,
        law_gates=law_gates(state, rules().law, mes().fee_per_side),
        flat=True,
        open_worst=ZERO,
        locks=Locks(False, False, False),
        standing_of=lambda key: standing,
    )._replace(**changes)


def reflected(f: Frame, twice_m: int) -> Frame:
    """The frame of the tape reflected about `twice_m / 2`: odd values negated, sides swapped."""
    odd = tuple(0.0 - v if k + 1 in ODD else v for k, v in enumerate(f.values))
    swap = [1, 0, 3, 2, 5, 4, 7, 6, 8, 10, 9]
    levels = tuple(None if x is None else twice_m - x for x in f.levels)
    sided = {
        name: tuple(getattr(f, name)[k] for k in swap)
        for name in ("evidence", "lraw", "likelihood", "stability", "effective", "coverage")
    }
    bits = sum(1 << k for k, source in enumerate(swap) if f.belief_ready >> source & 1)
    return f._replace(
        values=odd,
        dev=0.0 - f.dev,
        levels=(*levels[3:], *levels[:3]),
        belief_ready=bits,
        thesis=q9(1.0 - f.thesis),
        **sided,
    )


def reflected_recent(r: Recent, twice_m: int) -> Recent:
    return remembered(
        tuple(twice_m - x for x in r.lows),
        tuple(twice_m - x for x in r.highs),
        tuple(twice_m - x for x in r.closes),
    )

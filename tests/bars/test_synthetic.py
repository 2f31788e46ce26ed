"""The made-up days: repeatable, valid, and shaped like an index future."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.bars.synthetic import INDEX_FUTURE, synthetic_days
from bar_files import contracts
from domain.bar import Bar, broken_rule
from domain.session import Session
from domain.units import DAY, HOUR, MINUTE, SECOND

OPEN = 1_741_012_200 * SECOND  # 2025-03-03 14:30 UTC


def sessions(count: int, length: int = 390) -> list[Session]:
    return [
        Session(
            date(2025, 3, 3 + i),
            OPEN + i * DAY,
            OPEN + i * DAY + length * MINUTE,
            -5 * HOUR,
            length < 390,
        )
        for i in range(count)
    ]


def rth(bars: list[Bar], session: Session) -> list[Bar]:
    return [b for b in bars if b.open_time >= session.open]


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 2**63),
    st.sampled_from(["MES", "MNQ", "6E", "SPY", "GBPUSD"]),
    st.sampled_from([390, 210]),
)
def test_every_bar_is_valid_and_every_day_whole(seed: int, symbol: str, length: int) -> None:
    instrument = contracts().instruments[symbol]
    plan = sessions(3, length)
    days = synthetic_days(seed, instrument, plan)
    band = instrument.price_band
    for day, session in zip(days, plan, strict=True):
        times = [b.open_time for b in day]
        assert times == sorted(set(times))
        assert day[0].open_time == session.open - INDEX_FUTURE.premarket_minutes * MINUTE
        assert day[-1].open_time == session.close - MINUTE
        whole = length - (session is plan[-1])
        assert len(rth(day, session)) == whole
        for bar in day:
            assert broken_rule(bar, band.low, band.high, instrument.max_minute_volume) is None
            assert bar.bid is not None
            assert bar.ask is not None
            assert bar.ask - bar.bid == bar.mean_spread_ticks
            assert bar.bid <= bar.close <= bar.ask


def test_equal_seeds_give_equal_bars_and_others_others() -> None:
    mes = contracts().instruments["MES"]
    first = synthetic_days(7, mes, sessions(2))
    assert first == synthetic_days(7, mes, sessions(2))
    assert first != synthetic_days(8, mes, sessions(2))


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_the_day_looks_like_an_index_future(seed: int) -> None:
    plan = sessions(4)
    days = synthetic_days(seed, contracts().instruments["MES"], plan)
    calm = rth(days[1], plan[1])
    ranges = [b.high - b.low for b in calm]
    assert mean(ranges[:30]) > 1.3 * mean(ranges[120:270]) < mean(ranges[-20:])
    assert 2.5 < mean(ranges[120:270]) < 6
    volumes = [b.volume for b in calm]
    assert mean(volumes[:20]) > 2 * mean(volumes[120:270])
    assert mean(volumes[-20:]) > 1.5 * mean(volumes[120:270])
    assert max(ranges) < 30
    last = rth(days[3], plan[3])
    wick = max(last, key=lambda b: b.high - max(b.open, b.close))
    assert wick.high - max(wick.open, wick.close) >= INDEX_FUTURE.bad_tick
    holes = [b.open_time - a.open_time for a, b in pairwise(last)]
    assert sorted(holes)[-2:] == [MINUTE, 2 * MINUTE]

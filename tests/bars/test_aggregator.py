"""Sub-bars to minutes: nothing lost, nothing filled, nothing after the fact."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bar_files import contracts
from domain.aggregator import ClosedMinute, DroppedSubBar, MinuteAggregator, SubBar
from domain.quality_parameters import AggregationParameters
from domain.quotes import QuoteMeter
from domain.units import MINUTE, SECOND

T0 = 1_381_154_400 * SECOND
FIVE = 5 * SECOND


def aggregator(quotes: QuoteMeter | None = None) -> MinuteAggregator:
    es = contracts().instruments["ES"]
    rules = contracts().quality.aggregation
    return MinuteAggregator(es.price_band, es.max_minute_volume, rules, quotes)


def sub(slot: int, close: int = 6600, volume: int = 10, **more: object) -> SubBar:
    """A piece `slot` * 5 s after T0, two ticks high."""
    piece = SubBar(T0 + slot * FIVE, close, close + 1, close - 1, close, volume)
    return piece._replace(**more)


pieces = st.dictionaries(
    st.integers(0, 35), st.tuples(st.integers(5000, 7000), st.integers(0, 1000)), min_size=1
)


@settings(deadline=None)
@given(pieces, st.randoms(use_true_random=False))
def test_a_minute_is_its_pieces_in_any_order(
    drawn: dict[int, tuple[int, int]], rng: object
) -> None:
    by_minute: dict[int, list[SubBar]] = {}
    for slot in sorted(drawn):
        close, volume = drawn[slot]
        by_minute.setdefault(slot // 12, []).append(sub(slot, close, volume))
    machine = aggregator()
    closed: list[ClosedMinute] = []
    for minute in sorted(by_minute):
        shuffled = list(by_minute[minute])
        rng.shuffle(shuffled)  # type: ignore[attr-defined]
        for piece in shuffled:
            arrival = machine.on_sub_bar(piece)
            assert arrival.dropped is None
            if arrival.closed is not None:
                closed.append(arrival.closed)
    last = machine.flush()
    assert last is not None
    closed.append(last)
    assert [c.minute for c in closed] == [T0 + m * MINUTE for m in sorted(by_minute)]
    for c, parts in zip(closed, (by_minute[m] for m in sorted(by_minute)), strict=True):
        assert c.sub_bars == tuple(parts)
        assert c.bar is not None
        assert c.bar[:6] == (
            c.minute,
            parts[0].open,
            max(p.high for p in parts),
            min(p.low for p in parts),
            parts[-1].close,
            sum(p.volume for p in parts),
        )
        assert c.bar.n_sub == len(parts)
        assert c.bar.received_at is None


def test_a_later_minute_closes_the_one_before_and_holes_stay_holes() -> None:
    machine = aggregator()
    assert machine.on_sub_bar(sub(0)).closed is None
    closed = machine.on_sub_bar(sub(40)).closed
    assert closed is not None
    assert closed.minute == T0
    assert machine.open_minute == T0 + 3 * MINUTE
    last = machine.flush()
    assert last is not None
    assert last.minute == T0 + 3 * MINUTE
    assert machine.flush() is None


def test_the_clock_closes_after_the_grace_and_not_before() -> None:
    machine = aggregator()
    machine.on_sub_bar(sub(0), T0 + 6 * SECOND)
    assert machine.on_clock(T0 + 63 * SECOND - 1) is None
    assert machine.on_sub_bar(sub(11), T0 + 62 * SECOND).closed is None  # within the grace
    closed = machine.on_clock(T0 + 63 * SECOND)
    assert closed is not None
    assert closed.bar is not None
    assert (closed.bar.n_sub, closed.bar.received_at) == (2, T0 + 63 * SECOND)
    assert machine.on_clock(T0 + 64 * SECOND) is None


def test_late_duplicate_and_misplaced_pieces_are_dropped_and_named() -> None:
    machine = aggregator()
    machine.on_sub_bar(sub(0))
    assert machine.on_sub_bar(sub(0, 6500)).dropped == DroppedSubBar(T0, T0, "duplicate")
    machine.on_sub_bar(sub(12))
    assert machine.on_sub_bar(sub(3)).dropped == DroppedSubBar(T0 + 3 * FIVE, T0, "late")
    off = sub(13)._replace(open_time=T0 + 13 * FIVE + 1)
    assert machine.on_sub_bar(off).dropped == DroppedSubBar(off.open_time, T0 + MINUTE, "off_grid")
    machine.on_clock(T0 + 123 * SECOND)
    assert machine.on_sub_bar(sub(14)).dropped == DroppedSubBar(T0 + 14 * FIVE, T0 + MINUTE, "late")


def test_an_untraded_piece_counts_and_is_believed_only_inside_the_band() -> None:
    machine = aggregator()
    machine.on_sub_bar(sub(0, 6600))
    machine.on_sub_bar(sub(1, 1, volume=0, untraded=True))  # outside the band
    machine.on_sub_bar(sub(2, 6650, volume=0, untraded=True))
    machine.on_sub_bar(sub(3, 0, volume=0, untraded=True, on_grid=False))
    closed = machine.flush()
    assert closed is not None
    assert closed.bar is not None
    assert closed.bar[1:6] == (6600, 6651, 6599, 6650, 10)
    assert closed.bar.n_sub == 4


def test_a_minute_without_a_price_yields_no_bar_and_breaks_no_rule() -> None:
    machine = aggregator()
    machine.on_sub_bar(sub(0, 0, volume=0, untraded=True, on_grid=False))
    assert machine.flush() == ClosedMinute(
        T0, None, None, (sub(0, 0, volume=0, untraded=True, on_grid=False),)
    )


@pytest.mark.parametrize(
    ("piece", "rule"),
    [
        (sub(1, 10), "outside the band"),
        (sub(1, on_grid=False), "off the tick grid"),
        (sub(1, volume=10_000_000), "volume outside"),
        (sub(1)._replace(low=6700), "outside low..high"),
        (sub(1, volume=-1), "negative volume"),
    ],
)
def test_a_minute_that_is_no_bar_says_why(piece: SubBar, rule: str) -> None:
    machine = aggregator()
    machine.on_sub_bar(sub(0))
    machine.on_sub_bar(piece)
    closed = machine.flush()
    assert closed is not None
    assert closed.bar is None
    assert closed.broken is not None
    assert rule in closed.broken


def test_quotes_of_a_file_are_those_of_the_last_row_that_has_one() -> None:
    machine = aggregator()
    machine.on_sub_bar(sub(0, bid=6599, ask=6602))
    machine.on_sub_bar(sub(1, bid=6600, ask=6602))
    machine.on_sub_bar(sub(2))
    closed = machine.flush()
    assert closed is not None
    assert closed.bar is not None
    assert closed.bar[6:9] == (6600, 6602, 2.0)


def metered(quotes: list[tuple[float, int | None, int | None]]) -> tuple[object, ...]:
    """Closing quote and mean spread of the minute at T0; times in seconds after T0."""
    meter = QuoteMeter()
    for second, bid, ask in quotes:
        meter.on_quote(T0 + int(second * SECOND), bid, ask)
    return tuple(meter.close(T0))


def test_the_mean_spread_is_weighted_by_time() -> None:
    assert metered([(0, 10, 11)]) == (10, 11, 1.0)
    assert metered([(0, 10, 11), (45, 10, 13)]) == (10, 13, 1.5)
    assert metered([(-30, 10, 12), (30, 10, 11)]) == (10, 11, 1.5)  # stands from before
    assert metered([(30, 10, 11)]) == (10, 11, 1.0)  # only the time it is known
    assert metered([(0, 10, 11), (70, 10, 30)]) == (10, 11, 1.0)  # of the next minute
    assert metered([(0, 10, 11), (20, 11, 11), (40, 12, 11), (50, 10, 13)]) == (
        10,
        13,
        (20 * 1 + 10 * 3) / 30,
    )
    assert metered([(0, 11, 11)]) == (11, 11, None)
    assert metered([(0, 10, 11), (30, None, 11)]) == (None, None, 1.0)


def test_a_minute_without_a_quote_has_none() -> None:
    assert metered([]) == (None, None, None)
    assert metered([(-30, 10, 11)]) == (None, None, None)
    assert metered([(0, 0, 11)]) == (None, None, None)


def test_live_minutes_take_their_quotes_from_the_stream() -> None:
    meter = QuoteMeter()
    machine = aggregator(meter)
    machine.on_sub_bar(sub(0, bid=1, ask=2), T0 + 5 * SECOND)
    meter.on_quote(T0 + 10 * SECOND, 6600, 6601)
    meter.on_quote(T0 + 61 * SECOND, 6600, 6610)
    closed = machine.on_clock(T0 + 63 * SECOND)
    assert closed is not None
    assert closed.bar is not None
    assert closed.bar[6:9] == (6600, 6601, 1.0)


@pytest.mark.parametrize(("length", "grace"), [(0, 3), (7, 3), (5, 60), (5, -1)])
def test_impossible_parameters(length: int, grace: int) -> None:
    with pytest.raises(ValueError):
        AggregationParameters(length, grace)

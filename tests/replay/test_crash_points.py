"""Killed before any append, commit or call of the broker, a run goes on as if nothing had been."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from crash_points import Bench, story
from domain.aggregator import SubBar
from domain.bar import Bar
from domain.quality import Penalty
from domain.units import MINUTE, SECOND
from market_builders import PRICE, TUESDAY, beliefs, frame, session_on, values
from ports.bars import BarItem, RejectedRow
from ports.engine import Engine
from ports.recording import DivergedError
from trading_floor import ScriptedEngine, real_engine, walk

OPEN = session_on(TUESDAY).open


def wants(side: int) -> object:
    """A frame in which K1 wants `side`."""
    sided = "f1_long" if side > 0 else "f1_short"
    return frame(
        values=values(s1=-0.6 * side, s8=0.5 * side),
        dev=-30.0 * side,
        effective=beliefs(0.25, f5=0.75, **{sided: 0.78}),
    )


def scripted() -> Engine:
    return ScriptedEngine({8: wants(1), 12: wants(1), 44: wants(-1)})


def minute(index: int, low: int = 0, high: int = 1) -> BarItem:
    bar = Bar(OPEN + index * MINUTE, PRICE, PRICE + high, PRICE + low, PRICE, 90 + index)
    return BarItem(bar, (), ())


def in_pieces(item: BarItem) -> BarItem:
    """The same minute in 5-second pieces: quiet at first, its extremes in the fourth and fifth."""
    b, pieces = item.bar, []
    for k in range(12):
        low = b.low if k == 3 else b.open
        high = b.high if k == 4 else b.open
        start = b.open_time + 5 * k * SECOND
        pieces.append(SubBar(start, b.open, high, low, b.close, 7))
    return BarItem(b, (), tuple(pieces))


def two_trades() -> list[BarItem]:
    """An entry that dies of its time, one that is stopped out, one that reaches its target."""
    items = [minute(k) for k in range(49)]
    items[13] = minute(13, low=-2)
    items[15] = minute(15, low=-20)
    items[45] = minute(45, high=3)
    items[47] = minute(47, low=-30)
    return items


FEEDS = {"minutes": two_trades(), "pieces": [in_pieces(item) for item in two_trades()]}


def uninterrupted(items: Sequence[BarItem], engine: object = scripted, **how: object) -> Bench:
    bench = Bench(items, engine, lazy=False)
    assert bench.life(**how)
    return bench


def trades(bench: Bench) -> int:
    return sum(r.type == "TradeClosed" for r in bench.rows)


@pytest.mark.parametrize("lazy", [False, True], ids=["every append durable", "commits durable"])
@pytest.mark.parametrize("feed", FEEDS)
def test_dying_before_any_action_changes_nothing(feed: str, lazy: bool) -> None:
    items = FEEDS[feed]
    whole = uninterrupted(items)
    assert trades(whole) == 2
    for point in range(whole.actions):
        bench = Bench(items, scripted, lazy)
        assert not bench.life(dies_before=point)
        assert bench.life()
        assert story(bench.rows) == story(whole.rows), point
        assert bench.broker.account() == whole.broker.account()
        assert bench.core.desk.law == whole.core.desk.law


@pytest.mark.parametrize("seed", [5, 11])
def test_dying_again_and_again_on_a_random_walk_changes_nothing(seed: int) -> None:
    items = [BarItem(bar, (), ()) for bar in walk(seed, 2, holes=0.01)]
    whole = uninterrupted(items, real_engine)
    assert trades(whole) > 0
    bench, lives, rng = Bench(items, real_engine, lazy=seed % 2 == 0), 0, Random(seed)
    while not bench.life(dies_before=rng.randrange(1, 150)) and lives < 12:
        lives += 1
    bench.life()
    assert story(bench.rows) == story(whole.rows)


def test_dying_while_an_early_end_is_being_made_changes_nothing() -> None:
    items = two_trades()
    whole = uninterrupted(items, max_bars=46)
    kinds = [r.type for r in whole.rows]
    assert kinds.count("TradeClosed") == 2
    for point in range(whole.actions - 30, whole.actions):
        bench = Bench(items, scripted, lazy=False)
        bench.life(dies_before=point, max_bars=46)
        if any(r.type == "RunStopped" for r in bench.rows):
            break  # it has ended in order
        assert bench.life(max_bars=46)
        assert story(bench.rows) == story(whole.rows), point


def test_what_is_left_of_a_session_that_was_ended_is_recorded_and_not_decided() -> None:
    items = two_trades()
    bench = uninterrupted(items, max_bars=20)
    seen = len(bench.rows)
    assert bench.life()
    later = [r for r in bench.rows[seen:] if r.stream == "domain"]
    assert {r.type for r in later} == {"BarClosed"}
    assert len(later) == len(items) - 20
    assert all('"warmup":true' in r.payload for r in later)


def test_other_bars_than_those_being_played_are_refused_and_nothing_is_written() -> None:
    bench, point = Bench(two_trades(), scripted, lazy=False), 0
    while not any(r.type == "Fill" for r in bench.rows):
        bench.rows = []
        bench.life(dies_before=point)
        point += 1
    assert bench.rows[-1].type != "BarClosed"
    before = list(bench.rows)
    quiet = Bench([minute(k) for k in range(49)], scripted, lazy=False)
    quiet.rows = bench.rows
    with pytest.raises(DivergedError) as caught:
        quiet.life()
    assert caught.value.difference.type == "OrderEvent"
    assert quiet.rows == before


def test_a_record_that_goes_on_where_the_bars_do_not_is_left_alone() -> None:
    odd = RejectedRow("f.csv", "line 9", Penalty.MALFORMED, None, None, "odd", "x")
    items = [minute(k) for k in range(5)]
    items.append(items[4]._replace(bar=minute(5).bar, rejected=(odd,)))
    bench, point = Bench(items, scripted, lazy=False), 0
    while not any(r.type == "BarRejected" for r in bench.rows):
        bench.rows = []
        bench.life(dies_before=point)
        point += 1
    before = list(bench.rows)
    short = Bench(items[:5], scripted, lazy=False)
    short.rows = bench.rows
    with pytest.raises(DivergedError):
        short.life()
    assert short.rows == before
    assert bench.life()
    assert story(bench.rows) == story(uninterrupted(items).rows)


@pytest.mark.parametrize("kind", ["BarClosed", "OrderEvent", "Fill", "LawStateChanged"])
def test_a_record_that_was_changed_is_not_gone_on_with(kind: str) -> None:
    bench = uninterrupted(two_trades(), max_bars=46)
    at = [n for n, r in enumerate(bench.rows) if r.type == kind][1]
    row = bench.rows[at]
    bench.rows[at] = row._replace(payload=row.payload.replace("0", "1", 1))
    with pytest.raises(DivergedError) as caught:
        bench.life()
    assert caught.value.difference.seq == row.seq

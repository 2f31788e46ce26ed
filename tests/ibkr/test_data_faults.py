"""Bars, quotes, account figures and history: what is told of them, and what of their troubles."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise

import pytest

from adapters.ibkr.settings import Waits
from broker_worlds import FLAT, PIECE, GatewayWorld
from changing import replace
from domain.event import AccountSnapshot
from domain.units import MINUTE, Money
from law_builders import NOW
from market_builders import PRICE
from ports.errors import BrokerDown
from ports.market import PastBars, PastPieces, Piece, Quote, TradingHours, Trouble

QUICK = Waits(
    connect=1.5, request=0.8, beat=0.3, answer=0.3, open_within=2.0, id_in_use=1.5, pause_cap=0.5,
    bars_stale=12.0, bars_lost=60.0, history=3.0,
)  # fmt: skip


@pytest.fixture
def world() -> Iterator[GatewayWorld]:
    with GatewayWorld(waits=QUICK) as made:
        made.piece(FLAT)
        made.heard.clear()
        yield made


def pieces(world: GatewayWorld) -> list[Piece]:
    return [i for i in world.items if isinstance(i, Piece)]


# ---- bars


def test_bars_come_in_ticks_and_in_order(world: GatewayWorld) -> None:
    world.items.clear()
    for i in range(3):
        world.piece((PRICE + i, PRICE + i + 4, PRICE + i - 4, PRICE + i + 1))
    got = pieces(world)
    assert [p.sub.open_time for p in got] == [NOW + (i + 1) * PIECE for i in range(3)]
    assert got[2].sub[1:6] == (PRICE + 2, PRICE + 6, PRICE - 2, PRICE + 3, 10)
    assert all(p.sub.on_grid for p in got)
    assert all(p.received == p.sub.open_time + PIECE for p in got)


def test_a_missing_bar_is_a_hole(world: GatewayWorld) -> None:  # F-27
    world.sim.arm("F-27", times=1)
    world.items.clear()
    world.sim.play(3)
    world.until(lambda: len(pieces(world)) == 2)
    first, second = pieces(world)
    assert second.sub.open_time - first.sub.open_time in (PIECE, 2 * PIECE)
    assert len({p.sub.open_time for p in pieces(world)}) == 2


@pytest.mark.parametrize("how", ["off_tick", "zero", "negative", "nan"])
def test_a_bar_with_impossible_prices_says_so(world: GatewayWorld, how: str) -> None:  # F-29
    world.sim.arm("F-29", how=how, times=1)
    world.items.clear()
    world.sim.play()
    if how == "nan":
        world.until(lambda: bool(pieces(world)) or bool(world.troubles()))
    else:
        world.until(lambda: bool(pieces(world)))
    assert not any(p.sub.on_grid for p in pieces(world))


@pytest.mark.parametrize("how", ["duplicate", "reorder", "corrected"])
def test_bars_are_passed_on_as_they_came(world: GatewayWorld, how: str) -> None:  # F-28
    world.sim.arm("F-28", how=how, times=1)
    world.items.clear()
    before = world.now
    world.sim.play(3)
    world.until(lambda: world.now >= before + 3 * PIECE)
    assert len(pieces(world)) >= 3


@pytest.mark.parametrize("name", ["F-25", "F-26"])
def test_bars_that_stop_are_asked_for_again(name: str) -> None:
    start = time.time_ns() // PIECE * PIECE
    waits = replace(QUICK, bars_stale=0.6, bars_lost=1.2)
    with GatewayWorld(start=start, waits=waits, clock="host") as world:
        world.gateway.market._hub.link._time.hours = ((0, 2**63),)  # type: ignore[attr-defined]
        world.sim.play()
        world.until(lambda: bool(pieces(world)))
        asked = sum(e.kind == "reqRealTimeBars" for e in world.sim.received)
        world.sim.arm(name)
        world.until(lambda: (Trouble.NO_BARS, True) in world.troubles())
        assert ((Trouble.DATA_FARM, True) in world.troubles()) == (name == "F-25")
        world.until(lambda: sum(e.kind == "reqRealTimeBars" for e in world.sim.received) > asked)
        world.sim.play()
        world.until(lambda: (Trouble.NO_BARS, False) in world.troubles())


def test_a_farm_that_comes_back_ends_the_trouble(world: GatewayWorld) -> None:
    core = world.sim.core
    world.sim.call(lambda: core.everybody(2103, "Market data farm connection is broken:usfuture"))
    world.until(lambda: (Trouble.DATA_FARM, True) in world.troubles())
    world.sim.call(lambda: core.everybody(2104, "Market data farm connection is OK:usfuture"))
    world.until(lambda: (Trouble.DATA_FARM, False) in world.troubles())
    assert len({e.session for e in world.sim.received}) == 1  # L-24: the socket is left alone


def test_a_competing_session_is_a_trouble_until_bars_flow(world: GatewayWorld) -> None:  # F-48
    world.sim.arm("F-48")
    world.until(lambda: (Trouble.COMPETING_SESSION, True) in world.troubles())


@pytest.mark.parametrize("code", [354, 10167, 10168, 10089, 10090])
def test_delayed_data_is_a_trouble(world: GatewayWorld, code: int) -> None:  # L-28
    world.sim.call(lambda: world.sim.core.everybody(code, "delayed"))
    world.until(lambda: (Trouble.DELAYED_DATA, True) in world.troubles())


def test_quotes_that_are_refused_are_no_trouble(world: GatewayWorld) -> None:
    def refuse() -> None:
        session = world.sim.core.sessions[0]
        session.error(next(iter(session.quotes)), 354, "Requested market data is not subscribed")

    world.sim.call(refuse)
    world.piece(FLAT)
    assert world.troubles() == []


def test_quotes_come_in_ticks(world: GatewayWorld) -> None:
    for _ in range(24):
        world.piece((PRICE + 9, PRICE + 9, PRICE + 9, PRICE + 9))
    world.until(
        lambda: (
            [(i.bid, i.ask) for i in world.items if isinstance(i, Quote)][-1:]
            == [(PRICE + 8, PRICE + 9)]
        )
    )


def test_hours_are_told_at_the_start(world: GatewayWorld) -> None:
    hours = [i for i in world.items if isinstance(i, TradingHours)]
    assert any(opens <= NOW < closes for opens, closes in hours[0].hours)


# ---- the account


@pytest.mark.parametrize("how", ["absent", "unset", "not_ready"])
def test_figures_that_are_not_known_are_a_trouble(world: GatewayWorld, how: str) -> None:  # F-33
    world.sim.arm("F-33", how=how)
    world.gateway.market.close()
    world.items.clear()
    world.connect()
    world.until(lambda: (Trouble.ACCOUNT_STALE, True) in world.troubles())
    assert world.broker.account() is None


def test_a_margin_call_shows_as_a_negative_amount(world: GatewayWorld) -> None:  # F-34
    world.sim.arm("F-34")
    world.sim.call(lambda: [s.account_values() for s in world.sim.core.sessions])
    world.until(
        lambda: any(isinstance(w, AccountSnapshot) and w.available < Money(0) for w in world.heard)
    )


def test_old_figures_are_asked_for_again_and_then_a_trouble() -> None:  # F-33
    waits = replace(QUICK, account_ask=0.3, account_stale=2.5)
    with GatewayWorld(waits=waits) as world:
        world.piece(FLAT)
        asked = sum(e.kind == "reqAccountUpdates" for e in world.sim.received)
        world.until(lambda: sum(e.kind == "reqAccountUpdates" for e in world.sim.received) > asked)
        assert world.troubles() == []
        world.sim.arm("F-45", kind="reqAccountUpdates")
        world.until(lambda: (Trouble.ACCOUNT_STALE, True) in world.troubles())


def test_on_the_gateways_clock_figures_do_not_age_with_it() -> None:
    """Its days pass in minutes of the host, and a gateway need not repeat what did not change."""
    with GatewayWorld(waits=QUICK) as world:
        world.sim.call(lambda: setattr(world.sim.core, "account_updates", False))
        for _ in range(7 * 12):
            world.piece(FLAT)
        told = [word.at for word in world.heard if isinstance(word, AccountSnapshot)]
        ages = [later - earlier for earlier, later in pairwise(told)]
        assert max(ages) < 3 * MINUTE
        latest = world.broker.account()
        assert latest is not None
        assert world.now - latest.at < 3 * MINUTE


# ---- history


def test_history_gives_closed_minutes_of_the_span(world: GatewayWorld) -> None:
    for _ in range(25):
        world.sim.play()
    world.until(lambda: world.now >= NOW + 2 * MINUTE)
    bars = world.gateway.market.history(NOW, NOW + 5 * MINUTE)
    assert [b.open_time for b in bars] == [NOW, NOW + MINUTE]
    assert bars[0].volume == 120
    asked = [e for e in world.sim.received if e.kind == "reqHistoricalData"]
    assert asked[-1].message.text("formatDate") == "2"
    assert asked[-1].message.text("barSizeSetting") == "1 min"


def test_no_history_is_no_bars(world: GatewayWorld) -> None:
    assert world.gateway.market.history(NOW, NOW) == ()


def test_history_that_is_refused_for_its_pace_is_down(world: GatewayWorld) -> None:  # F-47
    for _ in range(13):
        world.sim.play()
    world.until(lambda: world.now >= NOW + MINUTE)
    world.sim.arm("F-47", what="history")
    with pytest.raises(BrokerDown):
        world.gateway.market.history(NOW, NOW + MINUTE)
    world.until(lambda: (Trouble.RATE, True) in world.troubles())


def test_after_a_refused_pace_the_same_is_asked_only_when_the_pause_is_over() -> None:  # F-47
    with GatewayWorld(waits=replace(QUICK, paced=0.4)) as world:
        for _ in range(13):
            world.sim.play()
        world.until(lambda: world.now >= NOW + MINUTE)
        world.sim.arm("F-47", what="history", times=2)
        begun = time.monotonic()
        bars = world.gateway.market.history(NOW, NOW + MINUTE)
        assert [b.open_time for b in bars] == [NOW]
        assert time.monotonic() - begun >= 0.4 + 0.8, "each refusal doubles the pause"
        asked = [e for e in world.sim.received if e.kind == "reqHistoricalData"]
        assert sum(e.message.text("barSizeSetting") == "1 min" for e in asked) == 3


def test_a_pause_outlasts_the_question_that_began_it() -> None:  # F-47
    with GatewayWorld(waits=replace(QUICK, history=0.3, paced=1.5)) as world:
        for _ in range(13):
            world.sim.play()
        world.until(lambda: world.now >= NOW + MINUTE)
        world.sim.arm("F-47", what="history", times=1)
        market, begun = world.gateway.market, time.monotonic()
        with pytest.raises(BrokerDown):
            market.history(NOW, NOW + MINUTE)
        market.ask_past(NOW, NOW + MINUTE)
        world.until(lambda: bool(world.items.extend(market.drain()) or past(world)))
        assert time.monotonic() - begun >= 1.5
        (found,) = past(world)
        assert found.had, "the answer has its own time after the pause"


# ---- OBSERVE


def test_an_observing_gateway_has_no_way_to_send(world: GatewayWorld) -> None:
    world.gateway.market.close()
    world._mode = "OBSERVE"
    world.connect()
    names = ("submit", "close", "place", "move_stop", "amend", "cancel")
    for name in names:
        with pytest.raises(Exception, match="sends no order"):
            getattr(world.broker, name)(None, None, *([None] if name in ("close", "place") else []))
    world.broker.read(world.now)
    last = max(e.session for e in world.sim.received)
    kinds = {e.kind for e in world.sim.received if e.session == last}
    assert not kinds & {"placeOrder", "cancelOrder", "reqGlobalCancel", "reqOpenOrders"}
    assert not hasattr(world.broker, "_send")


def past(world: GatewayWorld) -> list[PastBars]:
    return [i for i in world.items if isinstance(i, PastBars)]


def test_the_past_can_be_asked_for_without_waiting(world: GatewayWorld) -> None:
    for _ in range(12):
        world.piece(FLAT)
    start = world.now // MINUTE * MINUTE - MINUTE
    market = world.gateway.market
    market.ask_past(start, start + MINUTE)
    world.until(lambda: bool(world.items.extend(market.drain()) or past(world)))
    (found,) = past(world)
    assert (found.since, found.until, found.had) == (start, start + MINUTE, True)
    assert [b.open_time for b in found.bars] == market_history(world, start)


def market_history(world: GatewayWorld, start: int) -> list[int]:
    return [b.open_time for b in world.gateway.market.history(start, start + MINUTE)]


def test_a_past_that_cannot_be_had_is_answered_too(world: GatewayWorld) -> None:
    market = world.gateway.market
    market.close()
    market.ask_past(NOW, NOW + MINUTE)
    world.until(lambda: bool(world.items.extend(market.drain()) or past(world)))
    assert past(world) == [PastBars(NOW, NOW + MINUTE, (), False)]


def past_pieces(world: GatewayWorld) -> list[PastPieces]:
    return [i for i in world.items if isinstance(i, PastPieces)]


def test_pieces_of_a_minute_can_be_asked_for(world: GatewayWorld) -> None:
    for n in range(12):
        world.piece((PRICE, PRICE + n, PRICE, PRICE + n))
    market = world.gateway.market
    since = NOW + 4 * PIECE
    market.ask_pieces(since, since + 3 * PIECE)
    world.until(lambda: bool(world.items.extend(market.drain()) or past_pieces(world)))
    (found,) = past_pieces(world)
    assert [s.open_time for s in found.pieces] == [since + n * PIECE for n in range(3)]
    assert [s.high for s in found.pieces] == [PRICE + 3, PRICE + 4, PRICE + 5]
    assert all(s.volume == 10 and s.on_grid and not s.untraded for s in found.pieces)
    (asked,) = [
        e.message for e in world.sim.received if e.message.text("barSizeSetting") == "5 secs"
    ]
    assert asked.text("durationStr") == "60 S", "less than a minute is refused"


def test_pieces_that_cannot_be_had_are_answered_too(world: GatewayWorld) -> None:
    market = world.gateway.market
    market.close()
    market.ask_pieces(NOW, NOW + PIECE)
    world.until(lambda: bool(world.items.extend(market.drain()) or past_pieces(world)))
    assert past_pieces(world) == [PastPieces(NOW, NOW + PIECE, ())]

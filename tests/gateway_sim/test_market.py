"""Minutes cut into pieces, warm-up, and fills that agree with the simulated broker's."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("ib_insync")

from adapters.fake.broker import FakeBroker
from adapters.fake.order import Order as FakeOrder
from adapters.gateway_sim.bars import MINUTE, PIECE, SECOND, BadBars, Bar, cut, join, read
from adapters.gateway_sim.codec import Message
from adapters.gateway_sim.contracts import Product
from adapters.gateway_sim.core import Core, Settings
from adapters.gateway_sim.matching import Rules
from domain.bar import Bar as Minute
from domain.orders import OrderRef, Role
from domain.units import Money, Side
from gateway_fixture import OPEN, data_file, gateway, minutes, playing, real_bars, run
from market_builders import contracts, mes


@st.composite
def bars(draw: st.DrawFn, start: int = OPEN) -> Bar:
    low = draw(st.integers(5000, 5040))
    high = low + draw(st.integers(0, 30))
    prices = st.integers(low, high)
    volume = draw(st.one_of(st.integers(0, 15), st.integers(0, 10_000)))
    return Bar(start, MINUTE, draw(prices), high, low, draw(prices), volume, low, low + 1)


@settings(max_examples=100, deadline=None)
@given(bars())
def test_a_minute_is_exactly_its_pieces(bar: Bar) -> None:
    parts = cut(bar)
    assert len(parts) == 12
    assert join(parts, MINUTE) == [bar]
    assert [p.start for p in parts] == [bar.start + n * PIECE for n in range(12)]
    for before, after in pairwise(parts):
        assert before.close == after.open
    distinct = len({bar.open, bar.high, bar.low, bar.close})
    if bar.volume >= 4 >= distinct:
        assert all(p.high == p.low for p in parts if not p.volume)


def test_a_real_day_is_exactly_its_pieces() -> None:
    day = real_bars("ES_1m_2013-10-09.csv.gz")
    assert join([p for bar in day for p in cut(bar)], MINUTE) == day


def test_real_five_second_bars_are_played_as_they_are() -> None:
    rows = real_bars("partial/ES_5s_2023-12-26.csv.gz")
    assert {r.length for r in rows} == {PIECE}
    with gateway(rows) as gw:
        gw.play(len(rows))
        assert gw.core.market.last == rows[-1]
        assert gw.core.market.left == 0


def test_prices_off_the_grid_are_refused() -> None:
    with pytest.raises(BadBars, match="multiple"):
        read(data_file("SPY_1m_2013-10-07.csv.gz"), Decimal("0.25"))


def test_warm_up_comes_as_history_and_bars_as_they_close() -> None:
    async def work() -> None:
        before = real_bars("ES_1m_2013-10-07.csv.gz")
        day = real_bars("ES_1m_2013-10-08.csv.gz")
        with gateway(day, before) as gw:
            async with playing(gw) as desk:

                async def ask(size: str, duration: str, regular: bool) -> list[object]:
                    return list(
                        await desk.ib.reqHistoricalDataAsync(
                            desk.contract, "", duration, size, "TRADES", regular, 2
                        )
                    )

                rows = await ask("1 min", "1 D", False)
                assert len(rows) == len(before)
                assert len(await ask("1 min", "1 D", True)) == 390
                await gw.step(36)
                fives = await ask("5 secs", "180 S", False)
                assert len(fives) == 36
                assert len(await ask("1 min", "180 S", False)) == 3
                assert fives[0].date == datetime.fromtimestamp(day[0].start // SECOND, UTC)

    run(work)


def test_other_quarters_trade_less_and_every_quarter_is_told() -> None:
    async def work() -> None:
        with gateway(minutes(6000, 6000)) as gw:
            async with playing(gw) as desk:
                import ib_insync as lib

                found = await desk.ib.reqContractDetailsAsync(
                    lib.Future("MES", exchange="CME", currency="USD")
                )
                assert [c.contract.localSymbol for c in found] == [
                    "MESZ3", "MESH4", "MESM4", "MESU4", "MESZ4",
                ]  # fmt: skip
                got = [desk.ib.reqRealTimeBars(c.contract, 5, "TRADES", False) for c in found[:2]]
                await desk.step(2)
                assert [sum(b.volume for b in g) > 0 for g in got] == [True, False]

    run(work)


def test_the_same_bars_and_requests_give_the_same_messages() -> None:
    def story() -> list[tuple[str, str, int, str]]:
        rows: list[tuple[str, str, int, str]] = []

        async def work() -> None:
            with gateway(minutes(6000, 6000, 5990, 6020, 6020)) as gw:
                gw.arm("F-07")
                async with playing(gw) as desk:
                    await desk.bracket(1, 5995, 5980, 6010)
                    desk.ib.reqRealTimeBars(desk.contract, 5, "TRADES", False)
                    await desk.step(60)
                rows.extend(
                    (e.way, e.kind, e.at, str(e.message.values)) for e in gw.core.log.entries
                )

        run(work)
        return rows

    assert story() == story()


# ---- the same fills as the simulated broker, which plays minutes


def gateway_fills(
    day: list[Bar], side: int, entry: tuple[str, int, int | None], exits: tuple[int, int]
) -> list[tuple[str, int]]:
    """Fills of a bracket that was placed before the first bar: leg and price in ticks."""
    core = Core(Settings(), day)
    broker, price = core.broker, Product().price
    broker.rules = Rules(1, 1, 1, 1.0)
    names = ("BUY", "SELL") if side > 0 else ("SELL", "BUY")
    kind, limit, trigger = entry
    quarter = core.quarter(Message("x", {"localSymbol": "MESZ3"}))
    rows = [
        (1, names[0], kind, limit, trigger, 0, 0),
        (2, names[1], "LMT", exits[1], None, 1, 0),
        (3, names[1], "STP", None, exits[0], 1, 1),
    ]
    for number, action, sort, lmt, aux, parent, transmit in rows:
        words = {
            "orderId": number, "action": action, "totalQuantity": 1, "orderType": sort,
            "lmtPrice": "" if lmt is None else price(lmt), "tif": "GTC",
            "auxPrice": "" if aux is None else price(aux), "transmit": transmit,
            "parentId": parent,
        }  # fmt: skip
        broker.place(17, Message("placeOrder", words), quarter)
    while core.step() is not None:
        pass
    legs = {1: "E", 2: "T", 3: "S"}
    return [(legs[d.order.number], d.price) for d in broker.executions]


def fake_fills(
    day: list[Bar], side: int, entry: tuple[str, int, int | None], exits: tuple[int, int]
) -> list[tuple[str, int]]:
    """The same bracket in the simulated broker."""
    fake = FakeBroker(mes(), contracts().execution, Money.parse("25000.00"))
    kind = {"LMT": "LIMIT", "STP LMT": "STOP-LIMIT"}[entry[0]]
    way: Side = 1 if side > 0 else -1
    back: Side = -1 if side > 0 else 1
    rows = [
        (Role.ENTRY, kind, way, entry[1], entry[2], False),
        (Role.STOP, "STOP", back, None, exits[0], True),
        (Role.TARGET, "LIMIT", back, exits[1], None, True),
    ]
    for number, (role, sort, s, limit, trigger, held) in enumerate(rows):
        ref = OrderRef("20131008-001-MES", role)
        fake._add(FakeOrder(ref, sort, s, 1, limit, trigger, OPEN, None, number, held=held))
    for bar in day:
        fake.play(Minute(bar.start, bar.open, bar.high, bar.low, bar.close, bar.volume))
    return [(f.role.value, f.price) for f in fake._executions]


def test_fills_agree_with_the_simulated_broker() -> None:
    random, filled = Random(20131008), 0
    for _ in range(200):
        day: list[Bar] = []
        last = 6000
        for number in range(random.randint(2, 6)):
            first = last + random.randint(-3, 3)
            close = first + random.randint(-12, 12)
            high = max(first, close) + random.randint(0, 6)
            low = min(first, close) - random.randint(0, 6)
            start = OPEN + number * MINUTE
            day.append(Bar(start, MINUTE, first, high, low, close, 1200, close - 1, close))
            last = close
        side, away = random.choice((1, -1)), random.randint(1, 8)
        entry: tuple[str, int, int | None] = ("LMT", 6000 - side * away, None)
        if random.random() < 0.5:
            entry = ("STP LMT", 6000 + side * (away + 2), 6000 + side * away)
        exits = (entry[1] - side * random.randint(2, 10), entry[1] + side * random.randint(2, 10))
        wanted = fake_fills(day, side, entry, exits)
        assert gateway_fills(day, side, entry, exits) == wanted
        filled += len(wanted) > 1
    assert filled > 50

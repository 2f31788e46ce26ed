"""Cash, equity, latency and partial fills of the fake broker (execution.md 8, decision.md 1)."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.fake.broker import FakeBroker, FaultScript
from domain.bar import Bar
from domain.intent import OrderIntent
from domain.law import door
from domain.law.door import Permit, authorize_exit
from domain.orders import Fill, OrderEvent, OrderEventKind, OrderRef, Role
from domain.units import MINUTE, SECOND, ZERO, Money
from law_builders import NOW, granted, intent, stop_limit_intent
from market_builders import PRICE, contracts, mes

START = Money.parse("10000.00")


def broker(seed: int = 7, **faults: object) -> FakeBroker:
    return FakeBroker(mes(), contracts().execution, START, seed, FaultScript(**faults))


def sized(wanted: OrderIntent) -> Permit:
    """A permit for more than one contract, which the law never gives: the fault script's food."""
    return Permit(door._SEAL, wanted, wanted.decided_at + SECOND, ())


def ledger(fills: list[Fill], last: int) -> Money:
    """Start, every fill to the tick, every fee, and what is open at the last close."""
    position, total = 0, START
    for fill in fills:
        total = total - mes().tick_value * (fill.side * fill.qty * fill.price)
        total = total - mes().fee_per_side * fill.qty
        position += fill.side * fill.qty
    return total + mes().tick_value * (position * last)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**32),
    side=st.sampled_from([1, -1]),
    qty=st.integers(1, 7),
    share=st.sampled_from([0.0, 0.5, 1.0]),
    by_limit=st.booleans(),
)
def test_equity_is_the_sum_of_the_fills_to_the_cent(
    seed: int, side: int, qty: int, share: float, by_limit: bool
) -> None:
    b, rng = broker(seed, partial_share=share), Random(seed)
    made = intent(side) if by_limit else stop_limit_intent(side)
    wanted = intent(side, qty=qty) if by_limit else made
    b.submit(sized(wanted) if by_limit else granted(wanted), NOW)
    fills: list[Fill] = []
    last = PRICE
    for k in range(12):
        o = last + rng.randrange(-3, 4)
        c = o + rng.randrange(-6, 7)
        b.play(
            Bar(
                NOW + k * MINUTE,
                o,
                max(o, c) + rng.randrange(4),
                min(o, c) - rng.randrange(4),
                c,
                9,
            )
        )
        last = c
        fills += [w for w in b.drain() if isinstance(w, Fill)]
        position = sum(f.side * f.qty for f in fills)
        assert b.position().qty == position
        account = b.account()
        assert account is not None
        assert account.equity == ledger(fills, last)
        assert account.available == account.equity - mes().initial_margin * abs(position)
    if b.position().qty:
        permit = authorize_exit(OrderRef("20240305-089-MES", Role.EXIT, 1), position, abs(position))
        assert permit is not None
        b.close(permit, "20240305-089-MES", NOW + 12 * MINUTE)
        b.end_session(NOW + 12 * MINUTE)
        fills += [w for w in b.drain() if isinstance(w, Fill)]
    assert b.position().qty == 0
    account = b.account()
    assert account is not None
    assert account.equity == ledger(fills, 0)


def test_an_account_that_nothing_touched_is_the_same_snapshot() -> None:
    b = broker()
    b.play(Bar(NOW, PRICE, PRICE, PRICE, PRICE, 1))
    first = b.account()
    b.play(Bar(NOW + MINUTE, PRICE, PRICE, PRICE, PRICE, 1))
    assert b.account() is first
    assert first is not None
    assert first.equity == START
    assert first.available == START


def test_a_position_is_marked_at_the_last_close() -> None:
    b = broker()
    b.submit(granted(intent()), NOW)
    b.play(Bar(NOW, PRICE, PRICE + 1, PRICE - 1, PRICE - 1, 1))
    b.play(Bar(NOW + MINUTE, PRICE, PRICE + 9, PRICE, PRICE + 8, 1))
    account = b.account()
    assert account is not None
    assert account.equity == START + Money.parse("9.38")  # 8 ticks less one side's fee
    assert account.available == account.equity - Money.parse("1500.00")


def test_partial_fills_come_by_script_only_and_add_up() -> None:
    for share, parts in ((0.0, [4]), (1.0, [2, 2])):
        b = broker(partial_share=share)
        b.submit(sized(intent(qty=4)), NOW)
        b.drain()
        b.play(Bar(NOW, PRICE, PRICE + 1, PRICE - 1, PRICE, 1))
        words = b.drain()
        assert [w.qty for w in words if isinstance(w, Fill)] == parts
        kinds = [w.kind for w in words if isinstance(w, OrderEvent)]
        assert kinds == [OrderEventKind.PARTIAL] * (len(parts) - 1) + [OrderEventKind.FILL]
        ids = [w.exec_id for w in words if isinstance(w, Fill)]
        assert len(set(ids)) == len(ids)


def test_one_contract_is_never_split() -> None:
    b = broker(partial_share=1.0)
    b.submit(granted(intent()), NOW)
    b.play(Bar(NOW, PRICE, PRICE + 1, PRICE - 1, PRICE, 1))
    assert [w.qty for w in b.drain() if isinstance(w, Fill)] == [1]


def test_latency_delays_an_order_and_its_seed_repeats() -> None:
    def first_fill(seed: int) -> int | None:
        b = broker(seed, latency_s=40)
        b.submit(granted(intent()), NOW)
        b.drain()
        for k in range(18):
            b.play(Bar(NOW + 5 * k * SECOND, PRICE, PRICE, PRICE - 1, PRICE, 1), 5 * SECOND)
            for word in b.drain():
                if isinstance(word, Fill):
                    return (word.time - NOW) // SECOND
        return None

    times = [first_fill(seed) for seed in range(12)]
    assert times == [first_fill(seed) for seed in range(12)]
    assert len(set(times)) > 3
    assert all(t is not None and 0 <= t <= 40 for t in times)


def test_fees_are_charged_on_every_fill() -> None:
    b = broker()
    b.submit(granted(intent()), NOW)
    b.play(Bar(NOW, PRICE, PRICE + 1, PRICE - 1, PRICE, 1))
    b.play(Bar(NOW + MINUTE, PRICE + 30, PRICE + 31, PRICE + 29, PRICE + 30, 1))
    account = b.account()
    assert account is not None
    gain = mes().tick_value * 24
    assert account.equity - START == gain - mes().fee_per_side * 2
    assert account.equity > START + ZERO

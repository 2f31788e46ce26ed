"""The fill rules of execution.md 8, row by row, on bars drawn by hand, for both sides."""

from __future__ import annotations

import pytest

from adapters.fake.broker import FakeBroker
from changing import replace
from domain.aggregator import SubBar
from domain.bar import Bar
from domain.intent import OrderIntent
from domain.law.door import authorize_exit, authorize_tighten
from domain.orders import Fill, OrderEvent, OrderEventKind, OrderRef, Role
from domain.units import MINUTE, SECOND, Money
from law_builders import NOW, granted, intent, stop_limit_intent
from market_builders import PRICE, contracts, mes

GROUP = "20240305-089-MES"
SIDES = pytest.mark.parametrize("side", [1, -1])


class Floor:
    """A broker and the minutes it is shown; prices are distances from PRICE, seen by a long."""

    def __init__(self, side: int, slip: float = 0.5, spread: float = 1.0) -> None:
        self.side = side
        self.broker = FakeBroker(mes(), contracts().execution, Money.parse("10000.00"))
        self.broker.observe(slip, spread)
        self.minute = NOW

    def send(self, wanted: OrderIntent) -> None:
        self.broker.submit(granted(wanted), wanted.decided_at)
        self.broker.drain()

    def bar(self, o: int, h: int, low: int, c: int) -> list[tuple[Role, int]]:
        """Play one minute; the fills as (role, distance), mirrored back for a short."""
        s = self.side
        ends = sorted((PRICE + s * h, PRICE + s * low))
        bar = Bar(self.minute, PRICE + s * o, ends[1], ends[0], PRICE + s * c, 10)
        self.minute += MINUTE
        self.broker.play(bar)
        return self.fills(bar.open_time)

    def fills(self, at: int) -> list[tuple[Role, int]]:
        found = []
        for word in self.broker.drain():
            if isinstance(word, Fill):
                assert word.time == at
                found.append((word.role, self.side * (word.price - PRICE)))
        return found

    def opened(self, wanted: OrderIntent) -> None:
        """Fill a LIMIT entry at 0 on a bar that touches nothing else."""
        self.send(wanted)
        assert self.bar(0, 1, -1, 0) == [(Role.ENTRY, 0)]

    def exit(self, number: int = 1) -> None:
        permit = authorize_exit(OrderRef(GROUP, Role.EXIT, number), self.side, 1)
        assert permit is not None
        self.broker.close(permit, GROUP, self.minute)

    def working(self) -> int:
        return self.broker.position().working_orders


# ---- LIMIT entry


@SIDES
@pytest.mark.parametrize(
    ("bar", "fills"),
    [((1, 2, 0, 1), []), ((1, 2, -1, 1), [(Role.ENTRY, 0)]), ((-5, -3, -6, -4), [(Role.ENTRY, 0)])],
    ids=["touched only", "traded through", "opened beyond"],
)
def test_limit_needs_a_trade_through_and_fills_at_the_limit(
    side: int, bar: tuple[int, int, int, int], fills: list[tuple[Role, int]]
) -> None:
    floor = Floor(side)
    floor.send(intent(side))
    assert floor.bar(*bar) == fills


@SIDES
def test_a_time_to_live_covers_one_minute_bar(side: int) -> None:
    floor = Floor(side)
    floor.send(intent(side))
    assert floor.bar(1, 2, 0, 1) == []
    assert floor.bar(1, 2, -9, 1) == []
    assert floor.working() == 3  # it works until its deadline all the same


@SIDES
def test_a_time_to_live_covers_eighteen_sub_bars(side: int) -> None:
    for nth, fills in ((17, 1), (18, 0)):
        floor = Floor(side)
        floor.send(intent(side))
        for k in range(nth + 1):
            low = PRICE - side * (1 if k == nth else 0)
            ends = sorted((low, PRICE + side))
            piece = SubBar(NOW + 5 * k * SECOND, PRICE, ends[1], ends[0], PRICE, 1)
            floor.broker.play(piece, 5 * SECOND)
        found = [w for w in floor.broker.drain() if isinstance(w, Fill)]
        assert len(found) == fills
        if found:
            assert found[0].time == NOW + 5 * nth * SECOND


@SIDES
def test_a_deadline_at_a_window_start_may_cover_no_bar(side: int) -> None:
    floor = Floor(side)
    floor.send(intent(side, expires_at=NOW + MINUTE - 1))
    assert floor.bar(0, 1, -9, 0) == []


@SIDES
def test_a_bar_that_opened_before_the_decision_fills_nothing(side: int) -> None:
    floor = Floor(side)
    floor.send(intent(side))
    floor.minute = NOW - MINUTE
    assert floor.bar(0, 1, -9, 0) == []


# ---- STOP-LIMIT entry: trigger +2, limit +4


@SIDES
@pytest.mark.parametrize(
    ("bar", "fills"),
    [
        ((0, 1, -1, 1), []),
        ((0, 2, -1, 1), [(Role.ENTRY, 3)]),
        ((3, 5, 3, 4), [(Role.ENTRY, 4)]),
        ((2, 5, 2, 4), [(Role.ENTRY, 3)]),
        ((4, 6, 4, 5), [(Role.ENTRY, 4)]),
        ((4, 6, 5, 5), []),
        ((7, 9, 4, 8), [(Role.ENTRY, 4)]),
        ((7, 9, 5, 8), []),
    ],
    ids=["not reached", "touched: trigger + 1", "open + 1 at the limit", "open at the trigger",
         "beyond, touches the limit", "beyond, misses it", "gap that comes back",
         "gap that does not"],
)  # fmt: skip
def test_stop_limit(
    side: int, bar: tuple[int, int, int, int], fills: list[tuple[Role, int]]
) -> None:
    floor = Floor(side)
    floor.send(stop_limit_intent(side))
    if bar == (4, 6, 5, 5):
        bar = (5, 6, 5, 5)
    assert floor.bar(*bar) == fills


@SIDES
def test_a_triggered_stop_limit_waits_as_a_limit(side: int) -> None:
    for low, fills in ((4, []), (3, [(Role.ENTRY, 4)])):
        floor = Floor(side)
        floor.send(replace(stop_limit_intent(side), expires_at=NOW + 5 * MINUTE))
        assert floor.bar(7, 9, 5, 8) == []
        assert floor.bar(8, 9, low, 8) == fills


# ---- STOP


@SIDES
@pytest.mark.parametrize(
    ("slip", "bar", "fills"),
    [
        (0.5, (0, 1, -11, 0), []),
        (0.5, (0, 1, -12, 0), [(Role.STOP, -13)]),
        (1.0, (0, 1, -12, 0), [(Role.STOP, -13)]),
        (1.15, (0, 1, -14, 0), [(Role.STOP, -14)]),
        (0.5, (-15, -13, -17, -16), [(Role.STOP, -16)]),
        (2.5, (-15, -13, -17, -16), [(Role.STOP, -18)]),
    ],
    ids=[
        "not reached",
        "touched",
        "one tick is one tick",
        "rounded up",
        "gap: the open",
        "gap, wide",
    ],
)
def test_stop(
    side: int, slip: float, bar: tuple[int, int, int, int], fills: list[tuple[Role, int]]
) -> None:
    floor = Floor(side, slip)
    floor.opened(intent(side))
    assert floor.bar(*bar) == fills


@SIDES
def test_on_the_fill_bar_a_touched_stop_counts_from_the_stop_and_a_target_does_not(
    side: int,
) -> None:
    stopped = Floor(side)
    stopped.send(intent(side))
    assert stopped.bar(-20, 1, -22, -21) == [(Role.ENTRY, 0), (Role.STOP, -13)]
    assert stopped.working() == 0
    reached = Floor(side)
    reached.send(intent(side))
    assert reached.bar(0, 40, -1, 30) == [(Role.ENTRY, 0)]
    assert reached.bar(30, 31, 30, 30) == [(Role.TARGET, 24)]


@SIDES
def test_a_stop_limit_entry_can_be_stopped_on_its_own_bar(side: int) -> None:
    floor = Floor(side)
    floor.send(stop_limit_intent(side))
    assert floor.bar(0, 2, -8, 0) == [(Role.ENTRY, 3), (Role.STOP, -9)]


# ---- TARGET and order within a bar


@SIDES
@pytest.mark.parametrize(
    ("bar", "fills"),
    [((1, 24, 0, 20), []), ((1, 25, 0, 20), [(Role.TARGET, 24)]),
     ((30, 31, 29, 30), [(Role.TARGET, 24)]), ((0, 25, -12, 0), [(Role.STOP, -13)])],
    ids=["touched only", "through", "gap gives no more", "stop before target"],
)  # fmt: skip
def test_target(side: int, bar: tuple[int, int, int, int], fills: list[tuple[Role, int]]) -> None:
    floor = Floor(side)
    floor.opened(intent(side))
    assert floor.bar(*bar) == fills
    assert floor.working() == (0 if fills else 2)  # one cancels the other


@SIDES
@pytest.mark.parametrize(
    ("spread", "price"), [(1.0, -4), (2.0, -4), (2.1, -5), (3.0, -5), (7.0, -7)]
)
def test_market_exit_comes_first_at_the_open_less_half_the_spread(
    side: int, spread: float, price: int
) -> None:
    floor = Floor(side, spread=spread)
    floor.opened(intent(side))
    floor.exit()
    assert floor.bar(-3, 30, -15, 0) == [(Role.EXIT, price)]
    assert floor.working() == 0


@SIDES
def test_without_a_further_bar_a_market_exit_takes_the_last_close(side: int) -> None:
    floor = Floor(side)
    floor.opened(intent(side))
    assert floor.bar(0, 6, -2, 5) == []
    floor.exit()
    floor.broker.drain()
    floor.broker.end_session(NOW + 10 * MINUTE)
    assert floor.fills(NOW + 10 * MINUTE) == [(Role.EXIT, 4)]
    assert floor.broker.position().qty == 0


@SIDES
def test_estimates_of_the_last_closed_minute_hold_and_nan_leaves_them(side: int) -> None:
    floor = Floor(side, slip=2.2)
    floor.opened(intent(side))
    floor.broker.observe(float("nan"), float("nan"))
    assert floor.bar(0, 1, -12, 0) == [(Role.STOP, -15)]


# ---- requests


@SIDES
def test_a_moved_stop_fills_where_it_was_moved_to(side: int) -> None:
    floor = Floor(side)
    floor.opened(intent(side))
    stop = OrderRef(GROUP, Role.STOP)
    permit = authorize_tighten(stop, side, PRICE - 12 * side, PRICE)
    assert permit is not None
    floor.broker.move_stop(permit, floor.minute)
    assert floor.bar(4, 5, 0, 3) == [(Role.STOP, -1)]


@SIDES
def test_the_broker_itself_never_loosens_a_stop(side: int) -> None:
    """A stale permit, made for where the stop was before, moves nothing."""
    floor = Floor(side)
    floor.opened(intent(side))
    stop = OrderRef(GROUP, Role.STOP)
    far = authorize_tighten(stop, side, PRICE - 12 * side, PRICE - 4 * side)
    near = authorize_tighten(stop, side, PRICE - 12 * side, PRICE - 8 * side)
    target = authorize_tighten(OrderRef(GROUP, Role.TARGET), side, PRICE, PRICE + side)
    assert far is not None
    assert near is not None
    assert target is not None
    floor.broker.move_stop(far, floor.minute)
    floor.broker.drain()
    for refused in (near, target):
        floor.broker.move_stop(refused, floor.minute)
        (word,) = floor.broker.drain()
        assert isinstance(word, OrderEvent)
        assert word.kind is OrderEventKind.CANCEL_REJECT
    assert floor.bar(0, 1, -4, 0) == [(Role.STOP, -5)]


def test_one_reference_one_order() -> None:
    floor = Floor(1)
    floor.send(intent())
    floor.broker.submit(granted(intent()), NOW)
    assert floor.broker.drain() == ()
    assert floor.working() == 3
    assert floor.bar(0, 1, -1, 0) == [(Role.ENTRY, 0)]
    floor.broker.submit(granted(intent()), NOW)  # also after it has filled
    assert floor.working() == 2
    floor.exit()
    floor.exit()
    assert floor.bar(0, 1, -1, 0) == [(Role.EXIT, -1)]
    floor.exit()  # and a market exit that has filled never goes out again
    assert floor.bar(0, 1, -1, 0) == []
    assert floor.broker.position().qty == 0


def test_cancelling_an_entry_takes_its_children_along() -> None:
    floor = Floor(1)
    floor.send(intent())
    floor.broker.cancel(OrderRef(GROUP, Role.ENTRY), NOW)
    words = floor.broker.drain()
    assert [(w.role, w.kind) for w in words if isinstance(w, OrderEvent)] == [
        (role, OrderEventKind.CANCEL_ACK) for role in (Role.ENTRY, Role.STOP, Role.TARGET)
    ]
    assert floor.bar(0, 1, -9, 0) == []


def test_a_cancel_that_comes_too_late_is_rejected_and_the_fill_stands() -> None:
    floor = Floor(1)
    floor.opened(intent())
    floor.broker.cancel(OrderRef(GROUP, Role.ENTRY), floor.minute)
    (word,) = floor.broker.drain()
    assert isinstance(word, OrderEvent)
    assert word.kind is OrderEventKind.CANCEL_REJECT
    assert floor.broker.position().qty == 1
    assert floor.working() == 2


def test_everything_said_has_its_own_number() -> None:
    floor = Floor(1)
    floor.broker.submit(granted(intent()), NOW)
    floor.broker.play(Bar(NOW, PRICE, PRICE + 1, PRICE - 1, PRICE, 5))
    floor.broker.play(Bar(NOW + MINUTE, PRICE, PRICE + 30, PRICE, PRICE + 25, 5))
    numbers = [w.sequence for w in floor.broker.drain() if isinstance(w, OrderEvent)]
    assert numbers == sorted(set(numbers))
    assert len(numbers) >= 6

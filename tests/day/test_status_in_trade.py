"""A learning status that changes in mid-trade concerns the next entry, never the open trade."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from domain.bar import Bar
from domain.event import (
    DecisionMade,
    Event,
    FillReceived,
    OrderIntentCreated,
    OrderReported,
    OrderSubmitting,
    PermitGranted,
    TradeClosed,
    TradeOpened,
)
from domain.learning import Status
from domain.reliability import Book, Learning
from domain.units import MINUTE
from market_builders import PRICE, TUESDAY, beliefs, frame, session_on, values
from trading_floor import Floor, ScriptedEngine

AT = 60
OPEN = session_on(TUESDAY).open
SETUP = frame(
    values=values(s1=-0.6, s8=0.5),
    dev=-30.0,
    effective=beliefs(0.25, f5=0.75, f1_long=0.78),
)
"""K1 wants to buy: stop 8, target 16."""
OF_THE_TRADE = (FillReceived, OrderReported, OrderSubmitting, PermitGranted, OrderIntentCreated,
                TradeOpened, TradeClosed)  # fmt: skip


def bars(seed: int) -> list[Bar]:
    """An hour without a setup, then a walk of its own that ends every trade somewhere."""
    rng, price, made = Random(seed), PRICE, []
    for k in range(AT + 75):
        c = price if k <= AT else price + rng.randrange(-3, 4)
        low = min(price, c) - (1 if k == AT + 1 else rng.randrange(2))
        made.append(Bar(OPEN + k * MINUTE, price, max(price, c) + 1, low, c, 90 + k))
        price = c
    return made


def played(seed: int, flip: int | None, status: Status) -> list[Event]:
    """What became of the trade; at minute `flip` everything known is of `status`."""
    floor = Floor(ScriptedEngine({AT: SETUP}))
    lessons = floor.core.desk.lessons
    for k, bar in enumerate(bars(seed)):
        if k == flip:
            books = {"K1": Book(status=status, multiplier=1.5)}
            lessons._books = {"PAPER": Learning(lessons._p, books)}
            lessons._standings.clear()
        floor.minute(bar)
        if floor.of(TradeClosed):
            break
    acts = [e for e in floor.watch.events if isinstance(e, OF_THE_TRADE)]
    assert floor.of(TradeOpened)
    decided = [
        (e.record.decision_id, e.record.action, e.record.reason)
        for e in floor.of(DecisionMade)
        if e.record.action.name != "SKIP"
    ]
    return [*acts, *decided]


@given(
    seed=st.integers(0, 10_000),
    after=st.integers(2, 60),
    status=st.sampled_from([s for s in Status if s is not Status.ACTIVE]),
)
def test_a_status_that_changes_in_a_trade_changes_nothing_about_it(
    seed: int, after: int, status: Status
) -> None:
    assert played(seed, AT + after, status) == played(seed, None, status)


def test_the_same_status_before_the_entry_refuses_it() -> None:
    floor = Floor(ScriptedEngine({AT: SETUP}))
    lessons = floor.core.desk.lessons
    lessons._books = {"PAPER": Learning(lessons._p, {"K1": Book(status=Status.QUARANTINED)})}
    for bar in bars(1):
        floor.minute(bar)
    assert floor.of(TradeOpened) == []
    assert "STRATEGY_QUARANTINED" in {e.record.reason for e in floor.of(DecisionMade)}

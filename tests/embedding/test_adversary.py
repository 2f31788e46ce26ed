"""A template that answers anything at all: nothing lawless is traded, and the others go on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changing import replace
from domain.bar import Bar
from domain.contract_set import Contracts
from domain.decision import Action
from domain.event import (
    DecisionMade,
    KillTriggered,
    OrderIntentCreated,
    OrderSubmitting,
    PermitGranted,
    SessionClosed,
    StrategyFaulted,
    TradeClosed,
    TradeOpened,
)
from domain.frame import Frame, Regime
from domain.intent import EntryType
from domain.management import HOLD, ExitTrade, Tighten, TradeView
from domain.recent import MarketContext
from domain.strategies.interface import EntryPlan, Rejection, Setup
from domain.strategies.outside import BadAnswer, Loaded, admitted
from domain.strategies.own import LEAVE, OwnStrategy
from domain.units import MINUTE, Money, Side
from market_builders import MONDAY, PRICE, TUESDAY, beliefs, contracts, frame, session_on, values
from setups import stretched
from trading_floor import Floor, ScriptedEngine, walk

LOADED = Loaded("K6", "adversary", "1.0", "0" * 64, "0" * 64)
BARS = 90


class Liar(int):
    """A whole number that compares as it likes."""

    def __lt__(self, other: object) -> bool:
        return True

    __le__ = __gt__ = __ge__ = __lt__

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


class Shy(type):
    """A class that does not even say what it is called."""

    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise RuntimeError("no name")


class Nobody(metaclass=Shy):
    """An answer of a class without a name."""


class WiderPlan(EntryPlan):
    """A plan that looks like one."""

    stop = 40  # type: ignore[assignment]


class Untellable(BadAnswer):
    """An exception that cannot be told of."""

    def __str__(self) -> str:
        raise RuntimeError("untold")


class Odd(BaseException):
    """Not even an Exception."""


NUMBERS: tuple[Any, ...] = (
    float("nan"), float("inf"), -1, 0, 1, 7, 13, 40, 10**30, True, "12", 12.0, Decimal(12), None,
    Liar(9), [9], PRICE, -PRICE,
)  # fmt: skip
THINGS: tuple[Any, ...] = (
    7, "x", float("nan"), (), [], {}, object(), int, print, Nobody(), EntryType.LIMIT,
    tuple.__new__(EntryPlan, (1,)), tuple.__new__(Setup, ()), tuple.__new__(Tighten, ()),
    tuple.__new__(Rejection, (1, 2, 3)), Rejection("KILL", None), Rejection("ALL_GATES_PASSED", 3),
    Rejection("TARGET_TOO_CLOSE", 10**40), Setup("K1", 1, None), Setup("K6", 0, None),
    Setup("K6", 1, -5), Setup(Liar(1), 1, None), Tighten(10**30, "lock"), Tighten(1.5, "lock"),
    ExitTrade("KILL", "quality_kill"), ExitTrade("EOD", "x"), ExitTrade(Liar(1), "x"),
)  # fmt: skip
RAISED: tuple[Callable[[], BaseException], ...] = (
    ValueError, KeyError, StopIteration, GeneratorExit, SystemExit, Odd, MemoryError,
    RecursionError, lambda: BadAnswer("at 0x7f\ud800\n" * 20), Untellable,
)  # fmt: skip


class Adversary(OwnStrategy):
    """Answers by lot: a good answer, one with a field spoilt, anything else, or it raises."""

    name, belief, tiers = "K6", 4, ("B",)

    def __init__(self, seed: int, good: float) -> None:
        super().__init__(contracts().templates.stop)
        self.parameters = replace(contracts().templates.k4)
        self.lots, self.good = Random(seed), good

    def _say(self, answer: Any) -> Any:
        lots = self.lots
        if lots.random() < self.good:
            return answer
        match lots.randrange(4):
            case 0:
                raise lots.choice(RAISED)()
            case 1:
                return lots.choice(THINGS)
            case 2 if isinstance(answer, tuple) and answer:
                field = lots.choice(type(answer)._fields)
                return answer._replace(**{field: lots.choice(NUMBERS)})
            case 2:
                return lots.choice(NUMBERS)
            case _:
                return [answer, answer]

    def detect(self, ctx: MarketContext, side: Side) -> Setup | None:
        # Its own numbers, which the house has copied; its inputs cannot be changed at all.
        object.__setattr__(self.parameters, "stop_cap_ticks", self.lots.choice((12, 400)))
        seen = Setup("K6", side, self.lots.choice((None, PRICE)))
        return self._say(seen if self.lots.random() < 0.5 else None)

    def plan_entry(self, ctx: MarketContext, setup: Setup) -> EntryPlan | Rejection:
        plan = self.lots.choice((self.on_stop, self.at_limit))(ctx, setup)
        if isinstance(plan, EntryPlan) and self.lots.random() > self.good:
            return WiderPlan(*plan)
        return self._say(plan)

    def plan_management(self, ctx: MarketContext, trade: TradeView) -> Any:
        return self._say(self.lots.choice((HOLD, Tighten(ctx.bar.close - trade.side * 4, "x"))))

    def plan_exit(self, ctx: MarketContext, trade: TradeView) -> Any:
        return self._say(HOLD if self.lots.random() < 0.9 else LEAVE)


def house_with(strategy: OwnStrategy) -> Contracts:
    return contracts().with_outside((admitted(LOADED, strategy, strategy.tiers),))


def willing(side: int) -> Frame:
    """A frame in which every gate of a momentum template passes on `side`, and K4 sees nothing."""
    sided = "f4_long" if side > 0 else "f4_short"
    return frame(
        regime=Regime.TRENDING,
        values=values(s5=0.3 * side),
        thesis=0.9 if side > 0 else 0.1,
        effective=beliefs(0.25, f5=0.75, **{sided: 0.9}),
        stability=beliefs(0.06),
    )


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), good=st.sampled_from((0.0, 0.5, 0.9, 0.97, 1.0)))
def test_whatever_it_answers_the_law_holds(seed: int, good: float) -> None:
    lots = Random(seed)
    script = {k: willing(lots.choice((1, -1))) for k in range(390)}
    floor = Floor(ScriptedEngine(script), house=house_with(Adversary(seed, good)))
    floor.play(walk(seed % 50, 1)[:BARS])  # the floor's conscience looks at every event
    floor.run.finish((), flatten=True)
    check(floor)


def check(floor: Floor) -> None:
    """Everything that left the house is of the law's making; a fault ends it for the session."""
    permits = {e.decision_id for e in floor.of(PermitGranted)}
    for sent in floor.of(OrderSubmitting):
        assert sent.decision_id in permits
        assert sent.qty == 1
        assert 8 <= sent.side * (sent.limit - sent.stop_price) <= 12
        stop, target = sent.limit - sent.stop_price, sent.target_price - sent.limit
        assert abs(stop) < abs(target) <= 2 * abs(stop)
        assert all(type(p) is int for p in (sent.limit, sent.stop_price, sent.target_price))
    assert len(floor.of(TradeOpened)) <= 2
    assert not floor.of(KillTriggered)
    faults = floor.of(StrategyFaulted)
    assert len(faults) <= 1
    for fault in faults:
        assert fault.template == "K6"
        assert fault.detail.isascii()
        assert fault.detail.isprintable()
        later = [e.intent for e in floor.of(OrderIntentCreated) if e.at >= fault.at]
        assert not [i for i in later if i.template == "K6"]
    for trade in floor.of(TradeClosed):
        assert trade.duration_s <= 3600


def test_a_good_one_does_trade() -> None:
    """Else the property above would hold of a template that is never heard."""
    script = {k: willing(1) for k in range(390)}
    floor = Floor(ScriptedEngine(script), house=house_with(Adversary(3, 1.0)))
    floor.play(walk(3, 1)[:BARS])
    assert {e.intent.template for e in floor.of(OrderIntentCreated)} == {"K6"}
    assert floor.of(TradeOpened)
    assert not floor.of(StrategyFaulted)


class Broken(Adversary):
    """Sees its setup always; `what` says how its plan is wrong."""

    def __init__(self, what: Callable[[EntryPlan], Any]) -> None:
        super().__init__(0, 1.0)
        self.what = what

    def detect(self, ctx: MarketContext, side: Side) -> Setup | None:
        return Setup("K6", side, None) if side > 0 else None

    def plan_entry(self, ctx: MarketContext, setup: Setup) -> Any:
        plan = self.on_stop(ctx, setup)
        assert isinstance(plan, EntryPlan)
        return self.what(plan)


WRONG: dict[str, tuple[Callable[[EntryPlan], Any], str]] = {
    "too wide": (
        lambda p: p._replace(stop=40, stop_price=p.limit - 40, target=80,
                             target_price=p.limit + 80), "a stop of 40 ticks, the rule gives"),
    "wrong side": (
        lambda p: p._replace(stop_price=p.limit + p.stop), "do not lie where their distances say"),
    "for a short": (
        lambda p: p._replace(trigger=p.limit + 2, limit=p.limit), "ticks beyond its trigger"),
    "not a number": (lambda p: p._replace(stop=float("nan")), "a stop that is no whole number"),
    "between two ticks": (lambda p: p._replace(limit=p.limit + 0.5), "no whole tick: float"),
    "far target": (
        lambda p: p._replace(target=p.stop * 50, target_price=p.limit + p.stop * 50),
        "not within"),
    "two of them": (lambda p: [p, p], "answered list, not an EntryPlan"),
    "market": (lambda p: p._replace(entry_type="MARKET"), "an entry of type str"),
    "far away": (
        lambda p: p._replace(trigger=p.trigger + 300, limit=p.limit + 300,
                             stop_price=p.stop_price + 300, target_price=p.target_price + 300),
        "ticks from the market"),
    "behind the market": (
        lambda p: p._replace(trigger=p.limit - 20, limit=p.limit - 20,
                             stop_price=p.stop_price - 20, target_price=p.target_price - 20),
        "that the market has passed"),
    "raises": (lambda p: 1 // 0, "raised ZeroDivisionError at test_adversary.py:"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_plan_is_refused_with_its_reason_and_the_others_go_on(name: str) -> None:
    what, detail = WRONG[name]
    k1 = stretched(stop=9).frame
    engine = ScriptedEngine({30: willing(1), 31: willing(1), 40: k1})
    floor = Floor(engine, house=house_with(Broken(what)))
    bars = [quiet(k) for k in range(44)]
    floor.play(bars)
    record = floor.decision(30).record
    assert (record.action, record.reason) == (Action.SKIP, "STRATEGY_FAULT")
    (own,) = record.candidates
    assert own.template == "K6"
    assert [g.reason for g in own.gates if g.id == "plan"] == ["STRATEGY_FAULT"]
    (fault,) = floor.of(StrategyFaulted)
    assert (fault.template, fault.method) == ("K6", "plan_entry")
    assert detail in fault.detail
    assert floor.decision(31).record.candidates == ()
    assert {e.intent.template for e in floor.of(OrderIntentCreated)} == {"K1"}
    (trade,) = floor.of(TradeOpened)
    assert trade.key.template == "K1"


def quiet(minute: int, day: date = TUESDAY) -> Bar:
    return Bar(session_on(day).open + minute * MINUTE, PRICE, PRICE + 1, PRICE - 7, PRICE, 100)


def test_it_is_asked_again_in_the_next_session() -> None:
    engine = ScriptedEngine({30: willing(1)})
    floor = Floor(engine, house=house_with(Broken(lambda p: None)))
    floor.play([quiet(k, MONDAY) for k in range(390)] + [quiet(k) for k in range(40)])
    assert len(floor.of(SessionClosed)) == 1
    first, second = floor.of(StrategyFaulted)
    assert second.at - first.at > 20 * 60 * MINUTE


class Deserter(Broken):
    """Enters well, and fails once it is in a trade."""

    def __init__(self) -> None:
        super().__init__(lambda p: p)

    def plan_exit(self, ctx: MarketContext, trade: TradeView) -> Any:
        raise Odd


def test_a_trade_of_one_that_fails_is_left_to_the_rules_of_the_house() -> None:
    script = {k: willing(1) for k in range(30, 99)}
    floor = Floor(ScriptedEngine(script), house=house_with(Deserter()))
    bars = [quiet(k) for k in range(31)]
    opened = session_on(TUESDAY).open
    bars += [
        Bar(opened + k * MINUTE, PRICE + 2, PRICE + 4, PRICE, PRICE + 3, 100) for k in range(31, 99)
    ]
    floor.play(bars)
    fault = floor.of(StrategyFaulted)[0]
    assert (fault.method, fault.detail[:10]) == ("plan_exit", "raised Odd")
    trade = floor.of(TradeClosed)[0]
    assert trade.at > fault.at
    assert trade.exit_reason in ("TIME_STOP", "STOP", "BE_STOP", "TARGET")
    assert abs(trade.net.units) <= Money.parse("35.00").units


def test_decisions_are_one_a_bar_all_the_same() -> None:
    floor = Floor(
        ScriptedEngine({k: willing(1) for k in range(390)}), house=house_with(Adversary(1, 0.0))
    )
    floor.play([quiet(k) for k in range(60)])
    assert len(floor.of(DecisionMade)) == 60

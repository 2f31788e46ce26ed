"""Faults of bars, accounts, contracts and clocks (ibkr.md 14)."""

from __future__ import annotations

import pytest

from application.surroundings import WARM_UP
from changing import replace
from domain.event import (
    BarClosed,
    BarRejected,
    DecisionMade,
    PermitRefused,
    QualityAssessed,
)
from domain.units import MINUTE
from execution_world import wants
from gateway_stack import FAST, FILLS, FIRST, START, WINS, Stack
from ports.errors import BrokerDown, BrokerRefused

LATER = {3: wants(1)}
"""A setup at the end of the fourth minute, after a fault of the second."""


def minutes(bot: Stack) -> list[int]:
    """The pieces of each minute that was decided on."""
    return [e.bar.n_sub or 0 for e in bot.of(BarClosed) if not e.warmup]


@pytest.mark.parametrize("fault", ["F-25", "F-26"])
def test_bars_that_stop_are_asked_for_again_and_forbid_entries(fault: str) -> None:
    waits = replace(FAST, beat=0.2, bars_stale=7.0, bars_lost=12.0)  # on the market's clock
    with Stack(setups={2: wants(1)}, waits=waits) as bot:
        bot.minute(1)
        before = sum(e.kind == "reqRealTimeBars" for e in bot.sim.received)
        bot.sim.arm(fault)
        bot.play(5)
        bot.settle(lambda: sum(e.kind == "reqRealTimeBars" for e in bot.sim.received) > before)
        bot.minute(4)
        assert bot.kills in ([], ["DVS_KILL"])
        assert len(minutes(bot)) >= 2, "bars are back"


def test_f27_a_missing_piece_costs_its_minute() -> None:
    with Stack(setups=LATER) as bot:
        bot.minute(1)
        bot.sim.arm("F-27")
        bot.minute(3)
        assert minutes(bot)[1] == 11
        whole = [e.bar.volume for e in bot.of(BarClosed) if not e.warmup]
        assert whole[1] == 12 * 11, "its prices and its volume are those of history"
        worst = min(e.q_bp for e in bot.of(QualityAssessed))
        assert worst <= 9500


@pytest.mark.parametrize("how", ["duplicate", "reorder", "corrected"])
def test_f28_a_bar_that_comes_again_changes_no_closed_minute(how: str) -> None:
    with Stack(moves=WINS) as bot:
        bot.sim.arm("F-28", how=how, times=3)
        bot.minute(5)
        bars = [e.bar for e in bot.of(BarClosed) if not e.warmup]
        opens = [b.open_time for b in bars]
        assert opens == sorted(set(opens))
        assert len(bot.placed("E")) <= 1
        bot.finish(flat=bot.position == 0)


@pytest.mark.parametrize("how", ["off_tick", "zero", "negative", "nan", "absurd"])
def test_f29_an_impossible_price_is_no_bar(how: str) -> None:
    with Stack(setups={1: wants(1)}) as bot:
        bot.minute(1)
        bot.sim.arm("F-29", how=how)
        bot.minute(2)
        assert bot.placed() == [], "no decision on it"
        prices = [e.bar.close for e in bot.of(BarClosed)]
        assert max(prices) - min(prices) < 100
        bad = [e for e in bot.of(QualityAssessed) if e.q_bp < 10_000]
        assert bad or bot.of(BarRejected)


@pytest.mark.parametrize(
    ("fault", "how"),
    [
        ("F-31", {"how": "several"}),
        ("F-32", {}),
        ("F-50", {"how": "none"}),
        ("F-50", {"how": "multiplier"}),
        ("F-50", {"how": "tick"}),
    ],
)
def test_a_wrong_account_or_contract_is_refused_before_any_order(
    fault: str, how: dict[str, str]
) -> None:
    bot = Stack()
    bot.sim.__enter__()
    try:
        bot.sim.arm(fault, **how)
        with pytest.raises((BrokerRefused, BrokerDown)):
            bot.begin()
        assert bot.placed() == []
    finally:
        bot.gateway.market.close()
        bot.sim.__exit__()


@pytest.mark.parametrize("how", ["absent", "unset", "not_ready"])
def test_f33_without_account_figures_nothing_is_entered(how: str) -> None:
    bot = Stack(moves=FILLS)
    bot.sim.__enter__()
    try:
        bot.sim.arm("F-33", how=how)
        bot.begin()
        bot.minute(3)
        assert bot.placed() == []
        assert bot.kills == []
    finally:
        bot.__exit__()


def test_f34_a_margin_call_forbids_entries_and_latches_when_confirmed() -> None:
    with Stack(setups=LATER) as bot:
        bot.minute(1)
        bot.sim.arm("F-34")
        bot.minute(6)
        assert bot.placed() == []
        assert bot.kills in ([], ["MARGIN"])


def test_f48_a_competing_session_forbids_entries() -> None:
    with Stack(setups={2: wants(1)}) as bot:
        bot.minute(2)
        bot.sim.arm("F-48")
        bot.minute(4)
        assert bot.placed() == []


LIVE, DELAYED = 1, 3
"""Kinds of market data."""


def quotes_become(bot: Stack, kind: int) -> None:
    """Quotes are of a kind from here on."""

    def tell() -> None:
        for session in bot.sim.core.sessions:
            for request in session.quotes:
                if kind != LIVE:
                    session.error(request, 10167, "Requested market data is not subscribed")
                session.send("marketDataType", reqId=request, type=kind)

    bot.sim.call(tell)


def test_l28_delayed_quotes_forbid_entries_until_they_are_live() -> None:
    """Bars that flow beside them prove nothing."""
    setups = {3: wants(1), 6: wants(1), 9: wants(1)}
    with Stack(setups=setups, moves={50: 0, 115: 2}) as bot:
        bot.minute(2)
        quotes_become(bot, DELAYED)
        bot.minute(8)
        assert bot.placed() == []
        last = [e for e in bot.of(QualityAssessed) if e.cause == "bar"][-1]
        assert ("NO_QUOTE", 1000) in last.penalties
        quotes_become(bot, LIVE)
        bot.minute(11)
        assert len(bot.placed("E")) == 1
        bot.finish()


def test_f47_pacing_does_not_end_the_run() -> None:
    bot = Stack(moves=FILLS)
    bot.sim.__enter__()
    try:
        bot.sim.arm("F-47", what="bars")
        bot.begin()
        bot.minute(2)
        assert bot.placed() == []
        assert bot.trades == 0
    finally:
        bot.__exit__()


def test_f52_a_gateway_whose_clock_is_off_gets_no_order_on_the_hosts_clock() -> None:
    """On the gateway's clock the check is off (ibkr.md 12.1), so nothing may break either."""
    with Stack(moves=FILLS) as bot:
        bot.sim.arm("F-52", seconds=90)
        bot.minute(4)
        assert bot.trades <= 1
        assert len(bot.of(DecisionMade)) >= 1
        assert all(r.reason for r in bot.of(PermitRefused))


def test_f47_a_start_without_its_history_decides_once_it_has_come() -> None:
    """Two refusals in a row used to let it trade on no past at all."""
    waits = replace(FAST, history=0.3, paced=0.2)
    setups = {n: wants(1) for n in range(20)}
    with Stack(setups=setups, waits=waits, before=True) as bot:
        rule = bot.sim.arm("F-47", what="history")
        bot.warms_up()
        bot.minute(3)
        assert minutes(bot) == []
        assert bot.placed() == []
        assert WARM_UP in bot.core.desk.hindered
        bot.sim.disarm(rule)
        bot.minute(15)
        assert bot.core.desk.hindered == ("RATE",), "which is held against us for a real minute"
        past = [e.bar.open_time for e in bot.of(BarClosed) if e.warmup]
        assert len(past) > 3 * 60 + FIRST, "the sessions before, and what was missed of this one"
        bars = [e.bar.open_time for e in bot.of(BarClosed)]
        assert bars == sorted(set(bars))
        live = (START + 15 * MINUTE - past[-1]) // MINUTE - 1
        assert len(minutes(bot)) == live > 5
        assert bot.kills == []

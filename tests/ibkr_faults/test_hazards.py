"""Hazards of the safety case that need a gateway: H12, H13, H16, H30 and H35."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from adapters.gateway_sim import foreign
from adapters.gateway_sim.orders import Order
from domain.event import DecisionMade, OrderSubmitting
from domain.outcomes import ShadowOpened
from domain.units import SECOND
from execution_world import wants
from gateway_stack import FILLS, PER_MINUTE, Stack
from week import Week

DAYS = 20 if os.environ.get("TRADEBOT_TEST_FULL") else 3
"""Sessions that are only observed; the safety case asks for 20, which take a minute."""


def unheard(bot: Stack, pieces: int) -> None:
    """Time passes at the gateway, and the bot hears nothing."""
    for _ in range(pieces):
        bot.sim.play()
        bot.clock.passed += 5 * SECOND


# ---- H12, H13: what is at the broker outlives the process, or does not


def test_h12_the_entry_of_a_dead_process_expires_at_the_broker() -> None:
    with Stack(moves={40: -8}) as bot:
        bot.minute(1)
        (entry,) = bot.at_gateway("E")
        (sent,) = bot.of(OrderSubmitting)
        assert entry.expires == sent.expires_at + 5 * SECOND
        bot.die()
        unheard(bot, 60)
        assert bot.at_gateway() == []
        assert entry.filled == 0
        bot.begin()
        bot.minute(10)
        assert (len(bot.placed("E")), bot.trades) == (1, 0)
        bot.finish()


def test_h13_a_stop_outlives_the_close_without_a_link_and_then_all_is_flat() -> None:
    enters, close = 30, 60  # minutes after the start, in a session that ends at 11:00
    moves = {enters * PER_MINUTE + n: move for n, move in FILLS.items()}
    with Stack(setups={enters: wants(1)}, moves=moves, close_hour=11, minutes=90) as bot:
        bot.minute(close - 6)
        assert bot.position == 1
        bot.sim.arm("F-42", seconds=2.0, farms=0)
        bot.settle(lambda: not bot.core.desk.connected)
        unheard(bot, 12 * PER_MINUTE)
        assert bot.position == 1
        assert len(bot.at_gateway("S")) == 1
        bot.settle(lambda: bot.core.desk.connected)
        bot.until(lambda: bot.position == 0)
        assert bot.at_gateway() == []
        assert bot.exits == ["EOD"]
        bot.finish()


# ---- H16: a person trades on our account

Act = Callable[[Stack], None]


def of_ours(bot: Stack, role: str) -> Order | None:
    return next(iter(bot.at_gateway(role)), None)


def trades(qty: int) -> Act:
    return lambda bot: void(bot.sim.call(lambda: foreign.trade(bot.sim.core, qty)))


def void(_: object) -> None:
    """Of interest to nobody."""


def cancels(role: str) -> Act:
    def act(bot: Stack) -> None:
        order = of_ours(bot, role)
        if order is not None:
            bot.sim.call(lambda: bot.sim.core.broker.drop(order))

    return act


def moves_stop(ticks: int) -> Act:
    def act(bot: Stack) -> None:
        def move() -> None:
            stop = of_ours(bot, "S")
            if stop is not None and stop.stop is not None:
                stop.stop += ticks
                bot.sim.core.broker.status(stop, stop.status)

        bot.sim.call(move)

    return act


ACTS: dict[str, tuple[Act, int]] = {
    "adds": (trades(1), 1), "closes": (trades(-1), -1), "reverses": (trades(-2), -2),
    "cancels the entry": (cancels("E"), 0), "cancels the stop": (cancels("S"), 0),
    "cancels the target": (cancels("T"), 0), "moves the stop away": (moves_stop(-4), 0),
    "moves the stop closer": (moves_stop(2), 0),
}  # fmt: skip
"""What a person does, and by how much it changes the account."""
STATES = {"entry at work": 12, "just filled": 14, "in the trade": 40, "after it": 120}
"""The piece after which it is done; the target is reached in the 100th."""


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("act", ACTS)
def test_h16_no_order_of_ours_adds_to_what_a_person_leaves(act: str, state: str) -> None:
    with Stack(moves=FILLS | {100: 24}) as bot:
        bot.play(STATES[state])
        does, change = ACTS[act]
        before = bot.position
        does(bot)
        left, seen = bot.position, [bot.position]
        assert left == before + change
        for _ in range(9 * PER_MINUTE):
            bot.play()
            seen.append(bot.position)
        entered = len(bot.of(OrderSubmitting)) == 1 and state == "entry at work"
        most = max(abs(left), abs(left + 1) if entered else 0)
        assert max(map(abs, seen)) <= most, seen
        assert bot.at_gateway() == []
        assert bot.core.desk.expected_position == 0
        if change:
            assert bot.core.desk.law.killed or bot.core.desk.law.halts or not bot.trades
        bot.finish(flat=bot.position == 0 and not change)


@pytest.mark.parametrize("act", ACTS)
def test_h16_an_exit_under_way_leaves_what_the_person_wants(act: str) -> None:
    """Both may fill (H17): a reversal no larger than what was closed is ours to close (law.md 3), a
    larger one is the person's."""
    with Stack(moves=FILLS) as bot:
        bot.play(STATES["in the trade"])
        bot.asked_to_kill = "a drill"
        bot.play()
        assert len(bot.at_gateway("X")) == 1
        does, change = ACTS[act]
        before = bot.position
        does(bot)
        left, wrong = bot.position, 0
        assert left == before + change
        wanted = left - 1 if left != 0 else 0
        for _ in range(6 * PER_MINUTE):
            bot.play()
            wrong += bot.position != wanted
        assert bot.position == wanted
        assert wrong <= 3, "for more than ten seconds and the piece it began in"
        assert bot.at_gateway() == []
        assert bot.core.desk.law.killed
        bot.finish(flat=bot.position == 0 and not change)


# ---- H30, H35: nothing is sent


def test_h30_what_only_observes_sends_nothing_in_many_sessions() -> None:
    with Week(days=DAYS, minutes=34, mode="OBSERVE") as bot:
        for number in range(DAYS):
            if number:
                bot.night()
            bot.day()
        sent = {e.kind for e in bot.sim.received}
        assert not sent & {"placeOrder", "cancelOrder", "reqGlobalCancel"}
        assert len(bot.of(DecisionMade)) == DAYS * 34
        assert len(bot.of(ShadowOpened)) >= DAYS

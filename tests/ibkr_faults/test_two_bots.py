"""Two machines on one account: neither knows of the other but by what the gateway says of it."""

from __future__ import annotations

import pytest

from domain.event import OrderSubmitting
from execution_world import wants
from gateway_stack import LOSES, WINS, Stack


def passes(pieces: int, *bots: Stack) -> None:
    """Pieces happen; each is heard and answered by all."""
    for _ in range(pieces):
        bots[0].sim.play()
        for bot in bots:
            bot.passed()


def hands_off(*bots: Stack) -> None:
    """Each bot has changed and cancelled its own orders alone."""
    for bot in bots:
        mine = {e.message.text("orderId") for e in bot.placed()}
        kinds = ("cancelOrder", "reqGlobalCancel")
        ended = [e for e in bot.sim.received if e.client == bot.client and e.kind in kinds]
        assert {e.message.text("orderId") for e in ended} <= mine
        assert all(e.message.text("orderRef").endswith(bot.tag) for e in bot.placed())


@pytest.mark.parametrize("moves", [WINS, LOSES], ids=["wins", "loses"])
@pytest.mark.parametrize("later", [0, 2])
def test_two_stores_that_see_the_same_bars(moves: dict[int, int], later: int) -> None:
    minutes = {n: wants(1) for n in range(12)}
    theirs = {n: wants(1) for n in range(later, 12)}
    with (
        Stack(setups=minutes, moves=moves) as one,
        Stack(setups=theirs, beside=one, client=18, tag="cd34") as two,
    ):
        passes(14 * 12, one, two)
        sent = [e for bot in (one, two) for e in bot.of(OrderSubmitting)]
        assert 1 <= len(sent) <= 2
        hands_off(one, two)
        assert one.position == 0
        assert one.core.desk.expected_position == two.core.desk.expected_position == 0
        for bot in (one, two):
            bot.finish(flat=False)
        booked = one.sim.core.broker.account.cash - one.cash
        assert f"{booked:.4f}" == str(one.core.desk.law.net_day + two.core.desk.law.net_day)

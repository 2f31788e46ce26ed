"""The whole bot against a gateway without faults: the stories that faults spoil elsewhere."""

from __future__ import annotations

from execution_world import wants
from gateway_stack import FILLS, LOSES, WINS, Stack


def test_a_bracket_that_reaches_its_target() -> None:
    with Stack(moves=WINS) as bot:
        bot.minute(1)
        kinds = sorted(e.message.text("orderType") for e in bot.placed())
        assert kinds == ["LMT", "LMT", "STP"]
        assert bot.position == 0
        bot.minute(2)
        assert bot.position == 1
        bot.minute(4)
        assert bot.exits == ["TARGET"]
        assert bot.kills == []
        bot.finish()


def test_a_bracket_that_is_stopped() -> None:
    with Stack(moves=LOSES) as bot:
        bot.minute(4)
        assert bot.exits == ["STOP"]
        bot.finish()


def test_a_short_bracket() -> None:
    with Stack(setups={0: wants(-1)}, moves={n: -m for n, m in WINS.items()}) as bot:
        bot.minute(4)
        assert bot.exits == ["TARGET"]
        bot.finish()


def test_an_entry_that_is_not_filled_is_cancelled_in_time() -> None:
    with Stack() as bot:
        bot.minute(2, 5)
        assert len(bot.at_gateway("E")) == 1
        bot.minute(2, 8)
        assert bot.at_gateway() == []
        assert bot.trades == 0
        assert bot.kills == []
        bot.finish()


def test_observing_sends_no_order() -> None:
    with Stack(moves=FILLS, mode="OBSERVE") as bot:
        bot.minute(4)
        assert bot.placed() == []
        assert bot.trades == 0
        kinds = {e.kind for e in bot.sim.received}
        assert not kinds & {"placeOrder", "cancelOrder", "reqGlobalCancel"}
        bot.finish()

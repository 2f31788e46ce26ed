"""The gateway's commission reports held against the ledger, over the socket (H7)."""

from __future__ import annotations

import pytest

from application.desk import STATEMENT
from domain.event import OperatorCommand, ReconcileStarted, StatementDiffers, TradeClosed
from domain.statement import EXIT, RESULT
from domain.units import ZERO, Money
from gateway_stack import FILLS, WINS, Stack


def values(bot: Stack) -> list[str]:
    """The results that the reads with a statement have brought."""
    reads = (e.truth.statement.lines for e in bot.of(ReconcileStarted))
    return [str(line.result) for lines in reads for line in lines if line.result is not None]


def won(bot: Stack) -> None:
    bot.minute(7)
    assert bot.exits == ["TARGET"]


def test_a_restart_compares_and_finds_the_same() -> None:
    with Stack(moves=WINS) as bot:
        won(bot)
        bot.again()
        bot.settle(lambda: bot.core.desk.reconciled)
        assert values(bot), "it was compared"
        assert bot.of(StatementDiffers) == []
        bot.finish()


@pytest.mark.parametrize(("result", "waits"), [("-5.00", False), ("-5.01", True), ("7.50", True)])
def test_what_the_gateway_states_otherwise_is_for_a_person(result: str, waits: bool) -> None:
    with Stack(moves=WINS) as bot:
        won(bot)
        bot.die()
        # Our gateway takes the exit's commission off alone; what differs is told after both.
        bot.sim.arm("F-10", how="wrong", result=f"{float(result) - 0.62:.2f}")
        bot.begin()
        bot.settle(lambda: bot.core.desk.reconciled)
        (told,) = bot.of(StatementDiffers)
        assert {d.what for d in told.differences} == {RESULT}
        assert told.observe == waits
        assert bot.core.desk.observing() == (STATEMENT if waits else None)
        assert bot.kills == []
        bot.again()
        bot.settle(lambda: bot.core.desk.reconciled)
        assert len(bot.of(StatementDiffers)) == 1
        assert bot.core.desk.observing() == (STATEMENT if waits else None)
        bot.finish()
        net, now = bot.core.desk.law.net_day, bot.market.now()
        bot.run.take(bot.core.dealing.operator("ack", "statement I have looked", "me", now))
        assert bot.of(OperatorCommand)
        loss = told.loss if waits else ZERO
        assert bot.core.desk.law.net_day == net - loss
        assert bot.core.desk.observing() is None


def test_the_close_of_a_session_is_compared_too() -> None:
    """The interface answers for the current day alone: tomorrow it would be too late."""
    with Stack(moves=WINS, close_hour=11) as bot:
        won(bot)
        bot.sim.arm("F-10", how="wrong", result="-9.00")
        bot.minute(58)
        assert bot.of(StatementDiffers) == []
        bot.minute(63)
        (told,) = bot.of(StatementDiffers)
        assert told.observe
        bot.finish()


def test_a_forced_exit_without_a_price_is_what_the_gateway_shows_of_it() -> None:
    with Stack(moves=FILLS | {30: -4}) as bot:
        bot.minute(2)
        bot.sim.arm("F-35")
        bot.minute(4)
        (closed,) = bot.of(TradeClosed)
        assert closed.exit_reason == "EXTERNAL"
        real = bot.sim.core.broker.executions[-1]
        bot.again()
        bot.settle(lambda: bot.core.desk.reconciled)
        worse = closed.exit_price - real.price
        assert worse < 0, "booked at the stop, the worse price"
        (told,) = bot.of(StatementDiffers)
        (found,) = [d for d in told.differences if d.what == EXIT]
        assert found.gain == Money.parse("1.25") * -worse
        assert told.loss == ZERO
        assert told.observe == (found.gain > Money.parse("5.00"))

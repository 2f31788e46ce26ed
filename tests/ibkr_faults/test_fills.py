"""Faults of fills and positions (ibkr.md 14): what the bot does, on the wire and in its ledger."""

from __future__ import annotations

import pytest

from domain.event import FeeReported, FillReceived, ForeignOrder
from gateway_stack import FILLS, LOSES, WINS, Stack
from market_builders import mes


@pytest.mark.parametrize(
    ("fault", "how"),
    [
        ("F-06", {}),
        ("F-07", {}),
        ("F-08", {"how": "status_first"}),
        ("F-08", {"how": "exec_only"}),
        ("F-09", {}),
        ("F-10", {"how": "twice"}),
    ],
)
def test_a_fill_is_booked_once_however_it_is_told(fault: str, how: dict[str, str]) -> None:
    with Stack(moves=WINS) as bot:
        bot.sim.arm(fault, **how)
        bot.minute(7)
        assert bot.exits == ["TARGET"]
        assert bot.trades == 1
        assert len(bot.of(FillReceived)) == 2
        assert bot.kills == []
        bot.finish()


def test_f10_a_fee_that_is_never_reported_is_the_contracts() -> None:
    with Stack(moves=WINS) as bot:
        bot.sim.arm("F-10", how="never")
        bot.minute(7)
        assert bot.exits == ["TARGET"]
        assert len({e.exec_id for e in bot.of(FeeReported)}) <= 2
        bot.finish()


def test_f20_both_exits_fill_and_the_reversal_is_closed_once() -> None:
    with Stack(moves=WINS | {40: -40}) as bot:
        bot.minute(2)
        bot.sim.arm("F-20")
        bot.minute(7)
        assert bot.kills == ["DOUBLE_EXIT"]
        assert bot.position == 0
        assert len(bot.placed("X")) == 1
        bot.finish()


@pytest.mark.parametrize("how", ["price", "bust"])
def test_f21_a_corrected_execution_is_never_counted_twice(how: str) -> None:
    with Stack(moves=FILLS | {60: 24}) as bot:
        bot.minute(1)
        bot.sim.arm("F-21", how=how)
        bot.minute(8)
        assert bot.position == 0
        assert bot.core.desk.expected_position == 0
        assert bot.trades == 1
        assert bot.at_gateway() == []
        bot.finish(flat=how == "price")


@pytest.mark.parametrize("unheard", [False, True], ids=["a word", "a read"])
def test_f21_a_corrected_price_counts_without_a_commission(unheard: bool) -> None:
    with Stack(moves=FILLS | {60: 24}) as bot:
        bot.minute(1)
        bot.sim.arm("F-10", how="never")
        bot.sim.arm("F-21", how="price")
        if unheard:
            bot.sim.arm("F-09")
        bot.minute(8)
        assert bot.exits == ["TARGET"]
        (corrected,) = bot.of(FeeReported)
        assert corrected.fee == mes().fee_per_side + mes().tick_value
        bot.finish()


@pytest.mark.parametrize("dead", [False, True], ids=["cut off", "dead"])
def test_f21_a_price_that_was_corrected_unheard_is_learned_of_afterwards(dead: bool) -> None:
    with Stack(moves=FILLS | {60: 24}) as bot:
        bot.minute(2)
        (filled,) = bot.of(FillReceived)
        if dead:
            bot.die()
        else:
            bot.sim.arm("F-42", seconds=0.3, farms=0)
            bot.settle(lambda: not bot.core.desk.connected)
        broker = bot.sim.core.broker
        (done,) = broker.executions
        bot.sim.call(lambda: broker.correct(done, done.price + 2, done.qty))
        if dead:
            bot.sim.call(lambda: broker.executions.remove(done))  # the last version alone is shown
            bot.begin()
        bot.settle(lambda: bot.core.desk.connected and bot.core.desk.reconciled)
        bot.minute(8)
        assert bot.exits == ["TARGET"]
        assert bot.of(FillReceived)[0].fill == filled.fill
        bot.finish()


def test_f35_a_forced_liquidation_is_booked_latched_and_not_repaired() -> None:
    with Stack(moves=FILLS) as bot:
        bot.minute(2)
        assert bot.position == 1
        bot.sim.arm("F-35")
        bot.minute(4)
        assert bot.position == 0
        assert bot.kills
        assert bot.at_gateway() == []
        assert bot.placed("X") == []
        assert bot.core.desk.expected_position == 0


def test_f36_a_position_from_yesterday_is_left_alone() -> None:
    with Stack(faults=("F-36",)) as bot:
        bot.minute(4)
        assert bot.position == 1, "hands off"
        assert bot.kills == ["UNEXPECTED_POSITION"]
        assert bot.placed() == []


def test_f38_a_persons_trade_beside_ours_is_left_to_the_person() -> None:
    with Stack(moves=FILLS | {60: 24}) as bot:
        bot.minute(2)
        bot.sim.arm("F-38", qty=1)
        bot.minute(4)
        assert bot.kills
        assert bot.position == 1, "our part is closed, the person's stays"
        assert sum(1 for _ in bot.placed("X")) == 1
        assert bot.at_gateway() == []


def test_f38_a_person_who_closes_our_position_is_not_corrected() -> None:
    with Stack(moves=FILLS) as bot:
        bot.minute(2)
        bot.sim.arm("F-38", qty=-1)
        bot.minute(4)
        assert bot.position == 0
        assert bot.kills
        assert bot.placed("X") == []
        assert bot.at_gateway() == []


def test_f57_a_position_that_lags_its_execution_is_no_stranger() -> None:
    with Stack(moves=LOSES) as bot:
        bot.sim.arm("F-57", pieces=1, times=1)
        bot.minute(7)
        assert bot.kills == []
        assert bot.exits == ["STOP"]
        assert bot.of(ForeignOrder) == []
        bot.finish()

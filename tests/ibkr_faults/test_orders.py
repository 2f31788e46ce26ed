"""Faults of orders and their answers (ibkr.md 14): what the bot does, on the wire and after."""

from __future__ import annotations

import os

import pytest

from domain.event import ExecutionIncident, ForeignOrder, OrderStateChanged, TradeOpened
from domain.orders import Role, ref_of
from domain.units import SECOND
from gateway_stack import FILLS, WINS, Stack


def states(bot: Stack, role: Role) -> list[str]:
    """The states that an order of the first bracket went through."""
    found = []
    for event in bot.of(OrderStateChanged):
        ref = ref_of(event.order_ref)
        if ref is not None and ref.role is role:
            found.append(event.after)
    return found


def incidents(bot: Stack) -> set[str]:
    return {e.kind for e in bot.of(ExecutionIncident)}


def test_f04_a_lost_bracket_is_looked_for_and_never_sent_again() -> None:
    with Stack(moves=FILLS) as bot:
        bot.sim.arm("F-04")
        bot.minute(6)
        assert len(bot.placed("E")) == 1
        assert bot.trades == 0
        assert "ACK_TIMEOUT" in incidents(bot)
        assert bot.core.desk.law.sent_today == 1
        bot.finish()


@pytest.mark.parametrize("what", ["order", "ack"])
def test_f05_a_late_acknowledgement_makes_no_second_order(what: str) -> None:
    with Stack(moves=FILLS) as bot:
        bot.sim.arm("F-05", what=what, delay=1.0)
        bot.minute(7)
        assert len(bot.placed("E")) == 1
        assert bot.trades <= 1
        bot.finish(flat=bot.position == 0)


def test_f12_a_rejected_parent_ends_the_intent() -> None:
    with Stack(moves=FILLS) as bot:
        bot.sim.arm("F-12")
        bot.minute(4)
        assert len(bot.placed("E")) == 1
        assert states(bot, Role.ENTRY)[-1] == "REJECTED"
        assert bot.at_gateway() == []
        assert "ORDER_REJECTED" in incidents(bot)
        bot.finish()


def test_f13_a_rejected_target_leaves_the_stop_and_is_placed_again() -> None:
    with Stack(moves=FILLS | {60: 24}) as bot:
        bot.sim.arm("F-13")
        bot.minute(4)
        assert bot.position == 1
        assert len(bot.at_gateway("S")) == 1
        assert len(bot.at_gateway("T")) == 1
        bot.minute(7)
        assert bot.exits == ["TARGET"]
        bot.finish()


def test_f14_a_rejected_stop_cancels_the_entry() -> None:
    with Stack(moves=FILLS) as bot:
        bot.sim.arm("F-14")
        bot.minute(4)
        assert bot.position == 0
        assert bot.trades == 0
        assert bot.at_gateway() == []
        bot.finish()


@pytest.mark.parametrize("fault", ["F-15", "F-16"])
def test_a_stop_that_is_lost_in_a_position_is_placed_again(fault: str) -> None:
    with Stack(moves=FILLS | {70: -16}) as bot:
        bot.minute(2)
        assert bot.position == 1
        bot.sim.arm(fault)
        bot.minute(2, 4)
        working = [o for o in bot.at_gateway("S") if o.live and o.status != "Inactive"]
        assert [o.ref.split("-")[3] for o in working] == ["S1"]
        assert "PROTECTION_LOST" in incidents(bot)
        bot.minute(8)
        assert bot.exits == ["STOP"]
        bot.finish()


def test_f39_a_stop_that_dies_with_its_day_is_placed_again() -> None:
    with Stack(moves=FILLS | {70: -16}) as bot:
        bot.minute(2)
        bot.sim.arm("F-39")
        bot.sim.call(lambda: _ends_in(bot, 10))
        bot.minute(2, 6)
        assert [o.ref.split("-")[3] for o in bot.at_gateway("S")] == ["S1"]
        assert bot.position == 1
        bot.minute(8)
        assert bot.exits == ["STOP"]
        bot.finish()


def _ends_in(bot: Stack, seconds: int) -> None:
    """The day of every stop that works ends after that many seconds."""
    for order in bot.sim.core.broker.live():
        if order.kind == "STP":
            order.expires = bot.sim.core.market.now + seconds * SECOND


@pytest.mark.parametrize("code", [201, 110, 105, 10318])
def test_f58_a_refused_change_leaves_the_old_stop_to_protect(code: int) -> None:
    with Stack(moves=FILLS | {27: 12, 80: -24}) as bot:
        bot.minute(2)
        first = bot.at_gateway("S")[0]
        number, price = first.number, first.stop
        bot.sim.arm("F-58", code=code, times=10)
        bot.minute(5)
        asked = [e for e in bot.placed("S") if int(e.message.text("orderId")) == number]
        assert len(asked) > 1, "break-even was asked for"
        assert [(o.number, o.stop) for o in bot.at_gateway("S")] == [(number, price)]
        assert bot.position == 1
        bot.minute(8)
        assert bot.exits == ["STOP"]
        assert len(bot.placed("E")) == 1
        bot.finish()


@pytest.mark.parametrize("code", [10148, 161])
def test_f17_a_fill_wins_over_its_cancel(code: int) -> None:
    with Stack() as bot:
        bot.sim.arm("F-17", code=code)
        bot.minute(3, 6)
        assert bot.trades == 1
        assert bot.position == 1
        assert len(bot.at_gateway("S")) == 1, "protected"
        assert "CANCELED" not in states(bot, Role.ENTRY)
        bot.finish(flat=False)


def test_f18_a_cancel_that_finds_nothing_is_looked_into() -> None:
    with Stack() as bot:
        bot.sim.arm("F-18")
        bot.minute(6)
        assert bot.trades == 0
        assert len(bot.placed("E")) == 1
        assert bot.at_gateway("E") == []
        bot.finish()


def test_f19_a_fill_after_its_cancel_is_a_position() -> None:
    with Stack() as bot:
        bot.sim.arm("F-19")
        bot.minute(5)
        assert bot.trades == 1
        held = bot.position
        assert held == bot.core.desk.expected_position
        if held:
            assert len(bot.at_gateway("S")) == 1
        bot.finish(flat=held == 0)


def test_f30_a_price_that_is_refused_for_its_tick_is_a_rejection() -> None:
    with Stack(moves=FILLS) as bot:
        bot.sim.arm("F-30", times=3)
        bot.minute(4)
        assert states(bot, Role.ENTRY)[-1] in ("REJECTED", "CANCELED")
        assert len(bot.placed("E")) == 1
        assert bot.trades == 0
        bot.finish()


@pytest.mark.parametrize("fault", ["F-37", "F-55"])
def test_an_order_that_is_not_ours_forbids_entries_and_is_left_alone(fault: str) -> None:
    with Stack(moves=FILLS, faults=(fault,)) as bot:
        bot.minute(4)
        assert bot.placed() == []
        assert len(bot.of(ForeignOrder)) == 1
        strangers = [o for o in bot.sim.core.broker.live() if o.client != 17]
        assert len(strangers) == 1, "hands off"
        assert not [e for e in bot.sim.received if e.kind in ("cancelOrder", "reqGlobalCancel")]


@pytest.mark.parametrize("how", ["empty", "cut"])
def test_f44_an_order_whose_reference_is_not_echoed_is_known_by_its_permanent_id(how: str) -> None:
    with Stack(moves=WINS) as bot:
        bot.sim.arm("F-44", how=how)
        bot.minute(5)
        assert len(bot.placed("E")) == 1
        assert bot.trades <= 1
        assert bot.of(ForeignOrder) == []
        bot.finish()


def test_f46_a_read_only_gateway_gets_no_second_order() -> None:
    with Stack(moves=FILLS) as bot:
        bot.sim.arm("F-46")
        bot.minute(5)
        assert len(bot.placed("E")) == 1
        assert bot.trades == 0
        assert bot.position == 0


EVERY = [
    10349,
    2109,
    103,
    104,
    105,
    161,
    202,
    321,
    329,
    404,
    434,
    463,
    2148,
    10147,
    10318,
    99999,
]
CODES = EVERY if os.environ.get("TRADEBOT_EVERY_CODE") else [103, 202, 2148, 99999]
"""The adapter's own tests try each code; here each costs a day of pieces."""


@pytest.mark.parametrize("leg", ["entry", "target", "stop"])
@pytest.mark.parametrize("code", [10349, 99999])
def test_f49_a_code_on_a_live_order_does_not_end_it(code: int, leg: str) -> None:
    with Stack(moves=WINS) as bot:
        bot.sim.arm("F-49", code=code, leg=leg)
        bot.minute(6)
        assert bot.exits == ["TARGET"]
        assert len(bot.placed("E")) == 1
        assert len(bot.of(TradeOpened)) == 1
        bot.finish()


@pytest.mark.parametrize("code", CODES)
def test_every_code_of_the_table_leaves_a_live_entry_alive(code: int) -> None:
    with Stack(moves=WINS) as bot:
        bot.sim.arm("F-49", code=code, leg="entry")
        bot.minute(5)
        assert bot.exits == ["TARGET"], code
        assert len(bot.placed("E")) == 1
        assert bot.kills == []
        bot.finish()


def test_an_entry_that_waits_for_another_session_is_cancelled() -> None:
    with Stack(moves=WINS) as bot:
        bot.sim.arm("F-49", code=399, leg="entry")
        bot.minute(4)
        assert len(bot.placed("E")) == 1
        assert bot.trades == 0
        assert bot.at_gateway() == []
        assert bot.kills == []
        bot.finish()

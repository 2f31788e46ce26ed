"""What live traders suffered (lessons), where no fault of the catalogue shows it already."""

from __future__ import annotations

import time
from itertools import permutations

import pytest

from adapters.ibkr.desk import Desk
from adapters.ibkr.orders import Plan
from adapters.ibkr.records import ExecSeen, OrderFacts
from adapters.ibkr.settings import GatewaySettings
from adapters.ibkr.timekeeping import LinkTime, RunClock
from domain.orders import Fill, OrderEvent, OrderEventKind, OrderRef, Role
from gateway_stack import FILLS, TAG, Stack
from market_builders import PRICE, mes

ENTRY = OrderRef("20240305-040-MES", Role.ENTRY)
WORDS = ("openOrder", "orderStatus", "execDetails")


def desk() -> Desk:
    """A desk that has sent one entry at `PRICE`."""
    found = Desk(GatewaySettings(mes(), "PAPER", TAG, lambda _: True), RunClock("host"))
    found.account = "DU1"
    text = found.wire(ENTRY)
    found.sent(Plan(ENTRY, text, 1, 1, "LMT", PRICE, None, "GTD", "", child=False), 8)
    return found


def hear(on: Desk, kind: str, status: str) -> None:
    """One message of the gateway about that entry."""
    at, ref, price = LinkTime.host(), on.wire(ENTRY), float(PRICE * mes().tick_size)
    filled = 1.0 if status == "Filled" else 0.0
    facts = OrderFacts(
        8, 17, 1900, ref, "DU1", 600, "MES", "FUT", "BUY", "LMT", 1.0, price, 0.0, "GTD", "",
        status, filled, 1.0 - filled, "", False,
    )  # fmt: skip
    if kind == "openOrder":
        on.shown(facts, at)
    elif kind == "orderStatus":
        on.status(facts, at)
    else:
        on.execution(
            ExecSeen("0000e0d5.6561a3f2.01.01", at, "DU1", 600, "MES", "FUT", "BOT", 1.0, price,
                     1900, 17, 8, 0, ref), at
        )  # fmt: skip


@pytest.mark.parametrize("absent", ["", "orderStatus", "openOrder"])
@pytest.mark.parametrize("order", list(permutations(WORDS)))
def test_the_order_in_which_a_fill_is_told_changes_nothing(
    order: tuple[str, ...], absent: str
) -> None:  # L-10, L-11
    found = desk()
    for kind in order:
        if kind != absent:
            hear(found, kind, "Filled")
    fills = [w for w in found.words if isinstance(w, Fill)]
    assert [(f.order_ref, f.qty, f.price) for f in fills] == [(str(ENTRY), 1, PRICE)]
    ends = {w.kind for w in found.words if isinstance(w, OrderEvent)}
    assert not ends & {OrderEventKind.CANCEL_ACK, OrderEventKind.REJECT}
    assert found.ledger.filled(str(ENTRY)) == 1


def test_a_stalled_library_does_not_stop_the_clock_of_the_bot() -> None:  # L-33
    with Stack(moves=FILLS) as bot:
        bot.minute(2)
        assert bot.position == 1
        loop = bot.gateway.broker._hub.link._loop  # type: ignore[attr-defined]
        loop.call_soon_threadsafe(time.sleep, 2.0)
        began, longest, turns = time.monotonic(), 0.0, 0
        while time.monotonic() - began < 1.0:
            before = time.monotonic()
            bot.loop.turn()
            longest, turns = max(longest, time.monotonic() - before), turns + 1
        assert longest < 0.7, "no turn waits for the library"
        assert turns > 10
        time.sleep(1.2)
        bot.quiet()
        assert len(bot.at_gateway("S")) == 1
        assert bot.kills == []

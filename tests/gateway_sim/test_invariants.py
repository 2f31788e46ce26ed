"""The checker of the wire finds each thing that must never happen, and nothing in a good day."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from adapters.gateway_sim.bars import SECOND
from adapters.gateway_sim.codec import Message
from adapters.gateway_sim.invariants import Limits, check
from adapters.gateway_sim.log import Entry

LIMITS = Limits("DU1", con_id=7)
DAY = 1_381_239_000 * SECOND


class Story:
    """Builds a log: what a client sent and was told, at virtual seconds."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.second = 0

    def note(self, way: str, kind: str, **values: Any) -> None:
        message = Message(kind, values)
        at = DAY + self.second * SECOND
        self.entries.append(Entry(len(self.entries), way, at, 0, 1, 17, message))

    def place(self, number: int, **values: Any) -> None:
        given = {
            "orderId": number, "conId": 7, "account": "DU1", "totalQuantity": 1,
            "orderRef": f"r{number}", "transmit": 0, "parentId": 0,
        }  # fmt: skip
        self.note("in", "placeOrder", **{**given, **values})

    def bracket(self, number: int, ref: str = "", stop: float = 1495.0, **entry: Any) -> None:
        own = {"action": "BUY", "orderType": "LMT", "lmtPrice": 1500.0}
        self.place(number, **{**own, "orderRef": ref or f"r{number}", **entry})
        child = {"action": "SELL", "parentId": number}
        self.place(number + 1, orderType="LMT", lmtPrice=1510.0, **child)
        self.place(number + 2, orderType="STP", auxPrice=stop, **child, transmit=1)

    def status(self, number: int, status: str, why: str = "") -> None:
        self.note("out", "orderStatus", orderId=number, status=status, whyHeld=why)

    def fill(self, number: int, side: str) -> None:
        values = {"orderId": number, "execId": f"x{number}.01", "side": side, "shares": 1}
        self.note("out", "execDetails", **values)
        self.status(number, "Filled")

    def problems(self, limits: Limits = LIMITS, **more: Any) -> list[str]:
        return check(self.entries, limits, 17, **more)


def good(story: Story) -> None:
    for first in (1, 11):
        story.bracket(first)
        story.status(first, "Submitted")
        story.status(first + 2, "PreSubmitted", "child")
        story.second += 5
        story.fill(first, "BOT")
        story.status(first + 2, "PreSubmitted", "trigger")
        story.second += 100
        story.fill(first + 1, "SLD")
        story.status(first + 2, "Cancelled")
        story.second += 100


def test_a_good_day_breaks_nothing() -> None:
    story = Story()
    good(story)
    assert story.problems() == []
    assert story.problems(known=lambda ref: True) == []


def third(story: Story) -> None:
    good(story)
    story.bracket(21)


def second_alive(story: Story) -> None:
    story.bracket(1)
    story.bracket(11)


def naked(story: Story) -> None:
    story.bracket(1)
    story.fill(1, "BOT")
    story.second += 3
    story.note("out", "realtimeBar", time=1)


def lost_stop(story: Story) -> None:
    story.bracket(1)
    story.fill(1, "BOT")
    story.status(3, "PreSubmitted", "trigger")
    story.second += 50
    story.status(3, "Cancelled")
    story.second += 3
    story.note("out", "realtimeBar", time=1)


def same_ref(story: Story) -> None:
    story.bracket(1, ref="a")
    story.status(1, "Cancelled")
    story.bracket(11, ref="a")


def no_stop(story: Story) -> None:
    story.place(1, action="BUY", orderType="LMT", lmtPrice=1500.0)


CASES: list[tuple[Callable[[Story], None], str]] = [
    (third, "3 entries on 2013-10-08"),
    (second_alive, "a second entry while another was alive"),
    (naked, "had no working stop"),
    (lost_stop, "had no working stop"),
    (same_ref, "used for two entries"),
    (no_stop, "not by its stop and target"),
    (lambda s: s.bracket(1, stop=1500.25), "its stop is -1 ticks away"),
    (lambda s: s.bracket(1, stop=1480.0), "its stop is 80 ticks away"),
    (lambda s: s.bracket(1, totalQuantity=2), "quantity 2"),
    (lambda s: s.bracket(1, conId=8), "on contract 8"),
    (lambda s: s.bracket(1, account="DU2"), "on account DU2"),
    (lambda s: s.bracket(1, lmtPrice=1500.1), "off the tick"),
    (lambda s: s.bracket(1, transmit=1), "not exactly the last"),
    (lambda s: s.bracket(1, action="SELL"), "a child has the side of its entry"),
]


@pytest.mark.parametrize(("tell", "words"), CASES)
def test_what_must_not_happen_is_found(tell: Callable[[Story], None], words: str) -> None:
    story = Story()
    tell(story)
    assert [p for p in story.problems() if words in p]


def test_a_reference_that_was_not_stored_and_an_order_in_observe() -> None:
    story = Story()
    good(story)
    assert len(story.problems(known=lambda ref: ref != "r1")) == 1
    assert len(story.problems(Limits("DU1", observe=True))) == 6

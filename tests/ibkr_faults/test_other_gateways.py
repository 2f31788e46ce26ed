"""Gateways that are in order and not like ours: older ones, ones without quotes, and ones that say
what belongs together in another order, or twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from random import Random

import pytest

from adapters.gateway_sim import server
from adapters.gateway_sim.codec import Message
from adapters.gateway_sim.session import Session
from gateway_stack import LOSES, WINS, Stack

STORIES = pytest.mark.parametrize(
    ("moves", "exit_reason"), [(WINS, "TARGET"), (LOSES, "STOP")], ids=["wins", "loses"]
)
TOGETHER = frozenset({"openOrder", "orderStatus", "execDetails", "commissionReport"})
"""What a gateway says of one thing that has happened."""


def trades_once(moves: dict[int, int], exit_reason: str) -> None:
    with Stack(moves=moves) as bot:
        bot.minute(8)
        assert bot.exits == [exit_reason]
        assert bot.kills == []
        bot.finish()


@STORIES
@pytest.mark.parametrize("version", [157, 160, 163, 166, 170, 173])
def test_an_older_gateway_is_traded_on(
    version: int, moves: dict[int, int], exit_reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "negotiate", lambda greeting: version)
    trades_once(moves, exit_reason)


@pytest.mark.parametrize("code", [None, 200, 321, 354, 10089, 10090, 10168, 10197])
def test_a_gateway_without_quotes_is_traded_on(
    code: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ibkr.md 3: quotes are not needed; they may be refused, or asked for in vain."""

    def refuse(self: Session, m: Message) -> None:
        if code is not None:
            self.error(m.number("reqId"), code, "Requested market data is not subscribed")

    monkeypatch.setattr(Session, "_on_reqMktData", refuse)
    trades_once(WINS, "TARGET")


class Shuffled:
    """Says what came up in one moment in a random order, some of it twice; what it was asked for
    comes in its order, the end of a list last."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.waiting: list[tuple[Session, Message]] = []
        self.say, self.handle = Session.say, Session.handle
        self.is_asked = False

    def ask(self, session: Session, message: Message) -> None:
        self.is_asked = message.kind.startswith("req")
        self.handle(session, message)
        self.is_asked = False

    def hold(self, session: Session, message: Message) -> None:
        if self.is_asked or message.kind not in TOGETHER:
            self.say(session, message)
            return
        self.waiting.append((session, message))
        if len(self.waiting) == 1:
            asyncio.get_running_loop().call_soon(self.let_go)

    def let_go(self) -> None:
        words, self.waiting = self.waiting, []
        self.chance.shuffle(words)
        for session, message in words:
            for _ in range(self.chance.choice((1, 1, 1, 2))):
                self.say(session, message)


@pytest.fixture(params=range(4))
def shuffled(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shuffled]:
    mixed = Shuffled(request.param)
    monkeypatch.setattr(Session, "say", lambda session, message: mixed.hold(session, message))
    monkeypatch.setattr(Session, "handle", lambda session, message: mixed.ask(session, message))
    yield mixed
    assert mixed.waiting == []


@STORIES
def test_words_come_in_any_order(
    shuffled: Shuffled, moves: dict[int, int], exit_reason: str
) -> None:
    trades_once(moves, exit_reason)

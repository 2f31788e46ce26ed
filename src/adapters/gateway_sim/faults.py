"""Armed faults: what is to go wrong, when, and how often.

A `Rule` watches messages of one direction; when one matches for the n-th time its action
changes what happens to it. `Faults` keeps the rules and the messages that are held back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from adapters.gateway_sim.codec import Message

if TYPE_CHECKING:
    from adapters.gateway_sim.core import Core
    from adapters.gateway_sim.session import Session

IN: Final = "in"
OUT: Final = "out"
Where = Callable[["Session", Message], bool]


@dataclass(slots=True)
class Happening:
    """One message on its way through the rules, and what has been decided about it.

    `messages` goes on instead of it (nothing: it is lost), `delay` real seconds or `pieces`
    of 5 virtual seconds later, then `then` is done. With `until` it is held back until a
    message that satisfies it has been sent.
    """

    core: Core
    session: Session
    message: Message
    messages: list[Message] = field(default_factory=list)
    delay: float = 0.0
    pieces: int = 0
    until: Where | None = None
    then: list[Callable[[], None]] = field(default_factory=list)
    silenced: bool = False

    def drop(self) -> None:
        """The message is lost."""
        self.messages = []

    def repeat(self, times: int = 2) -> None:
        """The message comes several times."""
        self.messages = self.messages * times

    def replace(self, *messages: Message) -> None:
        """Something else comes instead."""
        self.messages = list(messages)

    def hold(self, until: Where) -> None:
        """The message comes after another one."""
        self.until = until

    def close(self) -> None:
        """The socket is closed when the message has been dealt with, unheard."""
        self.silenced = True
        self.then.append(self.session.hang_up)


Act = Callable[[Happening], None]


@dataclass(slots=True)
class Rule:
    """One armed fault. `nth`: the first match that counts; `times`: how often, None for ever.

    `fired` counts what was done; `disarm` ends it and undoes what `undo` can undo.
    """

    name: str
    way: str = ""
    kinds: frozenset[str] = frozenset()
    act: Act | None = None
    where: Where | None = None
    nth: int = 1
    times: int | None = 1
    seen: int = 0
    fired: int = 0
    armed: bool = True
    undo: Callable[[], None] | None = None

    def disarm(self) -> None:
        """Stop acting."""
        self.armed = False
        if self.undo is not None:
            self.undo()
            self.undo = None

    def matches(self, way: str, session: Session, message: Message) -> bool:
        """Whether this message is one to act on; counts it."""
        if not self.armed or self.act is None or way != self.way:
            return False
        if self.kinds and message.kind not in self.kinds:
            return False
        if self.where is not None and not self.where(session, message):
            return False
        self.seen += 1
        if self.seen < self.nth or (self.times is not None and self.fired >= self.times):
            return False
        self.fired += 1
        return True


class Faults:
    """The rules in force and the messages held back."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self._held: list[tuple[Where, Session, list[Message]]] = []

    def add(self, rule: Rule) -> Rule:
        """Put a rule in force."""
        self.rules.append(rule)
        return rule

    def apply(self, way: str, core: Core, session: Session, message: Message) -> Happening:
        """What becomes of a message."""
        happening = Happening(core, session, message, [message])
        for rule in self.rules:
            if rule.matches(way, session, message) and rule.act is not None:
                rule.act(happening)
        return happening

    def hold(self, until: Where, session: Session, messages: list[Message]) -> None:
        """Keep messages back until one that satisfies `until` was sent."""
        self._held.append((until, session, messages))

    def released(self, session: Session, message: Message) -> Iterable[Message]:
        """What was held back for `message`, which has just been sent."""
        ready = [h for h in self._held if h[1] is session and h[0](session, message)]
        self._held = [h for h in self._held if h not in ready]
        return [held for _, _, messages in ready for held in messages]


def kind_is(*kinds: str) -> Where:
    """A predicate: the message is of one of these kinds."""
    return lambda _session, message: message.kind in kinds

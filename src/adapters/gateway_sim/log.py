"""Everything that was received and sent, decoded, with both times."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from adapters.gateway_sim.codec import Message

if TYPE_CHECKING:
    from adapters.gateway_sim.session import Session


@dataclass(frozen=True, slots=True)
class Entry:
    """One message: `way` is `in` or `out`, `at` virtual and `real` monotonic nanoseconds."""

    number: int
    way: str
    at: int
    real: int
    session: int
    client: int
    message: Message

    @property
    def kind(self) -> str:
        return self.message.kind

    def as_row(self) -> dict[str, object]:
        """Plain values for a line of JSON."""
        texts = {name: self.message.text(name) for name in self.message.values}
        return {
            "n": self.number, "way": self.way, "virtual_ns": self.at, "real_ns": self.real,
            "session": self.session, "client": self.client, "kind": self.kind, "fields": texts,
        }  # fmt: skip


@dataclass(slots=True)
class Log:
    """The entries, the last ones of them; `now` tells virtual time.

    `keep` is how many stay at least (and fewer than twice as many), None for all of them: tests
    ask for all, a command that plays days must not grow. `listeners` are told of each at once.
    """

    now: Callable[[], int]
    keep: int | None = None
    entries: list[Entry] = field(default_factory=list)
    listeners: list[Callable[[Entry], None]] = field(default_factory=list)
    heard: int = 0
    """How many messages of clients were noted."""
    noted: int = 0
    """How many messages were noted, of both ways."""

    def received(self, session: Session, message: Message) -> None:
        """Note a message of a client."""
        self.heard += 1
        self._note("in", session, message)

    def sent(self, session: Session, message: Message) -> None:
        """Note a message to a client."""
        self._note("out", session, message)

    def _note(self, way: str, session: Session, message: Message) -> None:
        entry = Entry(
            self.noted, way, self.now(), time.monotonic_ns(), session.number,
            session.client, message,
        )  # fmt: skip
        self.noted += 1
        self.entries.append(entry)
        if self.keep is not None and len(self.entries) >= 2 * self.keep:
            del self.entries[: len(self.entries) - self.keep]
        for listener in self.listeners:
            listener(entry)

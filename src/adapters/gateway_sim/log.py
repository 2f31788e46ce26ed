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
    """The list of entries; `now` tells virtual time."""

    now: Callable[[], int]
    entries: list[Entry] = field(default_factory=list)
    listeners: list[Callable[[Entry], None]] = field(default_factory=list)
    heard: int = 0
    """How many messages of clients were noted."""

    def received(self, session: Session, message: Message) -> None:
        """Note a message of a client."""
        self.heard += 1
        self._note("in", session, message)

    def sent(self, session: Session, message: Message) -> None:
        """Note a message to a client."""
        self._note("out", session, message)

    def _note(self, way: str, session: Session, message: Message) -> None:
        entry = Entry(
            len(self.entries), way, self.now(), time.monotonic_ns(), session.number,
            session.client, message,
        )  # fmt: skip
        self.entries.append(entry)
        for listener in self.listeners:
            listener(entry)

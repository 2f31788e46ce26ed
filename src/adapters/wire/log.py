"""The event log over a journal: encodes domain events and keeps the chain of causes."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from adapters.wire.codec import Codec
from domain.event import Event
from ports.errors import StoreFailure
from ports.journal import Journal

TOGETHER: Final = 8
"""Batches that are encoded one after the other where nobody waits for them: what encodes is in the
processor's caches then, and not thrown out by the core each time. More of them is no faster."""


class JournalLog:
    """Implements ports.event_log.EventLog on any journal.

    With `together`, so many batches are encoded at a time, and an event without a canonical form
    is told so much later, but before a command is carried out or anything is committed.
    """

    def __init__(self, journal: Journal, config_hash: str, together: int = 1) -> None:
        self._journal = journal
        self._codec = Codec(config_hash)
        self._together = together
        self._waiting: deque[list[Event]] = deque()

    @property
    def codec(self) -> Codec:
        """What encodes: it bears the session and the config hash of the events before."""
        self._encode()
        return self._codec

    def append(self, events: Sequence[Event]) -> None:
        """Encode and append in order; the first event of the batch is the cause of the others.

        Errors: StoreFailure for an event without a canonical form, and those of the journal.
        """
        if not events:
            return
        self._waiting.append(list(events))
        if len(self._waiting) >= self._together:
            self._encode()

    def _encode(self) -> None:
        """What waits goes to the journal; behind a batch that fails the others go on waiting."""
        waiting = self._waiting
        while waiting:
            events = waiting.popleft()
            try:
                records = self._codec.records(events)
            except ValueError as error:
                names = ", ".join(type(event).__name__ for event in events)
                raise StoreFailure(f"one of {names} cannot be recorded: {error}") from error
            self._journal.append(records)

    def commit(self, synced: bool = True) -> None:
        """Make everything durable."""
        self._encode()
        self._journal.commit(synced)

    def ahead(self) -> None:
        """See the port."""
        self._encode()
        self._journal.ahead()

    @property
    def head(self) -> str:
        """The chain head."""
        self._encode()
        return self._journal.head

    @property
    def count(self) -> int:
        """Events in the journal."""
        self._encode()
        return self._journal.count

    def close(self) -> None:
        """Commit and let go of the journal."""
        try:
            self._encode()
        finally:
            self._journal.close()

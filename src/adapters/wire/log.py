"""The event log over a journal: encodes domain events and keeps the chain of causes."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.wire.codec import Codec
from domain.event import Event
from ports.errors import StoreFailure
from ports.journal import Journal


class JournalLog:
    """Implements ports.event_log.EventLog on any journal."""

    def __init__(self, journal: Journal, config_hash: str) -> None:
        self._journal = journal
        self._codec = Codec(config_hash)

    @property
    def codec(self) -> Codec:
        """What encodes: it bears the session and the config hash of the events before."""
        return self._codec

    def append(self, events: Sequence[Event]) -> None:
        """Encode and append in order; the first event of the batch is the cause of the others.

        Errors: StoreFailure for an event without a canonical form, and those of the journal.
        """
        if not events:
            return
        try:
            records = self._codec.records(events)
        except ValueError as error:
            names = ", ".join(type(event).__name__ for event in events)
            raise StoreFailure(f"one of {names} cannot be recorded: {error}") from error
        self._journal.append(records)

    def commit(self, synced: bool = True) -> None:
        """Make everything durable."""
        self._journal.commit(synced)

    def ahead(self) -> None:
        """See the port."""
        self._journal.ahead()

    @property
    def head(self) -> str:
        """The chain head."""
        return self._journal.head

    @property
    def count(self) -> int:
        """Events in the journal."""
        return self._journal.count

    def close(self) -> None:
        """Commit and let go of the journal."""
        self._journal.close()

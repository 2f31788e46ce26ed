"""The port through which the shell records events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from domain.event import Event


class EventLog(Protocol):
    """Domain events in, durable and chained once `commit` returns; StoreFailure otherwise."""

    def append(self, events: Sequence[Event]) -> None:
        """Take events in order; the first is what caused the others."""

    def commit(self, synced: bool = True) -> None:
        """Make everything appended durable; unless `synced` it outlasts this process only, and the
        machine with the next commit that is.
        """

    def ahead(self) -> None:
        """Something is to be sent to a simulated broker. What was appended is made durable first,
        unless it is written in the background: then nothing that is sent leaves this process, and
        what the process loses with the record, the broker loses too.
        """

    @property
    def head(self) -> str:
        """The chain head."""

    @property
    def count(self) -> int:
        """Events in the log."""

    def close(self) -> None:
        """Commit and let go."""

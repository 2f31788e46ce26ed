"""The port through which a recorded run is looked at again (events.md 4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from domain.event import Event
from ports.journal import Stored


class Entry(NamedTuple):
    """One recorded event: of the domain stream, or the start of a run. `input` is what it told
    the core, None if the core derived it.
    """

    row: Stored
    input: Event | None


class Difference(NamedTuple):
    """The first event that is not what was recorded.

    `recorded` and `produced` are canonical JSON, empty where there is none; `fields` are
    (place, recorded, produced), each value as JSON, of what differs in them.
    """

    seq: int
    type: str
    reason: str
    recorded: str = ""
    produced: str = ""
    fields: tuple[tuple[str, str, str], ...] = ()


class DivergedError(Exception):
    """A recorded run cannot be rebuilt as it was recorded."""

    def __init__(self, difference: Difference) -> None:
        super().__init__(f"seq {difference.seq}, {difference.type}: {difference.reason}")
        self.difference = difference


class Recording(Protocol):
    """The recorded events in their order, and whether new ones are the same."""

    def pending(self) -> Sequence[Entry]:
        """The entries not yet compared, up to the next input and this included; empty at the
        end of the record.

        Errors: DivergedError for an event of an unknown type, or one that cannot be read.
        """

    def started(self) -> None:
        """Go beyond the next entry, the start of a run, which is compared with nothing."""

    def rest(self) -> Sequence[Entry]:
        """All entries not yet compared; from now on the record itself is not needed."""

    def compare(self, produced: Sequence[Event]) -> int:
        """Hold `produced` against the next entries, one by one, and go beyond them.

        How many were compared: fewer than `produced` if the record ends before.
        Errors: DivergedError at the first that differs.
        """

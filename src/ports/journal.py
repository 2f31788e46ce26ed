"""The port of the append-only event log (events.md 1 to 3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol, TypeAlias

from domain.units import UtcNanos


class Encoded(Protocol):
    """A value whose canonical form is finished; only an encoder makes one, so it is not checked."""

    @property
    def text(self) -> str:
        """The canonical JSON."""


JsonValue: TypeAlias = (
    "bool | int | float | str | Sequence[JsonValue] | dict[str, JsonValue] | Encoded | None"
)


class Record(NamedTuple):
    """One event on its way to the log, not yet numbered.

    `stream` is `domain` (hash-chained) or `ops`. `key` is the natural key: the same
    type, stream and key name the same event. `session_date` is ISO, empty where none.
    `causation` is the event id of what led to this one, `correlation` the decision id
    of the trade's entry; both may be empty.
    """

    type: str
    version: int
    stream: str
    session_date: str
    ts_event: UtcNanos
    key: str
    payload: dict[str, JsonValue] | Encoded
    causation: str = ""
    correlation: str = ""


class Stored(NamedTuple):
    """One event as it stands in the log; hashes are lower-case hex, payload canonical JSON."""

    seq: int
    event_id: str
    type: str
    version: int
    stream: str
    session_date: str
    ts_event: UtcNanos
    ts_recorded: UtcNanos
    causation: str
    correlation: str
    payload: str
    prev_hash: str
    hash: str


class Journal(Protocol):
    """Append-only, single writer, hash-chained.

    `append` numbers and chains records and may hold them back; nothing is durable before
    `commit` returns, and unless `synced` it outlasts the process only. An id that exists with
    the same payload is a no-op, with another payload a StoreFailure; so is any refused write.
    """

    def append(self, records: Sequence[Record]) -> None: ...

    def commit(self, synced: bool = True) -> None: ...

    def ahead(self) -> None:
        """Before something is sent that does not outlast this process: `commit`, but for a journal
        that writes in the background, which only says what failed."""

    @property
    def head(self) -> str:
        """The chain head: hash of the last `domain` event, or of the genesis record."""

    @property
    def count(self) -> int:
        """Events in the log, appended ones included."""

    def read(self, after_seq: int = 0) -> Iterator[Stored]:
        """All committed events in order of seq."""

    def close(self) -> None:
        """Commit and let go of the store."""


class Tip(Protocol):
    """Where a log ends."""

    @property
    def seq(self) -> int:
        """Number of the last event, 0 if there is none."""

    @property
    def head(self) -> str:
        """The chain head."""


class Told(Protocol):
    """Look-ups in a record, wherever it is kept."""

    def tip(self) -> Tip:
        """Where it ends."""

    def keyed(self, kind: str, key: str) -> Stored | None:
        """The domain event of that type and natural key, None if there is none."""

    def before(self, kind: str, seq: int) -> Stored | None:
        """The last event of a type before number `seq`, None if there is none."""

    def between(self, first: int, last: int) -> list[Stored]:
        """The events from number `first` to `last`, both included."""

    def last(self, kind: str) -> Stored | None:
        """The last event of a type, None if there is none."""

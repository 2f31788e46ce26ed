"""The latest events in memory, chained as in a store, and looked up as in one.

For a program that asks for decisions and keeps no store: what is older than the sessions that are
kept is forgotten, the chain head goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from adapters.store.canonical import DOMAIN, event_id, genesis
from adapters.store.chain import CRC, Tip, link
from ports.clock import Clock
from ports.journal import Record, Stored


class RecentEvents:
    """`ports.journal.Journal` without a file, and the look-ups of `ports.journal.Told`."""

    def __init__(self, symbol: str, config_hash: str, clock: Clock, sessions: int) -> None:
        """Begin an empty log that keeps the events of the last `sessions` sessions."""
        self._clock = clock
        self._sessions = sessions
        self._tip = Tip(0, genesis(symbol, config_hash))
        self._days: dict[str, list[Stored]] = {}
        self._named: dict[str, Stored] = {}
        self._latest: dict[str, Stored] = {}

    @property
    def head(self) -> str:
        """The chain head."""
        return self._tip.head

    @property
    def count(self) -> int:
        """Events so far, forgotten ones included."""
        return self._tip.seq

    def append(self, records: Sequence[Record]) -> None:
        """Number and chain `records`. Errors: StoreFailure for one without a canonical form."""
        self._tip, rows = link(self._tip, records, self._clock.now())
        for row in rows:
            stored = Stored._make(row[:CRC])
            if stored.session_date not in self._days:
                self._days[stored.session_date] = []
                self._forget()
            self._days[stored.session_date].append(stored)
            self._named[stored.event_id] = stored
            self._latest[stored.type] = stored

    def _forget(self) -> None:
        while len(self._days) > self._sessions + 1:
            for old in self._days.pop(next(iter(self._days))):
                self._named.pop(old.event_id, None)

    def ahead(self) -> None:
        """See the port."""
        self.commit()

    def commit(self, synced: bool = True) -> None:
        """Nothing is more durable than this process."""

    def close(self) -> None:
        """Nothing to let go of."""

    def read(self, after_seq: int = 0) -> Iterator[Stored]:
        """The events kept, those after `after_seq`."""
        every = chain.from_iterable(self._days.values())
        return (row for row in every if row.seq > after_seq)

    # ---- look-ups

    def tip(self) -> Tip:
        """Number of the last event and the chain head."""
        return self._tip

    def keyed(self, kind: str, key: str) -> Stored | None:
        """The domain event of that type and natural key, None if it is not kept."""
        return self._named.get(event_id(kind, DOMAIN, key))

    def before(self, kind: str, seq: int) -> Stored | None:
        """The last event of a type before number `seq`, None if none is kept."""
        for rows in reversed(self._days.values()):
            if rows[0].seq < seq:
                for row in reversed(rows):
                    if row.type == kind and row.seq < seq:
                        return row
        found = self._latest.get(kind)
        return found if found is not None and found.seq < seq else None

    def between(self, first: int, last: int) -> list[Stored]:
        """The events from number `first` to `last`, both included."""
        return [row for row in self.read(first - 1) if row.seq <= last]

    def last(self, kind: str) -> Stored | None:
        """The last event of a type, None if there was none."""
        return self._latest.get(kind)

"""The journal in memory: the same behaviour without a file, for tests and studies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapters.store.canonical import genesis
from adapters.store.chain import (
    CRC,
    EVENT_ID,
    HASH,
    PAYLOAD,
    TYPE,
    Row,
    Tip,
    conflict,
    link,
    relink,
)
from ports.clock import Clock
from ports.errors import StoreFailure
from ports.journal import Record, Stored


class MemoryJournal:
    """`ports.journal.Journal` that forgets everything with the process."""

    def __init__(self, symbol: str, config_hash: str, clock: Clock) -> None:
        """Begin an empty log whose genesis record is `symbol` and `config_hash`."""
        self._clock = clock
        self._genesis = genesis(symbol, config_hash)
        self._tip = Tip(0, self._genesis)
        self._rows: list[Row] = []
        self._payloads: dict[str, str] = {}
        self._committed = 0
        self._open = True

    @property
    def head(self) -> str:
        """The chain head, appended events included."""
        return self._tip.head

    @property
    def count(self) -> int:
        """Events in the log, appended ones included."""
        return self._tip.seq

    def append(self, records: Sequence[Record]) -> None:
        """Number, chain and hold back `records`: all of them or, on a StoreFailure, none."""
        self._check_open()
        tip, rows = link(self._tip, records, self._clock.now())
        fresh: dict[str, str] = {}
        kept: list[Row] = []
        for row in rows:
            ident = row[EVENT_ID]
            known = self._payloads.get(ident, fresh.get(ident))
            if known is None:
                fresh[ident] = row[PAYLOAD]
                kept.append(row)
            elif known != row[PAYLOAD]:
                raise conflict(row[TYPE], ident)
        if len(kept) < len(rows):
            tip, kept = relink(self._tip, kept)
        self._tip = tip
        self._rows += kept
        self._payloads.update(fresh)

    def ahead(self) -> None:
        """See the port."""
        self.commit()

    def commit(self, synced: bool = True) -> None:
        """Let readers see what was appended."""
        self._check_open()
        self._committed = len(self._rows)

    def rollback(self) -> None:
        """Forget what was not committed, as a crash does."""
        self._rows = self._rows[: self._committed]
        self._payloads = {row[EVENT_ID]: row[PAYLOAD] for row in self._rows}
        heads = [row[HASH] for row in self._rows if row[HASH]]
        self._tip = Tip(self._committed, heads[-1] if heads else self._genesis)

    def read(self, after_seq: int = 0) -> Iterator[Stored]:
        """All committed events after `after_seq` in order of seq."""
        self._check_open()
        for row in self._rows[max(after_seq, 0) : self._committed]:
            yield Stored._make(row[:CRC])

    def close(self) -> None:
        """Commit and end; the second time does nothing."""
        self._committed = len(self._rows)
        self._open = False

    def _check_open(self) -> None:
        if not self._open:
            raise StoreFailure("the journal is closed")

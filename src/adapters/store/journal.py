"""The journal on SQLite or PostgreSQL: one writer, rows held back and written in one go.

Everything that runs once a batch goes through SQLAlchemy Core; the insert itself goes
to the driver below it, which saves a tenth of the time of a durable append. A run whose
feed can be fed again may have chunks written in the background; `commit` waits for them.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, func, select, tuple_

from adapters.store.background import CHUNK_ROWS, Background
from adapters.store.canonical import genesis
from adapters.store.chain import CRC, EVENT_ID, KEY, PAYLOAD, STREAM, TYPE, Row, Tip, conflict
from adapters.store.connect import in_words, parse_url, reader, shown, writer
from adapters.store.migrate import HEAD, create, revision
from adapters.store.packed import unpack
from adapters.store.rows import stored_rows
from adapters.store.tables import EVENTS, STORE
from ports.clock import Clock
from ports.errors import StoreDamaged, StoreFailure, StoreUnfit
from ports.journal import Record, Stored
from rust_core import Chunk, Tail

LOOKUP: Final = 500
"""Events a query asks for at once, when some of them may exist."""
WAL_PAGES: Final = 4_000
"""Pages of the write-ahead log between two checkpoints in the background: each waits for the disk
twice, and 16 MB at once take hardly longer than the usual 4."""
LOG_BYTES: Final = 4_000_000
"""How far `grow_log` grows the write-ahead log: a day of commits between two checkpoints."""


def open_journal(
    url: str, symbol: str, config_hash: str, clock: Clock, batch: int = 0, background: bool = False
) -> SqlJournal:
    """Open the store at `url` for writing, making a new one if there is none.

    `symbol` and `config_hash` are the genesis record of a new store. `batch`: `append`
    commits by itself once so many rows are held back, 0 never; the rows of one call
    always stay in one transaction. With `background`, `append` hands full chunks to a thread
    that writes them, and what fails there is raised by the next call; on SQLite a commit then
    outlasts the end of the process, `close` that of the machine: a simulated broker dies with
    both, and its feed can be fed again.

    Errors: StoreFailure if the database cannot be reached or written, holds something
    else, has another revision or another symbol.
    """
    parts = parse_url(url)
    with in_words(parts):
        engine = writer(parts)
        with engine.begin() as connection:
            tip = _bind(connection, symbol, config_hash, clock)
        return SqlJournal(engine, tip, clock, batch, background)


def _bind(connection: Connection, symbol: str, config_hash: str, clock: Clock) -> Tip:
    """Create or check the store, and find where its log ends."""
    found = revision(connection)
    if found is None:
        create(connection)
    elif found != HEAD:
        raise StoreUnfit(
            f"the event store has schema revision {found}, this program needs {HEAD}: "
            "run `tradebot db upgrade` first"
        )
    last = connection.execute(select(func.max(EVENTS.c.seq))).scalar() or 0
    bound = connection.execute(select(STORE.c.symbol, STORE.c.config_hash)).first()
    if bound is None:
        row = {
            "id": 1,
            "store_id": secrets.token_hex(16),
            "symbol": symbol,
            "config_hash": config_hash,
            "created": clock.now(),
        }
        connection.execute(STORE.insert(), row)
    elif bound.symbol != symbol:
        raise StoreUnfit(f"the event store belongs to {bound.symbol}, not to {symbol}")
    elif last == 0:
        # A run that never recorded anything must not leave its mark on the chain.
        connection.execute(STORE.update().values(config_hash=config_hash))
    else:
        config_hash = str(bound.config_hash)
    head = connection.execute(
        select(EVENTS.c.hash).where(EVENTS.c.hash != "").order_by(EVENTS.c.seq.desc()).limit(1)
    ).scalar()
    return Tip(int(last), str(head) if head else genesis(symbol, config_hash))


def _insert(mark: str) -> str:
    """The statement that inserts a row."""
    names = ", ".join(column.name for column in EVENTS.columns)
    marks = ", ".join(mark for _ in EVENTS.columns)
    return f"INSERT INTO events ({names}) VALUES ({marks})"  # noqa: S608


class SqlJournal:
    """`ports.journal.Journal` on a database. Not safe to share between threads.

    A commit that the database refuses leaves the rows held back, so that it can be tried
    again. A record whose id exists with another payload is dropped and reported; the
    rest stays held back.
    """

    def __init__(
        self, engine: Engine, tip: Tip, clock: Clock, batch: int, background: bool
    ) -> None:
        """Take over `engine`, whose log ends at `tip`; see `open_journal`."""
        self._engine = engine
        self._exists: type[BaseException] = engine.dialect.loaded_dbapi.IntegrityError
        self._url = engine.url
        self._clock = clock
        self._batch = batch
        try:
            self._tail = Tail(*tip)
        except ValueError as error:
            raise StoreDamaged(f"event store {shown(engine.url)}: {error}") from error
        self._lite = engine.dialect.name == "sqlite"
        self._connection: Any = engine.raw_connection()
        self._cursor: Any = self._connection.cursor()
        self._insert: Final = _insert("?" if self._lite else "%s")
        self._reader = reader(self._url)
        if self._lite:
            mode = self._cursor.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            if mode != "wal":
                raise StoreFailure(
                    f"event store {shown(self._url)}: no write-ahead log on this file system"
                )
            if background:
                self._cursor.execute("PRAGMA synchronous = NORMAL")
                self._cursor.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
        self._waits = True
        self._unsynced = False
        self._background = Background(self._write_chunk) if background else None

    @property
    def head(self) -> str:
        """The chain head, appended events included; asks the store which of them are new."""
        self._catch_up()
        self._settle()
        return self._tail.head

    @property
    def count(self) -> int:
        """Events in the log, appended ones included; asks the store which of them are new."""
        self._catch_up()
        self._settle()
        return self._tail.seq

    def append(self, records: Sequence[Record]) -> None:
        """Number, chain and hold back `records`, all of them or none.

        Errors: StoreFailure for a record without a canonical form or in conflict with a
        held one; with a `batch` or in the background also those of `commit`, the records
        being held back then.
        """
        self._check_open()
        tail = self._tail
        try:
            wrong = tail.append(records, self._clock.now())
        except (ValueError, TypeError) as error:
            raise StoreFailure(str(error)) from error
        if wrong is not None:
            raise conflict(*wrong)
        if self._background is None:
            if 0 < self._batch <= len(tail):
                self.commit()
        elif self._background.failure is not None:
            self.commit()
        elif len(tail) >= CHUNK_ROWS:
            self._background.give(tail.take())

    def commit(self, synced: bool = True) -> None:
        """Write all that is held back in one transaction; everything is durable on return.

        Unless `synced` the disk is not waited for: what is written outlasts this process, and
        the machine from the next commit on that is.
        Errors: StoreFailure if the store refuses or holds a conflicting event.
        """
        self._catch_up()
        if synced and self._unsynced and not len(self._tail):
            with in_words(self._url):
                self._sync()
        self._write_held(synced)

    def ahead(self) -> None:
        """`commit`, but in the background, where the order of what is written says enough: an order
        of a simulated broker is gone with the process that its record is lost with.

        Errors: those of `commit`.
        """
        if self._background is None or self._background.failure is not None:
            self.commit()

    def _catch_up(self) -> None:
        """Let the background finish; what it could not write is held back again.

        Errors: StoreFailure with its reason, but for an id that exists: that is settled here.
        """
        if self._background is None:
            return
        self._background.wait()
        if self._background.failure is None:
            return
        kept, why = self._background.take_back()
        self._hold([*kept, self._tail.take()], set())
        if why is not None and not isinstance(why, self._exists):
            with in_words(self._url):
                raise why

    def _hold(self, chunks: Sequence[Chunk], without: set[str]) -> None:
        """Hold back what these hold, which follows one upon the other, less some events."""
        tail = Tail(*chunks[0].start)
        for chunk in chunks:
            tail.extend(chunk, without)
        self._tail = tail

    def _write_held(self, synced: bool = True) -> None:
        if not len(self._tail):
            return
        with in_words(self._url):
            try:
                self._write(self._tail.rows(), synced)
            except self._exists:
                self._settle()
                if len(self._tail):
                    self._write(self._tail.rows(), synced)
        self._tail = Tail(self._tail.seq, self._tail.head)

    def _write(self, rows: Sequence[Row], synced: bool = True) -> None:
        cursor = self._cursor
        try:
            if self._lite:
                self._wait_for_disk(synced)
                cursor.execute("BEGIN IMMEDIATE")
            elif not synced:
                cursor.execute("SET LOCAL synchronous_commit = off")
            cursor.executemany(self._insert, rows)
            self._connection.commit()
        except BaseException:
            self._connection.rollback()
            raise
        self._unsynced = not synced

    def _wait_for_disk(self, synced: bool) -> None:
        """From here on commits wait for the disk, or do not; in the background none does."""
        if self._background is None and synced is not self._waits:
            self._cursor.execute(f"PRAGMA synchronous = {'FULL' if synced else 'NORMAL'}")
            self._waits = synced

    def _sync(self) -> None:
        """Wait for the disk with nothing to write."""
        if self._lite:
            # Not the database file itself: closing it would give up its locks.
            with Path(f"{self._url.database}-wal").open("rb") as log:
                os.fsync(log.fileno())
        else:
            self._cursor.execute("SELECT pg_logical_emit_message(true, 'tradebot', 'sync')")
            self._connection.commit()
        self._unsynced = False

    def _write_chunk(self, chunk: Chunk) -> None:
        """`_write` in the background: one statement, inside which the interpreter is free."""
        if self._lite:
            self._cursor.execute(unpack(), chunk.packed())
        else:
            self._write(chunk.rows())

    def _settle(self) -> None:
        """Take out of the held rows what the store has already, and chain the rest anew.

        Errors: StoreFailure for another payload under the same id, after dropping that
        record, and if somebody else has written to the store.
        """
        if not len(self._tail):
            return
        held = self._tail.rows()
        with in_words(self._url), self._reader.connect() as connection:
            last = connection.execute(select(func.max(EVENTS.c.seq))).scalar() or 0
            if last != self._tail.start[0]:
                raise StoreFailure(
                    f"event store {shown(self._url)}: another process has written to it"
                )
            known = self._known(connection, held)
        if not known:
            return
        self._hold([self._tail.take()], set(known))
        for row in held:
            if known.get(row[EVENT_ID], row[PAYLOAD]) != row[PAYLOAD]:
                raise conflict(row[TYPE], row[EVENT_ID])

    def _known(self, connection: Connection, rows: Sequence[Row]) -> dict[str, str]:
        """Payloads of those of some events that the store has already, by id."""
        keys = [(row[TYPE], row[STREAM], row[KEY]) for row in rows]
        unique = tuple_(EVENTS.c.type, EVENTS.c.stream, EVENTS.c.natural_key)
        known: dict[str, str] = {}
        for start in range(0, len(keys), LOOKUP):
            chunk = keys[start : start + LOOKUP]
            query = select(EVENTS.c.event_id, EVENTS.c.payload).where(unique.in_(chunk))
            known.update((row.event_id, row.payload) for row in connection.execute(query))
        return known

    def read(self, after_seq: int = 0) -> Iterator[Stored]:
        """All committed events after `after_seq` in order of seq, a page at a time."""
        self._check_open()
        with in_words(self._url):
            for row in stored_rows(self._reader, after_seq):
                yield Stored._make(row[:CRC])

    def checkpoint(self) -> None:
        """Move the write-ahead log into the database file: for the time between two bars,
        so that no commit has to. A reader may keep some of it back. SQLite only.
        """
        if self._lite:
            self._catch_up()
            with in_words(self._url):
                self._cursor.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def grow_log(self, size: int = LOG_BYTES) -> None:
        """Give the write-ahead log its blocks now, so that commits sync data only.

        For a live run, before its first bar; the file grows by `size` bytes that events
        fill later. SQLite only.
        """
        if not self._lite:
            return
        self._catch_up()
        with in_words(self._url):
            for statement in (
                "BEGIN IMMEDIATE",
                "CREATE TABLE pad (x BLOB)",
                f"INSERT INTO pad VALUES (zeroblob({int(size)}))",  # noqa: S608
                "DROP TABLE pad",
                "COMMIT",
            ):
                self._cursor.execute(statement)
            self._cursor.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()

    def _check_open(self) -> None:
        if self._connection is None:
            raise StoreFailure(f"event store {shown(self._url)}: the journal is closed")

    def close(self) -> None:
        """Commit and let go of the store; the second time does nothing."""
        if self._connection is None:
            return
        try:
            try:
                self._catch_up()
            finally:  # a failure of the background is told, and what it left is tried once more
                self._write_held()
        finally:
            if self._background is not None:
                self._background.close()
            release: Callable[[], None] = self._connection.close
            self._connection = None
            with in_words(self._url):
                release()
                self._engine.dispose()
                self._reader.dispose()

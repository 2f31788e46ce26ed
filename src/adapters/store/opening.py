"""What is looked at and done before a store is opened for writing.

One process a store: an exclusive lock of the operating system on a file beside it, which
dies with its holder. The fake broker's default store is begun afresh by each run; the last
one stays beside it.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import IO, Final

from adapters.store.canonical import stamp
from adapters.store.connect import in_words, parse_url
from adapters.store.export import export
from domain.units import UtcNanos
from ports.errors import StoreFailure

_COMPANIONS: Final = ("-wal", "-shm")
_NOTE_BYTES: Final = 200


def file_of(url: str) -> Path | None:
    """The database file of `url`, None on a server; StoreFailure for what is no store's URL."""
    parts = parse_url(url)
    return Path(str(parts.database)) if parts.get_backend_name() == "sqlite" else None


def holds_events(url: str) -> bool:
    """True if a store at `url` has recorded anything; opened read-only.

    Errors: StoreFailure if there is something that cannot be read as a store.
    """
    path = file_of(url)
    if path is not None and (not path.exists() or path.stat().st_size == 0):
        return False
    return next(export(url), None) is not None


class StoreLock:
    """The right to write one SQLite store, held until `release` or the end of the process."""

    def __init__(self, store: Path, at: UtcNanos) -> None:
        """Errors: StoreFailure naming process and start time of the one that holds it."""
        path = store.with_name(f"{store.name}.lock")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[str] | None = path.open("a+", encoding="utf-8")
        except OSError as error:
            raise StoreFailure(f"event store {store}: {error.strerror}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.seek(0)
            holder = self._file.read(_NOTE_BYTES).strip() or "another process"
            self._file.close()
            raise StoreFailure(f"event store {store}: in use by {holder}") from None
        try:
            self._file.truncate(0)
            self._file.write(f"process {os.getpid()}, started {stamp(at)}")
            self._file.flush()
        except OSError as error:
            self.release()
            raise StoreFailure(f"event store {store}: {error.strerror}") from error

    def release(self) -> None:
        """Let others write; the second time does nothing."""
        if self._file is not None:
            self._file.close()
            self._file = None


def keep_previous(store: Path) -> Path | None:
    """Move the store at `store` aside to `NAME.prev`, replacing what stood there.

    Where it went, None if there was none. Errors: StoreFailure if it cannot be moved.
    """
    if not store.exists():
        return None
    kept = store.with_name(f"{store.name}.prev")
    with in_words(parse_url(f"sqlite:///{store}")):
        with closing(sqlite3.connect(store)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for companion in _COMPANIONS:
            kept.with_name(kept.name + companion).unlink(missing_ok=True)
        for companion in _COMPANIONS:
            rest = store.with_name(store.name + companion)
            if rest.exists():
                rest.replace(kept.with_name(kept.name + companion))
        store.replace(kept)
    return kept

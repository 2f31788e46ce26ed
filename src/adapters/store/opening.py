"""What is looked at and done before a store is opened for writing.

One process a store: an exclusive lock of the operating system on a file beside it, or of the
server on its schema, which dies with its holder. The fake broker's default store is begun
afresh by each run; the last one stays beside it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import IO, Final, Protocol

from adapters.holding.file_hold import HeldError, held_by, take
from adapters.store.connect import in_words, parse_url
from domain.units import UtcNanos
from ports.errors import StoreFailure

COMPANIONS: Final = ("-wal", "-shm")


def file_of(url: str) -> Path | None:
    """The database file of `url`, None on a server; StoreFailure for what is no store's URL."""
    parts = parse_url(url)
    return Path(str(parts.database)) if parts.get_backend_name() == "sqlite" else None


class WriteLock(Protocol):
    """The right to write one store."""

    def release(self) -> None:
        """Let others write; the second time does nothing."""


def lock(url: str, at: UtcNanos) -> WriteLock:
    """Take the right to write the store at `url`, for the process that starts at `at`.

    Errors: StoreFailure naming process and start time of the one that holds it, or if the
    server cannot be reached.
    """
    path = file_of(url)
    if path is not None:
        return StoreLock(path, at)
    from adapters.store.server_lock import ServerLock

    return ServerLock(parse_url(url), at)


def holder(url: str) -> str | None:
    """Which process writes the store at `url`, and since when; None if nobody does.

    Errors: StoreFailure if that cannot be found out.
    """
    path = file_of(url)
    if path is None:
        from adapters.store.server_lock import server_holder

        return server_holder(parse_url(url))
    note = path.with_name(f"{path.name}.lock")
    try:
        return held_by(note, note)
    except OSError as error:
        raise StoreFailure(f"event store {path}: {error.strerror}") from error


class StoreLock:
    """The right to write one SQLite store, held until `release` or the end of the process."""

    def __init__(self, store: Path, at: UtcNanos) -> None:
        """Errors: StoreFailure naming process and start time of the one that holds it."""
        path = store.with_name(f"{store.name}.lock")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] | None = path.open("ab")
            take(self._file.fileno(), path, at)
        except OSError as error:
            raise StoreFailure(f"event store {store}: {error.strerror}") from error
        except HeldError as error:
            self.release()
            raise StoreFailure(f"event store {store}: in use by {error}") from None

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
        for companion in COMPANIONS:
            kept.with_name(kept.name + companion).unlink(missing_ok=True)
        for companion in COMPANIONS:
            rest = store.with_name(store.name + companion)
            if rest.exists():
                rest.replace(kept.with_name(kept.name + companion))
        store.replace(kept)
    return kept

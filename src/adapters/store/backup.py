"""A copy of a store as one SQLite file, consistent while a run goes on writing, and proven."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, select

from adapters.store.connect import BUSY_SECONDS, in_words, parse_url, reader, shown, writer
from adapters.store.migrate import create, revision
from adapters.store.rows import PAGE
from adapters.store.tables import EVENTS, STORE
from adapters.store.verify import Verification, verify
from ports.errors import BadInput, StoreFailure

_PART: Final = ".part"
BROKEN: Final = ".broken"


def backup(url: str, target: Path) -> Verification:
    """Copy the store at `url` into the new file `target`, and verify the copy.

    A copy that does not verify stays as `target` with `.broken` behind its name: the store
    itself is damaged then. Nothing stands at `target` before its copy is proven and synced.

    Errors: BadInput if there is something at `target`, or it cannot be written; StoreFailure
    if there is no store, or it cannot be read.
    """
    part = target.with_name(target.name + _PART)
    try:
        if os.path.lexists(target):
            raise BadInput(str(target), "", "exists already; a backup replaces nothing")
        target.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise BadInput(str(target), "", f"cannot be written: {error.strerror}") from None
    try:
        copy(url, part)
        result = verify(f"sqlite:///{part}")
        _give(part, target if result.sound else target.with_name(target.name + BROKEN))
    finally:
        for rest in (part, *(part.with_name(part.name + end) for end in ("-wal", "-shm"))):
            rest.unlink(missing_ok=True)
    return result


def copy(url: str, target: Path) -> None:
    """Copy the store at `url` as it is at this moment into the SQLite file `target`.

    Errors: StoreFailure if there is no store, or either of both refuses.
    """
    parts = parse_url(url)
    with in_words(parts):
        engine = reader(parts)
        try:
            with engine.connect() as connection:
                if revision(connection) is None:
                    raise StoreFailure(f"event store {shown(parts)}: it is empty, no event store")
            if parts.get_backend_name() == "sqlite":
                _copy_file(Path(str(parts.database)), target)
            else:
                _copy_rows(engine, target)
        finally:
            engine.dispose()


def _copy_file(source: Path, target: Path) -> None:
    """In one step, so that no write of a run comes between two pages of the copy."""
    name = f"{source.resolve().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(name, uri=True, timeout=BUSY_SECONDS)) as live,
        closing(sqlite3.connect(target)) as made,
    ):
        live.backup(made, pages=-1)
        # One file that needs no companion to be read.
        made.execute("PRAGMA journal_mode = DELETE").fetchall()


def _copy_rows(engine: Engine, target: Path) -> None:
    """Row by row from a server, all of one moment, into a store of the same identity."""
    made = writer(parse_url(f"sqlite:///{target}"))
    query = select(EVENTS).order_by(EVENTS.c.seq).limit(PAGE)
    try:
        with made.begin() as to, engine.connect() as plain:
            live = plain.execution_options(isolation_level="REPEATABLE READ")
            create(to)
            to.execute(STORE.insert(), [row._asdict() for row in live.execute(select(STORE))])
            after = 0
            while page := live.execute(query.where(EVENTS.c.seq > after)).all():
                to.execute(EVENTS.insert(), [row._asdict() for row in page])
                after = page[-1].seq
    finally:
        made.dispose()


def _give(part: Path, name: Path) -> None:
    """Sync the copy, and let it appear under its name."""
    try:
        _sync(part)
        part.replace(name)
        _sync(part.parent)
    except OSError as error:
        raise BadInput(str(name), "", f"cannot be written: {error.strerror}") from None


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""Connections to a store: engines, read-only access and errors in plain words."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from ports.errors import StoreDamaged, StoreFailure

BUSY_SECONDS: Final = 2
"""How long a busy store is waited for (events.md 3)."""
HELD_BACK_PAGES: Final = 16_384
"""The write-ahead log grows to so many pages before a commit pays for a checkpoint."""
PAGE_BYTES: Final = 8_192
CACHE_KIB: Final = 8_192

_SCHEMA: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_STATES: Final = {
    "55P03": f"another session has held it for {BUSY_SECONDS} s",
    "25006": "it may not be written",
    "53100": "the disk is full",
    "42501": "no permission",
}
"""By SQLSTATE of PostgreSQL."""
_WORDS: Final = {
    "SQLITE_BUSY": f"another process has held it for {BUSY_SECONDS} s",
    "SQLITE_LOCKED": f"another connection has held it for {BUSY_SECONDS} s",
    "SQLITE_READONLY": "it may not be written",
    "SQLITE_FULL": "the disk is full",
    "SQLITE_CANTOPEN": "the file cannot be opened",
    "SQLITE_NOTADB": "the file is not a database",
    "SQLITE_CORRUPT": "the file is damaged",
    "SQLITE_IOERR": "the disk failed",
    "SQLITE_PERM": "no permission",
}


def parse_url(url: str) -> URL:
    """The parts of `url`.

    On PostgreSQL `?schema=NAME` names the schema that the store has to itself.
    Errors: StoreFailure for what is no URL, another database or an SQLite without a file.
    """
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreFailure("not the URL of an event store") from None
    backend = parts.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise StoreFailure(f"an event store lives on sqlite or postgresql, not on {backend!r}")
    if backend == "sqlite" and parts.database in (None, "", ":memory:"):
        raise StoreFailure("an event store needs a file: sqlite:///PATH")
    if "uri" in parts.query:
        raise StoreFailure("an event store takes a plain path, not an SQLite file URI")
    if backend == "sqlite":
        return parts
    if parts.drivername == "postgresql":
        parts = parts.set(drivername="postgresql+psycopg")
    schema = parts.query.get("schema")
    if schema is None:
        return parts
    if not isinstance(schema, str) or not _SCHEMA.fullmatch(schema):
        raise StoreFailure(f"not the name of a schema, like desk_1: {schema!r}")
    rest = parts.difference_update_query(["schema"])
    return rest.update_query_dict({"options": f"-csearch_path={schema}"})


def shown(url: str | URL) -> str:
    """`url` for messages, without its password."""
    return (parse_url(url) if isinstance(url, str) else url).render_as_string(hide_password=True)


_BROKEN: Final = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_DRIVERS: Final = frozenset({"sqlite3", "psycopg"})


@contextmanager
def in_words(url: URL) -> Iterator[None]:
    """Turn what database and driver raise into a StoreFailure that a person understands."""
    try:
        yield
    except (SQLAlchemyError, OSError, UnicodeDecodeError) as error:
        raise _kind(error)(f"event store {shown(url)}: {_reason(error)}") from error
    except Exception as error:
        if not _from_driver(error):
            raise
        raise _kind(error)(f"event store {shown(url)}: {_reason(error)}") from error


def _kind(error: Exception) -> type[StoreFailure]:
    """Damage, if the database says that its file is broken, or is none."""
    origin = getattr(error, "orig", None) or error
    name = str(getattr(origin, "sqlite_errorname", ""))
    broken = isinstance(error, UnicodeDecodeError) or name.startswith(_BROKEN)
    return StoreDamaged if broken else StoreFailure


def _from_driver(error: Exception) -> bool:
    """True for an exception of a database driver, whichever is in use."""
    line = type(error).__mro__
    return any(kind.__name__ == "Error" and kind.__module__ in _DRIVERS for kind in line)


def _reason(error: Exception) -> str:
    origin = getattr(error, "orig", None) or error
    if isinstance(origin, sqlite3.Error):
        name = getattr(origin, "sqlite_errorname", "") or ""
        for prefix, words in _WORDS.items():
            if name.startswith(prefix):
                return f"{words} ({origin})"
    state = _STATES.get(str(getattr(origin, "sqlstate", "")))
    lines = str(origin).strip().splitlines()
    first = lines[0] if lines else type(origin).__name__
    return f"{state} ({first})" if state else first


def writer(url: URL) -> Engine:
    """An engine that may write, creating the file and its folder where they are missing.

    Errors: StoreFailure if the driver is not installed.
    """
    if url.get_backend_name() == "sqlite":
        Path(cast("str", url.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = _engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_writer)
        event.listen(engine, "begin", _begin_writing)
    else:
        event.listen(engine, "connect", _prepare_server_writer)
    return engine


def reader(url: URL) -> Engine:
    """An engine that cannot write.

    Errors: StoreFailure if the file does not exist or the driver is not installed.
    """
    if url.get_backend_name() == "sqlite":
        path = Path(cast("str", url.database)).resolve()
        if not path.is_file():
            raise StoreFailure(f"event store {shown(url)}: there is no such file")
        url = url.set(database=path.as_uri(), query={"mode": "ro", "uri": "true"})
    engine = _engine(url)
    if engine.dialect.name == "postgresql":
        event.listen(engine, "connect", _prepare_reader)
    return engine


def _engine(url: URL) -> Engine:
    lite = url.get_backend_name() == "sqlite"
    arguments: dict[str, object] = (
        {"timeout": float(BUSY_SECONDS), "check_same_thread": False}
        if lite
        else {"connect_timeout": BUSY_SECONDS}
    )
    try:
        return create_engine(url, poolclass=NullPool, connect_args=arguments)
    except (ImportError, NoSuchModuleError) as error:
        raise StoreFailure(
            f"event store {shown(url)}: the driver is not installed ({error}); "
            "for PostgreSQL install psycopg"
        ) from error


def _prepare_writer(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # BEGIN is ours to say
    cursor = connection.cursor()
    for pragma in (
        f"page_size = {PAGE_BYTES}",
        "synchronous = FULL",
        f"busy_timeout = {BUSY_SECONDS * 1000}",
        f"wal_autocheckpoint = {HELD_BACK_PAGES}",
        f"cache_size = -{CACHE_KIB}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _prepare_server_writer(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("SET synchronous_commit = on")
    cursor.execute(f"SET lock_timeout = {BUSY_SECONDS * 1000}")
    cursor.execute("SELECT current_schema(), split_part(current_setting('search_path'), ',', 1)")
    there, wanted = cursor.fetchone() or (None, "")
    if there is None and _SCHEMA.fullmatch(wanted):
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {wanted}")
    cursor.close()
    connection.commit()


def _begin_writing(connection: Connection) -> None:
    # At once the writer, so that what it reads first is still true when it writes.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _prepare_reader(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("SET default_transaction_read_only = on")
    cursor.execute(f"SET lock_timeout = {BUSY_SECONDS * 1000}")
    cursor.close()
    connection.commit()

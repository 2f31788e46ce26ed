"""The right to write a store on PostgreSQL: an advisory lock that a session holds.

It ends with the session, and so with the process, on whichever machine that runs. One lock
a schema: stores in other schemas and databases are no business of each other.
"""

from __future__ import annotations

import os
import socket
from typing import Final

from sqlalchemy import URL, Connection, Engine

from adapters.store.canonical import stamp
from adapters.store.connect import in_words, reader, shown, writer
from domain.units import UtcNanos
from ports.errors import StoreFailure

_NAME_BYTES: Final = 63
"""As much of a session's name as the server keeps."""
_HOST_CHARACTERS: Final = 12

_KEY: Final = "hashtextextended('tradebot store ' || current_schema(), 0)"
_TAKE: Final = f"SELECT pg_try_advisory_lock({_KEY})"
_HOLDER: Final = (
    "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "  # noqa: S608
    "WHERE l.locktype = 'advisory' AND l.granted AND l.database = "
    "(SELECT oid FROM pg_database WHERE datname = current_database()) "
    f"AND (l.classid::bigint << 32 | l.objid::bigint) = {_KEY}"
)
# A holder whose machine lost its power is noticed in about half a minute.
_PROBES: Final = (
    "SET tcp_keepalives_idle = 10",
    "SET tcp_keepalives_interval = 5",
    "SET tcp_keepalives_count = 4",
    "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'",
)


def server_holder(url: URL) -> str | None:
    """Which session holds the store's lock, None if none does.

    Errors: StoreFailure if the server cannot be reached.
    """
    engine = reader(url)
    try:
        with in_words(url), engine.connect() as connection:
            found = connection.exec_driver_sql(_HOLDER).first()
            return None if found is None else str(found[0] or "another process")
    finally:
        engine.dispose()


class ServerLock:
    """Held until `release`, or the end of the process or of its session."""

    def __init__(self, url: URL, at: UtcNanos) -> None:
        """Errors: StoreFailure naming process and start time of the one that holds it."""
        self._engine: Engine | None = writer(url)
        try:
            with in_words(url):
                self._connection = self._engine.connect()
                self._take(self._connection, shown(url), at)
        except BaseException:
            self.release()
            raise

    def _take(self, connection: Connection, name: str, at: UtcNanos) -> None:
        host = socket.gethostname()[:_HOST_CHARACTERS]
        words = f"process {os.getpid()} on {host}, started {stamp(at)[:19]}Z"
        for probe in _PROBES:
            connection.exec_driver_sql(probe)
        connection.exec_driver_sql(
            "SELECT set_config('application_name', %s, false)", (words[:_NAME_BYTES],)
        )
        taken = connection.exec_driver_sql(_TAKE).scalar()
        holder = "" if taken else connection.exec_driver_sql(_HOLDER).scalar()
        connection.commit()
        if not taken:
            raise StoreFailure(f"event store {name}: in use by {holder or 'another process'}")

    def release(self) -> None:
        """Let others write; the second time does nothing."""
        engine, self._engine = self._engine, None
        if engine is not None:
            connection = getattr(self, "_connection", None)
            if connection is not None:
                connection.close()
            engine.dispose()

"""The databases that a store can stand on, as the tests handle them: by hand, behind its back."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Protocol

from sqlalchemy.engine import make_url

from adapters.store import schema_v1, schema_v2
from postgres_server import Server

GUARDS = ("events_no_update", "events_no_delete", "events_no_truncate")


class Backend(Protocol):
    """Where stores of a test stand."""

    name: str

    def new(self) -> str:
        """The address of a store that is not there yet."""

    def copy(self, url: str) -> str:
        """The address of a copy of a closed store, to be damaged."""

    def change(self, url: str, statement: str, *values: object) -> int:
        """Change a store behind its back, its triggers off; how many rows that were."""

    def rows(self, url: str, query: str, *values: object) -> list[tuple[object, ...]]:
        """What a query finds."""

    def held(self, url: str) -> AbstractContextManager[None]:
        """Nobody else can write the store inside."""

    def refused(self, url: str, statement: str) -> str:
        """What a database with its triggers on says to a statement that it refuses."""


class SqliteBackend:
    """Files in a folder."""

    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)

    def new(self) -> str:
        return f"sqlite:///{self._folder}/store{next(self._numbers)}.db"

    def copy(self, url: str) -> str:
        made = self.new()
        shutil.copy(_file(url), _file(made))
        return made

    def change(self, url: str, statement: str, *values: object) -> int:
        with closing(sqlite3.connect(_file(url))) as connection:
            for name in GUARDS:
                connection.execute(f"DROP TRIGGER IF EXISTS {name}")
            changed = connection.execute(statement, values).rowcount
            connection.commit()
        return changed

    def rows(self, url: str, query: str, *values: object) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(_file(url))) as connection:
            return connection.execute(query, values).fetchall()

    @contextmanager
    def held(self, url: str) -> Iterator[None]:
        with closing(sqlite3.connect(_file(url), isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")

    def refused(self, url: str, statement: str) -> str:
        with closing(sqlite3.connect(_file(url))) as connection, connection:
            try:
                connection.execute(statement)
            except sqlite3.Error as error:
                return str(error)
        return ""


class PostgresBackend:
    """Schemas of one database."""

    name = "postgresql"

    def __init__(self, server: Server) -> None:
        self.server = server

    def new(self) -> str:
        return self.server.url()

    def copy(self, url: str) -> str:
        made = self.new()
        old, new = _schema(url), _schema(made)
        with self.server.connect() as connection:
            connection.execute(f"CREATE SCHEMA {new}")
            connection.execute(f"SET search_path = {new}")
            made_of = (schema_v1.statements, schema_v2.statements)
            for statement in (each for of in made_of for each in of("postgresql")):
                connection.execute(statement)
            connection.execute(f"CREATE TABLE alembic_version (LIKE {old}.alembic_version)")
            for table in ("events", "store", "alembic_version"):
                connection.execute(f"INSERT INTO {table} SELECT * FROM {old}.{table}")
        return made

    def change(self, url: str, statement: str, *values: object) -> int:
        with self.server.connect() as connection:
            connection.execute(f"SET search_path = {_schema(url)}")
            for name in GUARDS:
                connection.execute(f"DROP TRIGGER IF EXISTS {name} ON events")
            return connection.execute(statement.replace("?", "%s"), values or None).rowcount

    def rows(self, url: str, query: str, *values: object) -> list[tuple[object, ...]]:
        with self.server.connect() as connection:
            connection.execute(f"SET search_path = {_schema(url)}")
            return connection.execute(query.replace("?", "%s"), values or None).fetchall()

    @contextmanager
    def held(self, url: str) -> Iterator[None]:
        with self.server.connect() as connection, connection.transaction():
            connection.execute(f"LOCK TABLE {_schema(url)}.events IN EXCLUSIVE MODE")
            yield

    def refused(self, url: str, statement: str) -> str:
        import psycopg

        with self.server.connect() as connection:
            connection.execute(f"SET search_path = {_schema(url)}")
            try:
                connection.execute(statement)
            except psycopg.Error as error:
                return str(error)
        return ""


def _file(url: str) -> str:
    return str(make_url(url).database)


def _schema(url: str) -> str:
    return str(make_url(url).query["schema"])

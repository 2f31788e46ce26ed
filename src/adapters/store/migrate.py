"""Bringing a database to the schema of this program.

A new store gets the whole schema in one transaction; an older one goes through Alembic,
which is imported only then: it costs more than everything else at the start.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect

from adapters.store import schema_v1, schema_v2
from ports.errors import StoreFailure, StoreUnfit


class NotOurs(StoreUnfit):
    """A database that is no event store of this program or an older one: to be left alone."""


HEAD: Final = schema_v2.REVISION
"""The revision this program writes."""
_KNOWN: Final = (schema_v1.REVISION, schema_v2.REVISION)
_STAMP: Final = (
    """\
CREATE TABLE alembic_version (
\tversion_num VARCHAR(32) NOT NULL,
\tCONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
)""",
    f"INSERT INTO alembic_version (version_num) VALUES ('{HEAD}')",  # noqa: S608
)


def revision(connection: Connection) -> str | None:
    """The schema revision of a store; None for an empty database.

    Errors: StoreFailure if the database holds something else, or a revision that this
    program does not know.
    """
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return None
    if not {"alembic_version", "events", "store"} <= tables:
        names = ", ".join(sorted(tables)[:5])
        raise NotOurs(f"this database is no event store: it holds {names}")
    found = [str(row[0]) for row in connection.exec_driver_sql("SELECT * FROM alembic_version")]
    if len(found) != 1:
        raise StoreFailure("the event store has no schema revision")
    if found[0] not in _KNOWN:
        raise NotOurs(
            f"the event store has schema revision {found[0]!r}, this program knows up to "
            f"{HEAD}: a newer program made it"
        )
    return found[0]


def create(connection: Connection) -> None:
    """Make an empty database a store, inside the transaction of `connection`."""
    name = connection.dialect.name
    for statement in (*schema_v1.statements(name), *schema_v2.statements(name), *_STAMP):
        connection.exec_driver_sql(statement)


def upgrade(engine: Engine) -> str:
    """Bring the database of `engine` to HEAD; return the revision it had, empty if none.

    Errors: StoreFailure as `revision`; SQLAlchemyError where the database refuses.
    """
    with engine.begin() as connection:
        before = revision(connection)
        if before is None:
            create(connection)
        elif before != HEAD:
            migrate(connection)
    return before or ""


def migrate(connection: Connection, target: str = "head") -> None:
    """Run Alembic's steps up to `target` on `connection`."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, target)

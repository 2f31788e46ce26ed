"""Revision 0001: the log, the store's identity, the views on decisions and trades."""

from __future__ import annotations

from alembic import op

from adapters.store import schema_v1

revision = schema_v1.REVISION
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the schema; there is no way down from a log that is never deleted."""
    connection = op.get_bind()
    for statement in schema_v1.statements(connection.dialect.name):
        connection.exec_driver_sql(statement)

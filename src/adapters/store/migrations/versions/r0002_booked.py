"""Revision 0002: the view on trades shows fees and results as they were booked in the end."""

from __future__ import annotations

from alembic import op

from adapters.store import schema_v1, schema_v2

revision = schema_v2.REVISION
down_revision = schema_v1.REVISION
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the view anew; no event is touched."""
    connection = op.get_bind()
    for statement in schema_v2.statements(connection.dialect.name):
        connection.exec_driver_sql(statement)

"""${message}."""

from __future__ import annotations

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    """Statements stand in a frozen module of their own; events themselves never change."""
    ${upgrades if upgrades else "op.get_bind()"}

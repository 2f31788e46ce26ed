"""Runs the revisions on the connection that `adapters.store.migrate` hands over."""

from __future__ import annotations

from alembic import context

from adapters.store.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()

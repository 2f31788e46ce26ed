"""Alembic environment of the event store; run from `adapters.store.migrate`."""

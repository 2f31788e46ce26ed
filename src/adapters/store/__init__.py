"""The event store: an append-only, hash-chained log on SQLite or PostgreSQL (events.md)."""

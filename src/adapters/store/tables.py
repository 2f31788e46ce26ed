"""The tables of the store as SQLAlchemy Core sees them; the DDL stands with the migrations."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text, UniqueConstraint

METADATA: Final = MetaData()
_BIG: Final = BigInteger().with_variant(Integer(), "sqlite")

EVENTS: Final = Table(
    "events",
    METADATA,
    Column("seq", _BIG, primary_key=True, autoincrement=False),
    Column("event_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("stream", Text, nullable=False),
    Column("session_date", Text, nullable=False),
    Column("ts_event", _BIG, nullable=False),
    Column("ts_recorded", _BIG, nullable=False),
    Column("causation_id", Text, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("crc", _BIG, nullable=False),
    Column("natural_key", Text, nullable=False),
    UniqueConstraint("type", "stream", "natural_key", name="uq_events_key"),
)
"""One row an event; `ts_` columns are UTC nanoseconds, `crc` guards what `hash` leaves out.

The event id is a hash of what is unique. The index is on that itself, because keys grow with
time: new rows then touch the same few pages, where those of hashes lie all over the index.
"""

STORE: Final = Table(
    "store",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("store_id", Text, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("config_hash", Text, nullable=False),
    Column("created", _BIG, nullable=False),
    Column("adapter", Text, nullable=False, server_default=""),
    Column("account", Text, nullable=False, server_default=""),
    Column("mode", Text, nullable=False, server_default=""),
)
"""One row: who the store is, its genesis record, and whose it is; empty while that is open.

`account` is a digest.
"""

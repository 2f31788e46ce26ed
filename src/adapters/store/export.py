"""The events of a store as JSON lines, for others."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from adapters.store.canonical import canonical, stamp
from adapters.store.chain import CRC, Row
from adapters.store.connect import in_words, parse_url, reader
from adapters.store.migrate import revision
from adapters.store.rows import stored_rows
from ports.errors import StoreFailure


def export(url: str) -> Iterator[bytes]:
    """Every event of the store at `url` as one canonical JSON line, newline included.

    A line is the whole envelope of events.md 1 with the payload as an object; the hash
    of a domain event can be made again from its line alone.

    Errors: StoreFailure if there is no store, it cannot be read, or a row is no event.
    """
    parts = parse_url(url)
    with in_words(parts):
        engine = reader(parts)
        try:
            with engine.connect() as connection:
                if revision(connection) is None:
                    raise StoreFailure("the database is empty: no event store")
            for row in stored_rows(engine):
                try:
                    line = _line(row)
                except (ValueError, TypeError, AttributeError) as error:
                    raise StoreFailure(f"seq {row[0]} is not an event: {error}") from error
                yield line
        finally:
            engine.dispose()


def _line(row: Row) -> bytes:
    """`row` as canonical JSON around its payload, whose bytes are canonical already."""
    seq, ident, kind, version, stream, date, ts, recorded, cause, corr, text, prev, digest = row[
        :CRC
    ]
    orjson.loads(text)
    before = canonical(
        {"causation_id": cause, "correlation_id": corr, "event_id": ident, "hash": digest}
    )
    after = canonical(
        {
            "prev_hash": prev,
            "seq": seq,
            "session_date": date,
            "stream": stream,
            "ts_event": stamp(ts),
            "ts_recorded": stamp(recorded),
            "type": kind,
            "version": version,
        }
    )
    return b"".join((before[:-1], b',"payload":', text.encode(), b",", after[1:], b"\n"))

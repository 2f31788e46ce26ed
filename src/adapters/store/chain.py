"""Rows of the log: numbering, hash chain and row check, whatever they are stored in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple, TypeAlias
from zlib import crc32

import rust_core
from adapters.store.canonical import DOMAIN, MICROSECOND, chain_hash, envelope, event_id
from domain.units import UtcNanos
from ports.errors import StoreFailure
from ports.journal import Record

Row: TypeAlias = tuple[int, str, str, int, str, str, int, int, str, str, str, str, str, int, str]
"""The fields of Stored in their order, then the row check and the natural key."""

SEQ: Final = 0
EVENT_ID: Final = 1
TYPE: Final = 2
STREAM: Final = 4
PAYLOAD: Final = 10
HASH: Final = 12
CRC: Final = 13
KEY: Final = 14


class Tip(NamedTuple):
    """Where a log ends: its last seq (0 if empty) and the chain head, that is the hash of
    the last domain event or of the genesis record.
    """

    seq: int
    head: str


def row_check(
    ident: str, recorded: UtcNanos, causation: str, correlation: str, unhashed: bytes = b""
) -> int:
    """CRC-32 over what the chain hash leaves out; of an `ops` row also over its body.

    It finds damage, not forgery: the chain alone holds against a person.
    """
    rest = f"{ident}|{causation}|{correlation}|{recorded}".encode()
    return crc32(unhashed, crc32(rest)) if unhashed else crc32(rest)


def link(tip: Tip, records: Iterable[Record], recorded: UtcNanos) -> tuple[Tip, list[Row]]:
    """The rows of `records` after `tip`, and where the log then ends.

    Times of events are cut to microseconds, as the hash sees them.
    Errors: StoreFailure for a record without a canonical form; names it.
    """
    try:
        seq, head, rows = rust_core.link(tip.seq, tip.head, records, recorded)
    except (ValueError, TypeError) as error:
        raise StoreFailure(str(error)) from error
    return Tip(seq, head), rows


def relink(tip: Tip, rows: Iterable[Row]) -> tuple[Tip, list[Row]]:
    """`rows` numbered and chained anew after `tip`: for when some of them dropped out."""
    seq, head = tip
    linked: list[Row] = []
    for row in rows:
        seq += 1
        _, ident, kind, version, stream, date, ts, recorded, cause, corr, text, _, _, _, key = row
        body = envelope(kind, version, stream, date, ts, text.encode())
        previous, digest, unhashed = "", "", body
        if stream == DOMAIN:
            previous, digest, unhashed = head, chain_hash(head, body), b""
            head = digest
        crc = row_check(ident, recorded, cause, corr, unhashed)
        linked.append(
            (
                seq, ident, kind, version, stream, date, ts, recorded,
                cause, corr, text, previous, digest, crc, key,
            )
        )  # fmt: skip
    return Tip(seq, head), linked


def fault(row: Row, tip: Tip) -> str:
    """What is wrong with `row` as the successor of `tip`; empty if nothing is."""
    seq, ident, kind, version, stream, date, ts, recorded, cause, corr, text = row[:11]
    prev, digest, crc, key = row[11:]
    if seq != tip.seq + 1:
        return f"seq {tip.seq + 1} is missing, the next one is {seq}"
    try:
        body = unhashed = envelope(kind, version, stream, date, ts, text.encode())
        if stream == DOMAIN:
            unhashed = b""
            if prev != tip.head:
                return "prev_hash is not the hash of the event before it"
            if digest != chain_hash(prev, body):
                return "hash does not fit the content"
        elif prev or digest:
            return "an ops event carries a chain hash"
        if ts % MICROSECOND or crc != row_check(ident, recorded, cause, corr, unhashed):
            return "row check does not fit the columns outside the hash"
        if ident != event_id(kind, stream, key):
            return "event id is not that of type, stream and key"
    except (ValueError, TypeError, AttributeError) as error:
        return f"not an event: {error}"
    return ""


def conflict(kind: str, ident: str) -> StoreFailure:
    """The failure of an id that exists with another payload."""
    return StoreFailure(f"{kind} {ident} is recorded already, with another payload")

"""Canonical JSON and the hashes that stand on it (events.md 1).

The bytes are those of `json.dumps(value, sort_keys=True, separators=(",", ":"),
ensure_ascii=False)` in UTF-8 with NaN as null and -0.0 as 0.0, so anyone can make them
again with a standard library. A compiled encoder writes them.

Hashes are lower-case hex. The previous hash enters the next one as its 64 ASCII digits,
that is, as it stands in the record, followed directly by the canonical bytes.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Final

from domain.units import UtcNanos
from ports.journal import JsonValue
from rust_core import canonical as encode

DOMAIN: Final = "domain"
OPS: Final = "ops"
STREAMS: Final = frozenset({DOMAIN, OPS})
MICROSECOND: Final = 1_000

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def canonical(value: JsonValue) -> bytes:
    """The canonical bytes of `value`: keys by code point, no blanks, UTF-8.

    Errors: ValueError for an infinite float, an integer beyond 64 bits, a lone
    surrogate, a key that is no string or a type that JSON does not have.
    """
    return encode(value)


@lru_cache(maxsize=16)
def stamp(instant: UtcNanos) -> str:
    """RFC 3339 in UTC with microseconds, `2013-10-07T13:31:00.000000Z`; finer digits are cut.

    Errors: ValueError outside the years 1 to 9999.
    """
    try:
        moment = _EPOCH + timedelta(microseconds=instant // MICROSECOND)
    except OverflowError:
        raise ValueError(f"no such time: {instant} ns") from None
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


@lru_cache(maxsize=256)
def frame(kind: str, version: int, stream: str, session_date: str) -> tuple[bytes, bytes]:
    """Canonical bytes of an envelope between payload and time, and after the time.

    Errors: ValueError for an unknown stream.
    """
    if stream not in STREAMS:
        raise ValueError(f"unknown stream {stream!r}")
    date, name = canonical(session_date), canonical(stream)
    middle = b',"session_date":' + date + b',"stream":' + name + b',"ts_event":"'
    return middle, b'","type":' + canonical(kind) + b',"version":' + canonical(version) + b"}"


def envelope(
    kind: str, version: int, stream: str, session_date: str, ts_event: UtcNanos, payload: bytes
) -> bytes:
    """Canonical bytes of the hashed part of an event, around a payload already canonical.

    Errors: ValueError for an unknown stream or an impossible time.
    """
    middle, end = frame(kind, version, stream, session_date)
    return b"".join((b'{"payload":', payload, middle, stamp(ts_event).encode(), end))


def chain_hash(previous: str, body: bytes) -> str:
    """SHA-256 over the 64 hex digits of `previous` and the canonical `body`."""
    return sha256(previous.encode() + body).hexdigest()


def event_id(kind: str, stream: str, key: str) -> str:
    """The first 32 hex digits of SHA-256 over `type|stream|natural key`."""
    return sha256(f"{kind}|{stream}|{key}".encode()).hexdigest()[:32]


def genesis(symbol: str, config_hash: str) -> str:
    """What the first domain event chains to: SHA-256 of the canonical genesis record."""
    return sha256(canonical({"symbol": symbol, "config_hash": config_hash})).hexdigest()

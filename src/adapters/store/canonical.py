"""Canonical JSON and the hashes that stand on it (events.md 1).

The bytes are those of `json.dumps(value, sort_keys=True, separators=(",", ":"),
ensure_ascii=False)` in UTF-8 with NaN as null and -0.0 as 0.0, so anyone can make them
again with a standard library. A compiled encoder writes them; the two differ only in how
they print floats below 1e-4 or from 1e16 on, in -0.0 and in infinities, and a value that
holds one of those takes the slow way.

Hashes are lower-case hex. The previous hash enters the next one as its 64 ASCII digits,
that is, as it stands in the record, followed directly by the canonical bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from math import copysign, isfinite, isnan
from typing import Any, Final

import orjson

from domain.units import UtcNanos
from ports.journal import JsonValue

DOMAIN: Final = "domain"
OPS: Final = "ops"
STREAMS: Final = frozenset({DOMAIN, OPS})
MICROSECOND: Final = 1_000

_OPTIONS: Final = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_PASSTHROUGH_SUBCLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_DATACLASS
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_INT_LOW: Final = -(2**63)
_INT_HIGH: Final = 2**64 - 1


def canonical(value: JsonValue) -> bytes:
    """The canonical bytes of `value`: keys by code point, no blanks, UTF-8.

    Errors: ValueError for an infinite float, an integer beyond 64 bits, a lone
    surrogate, a key that is no string or a type that JSON does not have.
    """
    try:
        if _prints_alike((value,)):
            return orjson.dumps(value, option=_OPTIONS)
        text = json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return text.encode("utf-8")
    except (TypeError, UnicodeEncodeError, RecursionError) as error:
        raise ValueError(f"no canonical form: {error}") from error


def _prints_alike(values: Iterable[Any]) -> bool:
    """True if no float in `values`, at any depth, needs the slow way.

    A walk, because the bytes cannot tell an infinity from a NaN or a None afterwards.
    The bounds are literals: this runs for every float of every bar.
    """
    for value in values:
        kind = type(value)
        if kind is float:
            if 1e-4 <= value < 1e16 or -1e16 < value <= -1e-4 or value != value:
                continue
            if value or copysign(1.0, value) < 0.0:
                return False
        elif kind is dict:
            if not _prints_alike(value.values()):
                return False
        elif (kind is list or kind is tuple) and not _prints_alike(value):
            return False
    return True


def _plain(value: object) -> JsonValue:
    """`value` with NaN as None and -0.0 as 0.0, so that the standard encoder is canonical."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, float):
        if isnan(value):
            return None
        if not isfinite(value):
            raise ValueError("no canonical form: an infinite number")
        return value + 0.0
    if isinstance(value, int):
        if not _INT_LOW <= value <= _INT_HIGH:
            raise ValueError(f"no canonical form: {value} has more than 64 bits")
        return value
    if type(value) is dict:
        for key in value:
            if not isinstance(key, str):
                raise ValueError(f"no canonical form: key {key!r} is no string")
        return {key: _plain(item) for key, item in value.items()}
    if type(value) is list or type(value) is tuple:
        return [_plain(item) for item in value]
    raise ValueError(f"no canonical form: {type(value).__name__}")


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


def is_canonical(text: str) -> bool:
    """True if `text` is the canonical form of what it says."""
    try:
        value: JsonValue = json.loads(text)
        return canonical(value) == text.encode()
    except ValueError:
        return False


__all__: Sequence[str] = (
    "DOMAIN",
    "OPS",
    "canonical",
    "chain_hash",
    "envelope",
    "event_id",
    "genesis",
    "is_canonical",
    "stamp",
)

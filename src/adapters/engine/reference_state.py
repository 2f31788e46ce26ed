"""The reference engine's snapshot: plain JSON, checked field by field on the way back.

No code is ever loaded from a snapshot. Floats are written in the shortest form that
reads back to the same bits. Sums that follow from the values kept are not stored.
"""

from __future__ import annotations

import hashlib
import json
import math
import types
from collections.abc import Callable
from dataclasses import asdict, fields, is_dataclass
from enum import IntEnum
from typing import TypeVar, Union, get_args, get_origin, get_type_hints

from domain.belief_parameters import EngineParameters
from ports.errors import EngineError

FORMAT = "reference-engine"
VERSION = 1
T = TypeVar("T")


def parameter_digest(parameters: EngineParameters) -> str:
    """A digest of every number an engine was built from."""
    return _digest(asdict(parameters))


def encode_state(state: object, parameters: str) -> bytes:
    """`state` as bytes; `parameters` is the digest it belongs to."""
    plain = _to_plain(state)
    envelope = {
        "format": FORMAT,
        "version": VERSION,
        "parameters": parameters,
        "checksum": _digest(plain),
        "state": plain,
    }
    return json.dumps(envelope, separators=(",", ":"), allow_nan=False).encode("ascii")


def decode_state(kind: type[T], data: bytes, parameters: str) -> T:
    """The state in `data`; EngineError if it is damaged, foreign or of other parameters."""
    try:
        envelope = json.loads(data)
    except (ValueError, TypeError, RecursionError) as error:
        raise EngineError(f"snapshot is not readable: {error}") from None
    if not isinstance(envelope, dict) or envelope.get("format") != FORMAT:
        raise EngineError(f"snapshot was not made by the {FORMAT}")
    if envelope.get("version") != VERSION:
        raise EngineError(f"snapshot has version {envelope.get('version')!r}, not {VERSION}")
    if envelope.get("parameters") != parameters:
        raise EngineError("snapshot was made with other parameters")
    plain = envelope.get("state")
    if envelope.get("checksum") != _digest(plain):
        raise EngineError("snapshot is damaged: its checksum does not match")
    try:
        state = _from_plain(kind, plain)
    except (ValueError, TypeError) as error:
        raise EngineError(f"snapshot does not hold a state: {error}") from None
    if not isinstance(state, kind):
        raise EngineError(f"snapshot holds no {kind.__name__}")
    return state


def _digest(plain: object) -> str:
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _to_plain(value: object) -> object:
    """Dataclasses and named tuples as objects by field name, mappings as lists of pairs."""
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, dict):
        return [[_to_plain(key), _to_plain(item)] for key, item in value.items()]
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {name: _to_plain(item) for name, item in zip(value._fields, value, strict=True)}
    if isinstance(value, (list, tuple)):
        return [_to_plain(item) for item in value]
    if is_dataclass(value):
        return {f.name: _to_plain(getattr(value, f.name)) for f in fields(value) if f.init}
    raise TypeError(f"a state may not hold a {type(value).__name__}")


def _from_plain(kind: object, plain: object) -> object:
    """The value of type `kind` that `plain` describes; ValueError if it describes none."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        inner = [k for k in get_args(kind) if k is not type(None)]
        return None if plain is None else _from_plain(inner[0], plain)
    if origin in (list, tuple, dict):
        return _collection(origin, get_args(kind), plain)
    if isinstance(kind, type):
        return _single(kind, plain)
    raise TypeError(f"a state may not hold {kind!r}")


def _collection(origin: object, inside: tuple[object, ...], plain: object) -> object:
    if not isinstance(plain, list):
        raise ValueError(f"expected a list, found {type(plain).__name__}")
    if origin is not dict:
        items = [_from_plain(inside[0], item) for item in plain]
        return tuple(items) if origin is tuple else items
    pairs = {}
    for pair in plain:
        if not isinstance(pair, list) or len(pair) != 2:
            raise ValueError("expected a pair")
        pairs[_from_plain(inside[0], pair[0])] = _from_plain(inside[1], pair[1])
    return pairs


def _single(kind: type, plain: object) -> object:
    if issubclass(kind, bool) or kind in (int, float):
        if type(plain) is not kind or (isinstance(plain, float) and not math.isfinite(plain)):
            raise ValueError(f"expected {kind.__name__}, found {plain!r}")
        return plain
    if issubclass(kind, IntEnum):
        if type(plain) is not int:
            raise ValueError(f"expected {kind.__name__}, found {plain!r}")
        return kind(plain)
    return _record(kind, plain)


def _record(kind: Callable[..., object], plain: object) -> object:
    """A dataclass or named tuple from its fields, each present exactly once."""
    hints = get_type_hints(kind)
    if is_dataclass(kind):
        names = {f.name for f in fields(kind) if f.init}
    else:
        names = set(getattr(kind, "_fields", ()))
    if not isinstance(plain, dict) or plain.keys() != names:
        raise ValueError(f"expected the fields of {getattr(kind, '__name__', kind)}")
    return kind(**{name: _from_plain(hints[name], item) for name, item in plain.items()})

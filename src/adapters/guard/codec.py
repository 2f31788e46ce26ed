"""The content of a slot: a guard state as JSON, field by field as the types say.

The law's memory is walked by its type, so that a counter that is added there is guarded
without a word here.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from enum import Enum
from types import NoneType, UnionType
from typing import Final, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from domain.units import Money
from ports.guard import GuardState

T = TypeVar("T")
Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"

BLANK: Final = b"null"
"""The content of a guard file that nothing was written to yet."""


def encode(state: GuardState | None) -> bytes:
    """`state` as JSON in UTF-8, its latch's words included."""
    text = json.dumps(
        _plain(state), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode(errors="replace")


def decode(content: bytes) -> GuardState | None:
    """The state that `encode` made `content` of.

    Errors: ValueError if it is none.
    """
    if content == BLANK:
        return None
    try:
        state = _value(GuardState, json.loads(content))
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"not the content of a guard file: {error}") from error
    if not isinstance(state, GuardState):
        raise ValueError("not the content of a guard file")
    return state


def _plain(value: object) -> Plain:
    """`value` of a typed field as JSON has it."""
    if isinstance(value, Money):
        return str(value)
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: _plain(each) for name, each in value._asdict().items()}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, frozenset):
        return [_plain(each) for each in sorted(value)]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"no form in a guard file: {type(value).__name__}")


def _value(kind: object, raw: object) -> object:
    """The value of type `kind` that stands as `raw`; ValueError or TypeError if it does not."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        if raw is None and NoneType in parts:
            return None
        (inner,) = (part for part in parts if part is not NoneType)
        return _value(inner, raw)
    if origin in (tuple, frozenset):
        return _many(origin is frozenset, parts, raw)
    if kind is Money:
        return Money.parse(_checked(str, raw))
    if not isinstance(kind, type):
        raise TypeError(f"no form in a guard file: {kind}")
    if issubclass(kind, Enum):
        return kind(raw)
    if kind is date:
        return date.fromisoformat(_checked(str, raw))
    if is_dataclass(kind) or hasattr(kind, "_fields"):
        return _record(kind, raw)
    return _checked(kind, raw)


def _many(as_set: bool, parts: tuple[object, ...], raw: object) -> object:
    items = _checked(list, raw)
    if as_set or (len(parts) == 2 and parts[1] is Ellipsis):
        values = [_value(parts[0], item) for item in items]
        return frozenset(values) if as_set else tuple(values)
    return tuple(_value(part, item) for part, item in zip(parts, items, strict=True))


def _record(kind: type, raw: object) -> object:
    """A dataclass or named tuple. A field that an older program did not know takes its
    default; one that this program does not know is an error.
    """
    given = _checked(dict, raw)
    hints = get_type_hints(kind)
    unknown = given.keys() - hints.keys()
    if unknown:
        raise ValueError(f"{kind.__name__} has no {sorted(unknown)[0]}: a newer program wrote it")
    values = {name: _value(hints[name], given[name]) for name in hints if name in given}
    missing = [name for name in hints if name not in given and not _has_default(kind, name)]
    if missing:
        raise ValueError(f"{kind.__name__} lacks {missing[0]}")
    return kind(**values)


def _has_default(kind: type, name: str) -> bool:
    if is_dataclass(kind):
        field = next(each for each in fields(kind) if each.name == name)
        return field.default is not MISSING or field.default_factory is not MISSING
    return name in getattr(kind, "_field_defaults", {})


def _checked(kind: type[T], raw: object) -> T:
    """`raw` if it is exactly of `kind`: a bool is no int here."""
    if type(raw) is not kind:
        raise TypeError(f"{raw!r} is no {kind.__name__}")
    return raw

"""The domain's own dataclasses as pydantic schemas.

The domain types are the schema: their fields have no defaults and they check their ranges at
birth. `Domain[T]` reads such a type from plain data, strictly: every key must be there, no
other may be, a number is a number of the right kind. Money and exact decimals are quoted
text (or whole numbers), never floats, since 0.1 has no exact float.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated, Final, TypeVar, get_args, get_origin, get_type_hints

from pydantic import GetCoreSchemaHandler, PlainValidator
from pydantic_core import CoreSchema, core_schema

from domain.units import Money

T = TypeVar("T")
_MONEY = re.compile(r"-?(?:0|[1-9][0-9]{0,11})(?:\.[0-9]{1,4})?\Z", re.ASCII)
_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,11})(?:\.[0-9]{1,12})?\Z", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", re.ASCII)
_SIGNAL = re.compile(r"S(?:0|[1-9][0-9]?)\Z", re.ASCII)


def _as_written(value: object) -> str | None:
    """The text of an exact number: quoted text, or a whole number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else None


def read_money(value: object) -> Money:
    """Money from quoted text with at most four decimals, or from a whole number."""
    text = _as_written(value)
    if text is None:
        raise ValueError(f'money must be quoted, like "15.00", got {value!r}')
    if not _MONEY.match(text):
        raise ValueError(f"not an amount of money with at most 4 decimals: {text!r}")
    return Money.parse(text)


def read_decimal(value: object) -> Decimal:
    """An exact decimal number from quoted text, or from a whole number."""
    text = _as_written(value)
    if text is None:
        raise ValueError(f'an exact number must be quoted, like "0.25", got {value!r}')
    if not _DECIMAL.match(text):
        raise ValueError(f"not a plain decimal number: {text!r}")
    return Decimal(text)


def read_date(value: object) -> date:
    """A calendar date, year-month-day."""
    if not isinstance(value, str) or not _DATE.match(value):
        raise ValueError(f"not a date like 2026-11-01: {value!r}")
    return date.fromisoformat(value)


def read_signal(value: object) -> int:
    """A signal number from its name, 31 from S31; whether there is such a signal is not asked."""
    if not isinstance(value, str) or not _SIGNAL.match(value):
        raise ValueError(f"names no signal: {value!r}; signals are S1 to S35")
    return int(value[1:])


ExactMoney = Annotated[Money, PlainValidator(read_money)]
ExactDecimal = Annotated[Decimal, PlainValidator(read_decimal)]
IsoDate = Annotated[date, PlainValidator(read_date)]

_READERS: Final[dict[type, Callable[[object], object]]] = {
    Money: read_money,
    Decimal: read_decimal,
    date: read_date,
}


class OfDomain:
    """Annotation: read the annotated type with the schema of its domain dataclasses."""

    def __get_pydantic_core_schema__(
        self,
        source: object,
        _: GetCoreSchemaHandler,
    ) -> CoreSchema:
        return schema_of(source)


Domain = Annotated[T, OfDomain()]
"""`T`, a domain dataclass or a tuple or signal-keyed dict of them."""


def schema_of(kind: object) -> CoreSchema:
    """The strict schema of one type of the domain.

    Errors: TypeError for a type no contract can hold: a programming error.
    """
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        items = core_schema.list_schema(schema_of(arguments[0]), strict=True)
        return core_schema.no_info_after_validator_function(tuple, items)
    if origin is dict and arguments[0] is int:
        names = core_schema.no_info_plain_validator_function(read_signal)
        return core_schema.dict_schema(names, schema_of(arguments[1]), strict=True)
    if not isinstance(kind, type):
        raise TypeError(f"no contract can hold a {kind}")
    return _plain_schema(kind)


def _plain_schema(kind: type) -> CoreSchema:
    if kind in _READERS:
        return core_schema.no_info_plain_validator_function(_READERS[kind])
    if kind is bool:
        return core_schema.bool_schema(strict=True)
    if kind is int:
        return core_schema.int_schema(strict=True)
    if kind is float:
        return core_schema.float_schema(strict=True, allow_inf_nan=False)
    if kind is str:
        return core_schema.str_schema(strict=True, min_length=1)
    if issubclass(kind, Enum):
        by_name = {str(member.value): member for member in kind}
        literal = core_schema.literal_schema(list(by_name))
        return core_schema.no_info_after_validator_function(by_name.__getitem__, literal)
    if is_dataclass(kind):
        return _dataclass_schema(kind)
    raise TypeError(f"no contract can hold a {kind}")


def _dataclass_schema(kind: type) -> CoreSchema:
    hints = get_type_hints(kind)
    members = {
        f.name: core_schema.typed_dict_field(schema_of(hints[f.name]), required=True)
        for f in fields(kind)
    }
    table = core_schema.typed_dict_schema(members, strict=True, extra_behavior="forbid")
    return core_schema.no_info_after_validator_function(lambda row: kind(**row), table)

"""Versions of payloads, and the way from an old one to the newest, a step a version.

A payload without what a later version brought is still written as the earlier one: a record
that never had it stays the same, byte by byte.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ports.journal import JsonValue

Fields = dict[str, JsonValue]

NEWEST: Final = {"LawStateChanged": 2, "ReconcileStarted": 2, "StoreBound": 2}
"""The newest version of each type that has more than one."""


def version(kind: str, later: bool) -> int:
    """The version to write: the newest where the payload holds what it brought."""
    return NEWEST[kind] if later else 1


def readable(kind: str, found: int) -> int:
    """The newest version of `kind`. Errors: ValueError if this program does not read `found`."""
    newest = NEWEST.get(kind, 1)
    if not 1 <= found <= newest:
        raise ValueError(f"{kind} of version {found}; this program reads {newest}")
    return newest


def upcast(kind: str, found: int, fields: Fields) -> Fields:
    """`fields` as the newest version has them.

    Errors: ValueError for a version that this program does not read; KeyError, TypeError for
    fields that are not of theirs.
    """
    for step in range(found, readable(kind, found)):
        fields = _STEPS[kind, step](fields)
    return fields


def _no_difference(fields: Fields) -> Fields:
    """No difference to a statement waited for a person."""
    return {**fields, "statement": None}


def _bound_without(fields: Fields) -> Fields:
    return {**fields, "counters": _no_difference(_object(fields["counters"]))}


def _no_statement(fields: Fields) -> Fields:
    """A read brought no values of a statement."""
    truth = _object(fields["truth"])
    return {**fields, "truth": {**truth, "statement": {"lines": [], "others": []}}}


def _object(value: JsonValue) -> Fields:
    if not isinstance(value, dict):
        raise TypeError(f"not an object: {value!r}")
    return value


_STEPS: Final[dict[tuple[str, int], Callable[[Fields], Fields]]] = {
    ("LawStateChanged", 1): _no_difference,
    ("StoreBound", 1): _bound_without,
    ("ReconcileStarted", 1): _no_statement,
}

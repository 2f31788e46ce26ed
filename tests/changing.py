"""A changed copy of a frozen value, whichever kind of value it is."""

from __future__ import annotations

import dataclasses
from typing import Any


def replace(value: Any, **changes: object) -> Any:
    """`value` with some fields changed: a named tuple, or a dataclass."""
    if isinstance(value, tuple):
        return value._replace(**changes)
    return dataclasses.replace(value, **changes)

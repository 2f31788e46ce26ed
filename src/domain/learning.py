"""What learning may say about a candidate (learning.md 1): a standing, and nothing else.

The books that a standing is worked out from are `domain.reliability`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Status(Enum):
    """Status of a key or a template, from the best to the worst."""

    ACTIVE = "ACTIVE"
    THROTTLED_MILD = "THROTTLED_MILD"
    THROTTLED_HEAVY = "THROTTLED_HEAVY"
    QUARANTINED = "QUARANTINED"


_RANK: Final = {status: n for n, status in enumerate(Status)}


def worse(one: Status, other: Status) -> Status:
    """The worse of two: the effective status of a candidate, of its key's and its template's."""
    return max(one, other, key=_RANK.__getitem__)


@dataclass(frozen=True, slots=True)
class Standing:
    """Status, cost multiplier, and the weighted fractional successes and failures recorded."""

    status: Status
    multiplier: float
    successes: float
    failures: float


NEW: Final = Standing(Status.ACTIVE, 1.0, 0.0, 0.0)
"""A key without history."""

"""What learning may say about a candidate (learning.md 1): a standing, and nothing else.

The fold of outcomes into standings is not part of this version; every key is new, and a
new key is ACTIVE, charged once for friction, with no data of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Status(Enum):
    """Effective status of a candidate, the worse of its key's and its template's."""

    ACTIVE = "ACTIVE"
    THROTTLED_MILD = "THROTTLED_MILD"
    THROTTLED_HEAVY = "THROTTLED_HEAVY"
    QUARANTINED = "QUARANTINED"


@dataclass(frozen=True, slots=True)
class Standing:
    """Status, cost multiplier, and the weighted fractional successes and failures recorded."""

    status: Status
    multiplier: float
    successes: float
    failures: float


NEW: Final = Standing(Status.ACTIVE, 1.0, 0.0, 0.0)
"""A key without history."""

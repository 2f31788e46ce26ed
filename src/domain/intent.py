"""What a decision wants to do: one bracket, immutable, bound by its own hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from enum import Enum
from typing import Final

from domain.units import SECOND, Side, Ticks, UtcNanos


class EntryType(Enum):
    """The only entry types there are (L15): a market entry cannot be expressed."""

    LIMIT = "LIMIT"
    STOP_LIMIT = "STOP-LIMIT"


@dataclass(frozen=True, slots=True)
class LearningKey:
    """The context under which a trade is remembered: template, held regime, time of day."""

    template: str
    regime: str
    tod: str

    def __str__(self) -> str:
        return f"{self.template}|{self.regime}|{self.tod}"


@dataclass(frozen=True, slots=True)
class OrderIntent:
    """A planned bracket (decision.md 7); prices and distances in ticks.

    `limit` is the worst allowed entry price; `stop` and `target` are distances from it,
    `stop_price` and `target_price` the absolute children. `decided_at` is the decision
    time, `expires_at` the deadline of the entry. `level` is the structure level, `a14` and
    `spread`, `slip_est` what the market was at the decision. `p0` and `edge` are the
    score's claim, kept so that it can be checked after the trade.
    """

    decision_id: str
    template: str
    side: Side
    qty: int
    entry_type: EntryType
    trigger: Ticks | None
    limit: Ticks
    stop_price: Ticks
    target_price: Ticks
    stop: Ticks
    target: Ticks
    decided_at: UtcNanos
    expires_at: UtcNanos
    time_stop_min: int
    theta_t: float
    level: Ticks | None
    a14: float
    p0: float
    edge: float
    slip_est: float
    spread: float
    key: LearningKey
    shadow: bool
    snapshot_hash: str

    @property
    def b(self) -> float:
        """Reward to risk."""
        return self.target / self.stop

    def hash(self) -> str:
        """SHA-256 of every field, hex: what a permit is bound to."""
        told: dict[str, object] = {name: getattr(self, name) for name in _FIELDS}
        told["entry_type"] = self.entry_type.value
        told["key"] = {
            "template": self.key.template,
            "regime": self.key.regime,
            "tod": self.key.tod,
        }
        return hashlib.sha256(_canonical(told).encode()).hexdigest()


_FIELDS: Final = tuple(field.name for field in fields(OrderIntent))
_canonical: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def time_to_live_end(decided_at: UtcNanos, seconds: int, next_block: UtcNanos) -> UtcNanos:
    """The entry's deadline: its time to live, cut at the next no-entry window (execution.md 4)."""
    return min(decided_at + seconds * SECOND, next_block)

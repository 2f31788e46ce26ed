"""What the domain refuses to express.

DomainError
├── IllegalTransition     an order event that its state forbids
├── PermitForged          somebody tried to make a permit outside the law
├── PermitVoid            a permit was used twice, too late or for another intent
└── UnknownEvent          a stored event that no fold knows
"""

from __future__ import annotations


class DomainError(Exception):
    """A state that must not exist."""


class IllegalTransition(DomainError):
    """An order event that execution.md forbids in this state."""

    def __init__(self, state: str, event: str) -> None:
        super().__init__(f"{event} is impossible in state {state}")
        self.state = state
        self.event = event


class PermitForged(DomainError):
    """Permits are made by the law alone."""


class PermitVoid(DomainError):
    """A permit that was spent, has expired, or belongs to another intent."""


class UnknownEvent(DomainError):
    """An event type or version that no fold knows; the fold stops."""

"""The port of the guard file: what the law must not forget, outside the store (events.md 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from domain.law.restarts import Starts
from domain.law.state import LawState
from domain.units import UtcNanos


class Latch(NamedTuple):
    """The kill switch is latched: by what, what was seen, and when."""

    trigger: str
    detail: str
    at: UtcNanos


@dataclass(frozen=True, slots=True)
class GuardState:
    """What one write of the guard file holds.

    `account` is the digest of adapter and account id. `seq` and `head` are number and chain
    head of the last event that the store `store_id` had committed. `latch` is None unless
    the kill switch is latched.
    """

    account: str
    mode: str
    store_id: str
    seq: int
    head: str
    config_hash: str
    law: LawState
    starts: Starts
    latch: Latch | None = None


class KillNote(Protocol):
    """The file by which an operator kills from outside: its being there is the order."""

    def read(self) -> str | None:
        """Why, in the operator's words; None if there is no such file.

        Errors: GuardFailure if that cannot be found out.
        """

    def remove(self) -> None:
        """Take it away, once the latch is recorded; nothing if it is not there."""


class Guard(Protocol):
    """The guard file of one account and mode, locked for the whole run."""

    def read(self) -> GuardState | None:
        """What was written last; None if nothing ever was.

        Errors: GuardFailure if neither slot can be trusted. That is not "no latch".
        """

    def write(self, state: GuardState) -> None:
        """Make `state` durable; on a GuardFailure the one before it still stands."""

    @property
    def damaged(self) -> bool:
        """True if one of the two slots was bad when last read: worth an alert."""

    def close(self) -> None:
        """Let another process have it."""

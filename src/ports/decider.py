"""What decides a bar: the signature of `domain.decision.decide` under the rules of one run."""

from __future__ import annotations

from typing import Protocol

from domain.candidate import Candidate, Snapshot
from domain.decision import DecisionRecord


class Decider(Protocol):
    """Same snapshot, same record; implementations agree to the last bit."""

    def __call__(self, snap: Snapshot, /) -> tuple[DecisionRecord, Candidate | None]:
        """The bar's decision, and the candidate that passed everything (None if none did)."""

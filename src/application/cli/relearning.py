"""The books of a record, rebuilt from its results alone: no core, no contracts of then."""

from __future__ import annotations

from datetime import date
from typing import Final

from adapters.wire.trades_v1 import attributed, decided, fields_of, trade_closed
from application.lessons import SCORES, Lessons, outcome_of
from domain.event import TradeClosed
from domain.intent import LearningKey
from domain.units import UtcNanos
from ports.journal import Stored
from ports.recording import Difference, DivergedError

TOLD: Final = (
    "RunStarted",
    "SessionOpened",
    "OrderIntentCreated",
    "TradeClosed",
    "TradeAttributed",
)
"""The types of event that books are made of."""


class Relearning:
    """Takes the events of a record in their order; `lessons` holds what they teach."""

    def __init__(self, lessons: Lessons) -> None:
        self.lessons = lessons
        self._decided: dict[str, tuple[LearningKey, UtcNanos]] = {}
        self._closed: dict[str, TradeClosed] = {}

    def take(self, row: Stored) -> None:
        """Fold one event. Errors: DivergedError for one that cannot be read."""
        if row.type not in TOLD:
            return
        try:
            self._take(row)
        except (KeyError, ValueError) as error:
            reason = f"it cannot be learned from: {error}"
            raise DivergedError(Difference(row.seq, row.type, reason, row.payload)) from None

    def _take(self, row: Stored) -> None:
        match row.type:
            case "RunStarted":
                self.lessons.started(str(fields_of(row)["mode"]))
            case "SessionOpened":
                self.lessons.session_opened(date.fromisoformat(row.session_date), row.ts_event)
            case "OrderIntentCreated":
                self._decided[row.correlation] = decided(row)
            case "TradeClosed":
                self._closed[row.correlation] = trade_closed(row)
            case _:
                scored = attributed(row)
                if scored.stage == SCORES:
                    key, at = self._decided.pop(row.correlation)
                    trade = self._closed.pop(row.correlation)
                    self.lessons.book(outcome_of(key, at, trade, scored.lw))

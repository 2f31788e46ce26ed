"""The books of a record, rebuilt from its results alone: no core, no contracts of then."""

from __future__ import annotations

from datetime import date
from typing import Final

from adapters.wire.trades_v1 import attributed, decided, fields_of, trade_closed
from application.lessons import SCORES, Lessons, outcome_of
from domain.event import TradeAttributed, TradeClosed
from domain.intent import LearningKey
from domain.units import UtcNanos
from ports.journal import Stored
from ports.recording import Difference, DivergedError

TOLD: Final = (
    "RunStarted",
    "SessionOpened",
    "OrderIntentCreated",
    "ShadowOpened",
    "TradeClosed",
    "ShadowClosed",
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
                if not fields_of(row)["shadow"]:
                    self._decided[row.correlation] = decided(row)
            case "TradeClosed":
                self._closed[row.correlation] = trade_closed(row)
            case "ShadowOpened":
                key, at = decided(row)
                self._decided[f"{row.correlation}|{key.template}"] = key, at
            case "ShadowClosed":
                name = f"{row.correlation}|{fields_of(row)['template']}"
                self._closed[name] = trade_closed(row)
            case _:
                self._scored(attributed(row), row.correlation)

    def _scored(self, scored: TradeAttributed, decision_id: str) -> None:
        """The learning weight is known: the trade enters the books."""
        if scored.stage != SCORES:
            return
        name = f"{decision_id}|{scored.template}" if scored.shadow else decision_id
        key, at = self._decided.pop(name)
        outcome = outcome_of(key, at, self._closed.pop(name), scored.lw)
        if scored.shadow:
            self.lessons.book_shadow(outcome)
        else:
            self.lessons.book(outcome)

"""What a closed trade teaches: scores, books, standings, and the events that tell of them.

Work is done when a trade closes or a session opens; between, a candidate's standing is looked up.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from domain.attribution import scores
from domain.event import (
    Event,
    LearningUpdated,
    StrategyQuarantined,
    StrategyReEnabled,
    StrategyThrottled,
    TradeAttributed,
    TradeClosed,
)
from domain.intent import LearningKey, OrderIntent
from domain.learning import NEW, Standing, Status
from domain.lesson_text import tell
from domain.management_parameters import LearningParameters
from domain.reliability import Change, Learning
from domain.track_record import Outcome, measure
from domain.units import UtcNanos

SCORES: Final = "scores"


def outcome_of(key: LearningKey, decided_at: UtcNanos, trade: TradeClosed, lw: float) -> Outcome:
    """A closed trade as the books keep it; the books number it."""
    return Outcome(
        trade.decision_id,
        key,
        0,
        0,
        decided_at,
        trade.at,
        trade.net,
        trade.fees,
        trade.r_gross,
        trade.r_net,
        trade.b,
        lw,
        trade.duration_s,
        trade.slip_entry,
        trade.slip_exit,
    )


class Lessons:
    """The books of every mode, one of them in force; those of the others stay as they are."""

    def __init__(self, p: LearningParameters, mode: str) -> None:
        self._p = p
        self._mode = mode
        self._books: dict[str, Learning] = {}
        self._standings: dict[LearningKey, Standing] = {}
        self._violations: dict[str, int] = {}

    @property
    def learning(self) -> Learning:
        """The books in force."""
        return self._books.get(self._mode) or Learning(self._p)

    def started(self, mode: str) -> None:
        """A process goes on in `mode`."""
        self._mode = mode
        self._standings.clear()

    def standing_of(self, key: LearningKey) -> Standing:
        """What a candidate of `key` is told."""
        if not self._books:
            return NEW
        found = self._standings.get(key)
        if found is None:
            found = self._standings[key] = self.learning.standing(key)
        return found

    def opened(self, decision_id: str, violations: int) -> None:
        """A trade opened; `violations` of the law were counted before it."""
        self._violations[decision_id] = violations

    def session_opened(self, day: date, at: UtcNanos) -> list[Event]:
        """A session opened: what was quarantined before it may be earned back."""
        after, changes = self.learning.session_opened(day)
        self._violations.clear()
        self._keep(after)
        return [_told(change, day.isoformat(), at) for change in changes]

    def trade_closed(
        self, intent: OrderIntent, trade: TradeClosed, risk: float, violations: int
    ) -> list[Event]:
        """A live trade closed: its scores, and what the books make of it.

        `risk` is what the initial stop put at stake, in USD.
        """
        lawful = violations == self._violations.pop(trade.decision_id, violations)
        scored = scores(intent, trade, risk, lawful=lawful)
        attributed = TradeAttributed(
            trade.at, trade.decision_id, SCORES, *scored, category=None, truncated=False
        )
        changes = self.book(outcome_of(intent.key, intent.decided_at, trade, scored.lw))
        return [
            attributed,
            self._updated(intent.key, trade),
            *(_told(change, trade.decision_id, trade.at) for change in changes),
        ]

    def book(self, outcome: Outcome) -> tuple[Change, ...]:
        """Enter a live trade into the books in force."""
        after, changes = self.learning.live_closed(outcome)
        self._keep(after)
        return changes

    def _keep(self, learning: Learning) -> None:
        self._books[self._mode] = learning
        self._standings.clear()

    def _updated(self, key: LearningKey, trade: TradeClosed) -> LearningUpdated:
        learning, standing = self.learning, self.standing_of(key)
        own, template = learning.book(str(key)), learning.book(key.template)
        return LearningUpdated(
            trade.at,
            trade.decision_id,
            key,
            standing.status,
            standing.multiplier,
            own.status,
            template.status,
            measure(own.live),
            measure(template.live),
            measure(learning.overall),
        )


def _told(change: Change, cause: str, at: UtcNanos) -> Event:
    """The event of a change of status."""
    kind: type[StrategyQuarantined] | type[StrategyThrottled] | type[StrategyReEnabled]
    if change.after is Status.QUARANTINED:
        kind = StrategyQuarantined
    elif change.before is Status.QUARANTINED:
        kind = StrategyReEnabled
    else:
        kind = StrategyThrottled
    return kind(
        at,
        change.name,
        cause,
        change.before,
        change.after,
        change.multiplier,
        change.reason,
        change.metrics,
        tell(change),
    )

"""What a closed trade teaches: scores, books, standings, and the events that tell of them.

Work is done when a trade closes or a session opens; between, a candidate's standing is looked up.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from domain.aftermath import Aftermath, TradeEnd
from domain.attribution import Scores, scores
from domain.bar import Bar
from domain.calibration import calibrate
from domain.event import (
    CalibrationWarning,
    Event,
    LearningUpdated,
    StrategyQuarantined,
    StrategyReEnabled,
    StrategyThrottled,
    TradeAttributed,
    TradeClosed,
)
from domain.intent import LearningKey
from domain.learning import NEW, Standing, Status
from domain.lesson_text import tell
from domain.management_parameters import LearningParameters
from domain.reliability import Change, Learning
from domain.track_record import Outcome, measure
from domain.units import UtcNanos

SCORES: Final = "scores"
FINAL: Final = "final"


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
        trade.p0,
        trade.edge,
        lw,
        trade.duration_s,
        trade.slip_entry,
        trade.slip_exit,
    )


def outcome(end: TradeEnd, lw: float) -> Outcome:
    """The closed trade of `end`, for the books."""
    return outcome_of(end.intent.key, end.intent.decided_at, end.trade, lw)


def attribution(
    end: TradeEnd, scored: Scores, stage: str, at: UtcNanos, *, shadow: bool
) -> TradeAttributed:
    """The event of one stage, without a category."""
    intent = end.intent
    return TradeAttributed(
        at, intent.decision_id, intent.template, shadow, stage, *scored, None, False
    )


def _final(aftermath: Aftermath, at: UtcNanos, shadow: bool) -> TradeAttributed:
    told = attribution(aftermath.end, aftermath.scores, FINAL, at, shadow=shadow)
    return told._replace(category=aftermath.category(), truncated=not aftermath.complete)


class Lessons:
    """The books of every mode, one of them in force; those of the others stay as they are."""

    def __init__(self, p: LearningParameters, mode: str) -> None:
        self._p = p
        self._mode = mode
        self._books: dict[str, Learning] = {}
        self._standings: dict[LearningKey, Standing] = {}
        self._violations: dict[str, int] = {}
        self.following: list[tuple[Aftermath, bool]] = []
        """Trades whose look-forward is not complete, and whether they were shadows."""
        self.quarantined = False
        """True while any key or template of the mode in force is quarantined."""

    @property
    def learning(self) -> Learning:
        """The books in force."""
        return self._books.get(self._mode) or Learning(self._p)

    def started(self, mode: str) -> None:
        """A process goes on in `mode`."""
        self._mode = mode
        self._keep(self.learning)

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

    def lawful(self, decision_id: str, violations: int) -> bool:
        """Whether no violation was counted since the trade opened."""
        return violations == self._violations.pop(decision_id, violations)

    def trade_closed(self, end: TradeEnd) -> list[Event]:
        """A live trade closed: its scores, and what the books make of it."""
        scored, attributed = self._scored(end, shadow=False)
        before = self.learning.warned
        changes = self.book(outcome(end, scored.lw))
        cause, at = end.trade.decision_id, end.trade.at
        updated = self._updated(end.intent.key, end.trade)
        told = [_told(change, cause, at) for change in changes]
        return [attributed, updated, *told, *self._warned(before, cause, at)]

    def shadow_closed(self, end: TradeEnd) -> list[Event]:
        """A shadow trade closed: its scores, and whether a quarantine is earned back."""
        scored, attributed = self._scored(end, shadow=True)
        before = self.learning.warned
        changes = self.book_shadow(outcome(end, scored.lw))
        cause, at = end.trade.decision_id, end.trade.at
        told = [_told(change, cause, at) for change in changes]
        return [attributed, *told, *self._warned(before, cause, at)]

    def _warned(self, before: frozenset[str], cause: str, at: UtcNanos) -> list[Event]:
        """Claims that have turned out too bold since `before`."""
        learning = self.learning
        return [
            CalibrationWarning(at, name, cause, calibrate(learning.claims[name]))
            for name in sorted(learning.warned - before)
        ]

    def _scored(self, end: TradeEnd, *, shadow: bool) -> tuple[Scores, TradeAttributed]:
        scored = scores(end.intent, end.trade, end.risk, lawful=end.lawful)
        self.following.append((Aftermath(end, scored), shadow))
        return scored, attribution(end, scored, SCORES, end.trade.at, shadow=shadow)

    # ---- the look-forward

    def bar(self, bar: Bar, shock: bool) -> list[Event]:
        """A bar of the session closed: look after the trades that ended before it."""
        told: list[Event] = []
        still: list[tuple[Aftermath, bool]] = []
        for aftermath, shadow in self.following:
            later = aftermath.after(bar.open_time, bar.high, bar.low, shock)
            if later.complete:
                told.append(_final(later, bar.close_time, shadow))
            else:
                still.append((later, shadow))
        self.following = still
        return told

    def session_over(self, at: UtcNanos) -> list[Event]:
        """No further bar of the session comes."""
        following, self.following = self.following, []
        return [_final(aftermath, at, shadow) for aftermath, shadow in following]

    def book(self, outcome: Outcome) -> tuple[Change, ...]:
        """Enter a live trade into the books in force."""
        after, changes = self.learning.live_closed(outcome)
        self._keep(after, outcome.key.template)
        return changes

    def book_shadow(self, outcome: Outcome) -> tuple[Change, ...]:
        """Enter a shadow trade into the books in force."""
        after, changes = self.learning.shadow_closed(outcome)
        self._keep(after, outcome.key.template)
        return changes

    def _keep(self, learning: Learning, template: str | None = None) -> None:
        """Put the next books in force; only those of `template` differ, if one is named."""
        before = self._books.get(self._mode)
        self._books[self._mode] = learning
        if before is not None and before.books is learning.books:
            return  # what standings are worked out from is as it was
        if before is None or template is None:
            self._standings.clear()
        else:
            for key in [key for key in self._standings if key.template == template]:
                del self._standings[key]
        self.quarantined = any(
            book.status is Status.QUARANTINED for book in learning.books.values()
        )

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

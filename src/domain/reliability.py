"""When to trust ourselves less (learning.md 1 to 4): the books, and the rules that read them.

`Learning` is a value; each closed trade and each session makes the next one of it, with the
changes of status that follow. It holds nothing that the recorded events do not say.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import Final, NamedTuple

from domain.calibration import gap
from domain.intent import LearningKey
from domain.learning import NEW, Standing, Status, worse
from domain.management_parameters import LearningLimits, LearningParameters
from domain.track_record import Metrics, Outcome, measure, run
from domain.units import UtcNanos

OTHER_KEYS: Final = 0.25
"""Weight of a trade of the same template and another key in the data of a score, by the formula
of decision.md 5.3."""


@dataclass(frozen=True, slots=True)
class Book:
    """The trades of one key or template since its statistics began, the last of a window each.

    `restarted` is the number of the last close before the statistics began anew. While the
    status is QUARANTINED, `since` is the close that began it, `on` its session.
    """

    live: tuple[Outcome, ...] = ()
    shadow: tuple[Outcome, ...] = ()
    status: Status = Status.ACTIVE
    multiplier: float = 1.0
    restarted: int = 0
    since: UtcNanos = 0
    on: date | None = None


_EMPTY: Final = Book()


class Verdict(NamedTuple):
    """What the rules make of a book; `reason` is empty for ACTIVE."""

    status: Status
    multiplier: float
    reason: str


class Change(NamedTuple):
    """A key or template took another status; `metrics` are the evidence."""

    name: str
    before: Status
    after: Status
    multiplier: float
    reason: str
    metrics: Metrics


def judge(live: Sequence[Outcome], limits: LearningLimits, p: LearningParameters) -> Verdict:
    """The rules of learning.md 3 over a live book, in their order; the first match decides."""
    n, total = len(live), sum(o.net.units for o in live)
    wins = sum(o.net.units > 0 for o in live)
    decided = wins + sum(o.net.units < 0 for o in live)

    def below(rate: float) -> bool:
        return wins < Fraction(str(rate)) * decided

    if run(live, loss=True) >= limits.quarantine_losses:
        return Verdict(Status.QUARANTINED, 1.0, "CONSECUTIVE_LOSSES")
    if n >= limits.expectancy_min_trades and total < 0:
        return Verdict(Status.QUARANTINED, 1.0, "NEGATIVE_EXPECTANCY")
    if n >= limits.win_rate_min_trades and below(p.quarantine_win_rate):
        return Verdict(Status.QUARANTINED, 1.0, "LOW_WIN_RATE")
    if p.throttle_min_trades <= n <= p.throttle_max_trades:
        if below(p.throttle_heavy_win_rate):
            return Verdict(Status.THROTTLED_HEAVY, p.throttle_heavy_multiplier, "LOW_WIN_RATE")
        if below(p.quarantine_win_rate):
            return Verdict(Status.THROTTLED_MILD, p.throttle_mild_multiplier, "LOW_WIN_RATE")
    return Verdict(Status.ACTIVE, 1.0, "")


def recovery(shadow: Sequence[Outcome], p: LearningParameters) -> str:
    """Why a quarantine may end, by the shadow trades it counts; empty if it may not."""
    if run(shadow, loss=False) >= p.reenable_wins:
        return "SHADOW_WINS"
    if len(shadow) >= p.reenable_min_trades and sum(o.net.units for o in shadow) > 0:
        return "SHADOW_EXPECTANCY"
    return ""


@dataclass(frozen=True, slots=True)
class Learning:
    """The books of one mode: of every key, every template, and overall.

    `session` is the one that opened last, `sessions` how many did, `closes` how many trades
    closed, live and shadow. `claims` are the last trades of each template by `K1 live` and
    `K1 shadow`, which no restart forgets, `warned` those of them that claim too much.
    """

    p: LearningParameters
    books: Mapping[str, Book] = field(default_factory=dict)
    overall: tuple[Outcome, ...] = ()
    claims: Mapping[str, tuple[Outcome, ...]] = field(default_factory=dict)
    warned: frozenset[str] = frozenset()
    session: date | None = None
    sessions: int = 0
    closes: int = 0

    # ---- what is read

    def book(self, name: str) -> Book:
        """The book of a key or template by its name."""
        return self.books.get(name, _EMPTY)

    def statuses(self) -> dict[str, Status]:
        """The status of each template that has a book."""
        return {name: book.status for name, book in self.books.items() if "|" not in name}

    def standing(self, key: LearningKey) -> Standing:
        """What a candidate of `key` is told: status, multiplier, and the data of its score."""
        own, template = self.book(str(key)), self.book(key.template)
        if own is _EMPTY and template is _EMPTY:
            return NEW
        weighed = self._data(key, own, template)
        return Standing(
            worse(own.status, template.status),
            max(own.multiplier, template.multiplier),
            math.fsum([weight * success for weight, success in weighed]),
            math.fsum([weight * (1.0 - success) for weight, success in weighed]),
        )

    def _data(self, key: LearningKey, own: Book, template: Book) -> list[tuple[float, float]]:
        """Weights and successes of live trades: own ones, then those of the template's other
        keys."""
        mine = [(o.lw, o.success) for o in own.live if o.number > template.restarted]
        others = [o for o in template.live if o.key != key]
        began = {k: self.book(str(k)).restarted for k in {o.key: None for o in others}}
        return mine + [(OTHER_KEYS * o.lw, o.success) for o in others if o.number > began[o.key]]

    # ---- the fold

    def session_opened(self, day: date) -> tuple[Learning, tuple[Change, ...]]:
        """A session opened: quarantines of earlier ones may end by the evidence there is."""
        if day == self.session:
            return self, ()
        after = replace(self, session=day, sessions=self.sessions + 1)
        return after._recovered(sorted(self.books, key=lambda name: ("|" not in name, name)))

    def live_closed(self, trade: Outcome) -> tuple[Learning, tuple[Change, ...]]:
        """A live trade closed: it enters the books, then key and template are judged."""
        after, trade = self._numbered(trade)
        after = after._claimed(f"{trade.key.template} live", trade)
        overall = (*self.overall, trade)[-self.p.template.window :]
        books, changes = dict(after.books), []
        for name, limits in after._levels(trade.key):
            book = after.book(name)
            live = (*book.live, trade)[-limits.window :]
            book = replace(book, live=live)
            if book.status is not Status.QUARANTINED:
                book, change = self._judged(name, book, limits, trade)
                changes += [change] if change else []
            books[name] = book
        return replace(after, books=books, overall=overall), tuple(changes)

    def shadow_closed(self, trade: Outcome) -> tuple[Learning, tuple[Change, ...]]:
        """A shadow trade closed: it enters the shadow books, and a quarantine may end."""
        after, trade = self._numbered(trade)
        after = after._claimed(f"{trade.key.template} shadow", trade)
        books, names = dict(after.books), []
        for name, limits in after._levels(trade.key):
            book = after.book(name)
            books[name] = replace(book, shadow=(*book.shadow, trade)[-limits.window :])
            names.append(name)
        return replace(after, books=books)._recovered(names)

    def _numbered(self, trade: Outcome) -> tuple[Learning, Outcome]:
        number = self.closes + 1
        return (
            replace(self, closes=number),
            trade._replace(number=number, session=self.sessions),
        )

    def _claimed(self, name: str, trade: Outcome) -> Learning:
        """Hold a template's claims against what came of them (learning.md 6)."""
        window = (*self.claims.get(name, ()), trade)[-self.p.calibration_window :]
        enough = len(window) >= self.p.calibration_min_trades
        bold = enough and gap(window) < self.p.calibration_gap
        warned = self.warned | {name} if bold else self.warned - {name}
        return replace(self, claims={**self.claims, name: window}, warned=warned)

    def _levels(self, key: LearningKey) -> tuple[tuple[str, LearningLimits], ...]:
        return (str(key), self.p.key), (key.template, self.p.template)

    def _judged(
        self, name: str, book: Book, limits: LearningLimits, trade: Outcome
    ) -> tuple[Book, Change | None]:
        status, multiplier, reason = judge(book.live, limits, self.p)
        if status is book.status:
            return book, None
        change = Change(
            name,
            book.status,
            status,
            multiplier,
            reason or "WIN_RATE_RECOVERED",
            measure(book.live),
        )
        book = replace(book, status=status, multiplier=multiplier)
        if status is Status.QUARANTINED:
            book = replace(book, since=trade.closed_at, on=self.session)
        return book, change

    def _recovered(self, names: Sequence[str]) -> tuple[Learning, tuple[Change, ...]]:
        """End the quarantines of earlier sessions, among `names`, that have been earned back."""
        books, changes = dict(self.books), []
        for name in names:
            book = books[name]
            if book.status is not Status.QUARANTINED or book.on == self.session:
                continue
            counted = [o for o in book.shadow if o.decided_at >= book.since]
            reason = recovery(counted, self.p)
            if reason:
                books[name] = Book(restarted=self.closes)
                changes.append(
                    Change(name, book.status, Status.ACTIVE, 1.0, reason, measure(counted))
                )
        return (replace(self, books=books) if changes else self), tuple(changes)

"""What each gate has cost or saved: what it alone kept out is followed on the recorded bars.

A candidate that one single gate refused would have been sent without it. It is played as a
shadow is, by the fill rules and exits of management.md, each by itself: what two trades a day,
an open position or a budget would have kept out next is left aside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from application.assess import Assessment
from application.desk import Desk, Outcome
from application.enter import intent_of
from application.following import Following
from application.lessons import outcome_of
from domain.aftermath import TradeEnd
from domain.bar import Bar
from domain.decision import Action, DecisionRecord
from domain.event import BarClosed, DecisionMade, Event, SessionClosed, SessionOpened
from domain.management import Lines
from domain.recent import MarketContext, Recent
from domain.shadow import Shadow
from domain.track_record import Metrics, measure
from domain.track_record import Outcome as Closed
from domain.units import UtcNanos


class GateCost(NamedTuple):
    """One reason that stood alone against candidates: how many were followed, and what those
    whose entry filled came to. A negative mean says that the gate has saved money.
    """

    reason: str
    followed: int
    metrics: Metrics


class GateStudy(Following):
    """Watches a record being told again to the core of `desk`; `costs` is what it found."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, Lines.of(desk.contracts.constitution))
        self._recent = Recent()
        self._bar: Bar | None = None
        self._followed: Counter[str] = Counter()
        self._closed_by: dict[str, list[Closed]] = {}

    def see(self, events: Sequence[Event]) -> None:
        """What one input has brought about, in its order."""
        for event in events:
            match event:
                case SessionOpened():
                    self._recent = Recent()
                case BarClosed(_, _, bar, _, True):
                    self._recent, self._bar = self._recent.after(bar), bar
                case DecisionMade(_, record):
                    self._decision(record)
                case SessionClosed(at):
                    self.end_all(at, Outcome())
                case _:
                    pass

    def costs(self) -> tuple[GateCost, ...]:
        """By reason, those that kept out most first."""
        return tuple(
            GateCost(reason, n, measure(self._closed_by.get(reason, ())))
            for reason, n in sorted(self._followed.items(), key=lambda item: (-item[1], item[0]))
        )

    def _decision(self, record: DecisionRecord) -> None:
        bar = self._bar
        if bar is None:
            return
        graded = Assessment(record.frame, record.dvs_bp, record.eqs_bp, ())
        self.bar(bar, MarketContext(bar, record.frame, self._recent, 0), graded, Outcome())
        above = [g.reason for g in record.gates if g.candidate is None and not g.passed]
        for candidate in record.candidates:
            if candidate.plan is None or candidate.score is None:
                continue
            alone = [*above, *(g.reason for g in candidate.failed)]
            if not alone and record.action is Action.SKIP:
                alone = [record.reason]  # it passed them all, and the law refused it
            name = f"{candidate.template}{candidate.side:+d} {alone[0]}" if alone else ""
            if len(alone) == 1 and name not in self.active:
                intent = intent_of(
                    candidate, record.decision_id, record.t_d, record.frame, self._desk
                )
                self._followed[alone[0]] += 1
                self.follow(name, replace(intent, shadow=True), alone[0], bar, graded)

    def _ended(self, shadow: Shadow, end: TradeEnd, at: UtcNanos, out: Outcome) -> None:
        closed = outcome_of(end.intent.key, end.intent.decided_at, end.trade, 1.0)
        self._closed_by.setdefault(shadow.why, []).append(closed)

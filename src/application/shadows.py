"""Shadow trades: what is quarantined, or only observed, is followed as if it were traded."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from application.assess import Assessment
from application.desk import Outcome
from application.enter import intent_of
from application.following import Following
from domain.aftermath import TradeEnd
from domain.bar import Bar
from domain.candidate import Candidate
from domain.closing import opening_record
from domain.decision import DecisionRecord
from domain.event import OrderIntentCreated, ShadowClosed, ShadowOpened
from domain.intent import OrderIntent
from domain.law.door import Refusal
from domain.orders import Fill
from domain.shadow import Shadow
from domain.units import UtcNanos

_MAY_FAIL: Final = frozenset({
    "learning", "flat", "trades_today", "spacing", "streak", "daily_loss", "weekly_loss",
    "monthly_loss", "budget",
})  # fmt: skip
"""Gates that may refuse a shadow's candidate (decision.md 7)."""


class Shadows(Following):
    """One shadow at most of each template; see `consider`, `observed` and `session_over`."""

    def _opened(self, shadow: Shadow, fill: Fill, out: Outcome) -> None:
        opened = opening_record(shadow.intent, fill)
        out.events.append(ShadowOpened(fill.time, opened, shadow.intent.decided_at, shadow.why))

    def _ended(self, shadow: Shadow, end: TradeEnd, at: UtcNanos, out: Outcome) -> None:
        """Tell of the trade's end and learn from it."""
        out.events.append(ShadowClosed(at, shadow.intent.template, end.trade, shadow.why))
        out.events += self._desk.lessons.shadow_closed(end)

    def session_over(self, at: UtcNanos, out: Outcome) -> None:
        """No further bar comes: what is open ends, and whatever is looked after since its exit
        is told as it stands.
        """
        self.end_all(at, out)
        out.events += self._desk.lessons.session_over(at)

    # ---- where they come from

    def consider(self, record: DecisionRecord, bar: Bar, graded: Assessment, out: Outcome) -> None:
        """Follow the quarantined candidates that pass everything else, one of each template."""
        found: dict[str, list[Candidate]] = {}
        for candidate in record.candidates:
            failed = {g.id for g in candidate.failed}
            if "learning" in failed and _MAY_FAIL.issuperset(failed):
                found.setdefault(candidate.template, []).append(candidate)
        if not found:
            return
        above = {g.id: g.reason for g in record.gates if g.candidate is None and not g.passed}
        if not _MAY_FAIL.issuperset(above):
            return
        for name, candidates in found.items():
            if len(candidates) > 1 or name in self.active:
                continue
            chosen = candidates[0]
            why = ", ".join((*(g.reason for g in chosen.failed), *above.values()))
            intent = intent_of(chosen, record.decision_id, record.t_d, record.frame, self._desk)
            intent = replace(intent, shadow=True)
            out.events.append(OrderIntentCreated(record.t_d, intent))
            self.follow(name, intent, why, bar, graded)

    def observed(self, intent: OrderIntent, refusal: Refusal, bar: Bar, graded: Assessment) -> None:
        """Follow what OBSERVE alone has refused."""
        only = all(check.passed or check.id == "MODE" for check in refusal.checks)
        if only and self._desk.observe_only is None and intent.template not in self.active:
            self.follow(intent.template, intent, refusal.reason, bar, graded)

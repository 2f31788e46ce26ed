"""Manage an open trade: the bar rules at each decision, the tick rules between them.

The rules themselves are pure and live in `domain.management`; here their answer becomes
events and commands.
"""

from __future__ import annotations

from application.assess import Assessment
from application.desk import Desk, Outcome
from application.leave import exit_at_market
from application.supervise import Supervise
from domain.bar import Bar
from domain.command import MoveStop
from domain.decision import Action
from domain.event import ClockTick, TradeManaged
from domain.law.door import authorize_tighten
from domain.management import (
    BarFacts,
    ExitTrade,
    Hold,
    Lines,
    Tighten,
    doubtful_stop,
    plan_bar,
)
from domain.orders import OrderRef
from domain.recent import MarketContext
from domain.trade import Group, Pending
from domain.units import MINUTE, SECOND, Ticks, UtcNanos


class Manage:
    """See `bar` for the decisions' rules and `timer` for the clock's."""

    def __init__(self, desk: Desk, supervise: Supervise) -> None:
        self._desk = desk
        self._supervise = supervise
        self._reported: OrderRef | None = None  # the last market exit a decision has told of
        self._decided_at: UtcNanos = 0  # the last decision with a position open
        self._silence = desk.contracts.management.dvs_hold_seconds * SECOND
        self.lines = Lines.of(desk.contracts.constitution)
        """The law's lines that a trade is held against."""

    # ---- bar rules

    def bar(
        self, bar: Bar, ctx: MarketContext, graded: Assessment, out: Outcome
    ) -> tuple[Action, str] | None:
        """Carry out one bar's management; the decision's action, None without a position."""
        group = self._desk.group
        if group is None or not group.open:
            return None
        quality = (graded.dvs_bp, graded.eqs_bp)
        self._decided_at = bar.close_time
        group = group.after_bar(bar.open_time, bar.high, bar.low, graded.frame, quality)
        self._desk.group = group
        if group.pending is not None:
            return self._leaving(group.pending)
        strategy = next(s for s in self._desk.rules.strategies if s.name == group.intent.template)
        view = group.view()
        facts = BarFacts(bar.close, bar.close_time, graded.frame, graded.dvs_bp, graded.eqs_bp)
        template = (strategy.plan_exit(ctx, view), strategy.plan_management(ctx, view))
        plan = plan_bar(view, facts, template, self.lines, self._desk.contracts.management)
        group = group.after_plan(plan)
        self._desk.group = group
        match plan.action:
            case Hold():
                return _HELD
            case Tighten(price, rule):
                return self._tighten(group, price, rule, bar.close_time, out)
            case ExitTrade(reason, rule):
                return self._exit(group, reason, rule, bar.close_time, out)

    def _leaving(self, pending: Pending) -> tuple[Action, str]:
        """EXIT at the first decision after an exit was asked for, then HOLD until it fills."""
        if pending.ref == self._reported:
            return _HELD
        self._reported = pending.ref
        return Action.EXIT, pending.reason

    def _tighten(
        self, group: Group, price: Ticks, rule: str, at: UtcNanos, out: Outcome
    ) -> tuple[Action, str]:
        ref = group.orders.stop.ref
        permit = authorize_tighten(ref, group.intent.side, group.stop_price, price)
        if permit is None:
            return _HELD
        self._told(group, rule, "TIGHTEN", price, at, out)
        self._desk.group = group._replace(orders=group.orders.tightened(price, at))
        self._desk.command("move", ref, rule, MoveStop(permit, at), out)
        return Action.MODIFY, "IN_POSITION"

    def _exit(
        self, group: Group, reason: str, rule: str, at: UtcNanos, out: Outcome
    ) -> tuple[Action, str]:
        self._told(group, rule, "EXIT", group.stop_price, at, out)
        if reason == "KILL":
            low = self._desk.dvs_bp < self.lines.dvs_kill_bp
            self._supervise.kill("DVS_KILL" if low else "EQS_KILL", rule, at, out)
        else:
            exit_at_market(self._desk, group, reason, at, out)
        after = self._desk.group
        if after is not None and after.pending is not None:
            self._reported = after.pending.ref
        return Action.EXIT, reason

    def _told(
        self, group: Group, rule: str, action: str, stop: Ticks, at: UtcNanos, out: Outcome
    ) -> None:
        thesis = group.seen.thesis
        out.events.append(
            TradeManaged(
                at,
                group.intent.decision_id,
                rule,
                action,
                group.stop_price,
                stop,
                float("nan") if thesis is None else thesis,
                group.bad,
            )
        )

    def doubt(self, now: UtcNanos, out: Outcome) -> None:
        """Live data have fallen silent below the hold gate: tighten at once, as a first bad
        decision would; the clock counts from there."""
        desk, group = self._desk, self._desk.group
        if group is None or not group.open or group.pending is not None or group.dvs_run:
            return
        if not desk.connected:
            return
        desk.last_close = desk.seen_price
        if group.entry is not None:
            self._decided_at = max(self._decided_at, group.entry.time)
        group = group._replace(dvs_run=1)
        desk.group = group
        p = desk.contracts.management
        match doubtful_stop(group.view(), desk.last_close, p):
            case Tighten(price, rule):
                self._tighten(group, price, rule, now, out)
            case ExitTrade(reason, rule):
                self._exit(group, reason, rule, now, out)
            case Hold():
                pass

    # ---- tick rules

    def due(self, until: UtcNanos) -> UtcNanos | None:
        """The earliest instant up to `until` at which the clock has something to do, if any."""
        group, timetable = self._desk.group, self._desk.timetable
        if group is None or timetable is None:
            return None
        times = []
        if group.working_entry and group.cancel_reason is None:
            times += [group.intent.expires_at, timetable.flatten]
        if group.open and group.pending is None and group.entry is not None:
            times += [group.entry.time + self.lines.max_minutes * MINUTE, timetable.flatten]
            if self._doubtful(group):
                times.append(self._decided_at + self._silence)
        ripe = [t for t in times if t <= until]
        return min(ripe) if ripe else None

    def timer(self, now: UtcNanos, out: Outcome) -> None:
        """End of day, hard time, time to live: in this order, whatever is due at `now`."""
        desk, group, timetable = self._desk, self._desk.group, self._desk.timetable
        if group is None or timetable is None or not desk.connected:
            return
        desk.last_close = desk.seen_price
        out.events.append(ClockTick(now, desk.last_close, "timer"))
        if now >= timetable.flatten:
            self._supervise.cancel_entry("EOD", now, out)
            self._leave("EOD", "end_of_day", now, out)
            return
        if group.entry is not None and now >= group.entry.time + self.lines.max_minutes * MINUTE:
            self._leave("HARD_TIME", "hard_time", now, out)
        if self._doubtful(group) and now >= self._decided_at + self._silence:
            self._leave("DVS_HOLD", "dvs_hold", now, out)
        if now >= group.intent.expires_at:
            self._supervise.cancel_entry("TTL", now, out)

    def _doubtful(self, group: Group) -> bool:
        """In a live feed, doubtful data that fall silent: the clock stands in for the bars."""
        return self._desk.run.live and group.dvs_run > 0

    def flatten(self, reason: str, now: UtcNanos, out: Outcome) -> None:
        """Cancel what may still fill and close what is open."""
        if self._desk.group is None:
            return
        self._desk.last_close = self._desk.seen_price
        out.events.append(ClockTick(now, self._desk.last_close, reason))
        self._supervise.cancel_entry(reason, now, out)
        self._leave(reason, "flatten", now, out)

    def price_seen(self, price: Ticks, now: UtcNanos, out: Outcome) -> None:
        """Cancel a working entry that the market has left behind."""
        desk, group = self._desk, self._desk.group
        if group is None or not group.working_entry or group.cancel_reason is not None:
            return
        away = abs(price - group.intent.limit)
        if away > desk.contracts.constitution.max_distance_atr * max(group.intent.a14, 1.0):
            desk.last_close = price
            out.events.append(ClockTick(now, price, "price"))
            self._supervise.cancel_entry("DISTANCE", now, out)

    def _leave(self, reason: str, rule: str, now: UtcNanos, out: Outcome) -> None:
        group = self._desk.group
        if group is None or not group.open or group.pending is not None:
            return
        self._told(group, rule, "EXIT", group.stop_price, now, out)
        exit_at_market(self._desk, group, reason, now, out)


_HELD = (Action.HOLD, "IN_POSITION")

"""Follow brackets that were never sent: played on closed minute bars, managed by the same rules.

No order, no law, no quality and no slippage estimate knows of them. Minute bars are all that a
replay knows. Nothing is done on a bar while there is none.
"""

from __future__ import annotations

from typing import Final

from application.assess import Assessment
from application.desk import Desk, Outcome
from domain.aftermath import TradeEnd
from domain.bar import Bar
from domain.closing import closing_record
from domain.fill_rules import FillRules
from domain.intent import OrderIntent
from domain.management import BarFacts, ExitTrade, Lines, Tighten, plan_bar
from domain.orders import Fill, Role
from domain.recent import MarketContext
from domain.shadow import Shadow, entered, exited
from domain.trade import exit_reason, exit_slip
from domain.units import MINUTE, Ticks, UtcNanos

SHADOW: Final = "SHADOW"


class Following:
    """The brackets that are followed, by name; see `bar`, `end_all` and `follow`.

    What opens and what ends is told to `_opened` and `_ended`, which a use of it fills in.
    """

    def __init__(self, desk: Desk, lines: Lines) -> None:
        self._desk = desk
        self._lines = lines
        self._rules = FillRules(
            desk.contracts.execution, 1, float(desk.instrument.typical_spread_ticks)
        )
        self._last: Ticks = 0
        self.active: dict[str, Shadow] = {}
        """By name, in the order in which they were decided."""

    # ---- one bar

    def bar(self, bar: Bar, ctx: MarketContext, graded: Assessment, out: Outcome) -> None:
        """Play a closed bar: fills, then timers, then the rules of an open trade."""
        for name in sorted(self.active):
            shadow = self._timers(self.active[name], self._last, bar.open_time)
            shadow = shadow and self._played(shadow, bar, out)
            shadow = shadow and self._timers(shadow, bar.close, bar.close_time)
            if shadow is not None and shadow.open:
                shadow = self._managed(shadow, bar, ctx, graded)
            elif self._desk.law.killed or (shadow and self._left_behind(shadow, bar)):
                shadow = None
            self._keep(name, shadow)
        self._observe(bar, graded)

    def _keep(self, name: str, shadow: Shadow | None) -> None:
        if shadow is None:
            del self.active[name]
        else:
            self.active[name] = shadow

    def _observe(self, bar: Bar, graded: Assessment) -> None:
        """What the next bar's fills are priced with."""
        self._rules = self._rules.observed(graded.frame.slip_model, graded.frame.spread)
        self._last = bar.close

    def _played(self, shadow: Shadow, bar: Bar, out: Outcome) -> Shadow | None:
        fresh = not shadow.open
        if fresh:
            shadow, fill = entered(shadow, bar, self._rules)
            if fill is None:
                return shadow
            self._opened(shadow, fill, out)
        last = exited(shadow, bar, self._rules, fresh)
        if last is None:
            return shadow
        self._closed(shadow, last, out)
        return None

    def _timers(self, shadow: Shadow, price: Ticks, until: UtcNanos) -> Shadow | None:
        """End of day, hard time, time to live, whatever is due by `until`."""
        entry, timetable = shadow.group.entry, self._desk.timetable
        if timetable is None:
            raise ValueError("a shadow outside a session")
        if entry is None:
            over = shadow.intent.expires_at <= until or timetable.flatten <= until
            return None if over else shadow
        hard = entry.time + self._lines.max_minutes * MINUTE
        if timetable.flatten <= until:
            return shadow.leaving("EOD", price, timetable.flatten)
        return shadow.leaving("HARD_TIME", price, hard) if hard <= until else shadow

    def _left_behind(self, shadow: Shadow, bar: Bar) -> bool:
        """The market has left a working entry behind, as a real one would be cancelled for."""
        far = self._desk.contracts.constitution.max_distance_atr * max(shadow.intent.a14, 1.0)
        return abs(bar.close - shadow.intent.limit) > far

    def _managed(self, shadow: Shadow, bar: Bar, ctx: MarketContext, graded: Assessment) -> Shadow:
        """The bar rules of management.md, the kill latch first."""
        quality = (graded.dvs_bp, graded.eqs_bp)
        group = shadow.group.after_bar(bar.open_time, bar.high, bar.low, graded.frame, quality)
        shadow = shadow._replace(group=group)
        if group.pending is not None:
            return shadow
        if self._desk.law.killed:
            return shadow.leaving("KILL", bar.close, bar.close_time)
        rules, template = self._desk.rules, group.intent.template
        strategy = next(s for s in rules.strategies if s.name == template)
        view = group.view()
        facts = BarFacts(bar.close, bar.close_time, graded.frame, *quality)
        own = (strategy.plan_exit(ctx, view), strategy.plan_management(ctx, view))
        plan = plan_bar(view, facts, own, self._lines, self._desk.contracts.management)
        group = group.after_plan(plan)
        match plan.action:
            case Tighten(price, _):
                orders = group.orders._replace(stop_price=price)
                return shadow._replace(group=group._replace(orders=orders))
            case ExitTrade(reason, _):
                shadow = shadow._replace(group=group)
                return shadow.leaving(reason, bar.close, bar.close_time)
            case _:
                return shadow._replace(group=group)

    def _closed(self, shadow: Shadow, last: Fill, out: Outcome) -> None:
        """Make the record of the trade's end."""
        desk, group = self._desk, shadow.group
        reason, slip = exit_reason(group, last), exit_slip(group, last)
        group = shadow.left(last).group
        trade = closing_record(group, last, reason, slip, desk.instrument, SHADOW)
        risk = float(desk.instrument.tick_value * (shadow.intent.stop * shadow.intent.qty))
        kill = (desk.law.kill_trigger or "") if reason == "KILL" else ""
        end = TradeEnd(shadow.intent, trade, group.stop_price, risk, kill)
        self._ended(shadow, end, last.time, out)

    def end_all(self, at: UtcNanos, out: Outcome) -> None:
        """No further bar comes: what is open ends at the last close, adversely."""
        for name in sorted(self.active):
            shadow = self._timers(self.active.pop(name), self._last, at)
            if shadow is None or not shadow.open:
                continue
            shadow = shadow.leaving("OPERATOR", self._last, at)
            price = self._last - shadow.intent.side * self._rules.market_slip()
            self._closed(shadow, shadow.execution(Role.EXIT, price, at), out)

    # ---- what comes of it

    def follow(
        self, name: str, intent: OrderIntent, why: str, bar: Bar, graded: Assessment
    ) -> None:
        """Follow `intent` from the bar of its decision on; `why` says why it was not sent."""
        self.active[name] = Shadow.of(intent, why)
        self._observe(bar, graded)

    def _opened(self, shadow: Shadow, fill: Fill, out: Outcome) -> None:
        """Its entry has filled."""

    def _ended(self, shadow: Shadow, end: TradeEnd, at: UtcNanos, out: Outcome) -> None:
        """It was closed by an execution at `at`."""

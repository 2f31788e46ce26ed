"""Who is told what: events, troubles and silence in, messages out (cli.md, Alerts).

CALL means that a person is needed now. Everything else waits for the daily message, which
goes out after every session's close, so that silence itself is a sign of failure. This reads
what was recorded; it decides nothing and sends no order.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

from domain.alarm import AlarmBook, Alert, Level, Stage
from domain.event import (
    BarClosed,
    CommandIssued,
    ConnectionChanged,
    Event,
    ExecutionIncident,
    FeeReported,
    FillReceived,
    ForeignOrder,
    IllegalTransitionSeen,
    KillReset,
    KillTriggered,
    LawStateChanged,
    LockoutStarted,
    OrderStateChanged,
    PositionChanged,
    ReconcileCompleted,
    SessionClosed,
    SessionOpened,
    StatementDiffers,
    StrategyFaulted,
    TradeClosed,
    WouldKill,
)
from domain.law.state import KillState, LawState
from domain.orders import Role, ref_of
from domain.quality_parameters import IncidentKind
from domain.session import Session
from domain.units import DAY, MINUTE, SECOND, Money, UtcNanos
from ports.calendar import Calendar
from ports.event_log import EventLog
from ports.market import Trouble, TroubleSeen
from ports.notifier import Notifier

BLIND_IN_A_POSITION: Final = 60 * SECOND
BLIND_IN_HOURS: Final = 5 * MINUTE
DAILY_AFTER: Final = MINUTE
"""The daily message waits so long after the close for the last bar of the day."""
EXIT_ROUNDS: Final = 3
"""A market exit that was taken back so often without a fill is for a person (execution.md 7)."""
NOTES_KEPT: Final = 50
NIGHT_ENDS: Final = (0, 45)
"""New York time at which a broker's nightly reset is over (ibkr.md 7)."""
_FOR_EVER: Final = 366 * DAY


class AlarmFacts(NamedTuple):
    """What every message names, `account` masked; `fee` is the contract's for a side."""

    mode: str
    symbol: str
    account: str
    fee: Money


class Alarms:
    """Watches a live run from beside it; give it batches of events, and every second the time."""

    def __init__(
        self, facts: AlarmFacts, notifier: Notifier, calendar: Calendar, log: EventLog
    ) -> None:
        self._facts = facts
        self._notifier = notifier
        self._calendar = calendar
        self._log = log
        self._book = AlarmBook()
        self._notes: list[str] = []
        self._notes_left_out = 0
        self._law: LawState | None = None
        self._closed: SessionClosed | None = None
        self._told_day: date | None = None
        self._position = 0
        self._exit_rounds = 0
        self._without_fee: set[str] = set()
        self._link_down_since: UtcNanos | None = None
        self._heard_at: UtcNanos | None = None
        self._beat_at: UtcNanos = 0

    @property
    def present(self) -> frozenset[str]:
        """The causes that are there now."""
        return self._book.present

    # ---- what is told to it

    def __call__(self, events: Sequence[Event]) -> None:
        """Read a batch of recorded events."""
        for event in events:
            self._read(event)

    def heard(self, at: UtcNanos) -> None:
        """A piece of market data arrived."""
        self._heard_at = at

    def trouble(self, seen: TroubleSeen) -> None:
        """Something is wrong with a link that stands, or is over; it keeps a run from trading."""
        if seen.on:
            self._begin(f"trouble {seen.kind}", seen.text, seen.at, self._level_of(seen))
        else:
            self._book.end(f"trouble {seen.kind}", seen.at)

    def fault(self, cause: str, text: str, at: UtcNanos) -> None:
        """The store, the guard file or the host fails, or observe-only keeps a run from trading."""
        self._begin(cause, text, at)

    def over(self, cause: str, at: UtcNanos) -> None:
        """What `fault` told of is over."""
        self._book.end(cause, at)

    def tick(self, now: UtcNanos) -> None:
        """A second has passed: blindness, repeats, ends, the heartbeat and the daily message."""
        today = self._calendar.session_at(now)
        in_hours = today is not None and today.open <= now < today.close
        self._blindness(now, today, in_hours)
        for alert in self._book.due(now):
            self._send(alert)
        if in_hours and now - self._beat_at >= MINUTE:
            self._beat_at = now
            self._notifier.beat()
        if today is not None and now >= today.close + DAILY_AFTER and self._told_day != today.date:
            self._daily(today)

    # ---- events

    def _read(self, event: Event) -> None:
        match event:
            case BarClosed(at):
                self._heard_at = at
            case KillTriggered(at, trigger, detail):
                self._begin("kill", f"KILL {trigger}: {detail}", at)
            case KillReset(at, who, reason, trigger):
                self._book.end("kill", at)
                self._note(f"kill {trigger} reset by {who}: {reason}")
            case ExecutionIncident(at, IncidentKind.PROTECTION_LOST, _, _, ref):
                self._begin("protection", f"position without a working stop ({ref})", at)
            case OrderStateChanged(at, ref, _, "WORKING") if _is_stop(ref):
                self._book.end("protection", at)
            case PositionChanged():
                self._moved(event)
            case ForeignOrder(at, ref):
                text = f"order {ref} in our symbol is not ours; no entries while it is there"
                self._begin("foreign order", text, at)
            case ReconcileCompleted():
                self._reconciliation(event)
            case ConnectionChanged(at, up, reason):
                self._link(up, reason, at)
            case _:
                self._rest(event)

    def _rest(self, event: Event) -> None:
        match event:
            case IllegalTransitionSeen(at, ref, detail):
                self._begin("state", f"impossible order state: {ref}: {detail}", at)
            case CommandIssued(at, ref, "cancel", "RETRY"):
                self._exit_rounds += 1
                if self._exit_rounds >= EXIT_ROUNDS:
                    self._begin("exit", f"the market exit of a position does not fill ({ref})", at)
            case StrategyFaulted(_, template, method, detail):
                self._note(f"{template} is out for this session: {method} {detail}")
            case WouldKill(_, trigger, detail):
                self._note(f"would kill {trigger}: {detail}")
            case LawStateChanged(_, state, _):
                self._law = state
            case SessionOpened(at):
                self._book.end("state", at)
            case SessionClosed():
                self._closed = event
                for exec_id in sorted(self._without_fee):
                    self._note(f"no fee was reported of {exec_id}: it stays as the contract has it")
                self._without_fee.clear()
            case FillReceived(_, fill):
                self._without_fee.add(fill.exec_id)
            case TradeClosed():
                self._note(f"trade {event.decision_id}: {event.exit_reason}, net {event.net} USD")
            case StatementDiffers():
                self._statement(event)
            case LockoutStarted(_, kind, _, cause):
                self._note(f"lockout {kind}: {cause}")
            case FeeReported(_, exec_id, fee):
                self._without_fee.discard(exec_id)
                if fee > self._facts.fee:
                    self._note(f"fee of {exec_id}: {fee} USD, the contract says {self._facts.fee}")
            case _:
                pass

    def _moved(self, event: PositionChanged) -> None:
        self._position = event.qty
        if event.qty == 0:
            self._exit_rounds = 0
            self._book.end("exit", event.at)
            self._book.end("protection", event.at)
        if event.cause.startswith("FOREIGN_CLOSE"):
            self._begin("foreign close", "a position of ours was closed by somebody else", event.at)
            self._book.end("foreign close", event.at)

    def _reconciliation(self, event: ReconcileCompleted) -> None:
        if not any(row.startswith("not ours") for row in event.rows):
            self._book.end("foreign order", event.at)
        if event.clean:
            self._book.end("unverified", event.at)
        elif self._position or any(row.startswith("position") for row in event.rows):
            text = f"the broker and we differ: {'; '.join(event.rows)}"
            self._begin("unverified", text, event.at)

    def _statement(self, event: StatementDiffers) -> None:
        """What differs is told; that it keeps a run from trading is a state, told by `fault`."""
        each = ", ".join(
            f"{d.what} of {d.exec_id} {d.ours} here, {d.theirs} there" for d in event.differences
        )
        self._note(f"the broker's statement differs: {each}")

    def _link(self, up: bool, reason: str, at: UtcNanos) -> None:
        if up:
            self._link_down_since = None
            self._book.end("link", at)
        elif self._link_down_since is None:
            self._link_down_since = at
            self._note(f"link down: {reason}")

    # ---- silence

    def _blindness(self, now: UtcNanos, today: Session | None, in_hours: bool) -> None:
        """No link or no data for too long: 60 s in a position, 5 minutes in regular hours."""
        if (down := self._link_down_since) is not None:
            if now - down >= self._patience(in_hours, today, now):
                self._begin("link", "the link to the broker is down", now)
            return
        if not in_hours or today is None:
            self._book.end("blind", now)
            return
        since = max(today.open, self._heard_at or today.open)
        if now - since >= self._patience(True, today, now) + MINUTE * (self._heard_at is None):
            self._begin("blind", "no bar arrives from the market", now)
        elif now - since < BLIND_IN_A_POSITION:
            self._book.end("blind", now)

    def _patience(self, in_hours: bool, today: Session | None, now: UtcNanos) -> UtcNanos:
        """How long silence may last; a lost link while flat at night until the night ends."""
        if self._position:
            return BLIND_IN_A_POSITION
        if in_hours:
            return BLIND_IN_HOURS
        if today is not None and today.at(*NIGHT_ENDS) <= now < today.open:
            return BLIND_IN_HOURS if self._down_through_the_night(today) else _FOR_EVER
        return _FOR_EVER

    def _down_through_the_night(self, today: Session) -> bool:
        """True if the link was lost before the nightly window ended, and has not come back."""
        down = self._link_down_since
        return down is not None and down < today.at(*NIGHT_ENDS)

    # ---- messages

    def _level_of(self, seen: TroubleSeen) -> Level:
        """A trouble calls in a mode that trades, in regular hours or with a position."""
        if self._position:
            return Level.CALL
        today = self._calendar.session_at(seen.at)
        in_hours = today is not None and today.open <= seen.at < today.close
        farms = seen.kind in (Trouble.DATA_FARM, Trouble.NO_BARS, Trouble.UPSTREAM_DOWN)
        if self._facts.mode == "OBSERVE" or not in_hours or farms:
            return Level.NOTE  # what lasts is told as blindness
        return Level.CALL

    def _begin(self, cause: str, text: str, at: UtcNanos, level: Level = Level.CALL) -> None:
        if level is Level.NOTE:
            self._note(text)
            return
        for alert in self._book.begin(cause, text, at):
            self._send(alert)

    def _note(self, text: str) -> None:
        if len(self._notes) < NOTES_KEPT:
            self._notes.append(text)
        else:
            self._notes_left_out += 1

    def _send(self, alert: Alert) -> None:
        again = f" (began {alert.times} times)" if alert.times > 1 else ""
        words = {
            Stage.BEGUN: alert.text,
            Stage.LASTING: f"still: {alert.text}{again}",
            Stage.OVER: f"over: {alert.text}{again}",
        }
        self._notifier.send(Level.CALL, self._title(f"CALL {alert.cause}"), words[alert.stage])

    def _title(self, what: str) -> str:
        facts = self._facts
        return f"{facts.mode} {facts.symbol} {facts.account}: {what}"

    def _daily(self, today: Session) -> None:
        """The message of the day, whatever happened in it."""
        self._told_day = today.date
        closed = self._closed if self._closed and self._closed.session == today.date else None
        lines = [
            "no bar of this session was traded on"
            if closed is None
            else f"{closed.bars} bars, {closed.decisions} decisions, {closed.trades} trades, "
            f"net {closed.net} USD, law budget left {closed.budget_left} USD"
        ]
        if self._law is not None and self._law.kill_state is not KillState.ARMED:
            lines.append(f"kill switch {self._law.kill_state.value} by {self._law.kill_trigger}")
        lines += [f"now: {name}" for name in sorted(self._book.present)]
        lines += self._notes
        if self._notes_left_out:
            lines.append(f"and {self._notes_left_out} more")
        if self._notifier.dropped:
            lines.append(f"{self._notifier.dropped} messages reached nobody")
        lines.append(f"seq {self._log.count}, chain head {self._log.head}")
        self._notes, self._notes_left_out = [], 0
        self._notifier.send(Level.NOTE, self._title(f"session {today.date}"), "\n".join(lines))


def _is_stop(order_ref: str) -> bool:
    ref = ref_of(order_ref)
    return ref is not None and ref.role is Role.STOP

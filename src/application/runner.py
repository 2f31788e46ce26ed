"""The imperative shell of a simulated run: one feed, record first, then act.

It owns no rule. It shows bars to the broker and to the core in the order of execution.md 8,
writes down what the core says before anything is sent, and hands the broker's words back. When
it becomes durable is the log's to decide: this feed can be fed again, this broker ends with us.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from application.day import TradingDay
from application.desk import Outcome
from application.hear import heard
from domain.bar import Bar
from domain.command import (
    AmendOrder,
    CancelOrder,
    CloseAtMarket,
    Command,
    MoveStop,
    PlaceProtection,
    ReadBroker,
    SubmitEntry,
)
from domain.event import AccountSnapshot, BarRejected, Event
from domain.session import Session
from domain.units import MINUTE, UtcNanos
from ports.bars import BarItem, RejectedRow
from ports.broker import SimulatedBroker, Word
from ports.event_log import EventLog

Observer = Callable[[Sequence[Event]], None]


class Place(NamedTuple):
    """Where a run stands between two minutes.

    `session` is the one whose end it still has to bring about, `account` the figures it has
    told the core last, `rejected` the number of rows dropped, `now` the close of the last bar.
    """

    session: Session | None = None
    account: AccountSnapshot | None = None
    rejected: int = 0
    now: UtcNanos = 0
    bars: int = 0


class SimulatedRun:
    """Plays recorded bars through core and broker; see `play` and `finish`.

    `at_once`: each minute is durable as it ends, for who looks at a paced run from outside.
    """

    def __init__(
        self,
        core: TradingDay,
        broker: SimulatedBroker,
        log: EventLog,
        observe: Observer | None = None,
        sub_bar: int = 5_000_000_000,
        at_once: bool = False,
    ) -> None:
        self._core = core
        self._broker = broker
        self._log = log
        self._observe = observe
        self._sub_bar = sub_bar
        self._at_once = at_once
        self._session: Session | None = None
        self._account: AccountSnapshot | None = None
        self._rejected = 0
        self._now: UtcNanos = 0
        self.bars = 0
        """RTH bars given to the signals so far."""

    @property
    def now(self) -> UtcNanos:
        """The close of the last bar; 0 before the first."""
        return self._now

    def warm_up(self, bars: Iterable[Bar]) -> None:
        """Feed bars of earlier sessions; they are not traded."""
        for bar in bars:
            before = self._session
            if before is not None and self._core.session_at(bar.open_time) != before:
                self._end_session(before.close)
            self._take(self._core.warm_up(bar))
            self._now = bar.close_time
        self._log.commit()

    def go_on(self, place: Place, commands: Sequence[Command], unheard: Sequence[Word]) -> None:
        """Stand where a recorded run stood; hear what the broker had said, and carry out what was
        written down last."""
        self._session, self._account, self._rejected, self._now, self.bars = place
        for word in unheard:
            self._take(heard(self._core, word))
        self._carry_out(commands)

    def ask(self, commands: Sequence[Command]) -> None:
        """Give the broker commands that are recorded already; what it says is not listened to."""
        for command in commands:
            self._perform(command)

    def play(self, items: Iterable[BarItem], max_bars: int | None, until: UtcNanos | None) -> None:
        """Play minutes until the feed, the count of bars or the time runs out."""
        if max_bars is not None and self.bars >= max_bars:
            return
        for item in items:
            if until is not None and item.bar.open_time >= until:
                break
            self.minute(item)
            if max_bars is not None and self.bars >= max_bars:
                break

    def minute(self, item: BarItem) -> None:
        """One minute of the feed: fills of the bar, timers due by its close, the bar step."""
        core, bar = self._core, item.bar
        session = core.session_at(bar.open_time)
        before = self._session
        if before is not None and session is not before and session != before:
            self._end_session(before.close)
        for row in item.rejected:
            self._reject(row, bar.open_time)
        traded = session is not None and not core.is_over(session)
        if traded:
            self._session = session
            self._trade(item)
        self._now = bar.open_time + MINUTE
        self._take(core.bar(bar))
        if traded:
            self.bars += 1
            self.observe_market()
        if self._at_once:
            self._log.commit()

    def kill(self, reason: str, who: str, at: UtcNanos) -> None:
        """A person's kill between two bars: latched durably, entries cancelled, a close sent.

        It is of the time of the last bar, of `at` where there was none. What is closed fills as
        the run is ended; see `finish`.
        """
        self._take(self._core.dealing.operator("kill", reason, who, self._now or at))
        self._log.commit()

    def finish(self, tail: Sequence[RejectedRow], flatten: bool) -> None:
        """End the run: flat, session closed, everything durable.

        `flatten` says that the run was ended before its feed was, so what is open is closed
        for OPERATOR; otherwise the session's own end closes it.
        """
        for row in tail:
            self._reject(row, self._now)
        if self._session is not None:
            if flatten:
                self._take(self._core.flatten("OPERATOR", self._now))
                self._broker.end_session(self._now)
                self._drain()
                self._take(self._core.end(self._now))
                self._session = None
            else:
                self._end_session(self._session.close)
        self._log.commit()

    def observe_market(self) -> None:
        """Tell the broker what the market of the minute just closed was like."""
        frame = self._core.frame
        if frame is not None:
            self._broker.observe(frame.slip_model, frame.spread)

    # ---- inside

    def _trade(self, item: BarItem) -> None:
        """Let the minute's pieces trade, then the clock's rules run."""
        core, broker, bar = self._core, self._broker, item.bar
        desk = core.desk
        if desk.flat and broker.idle and not item.sub_bars:
            broker.play(bar, MINUTE)  # nothing can come of it
        else:
            if not desk.flat:  # else nothing of ours is open, so no timer runs
                self._timers(bar.open_time)
            for piece in item.sub_bars or (bar,):
                length = self._sub_bar if item.sub_bars else MINUTE
                broker.play(piece, length)
                self._drain()
                if not desk.flat:
                    self._take(core.price(piece.close, piece.open_time + length))
            if not desk.flat:
                self._timers(bar.open_time + MINUTE)
        account = broker.account()
        if account is not self._account and account is not None:
            self._account = account
            self._take(core.dealing.account(account))

    def _timers(self, until: UtcNanos) -> None:
        core = self._core
        while (due := core.due(until)) is not None:
            self._take(core.timer(max(due, self._now)))

    def _end_session(self, close: UtcNanos) -> None:
        self._timers(close)
        self._broker.end_session(close)
        self._drain()
        self._take(self._core.end(close))
        self._session = None

    def _reject(self, row: RejectedRow, next_open: UtcNanos) -> None:
        self._rejected += 1
        minute = next_open if row.charge is None else row.charge
        event = BarRejected(
            minute,
            minute,
            row.kind.value,
            f"{row.file}: {row.where}",
            row.reason,
            row.text,
            self._rejected,
        )
        self._take(self._core.rejected(event))

    def _take(self, out: Outcome) -> None:
        """Record what the core said, before anything of it is sent; then send it."""
        if out.events:
            self._log.append(out.events)
            if self._observe is not None:
                self._observe(out.events)
        self._carry_out(out.commands)

    def _carry_out(self, commands: Sequence[Command]) -> None:
        if commands:
            self._log.ahead()
            self.ask(commands)
            self._drain()

    def _perform(self, command: Command) -> None:
        broker = self._broker
        match command:
            case SubmitEntry(permit, at):
                broker.submit(permit, at)
            case CancelOrder(ref, _, at):
                broker.cancel(ref, at)
            case CloseAtMarket(permit, group, _, at):
                broker.close(permit, group, at)
            case MoveStop(permit, at):
                broker.move_stop(permit, at)
            case PlaceProtection(permit, group, at):
                broker.place(permit, group, at)
            case AmendOrder(permit, at):
                broker.amend(permit, at)
            case ReadBroker():
                pass  # the simulated broker never keeps anything to itself

    def _drain(self) -> None:
        """Hand the broker's words to the core, each before the next."""
        for word in self._broker.drain():
            self._take(heard(self._core, word))

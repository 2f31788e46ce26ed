"""Go on with a recorded run on a simulated broker, as if it had never been interrupted.

What is recorded up to the last closed bar is folded, each event held against the record, and the
broker is brought along. What was recorded after it belongs to a minute that was being played when
the process died: the run plays that minute again, and is held against the record until the record
ends. Nothing is written before that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from application.day import TradingDay
from application.replay import Step, fold
from application.runner import Observer, Place, SimulatedRun
from domain import event as e
from domain.bar import Bar
from domain.command import Command
from domain.event import Event
from domain.session import Session
from ports.broker import Recalling
from ports.event_log import EventLog
from ports.recording import Difference, DivergedError, Entry, Recording

_BETWEEN: Final = frozenset({"timer", "price", "watch"})
"""Causes of a tick that leaves the session as it is."""


_NOWHERE: Final = Place()


class Extent(NamedTuple):
    """What of a record is folded; numbers are seqs.

    `fold_to` is the last input to fold, None for all; `since` the last event before the run that
    is gone on with: its events count in this run's summary.
    """

    fold_to: int | None
    since: int


class Resumption:
    """Folds a record through a core and its broker; see `fold`."""

    def __init__(
        self, core: TradingDay, run: SimulatedRun, recalling: Recalling, place: Place = _NOWHERE
    ) -> None:
        self._core = core
        self._run = run
        self._recalling = recalling
        self._place = place
        self._commands: Sequence[Command] = ()

    def fold(self, recording: Recording, extent: Extent, observe: Observer) -> None:
        """Bring core, broker and run to where the record, as far as `extent` says, left them.

        `observe` is told of the events of the run that is gone on with.
        Errors: DivergedError at the first difference.
        """
        for step in fold(self._core, recording, extent.fold_to):
            if step.seq > extent.since and step.outcome.events:
                observe(step.outcome.events)
            try:
                self._follow(step, extent)
            except ValueError as error:
                name = type(step.input).__name__
                raise DivergedError(Difference(step.seq, name, str(error))) from error
        if extent.fold_to is not None and self._recalling.still_due:
            said = self._recalling.still_due[0]
            raise DivergedError(Difference(0, "", f"the broker said, unrecorded: {said}"))

    def take_up(self) -> None:
        """Stand where the record ended, and carry out what it had written down last."""
        self._run.go_on(self._place, self._commands, self._recalling.still_due)

    def _follow(self, step: Step, extent: Extent) -> None:
        """Bring broker and run along with one step of the core."""
        recalling, place = self._recalling, self._place
        match step.input:
            case e.OrderReported(_, report):
                recalling.said(report)
            case e.FillReceived(_, fill):
                recalling.said(fill)
            case e.AccountSnapshot() as snapshot:
                self._place = place._replace(account=recalling.account(snapshot))
            case e.BarRejected():
                self._place = place._replace(rejected=place.rejected + 1)
            case e.BarClosed(_, _, bar, warmup):
                self._place = place._replace(now=bar.close_time)
                if not warmup:
                    self._closed(bar, step.seq > extent.since)
            case e.ClockTick(at, _, "end"):
                recalling.session_over(at)
                self._place = place._replace(session=None)
            case _:
                pass
        self._commands = step.outcome.commands
        if step.seq != extent.fold_to:
            self._run.ask(self._commands)
            self._commands = ()
            recalling.asked()

    def _closed(self, bar: Bar, counts: bool) -> None:
        """A bar that was no warm-up has closed."""
        session = self._core.session_at(bar.open_time)
        self._place = self._place._replace(session=session)
        if session is not None:
            self._recalling.played(bar)
            self._run.observe_market()
            self._place = self._place._replace(bars=self._place.bars + counts)


def ending_begun(rest: Sequence[Entry], session: Session | None) -> bool:
    """True if the process died while it was ending the run before the feed's end."""
    for entry in rest:
        match entry.input:
            case e.ClockTick(at, _, "end"):
                if session is not None and at < session.close:
                    return True
            case e.ClockTick(_, _, cause) if cause not in _BETWEEN:
                return True
            case _:
                pass
    return False


class Retraced:
    """The event log of a run that goes on: what is recorded already is compared, the rest is
    appended. The start of a process waits until then, its end cannot come before.
    """

    def __init__(self, log: EventLog, recording: Recording) -> None:
        """Nothing is appended before `folded` was called."""
        self._log = log
        self._recording = recording
        self._held: list[Event] = []
        self._open = False

    def folded(self) -> None:
        """The record was folded as far as it is to be; what is left of it is to come again."""
        self._recording.rest()
        self._settle()

    def append(self, events: Sequence[Event]) -> None:
        """See ports.event_log. Errors: DivergedError for an event that is not the recorded one."""
        if self._open:
            self._log.append(events)
            return
        if all(isinstance(event, e.RunStarted) for event in events):
            self._held += events
            return
        if any(isinstance(event, e.RunStopped) for event in events):
            row = self._recording.rest()[0].row
            raise DivergedError(Difference(row.seq, row.type, "recorded, and not played again"))
        compared = self._recording.compare(events)
        self._settle()
        if compared < len(events):
            self._log.append(events[compared:])

    def _settle(self) -> None:
        """From here on append, if nothing of the domain is left to compare."""
        rest = self._recording.rest()
        if not all(isinstance(entry.input, e.RunStarted) for entry in rest):
            return
        for _ in rest:
            self._recording.started()
        self._open = True
        for event in self._held:
            self._log.append([event])
        self._held.clear()

    def ahead(self) -> None:
        """See the port."""
        self.commit()

    def commit(self, synced: bool = True) -> None:
        """Make everything durable that is new."""
        if self._open:
            self._log.commit(synced)

    @property
    def head(self) -> str:
        """The chain head."""
        return self._log.head

    @property
    def count(self) -> int:
        """Events in the log."""
        return self._log.count

    def close(self) -> None:
        """Commit and let go."""
        self._log.close()

    @property
    def retracing(self) -> bool:
        """True while there is something recorded that has not come again."""
        return not self._open

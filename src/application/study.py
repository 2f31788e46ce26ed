"""Look at bars without trading: what quality and the engine say of each, as in a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from application.assess import Assess
from domain.contract_set import Contracts
from domain.event import BarRejected
from domain.frame import Frame
from domain.session import Session, Timetable
from domain.units import BasisPoints, UtcNanos
from ports.bars import BarItem, RecordedBars, RejectedRow
from ports.calendar import Calendar
from ports.engine import Engine


class StudyRow(NamedTuple):
    """One bar of regular hours: its open, the engine's frame and its data validity."""

    minute: UtcNanos
    frame: Frame
    dvs_bp: BasisPoints


class Study:
    """One stream of recorded bars through the first stage of the pass; see `play`.

    Execution quality is perfect and there are no fills of ours, so the result depends on
    bars and contracts alone.
    """

    def __init__(self, engine: Engine, contracts: Contracts, calendar: Calendar) -> None:
        self._assess = Assess(engine, contracts, live=False)
        self._session_rules = contracts.session
        self._calendar = calendar
        self._day: Session | None = None
        self._timetable: Timetable | None = None
        self._rejected = 0

    def play(self, feed: RecordedBars) -> Iterator[StudyRow]:
        """One row per RTH bar, in time order."""
        for item in feed:
            row = self._minute(item)
            if row is not None:
                yield row

    def _minute(self, item: BarItem) -> StudyRow | None:
        bar = item.bar
        session = self._session_at(bar.open_time)
        if self._day is not None and session != self._day and self._timetable is not None:
            self._close()
        for rejected in item.rejected:
            self._reject(rejected, bar.open_time)
        if session is None:
            return None
        if session != self._day:
            self._day = session
            self._assess.open_session(session, None)
            self._timetable = Timetable.of(session, self._session_rules)
        timetable = self._timetable or Timetable.of(session, self._session_rules)
        graded = self._assess.bar(bar, timetable, warmup=False)
        if bar.close_time >= session.close:
            self._close()
        return StudyRow(bar.open_time, graded.frame, graded.dvs_bp)

    def _session_at(self, t: UtcNanos) -> Session | None:
        """The session whose regular hours hold `t`."""
        day = self._day
        if day is not None and day.open <= t < day.close:
            return day
        found = self._calendar.session_at(t)
        return found if found is not None and found.open <= t < found.close else None

    def _close(self) -> None:
        """Grade the minutes that never came; once a session."""
        self._assess.close_session()
        self._timetable = None

    def _reject(self, row: RejectedRow, next_open: UtcNanos) -> None:
        self._rejected += 1
        minute = next_open if row.charge is None else row.charge
        where = f"{row.file}: {row.where}"
        self._assess.reject(
            BarRejected(minute, minute, row.kind.value, where, row.reason, row.text, self._rejected)
        )

"""Grade the bar and update the engine: the first stage of the pass.

Holds the three running states that every bar moves: data quality, execution quality and
the signal engine. Everything it returns is a value.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from domain.bar import Bar
from domain.contract_set import Contracts
from domain.event import (
    BarRejected,
    BeliefsComputed,
    Event,
    ExecutionIncident,
    QualityAssessed,
    SignalsComputed,
)
from domain.execution_quality import ExecutionQuality
from domain.frame import BarInput, Frame
from domain.quality import DataQuality, Penalty, QualityReading
from domain.quality_parameters import FULL, IncidentKind
from domain.session import Session, Timetable
from domain.units import MINUTE, BasisPoints, UtcNanos
from ports.engine import Engine

_made: Final = tuple.__new__
"""Makes a named tuple of fields that are all there, without the constructor's own call."""


class Assessment(NamedTuple):
    """What a graded bar says: the engine's frame and the two scores at its decision."""

    frame: Frame
    dvs_bp: BasisPoints
    eqs_bp: BasisPoints
    events: tuple[Event, ...]


class Assess:
    """One stream of RTH bars in; frames, scores and their events out."""

    def __init__(self, engine: Engine, contracts: Contracts, live: bool) -> None:
        self._engine, self._new = engine, engine.snapshot()
        self._data = DataQuality(contracts.quality, live)
        self._beyond = self._data.beyond_belief
        self._execution = ExecutionQuality(contracts.quality)
        self._alpha = contracts.signals.slip_realised_alpha
        self._realised_slip = 0.0
        self._minutes_before = 0
        self._session: Session | None = None
        self._fresh = False
        self._eqs_bp: BasisPoints = FULL

    def open_session(self, session: Session, expected_from: UtcNanos | None) -> None:
        """Begin a session; minutes are expected from `expected_from`, or from the open."""
        if self._session is not None:
            self._minutes_before += self._session.minutes
        self._session = session
        self._fresh = True
        self._data.open_session(session, expected_from)

    def go_live(self, minute: UtcNanos) -> None:
        """End a session's warm-up: its minutes are expected from `minute` on."""
        if self._session is not None:
            self._data.open_session(self._session, minute)

    def close_session(self) -> tuple[Event, ...]:
        """Grade the minutes that never came."""
        return tuple(self._quality(r, "gap") for r in self._data.close_session())

    def restart(self) -> None:
        """Forget every price: the bars to come are those of another contract month."""
        self._engine.restore(self._new)

    def reject(self, rejected: BarRejected) -> None:
        """Charge a row that is no bar to the minute it belongs to."""
        self._data.reject(rejected.minute, Penalty(rejected.kind))

    def close_early(self, session: Session) -> None:
        """The open session is now `session`, which closes earlier."""
        self._session = session
        self._data.close_early(session.close)

    def clocks_compared(self, at: UtcNanos, skew: int) -> bool:
        """Take a comparison of the clocks; true while they are too far apart to trade."""
        self._data.clock_sample(at, skew)
        return self._data.clock_unfit

    @property
    def data(self) -> DataQuality:
        """The data validity score, to be read."""
        return self._data

    def silent(
        self, at: UtcNanos, dvs_bp: BasisPoints, staleness_bp: BasisPoints
    ) -> QualityAssessed:
        """The scores between two bars, at the instant `at`."""
        bars = self._data.dvs_bars
        told = (at, at, dvs_bp, bars, self._eqs_bp, (), staleness_bp, "stale")
        return _made(QualityAssessed, told)

    def incident(self, kind: IncidentKind, at: UtcNanos, order_ref: str) -> ExecutionIncident:
        """Charge an execution incident to its RTH minute."""
        penalty, half_life = self._execution.record(kind, self._index(at))
        return ExecutionIncident(at, kind.value, penalty, float(half_life), order_ref)

    def own_fill_slipped(self, ticks: int) -> None:
        """Take the adverse slippage of one stop, stop-limit or market fill of ours (S26)."""
        self._realised_slip += self._alpha * (ticks - self._realised_slip)

    def bar(self, bar: Bar, timetable: Timetable, warmup: bool) -> Assessment:
        """Grade one accepted RTH bar and let the engine consume it."""
        minute, open_, high, low, close, volume, _, _, spread, _, _ = bar
        index = (minute - timetable.session.open) // MINUTE
        if self._execution.remembers:
            self._eqs_bp = FULL if warmup else self._execution.eqs_bp(self._index(minute))
        else:
            self._eqs_bp = FULL
        eqs_bp, slip = self._eqs_bp, self._realised_slip
        prices = (open_, high, low, close, volume)
        moment = (timetable.phases[index], index, self._fresh, spread)
        dvs_bp = None if warmup else self._data.undisturbed(bar)
        frame = None
        if dvs_bp is not None:
            given = _made(BarInput, (*prices, *moment, dvs_bp, eqs_bp, slip))
            frame = self._engine.calm(given, *self._beyond)
        if frame is None or dvs_bp is None:
            readings = self._data.assess(bar, self._engine.probe(*prices, self._fresh), warmup)
            dvs_bp = readings[-1].dvs_bp
            given = _made(BarInput, (*prices, *moment, dvs_bp, eqs_bp, slip))
            frame = self._engine.update(given)
            quality = tuple([self._quality(r, "gap") for r in readings[:-1]])
            quality = (*quality, self._quality(readings[-1], "bar"))
        else:
            self._data.accept(minute)
            clean = (minute + MINUTE, minute, dvs_bp, FULL, eqs_bp, (), 0, "bar")
            quality = (_made(QualityAssessed, clean),)
        self._fresh = False
        told = (minute + MINUTE, minute, frame)
        events = (*quality, _made(SignalsComputed, told), _made(BeliefsComputed, told))
        return _made(Assessment, (frame, dvs_bp, eqs_bp, events))

    def back_fill(self, bar: Bar, timetable: Timetable) -> None:
        """Let the engine consume a minute that was missed: the scores are those of a warm-up, and
        the next bar is graded as if it had not come."""
        self._data.fill(bar)
        minute = bar.open_time
        moment = (timetable.phase(minute), timetable.session.minute_of(minute), self._fresh)
        prices = (bar.open, bar.high, bar.low, bar.close, bar.volume)
        scores = (FULL, FULL, self._realised_slip)
        self._engine.update(BarInput(*prices, *moment, bar.mean_spread_ticks, *scores))
        self._fresh = False

    def _quality(self, reading: QualityReading, cause: str) -> QualityAssessed:
        minute, q_bp, dvs_bp, penalties = reading
        return _made(
            QualityAssessed,
            (minute + MINUTE, minute, dvs_bp, q_bp, self._eqs_bp, penalties, 0, cause),
        )

    def _index(self, at: UtcNanos) -> int:
        """The RTH minute of `at`, counted over the sessions opened so far."""
        if self._session is None:
            return 0
        inside = self._session.minute_of(at)
        return self._minutes_before + min(max(inside, 0), self._session.minutes)

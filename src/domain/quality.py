"""Can what we see be trusted: the data validity score, DVS (quality.md 1).

Fed with the bars of the regular session, rejected rows and, live, clock ticks. What happens to
whom in case of doubt: a rejected row hurts its own minute while that lies ahead, the next accepted
bar's otherwise; never a minute that was already decided on.
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from typing import Final, NamedTuple

from domain.bar import Bar
from domain.frame import Probe
from domain.quality_parameters import FULL, QualityParameters
from domain.session import Session
from domain.units import MINUTE, SECOND, BasisPoints, Ticks, UtcNanos


class Penalty(StrEnum):
    """Events that take trust from a minute, in the order they are listed."""

    GAP = "GAP"
    NON_MONOTONIC = "NON_MONOTONIC"
    MALFORMED = "MALFORMED"
    ZERO_VOLUME = "ZERO_VOLUME"
    OUTLIER = "OUTLIER"
    LATE_BAR = "LATE_BAR"
    STUCK_FEED = "STUCK_FEED"
    SPREAD_ANOMALY = "SPREAD_ANOMALY"
    NO_QUOTE = "NO_QUOTE"
    PARTIAL_MINUTE = "PARTIAL_MINUTE"
    CLOCK_SKEW = "CLOCK_SKEW"


class QualityReading(NamedTuple):
    """The grade of one minute, labelled by its open: its own `q_bp`, and DVS over the window.

    `penalties` are (event, bp) in the order of `Penalty`, empty for a clean minute.
    """

    minute: UtcNanos
    q_bp: BasisPoints
    dvs_bp: BasisPoints
    penalties: tuple[tuple[Penalty, BasisPoints], ...]


class QualityState(NamedTuple):
    """All that `DataQuality` remembers, in plain values, for a snapshot."""

    session_open: UtcNanos
    session_close: UtcNanos
    expected: UtcNanos
    silent_since: UtcNanos
    worst: tuple[tuple[UtcNanos, BasisPoints], ...]
    pending: tuple[tuple[UtcNanos, tuple[str, ...]], ...]
    pending_next: tuple[str, ...]
    last: UtcNanos
    stuck_price: Ticks
    stuck_volume: int
    stuck_run: int
    clock_unfit: bool
    good_samples: int


_CLEAN: Final[tuple[tuple[Penalty, BasisPoints], ...]] = ()
_REJECTS: Final = (Penalty.NON_MONOTONIC, Penalty.MALFORMED)
_NEVER: Final[UtcNanos] = -(2**63)
_made: Final = tuple.__new__
"""Makes a named tuple of fields that are all there, without the constructor's own call."""


class DataQuality:
    """Grades the minutes of one stream of sessions; plain state, O(1) amortised a bar.

    `live` means a feed in real time; without it the rules about arrival, quotes,
    clock, sub-bars and staleness are silent.
    """

    def __init__(self, parameters: QualityParameters, live: bool) -> None:
        p = parameters
        self._p = p
        q = p.penalties
        self._prices: Final = {
            Penalty.GAP: q.gap, Penalty.NON_MONOTONIC: q.non_monotonic,
            Penalty.MALFORMED: q.malformed, Penalty.ZERO_VOLUME: q.zero_volume,
            Penalty.OUTLIER: q.outlier, Penalty.LATE_BAR: q.late_bar,
            Penalty.STUCK_FEED: q.stuck_feed, Penalty.SPREAD_ANOMALY: q.spread_anomaly,
            Penalty.NO_QUOTE: q.no_quote, Penalty.PARTIAL_MINUTE: q.partial_few,
            Penalty.CLOCK_SKEW: q.clock_skew,
        }  # fmt: skip
        self._live = live
        self._per_minute = p.aggregation.per_minute
        self._window = p.window_minutes * MINUTE
        self._outlier, self._floor = p.outlier_multiple, p.outlier_floor_ticks
        self._wide = p.spread_anomaly_ticks
        self._late = p.late_bar_seconds * SECOND
        self._stuck_bars = p.stuck_bars
        self._steps = tuple((s.over_seconds * SECOND, s.bp) for s in reversed(p.staleness))
        self._session_open: UtcNanos = _NEVER
        self._session_close: UtcNanos = _NEVER
        self._expected: UtcNanos = _NEVER
        self._silent_since: UtcNanos = _NEVER
        self._last: UtcNanos = _NEVER
        # Minutes below 10000 only, grades rising to the right: the first is the window's worst.
        self._worst: deque[tuple[UtcNanos, BasisPoints]] = deque()
        self._pending: dict[UtcNanos, set[Penalty]] = {}
        self._pending_next: set[Penalty] = set()
        self._stuck_price: Ticks = 0
        self._stuck_volume = 0
        self._stuck_run = 0
        self._clock_unfit = False
        self._good_samples = 0

    # ---- sessions

    def open_session(
        self,
        session: Session,
        expected_from: UtcNanos | None = None,
        live_since: UtcNanos | None = None,
    ) -> None:
        """Begin a session with an empty window.

        `expected_from` is the first minute that must come (later than the open when the
        run started inside the session); `live_since` the start of a live run, from which
        silence is counted if it is later than the open. Rejected rows that wait for the
        next accepted bar, or for a minute of this session, are kept.
        """
        self._session_open, self._session_close = session.open, session.close
        self._expected = max(session.open, expected_from or session.open)
        self._silent_since = max(session.open, live_since or session.open)
        self._last = _NEVER
        self._worst.clear()
        self._pending = {m: s for m, s in self._pending.items() if m >= session.open}
        self._stuck_run = 0

    def close_session(self) -> tuple[QualityReading, ...]:
        """Grade the expected minutes up to the close that never came."""
        return self.missing_until(self._session_close)

    def missing_until(self, t: UtcNanos) -> tuple[QualityReading, ...]:
        """Grade the expected minutes before `t` that never came, oldest first."""
        readings: list[QualityReading] = []
        while self._expected < t:
            minute = self._expected
            found = self._pending.pop(minute, set())
            if Penalty.MALFORMED not in found:
                found.add(Penalty.GAP)
            readings.append(self._grade(minute, found, 0))
            self._expected = minute + MINUTE
        return tuple(readings)

    # ---- facts

    def reject(self, minute: UtcNanos | None, kind: Penalty) -> None:
        """A row that is no bar.

        `minute` is the minute it claims, None where that cannot be read or is not later
        than the last accepted bar; NON_MONOTONIC always hurts the next accepted bar. A
        minute outside the session is never graded, so it costs nothing.
        Errors: ValueError if `kind` is no kind of rejection.
        """
        if kind not in _REJECTS:
            raise ValueError(f"{kind} is not a rejection")
        if kind is Penalty.NON_MONOTONIC or minute is None or minute <= self._last:
            self._pending_next.add(kind)
        else:
            self._pending.setdefault(minute // MINUTE * MINUTE, set()).add(kind)

    def clock_sample(self, now: UtcNanos, skew: int) -> None:
        """A comparison of the local clock with the broker's, `skew` nanoseconds apart (live)."""
        if not self._live:
            return
        good = abs(skew) <= self._p.clock_skew_seconds * SECOND
        if abs(skew) > self._p.clock_skew_observe_seconds * SECOND:
            self._clock_unfit = True
        self._good_samples = self._good_samples + 1 if good else 0
        if self._good_samples >= self._p.clock_good_samples:
            self._clock_unfit = False
        if not good:
            minute = now // MINUTE * MINUTE
            if minute <= self._last:
                self._pending_next.add(Penalty.CLOCK_SKEW)
            else:
                self._pending.setdefault(minute, set()).add(Penalty.CLOCK_SKEW)

    @property
    def clock_unfit(self) -> bool:
        """True while the clocks are so far apart that nothing may be traded."""
        return self._clock_unfit

    # ---- grades

    def assess(self, bar: Bar, probe: Probe, warmup: bool = False) -> tuple[QualityReading, ...]:
        """Grade an accepted bar, after the minutes missing before it; the bar's reading is last.

        A warm-up bar counts as clean, contributes nothing, and takes the rejections
        before it with it.
        Errors: ValueError if the bar is outside the session or not later than the last one.
        """
        minute = bar.open_time
        if minute <= self._last or not self._session_open <= minute < self._session_close:
            raise ValueError(f"bar {minute} is out of order or outside the session")
        self._last = minute
        stuck = self._is_stuck(bar)
        if warmup:
            self._expected = max(self._expected, minute + MINUTE)
            self._pending.pop(minute, None)
            self._pending_next.clear()
            return (QualityReading(minute, FULL, FULL, _CLEAN),)
        missing = self.missing_until(minute) if self._expected < minute else ()
        self._expected = minute + MINUTE
        self._silent_since = minute + MINUTE
        noted = stuck or self._live or self._pending or self._pending_next
        if noted or not bar.volume or self._is_outlier(probe) or self._is_odd_spread(bar):
            reading = self._grade_bar(bar, probe, stuck)
        else:
            dvs = self._dvs(minute) if self._worst else FULL
            reading = _made(QualityReading, (minute, FULL, dvs, _CLEAN))
        return (*missing, reading) if missing else (reading,)

    def undisturbed(self, bar: Bar) -> BasisPoints | None:
        """The score at a bar of which nothing is to be noted unless its range is beyond belief;
        None where there is something to look at. `accept` it, or `assess` it.
        """
        minute, _, high, low, _, volume, bid, ask, spread, _, _ = bar
        if (
            high == low
            or not volume
            or minute != self._expected
            or self._live
            or self._pending
            or self._pending_next
            or not self._session_open <= minute < self._session_close
            or (spread is not None and spread > self._wide)
            or (bid is not None and ask is not None and bid >= ask)
        ):
            return None
        return self._dvs(minute) if self._worst else FULL

    def accept(self, minute: UtcNanos) -> None:
        """The undisturbed bar of `minute` was consumed."""
        self._last, self._stuck_run = minute, 0
        self._expected = self._silent_since = minute + MINUTE

    @property
    def beyond_belief(self) -> tuple[float, float]:
        """More ATRs than a range may have, and the ticks that an ATR counts for at least."""
        return self._outlier, self._floor

    def fill(self, bar: Bar) -> None:
        """A minute that was missed has come from the past: it is no less missed for it, which the
        next accepted bar finds.

        Errors: ValueError if the bar is outside the session or not later than the last one.
        """
        if bar.open_time <= self._last or not (
            self._session_open <= bar.open_time < self._session_close
        ):
            raise ValueError(f"bar {bar.open_time} is out of order or outside the session")
        self._last = bar.open_time
        self._is_stuck(bar)

    @property
    def dvs_bars(self) -> BasisPoints:
        """DVS of the last graded minute, staleness apart; 10000 with none."""
        return self._worst[0][1] if self._worst else FULL

    def staleness_bp(self, now: UtcNanos) -> BasisPoints:
        """What silence takes off at `now`, inside the session of a live feed; else 0."""
        if not self._live or not self._session_open <= now < self._session_close:
            return 0
        return self.price_of_silence(now - self._silent_since)

    @property
    def silent_since(self) -> UtcNanos:
        """Since when no bar has come in this session."""
        return self._silent_since

    def price_of_silence(self, age: int) -> BasisPoints:
        """What `age` nanoseconds without a bar take off."""
        return next((bp for over, bp in self._steps if age > over), 0)

    def close_early(self, close: UtcNanos) -> None:
        """The session that is open ends earlier than it was said to."""
        self._session_close = min(self._session_close, close)

    def dvs_bp(self, now: UtcNanos) -> BasisPoints:
        """DVS at `now`: the bars' score less staleness, not below 0."""
        return max(0, self.dvs_bars - self.staleness_bp(now))

    def _grade_bar(self, bar: Bar, probe: Probe, stuck: bool) -> QualityReading:
        found = self._pending.pop(bar.open_time, set())
        if self._pending_next:
            found |= self._pending_next
            self._pending_next.clear()
        if bar.volume == 0:
            found.add(Penalty.ZERO_VOLUME)
        if self._is_outlier(probe):
            found.add(Penalty.OUTLIER)
        if stuck:
            found.add(Penalty.STUCK_FEED)
        if self._is_odd_spread(bar):
            found.add(Penalty.SPREAD_ANOMALY)
        sub_missing = 0
        if self._live:
            if bar.received_at is not None and bar.received_at - bar.close_time > self._late:
                found.add(Penalty.LATE_BAR)
            if bar.bid is None or bar.ask is None:
                found.add(Penalty.NO_QUOTE)
            if bar.n_sub is not None and bar.n_sub < self._per_minute:
                sub_missing = self._per_minute - bar.n_sub
                found.add(Penalty.PARTIAL_MINUTE)
        return self._grade(bar.open_time, found, sub_missing)

    def _grade(self, minute: UtcNanos, found: set[Penalty], sub_missing: int) -> QualityReading:
        penalties = tuple((e, self._price(e, sub_missing)) for e in Penalty if e in found)
        q = max(0, FULL - sum(bp for _, bp in penalties))
        if q < FULL:
            while self._worst and self._worst[-1][1] >= q:
                self._worst.pop()
            self._worst.append((minute, q))
        return QualityReading(minute, q, self._dvs(minute), penalties)

    def _dvs(self, minute: UtcNanos) -> BasisPoints:
        worst = self._worst
        while worst and worst[0][0] <= minute - self._window:
            worst.popleft()
        return worst[0][1] if worst else FULL

    def _price(self, event: Penalty, sub_missing: int) -> BasisPoints:
        if event is Penalty.PARTIAL_MINUTE and sub_missing >= self._p.partial_many_from:
            return self._p.penalties.partial_many
        return self._prices[event]

    # ---- single rules

    def _is_outlier(self, probe: Probe) -> bool:
        """A range beyond belief without the shock signature; silent while ATR30 is not ready."""
        tr, atr, shock = probe
        if atr != atr or shock:
            return False
        return tr > self._outlier * (atr if atr > self._floor else self._floor)

    def _is_odd_spread(self, bar: Bar) -> bool:
        mean, bid, ask = bar.mean_spread_ticks, bar.bid, bar.ask
        if mean is not None and mean > self._wide:
            return True
        return bid is not None and ask is not None and bid >= ask

    def _is_stuck(self, bar: Bar) -> bool:
        """Count flat bars at one price with one volume; true from the third in a row on."""
        if bar.high != bar.low:
            self._stuck_run = 0
            return False
        if self._stuck_run and bar.close == self._stuck_price and bar.volume == self._stuck_volume:
            self._stuck_run += 1
        else:
            self._stuck_price, self._stuck_volume, self._stuck_run = bar.close, bar.volume, 1
        return self._stuck_run >= self._stuck_bars

    # ---- snapshot

    def snapshot(self) -> QualityState:
        """The state as plain values; `restore` of it continues identically."""
        return QualityState(
            self._session_open,
            self._session_close,
            self._expected,
            self._silent_since,
            tuple(self._worst),
            tuple(
                (m, tuple(e for e in Penalty if e in s)) for m, s in sorted(self._pending.items())
            ),
            tuple(e for e in Penalty if e in self._pending_next),
            self._last,
            self._stuck_price,
            self._stuck_volume,
            self._stuck_run,
            self._clock_unfit,
            self._good_samples,
        )

    def restore(self, state: QualityState) -> None:
        """Go on from `state`, made with the same parameters."""
        self._session_open = state.session_open
        self._session_close = state.session_close
        self._expected = state.expected
        self._silent_since = state.silent_since
        self._worst = deque(state.worst)
        self._pending = {m: {Penalty(e) for e in s} for m, s in state.pending}
        self._pending_next = {Penalty(e) for e in state.pending_next}
        self._last = state.last
        self._stuck_price = state.stuck_price
        self._stuck_volume = state.stuck_volume
        self._stuck_run = state.stuck_run
        self._clock_unfit = state.clock_unfit
        self._good_samples = state.good_samples

"""The shared quantities of signals.md 2, and the memory they need.

`Stream` is what survives a session end, `SessionMemory` what is created anew at
every open. `Stream.observe` takes one bar and returns its `Quantities`, from which
all signals are pure functions. None means "not ready" everywhere.

Prices enter only as differences, or as deviations from the session's first typical
price `r3`, so that reflecting or shifting all prices changes no bit of the result.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from domain.belief_parameters import EngineParameters
from domain.frame import BarInput
from domain.shock import is_shock
from domain.signals.parameters import SignalParameters
from domain.signals.windows import (
    IntWindow,
    MedianWindow,
    RunningMean,
    Wilder,
    clamp,
    push_bounded,
)
from domain.units import Ticks


@dataclass(slots=True)
class Vwap:
    """Volume-weighted price of a session, as deviations from `r3`, three times a typical price."""

    r3: int
    sv: int = 0
    sx: int = 0
    sxx: int = 0

    def push(self, bar: BarInput) -> None:
        """Take one bar."""
        d = (bar.high + bar.low + bar.close) - self.r3
        self.sv += bar.volume
        self.sx += bar.volume * d
        self.sxx += bar.volume * d * d

    def m3(self) -> float | None:
        """Three times VWAP, minus `r3`; None while no volume has been seen."""
        return float(self.sx) / float(self.sv) if self.sv > 0 else None

    def sd(self, m3: float) -> float:
        """Volume-weighted standard deviation of the typical price, in ticks."""
        return math.sqrt(max(0.0, float(self.sxx) / float(self.sv) - m3 * m3) / 9.0)


class Prior(NamedTuple):
    """What is kept of the previous RTH session; `m3` and `sd` are None if it had no volume."""

    high: Ticks
    low: Ticks
    close: Ticks
    r3: int
    m3: float | None
    sd: float | None


@dataclass(slots=True)
class OpeningRange:
    """High and low of the first minutes; `formed` once a later bar has been received."""

    high: Ticks = 0
    low: Ticks = 0
    bars: int = 0
    formed: bool = False

    def push(self, bar: BarInput, minutes: int) -> None:
        """Take one bar; `minutes` is the length of the range."""
        if bar.minute >= minutes:
            self.formed = True
            return
        self.high = bar.high if self.bars == 0 else max(self.high, bar.high)
        self.low = bar.low if self.bars == 0 else min(self.low, bar.low)
        self.bars += 1


@dataclass(slots=True)
class SessionMemory:
    """Everything known since this RTH open; the lists hold one entry per received bar."""

    first_open: Ticks
    vwap: Vwap
    changes: IntWindow  # close differences, for Roll's spread
    products: IntWindow  # products of neighbouring close differences
    moves: IntWindow  # absolute close differences, for the efficiency ratio
    shock_changes: IntWindow  # close differences, for the shock signature
    structure: IntWindow  # +1 higher high and higher low, -1 lower both, else 0
    highs: list[Ticks] = field(default_factory=list)
    lows: list[Ticks] = field(default_factory=list)
    closes: list[Ticks] = field(default_factory=list)
    vwap_path: list[float] = field(default_factory=list)  # m3/3, since the first volume
    opening: OpeningRange = field(default_factory=OpeningRange)
    slots: dict[int, RunningMean] = field(default_factory=dict)  # ATR14 by slot of the day
    run: int = 0  # signed run of closes in one direction

    @classmethod
    def start(cls, bar: BarInput, ep: EngineParameters) -> SessionMemory:
        """An empty memory for the session whose first received bar is `bar`."""
        p = ep.signals
        return cls(
            first_open=bar.open,
            vwap=Vwap(bar.high + bar.low + bar.close),
            changes=IntWindow(p.roll_window),
            products=IntWindow(p.roll_window - 1),
            moves=IntWindow(p.efficiency_window),
            shock_changes=IntWindow(ep.shock.window),
            structure=IntWindow(p.structure_window),
        )

    def push(self, bar: BarInput, p: SignalParameters) -> None:
        """Take one bar."""
        if self.closes:
            self._push_change(bar)
        self.highs.append(bar.high)
        self.lows.append(bar.low)
        self.closes.append(bar.close)
        self.opening.push(bar, p.opening_minutes)
        self.vwap.push(bar)
        m3 = self.vwap.m3()
        if m3 is not None:
            push_bounded(self.vwap_path, m3 / 3.0, p.vwap_slope_window)

    def _push_change(self, bar: BarInput) -> None:
        change = bar.close - self.closes[-1]
        if self.changes.items:
            self.products.push(change * self.changes.items[-1])
        self.changes.push(change)
        self.moves.push(abs(change))
        self.shock_changes.push(change)
        high, low = self.highs[-1], self.lows[-1]
        up = bar.high > high and bar.low > low
        down = bar.high < high and bar.low < low
        self.structure.push(up - down)
        direction = (change > 0) - (change < 0)
        self.run = self.run + direction if self.run * direction > 0 else direction

    def efficiency(self, p: SignalParameters) -> float | None:
        """er20: net over gross movement of the last close changes."""
        k = len(self.moves.items)
        if k < p.efficiency_min:
            return None
        if self.moves.total == 0:
            return 0.0
        return abs(self.closes[-1] - self.closes[-1 - k]) / self.moves.total

    def as_prior(self) -> Prior:
        """What the next session may know of this one."""
        m3 = self.vwap.m3()
        return Prior(
            max(self.highs),
            min(self.lows),
            self.closes[-1],
            self.vwap.r3,
            m3,
            None if m3 is None else self.vwap.sd(m3),
        )


class Before(NamedTuple):
    """What can be said of a bar before it is consumed."""

    tr: Ticks
    atr_long: float | None
    p14: float | None
    p30: float | None
    z: float | None
    shock: bool


class Quantities(NamedTuple):
    """One bar and its shared quantities; `session` and `stream` already include the bar.

    `i` counts the session's received bars from 1. `opening` is the opening range's
    (high, low) once formed from enough bars. `effort_median` is over the bars before
    this one. `levels` are the sweep levels (a), (b), (c) of support, then of resistance.
    """

    bar: BarInput
    before: Before
    i: int
    atr_short: float | None
    a14: float | None
    a30: float | None
    ratio: float | None
    ratio_is_fallback: bool
    dev: float | None
    zv: float | None
    er20: float | None
    opening: tuple[Ticks, Ticks] | None
    effort_median: float | None
    levels: tuple[Ticks | None, ...]
    prior: Prior | None
    session: SessionMemory
    stream: Stream


@dataclass(slots=True)
class Stream:
    """Everything that survives a session end, and the session that is running."""

    atr_short: Wilder
    atr_mid: Wilder
    atr_long: Wilder
    volumes: IntWindow  # for the z-score
    slope_volumes: IntWindow
    efforts: MedianWindow
    heavy_run: int = 0  # bars in a row with a high volume z-score
    long_run_atr: float | None = None  # LR, S3's fallback reference
    seasons: dict[int, MedianWindow] = field(default_factory=dict)  # slot means of past sessions
    prior: Prior | None = None
    session: SessionMemory | None = None

    @classmethod
    def start(cls, p: SignalParameters) -> Stream:
        """A stream that has seen nothing."""
        return cls(
            Wilder(p.atr_short),
            Wilder(p.atr_mid),
            Wilder(p.atr_long),
            IntWindow(p.volume_window),
            IntWindow(p.volume_slope_window),
            MedianWindow(p.effort_window),
        )

    def before(self, bar: BarInput, ep: EngineParameters) -> Before:
        """Judge `bar` by what came before it; nothing is consumed."""
        p = ep.signals
        session = None if bar.session_start else self.session
        tr = bar.high - bar.low
        if session is not None:
            last = session.closes[-1]
            tr = max(tr, abs(bar.high - last), abs(bar.low - last))
        p30 = _floored(self.atr_long.average(), p)
        z = self._volume_z(bar.volume, p)
        changes = None if session is None else session.shock_changes
        shock = is_shock(tr, abs(bar.close - bar.open), p30, z, changes, ep.shock)
        p14 = _floored(self.atr_mid.average(), p)
        return Before(tr, self.atr_long.average(), p14, p30, z, shock)

    def _volume_z(self, volume: int, p: SignalParameters) -> float | None:
        if len(self.volumes.items) < p.volume_window:
            return None
        mu = self.volumes.mean()
        sd = math.sqrt(self.volumes.variance())
        sd = max(sd, p.volume_sd_share * mu, p.volume_sd_floor)
        return clamp((volume - mu) / sd, -p.volume_z_clip, p.volume_z_clip)

    def observe(self, bar: BarInput, ep: EngineParameters) -> Quantities:
        """Consume `bar`, a valid one, and say what it amounts to."""
        p = ep.signals
        before = self.before(bar, ep)
        session = self._session_of(bar, ep)
        session.push(bar, p)
        self._push_range(before, p)
        ratio, is_fallback = self._seasonal_ratio(bar, session, p)
        effort_median = self._push_volume(bar, before.z, p)
        i = len(session.closes)
        a14 = _floored(self.atr_mid.average(), p)
        dev, zv = _vwap_deviation(session.vwap, bar.close, a14, p)
        enough = session.opening.formed and session.opening.bars >= p.opening_min_bars
        opening = (session.opening.high, session.opening.low) if enough else None
        return Quantities(
            bar, before, i,
            self.atr_short.average(), a14, _floored(self.atr_long.average(), p),
            ratio, is_fallback, dev, zv,
            session.efficiency(p),
            opening, effort_median,
            _sweep_levels(session, opening if a14 is not None else None, self.prior, p),
            self.prior, session, self,
        )  # fmt: skip

    def _session_of(self, bar: BarInput, ep: EngineParameters) -> SessionMemory:
        """The session that `bar` belongs to; a session start closes the one before."""
        p = ep.signals
        ended = self.session
        if ended is not None and not bar.session_start:
            return ended
        if ended is not None and len(ended.closes) >= p.prior_min_bars:
            self.prior = ended.as_prior()
            for slot, atr in ended.slots.items():
                history = self.seasons.setdefault(slot, MedianWindow(p.seasonal_sessions))
                history.push(atr.mean())
        self.session = SessionMemory.start(bar, ep)
        return self.session

    def _push_range(self, before: Before, p: SignalParameters) -> None:
        """Feed the ATRs: at most `atr_cap_multiple` normal bars, once normal is known."""
        tr = float(before.tr)
        if before.p30 is not None:
            tr = min(tr, p.atr_cap_multiple * before.p30)
        self.atr_short.push(tr)
        self.atr_mid.push(tr)
        self.atr_long.push(tr)

    def _seasonal_ratio(
        self, bar: BarInput, session: SessionMemory, p: SignalParameters
    ) -> tuple[float | None, bool]:
        """ATR14 over what is normal at this time of day, and whether LR had to stand in."""
        atr = self.atr_mid.average()
        if atr is None:
            return None, False
        if self.long_run_atr is None:
            self.long_run_atr = atr
        else:
            alpha = 2.0 / (p.seasonal_fallback_span + 1)
            self.long_run_atr = self.long_run_atr + alpha * (atr - self.long_run_atr)
        slot = bar.minute // p.seasonal_slot_minutes
        session.slots.setdefault(slot, RunningMean()).push(atr)
        history = self.seasons.get(slot)
        is_fallback = history is None or len(history.items) < p.seasonal_min_sessions
        if history is None or is_fallback:
            return atr / max(self.long_run_atr, p.atr_floor_ticks), True
        return atr / max(history.median(), p.atr_floor_ticks), False

    def _push_volume(self, bar: BarInput, z: float | None, p: SignalParameters) -> float | None:
        """Take the bar's volume; return the median effort of the bars before it."""
        self.volumes.push(bar.volume)
        self.slope_volumes.push(bar.volume)
        self.heavy_run = self.heavy_run + 1 if z is not None and z > p.high_volume_z else 0
        enough = len(self.efforts.items) >= p.effort_min
        median = self.efforts.median() if enough else None
        if bar.volume > 0:
            self.efforts.push(effort(bar, p))
        return median


def effort(bar: BarInput, p: SignalParameters) -> float:
    """Movement per contract traded (S15's e), in ticks."""
    body = abs(bar.close - bar.open)
    return (body + p.effort_body_offset) / (bar.volume + p.effort_volume_offset)


def _floored(atr: float | None, p: SignalParameters) -> float | None:
    return None if atr is None else max(atr, p.atr_floor_ticks)


def _vwap_deviation(
    vwap: Vwap, close: Ticks, a14: float | None, p: SignalParameters
) -> tuple[float | None, float | None]:
    """Close minus VWAP in ticks, and the same in standard deviations (`zv`)."""
    m3 = vwap.m3()
    if m3 is None:
        return None, None
    dev = ((3 * close - vwap.r3) - m3) / 3.0
    if a14 is None:
        return dev, None
    return dev, clamp(dev / max(vwap.sd(m3), a14), -p.vwap_z_clip, p.vwap_z_clip)


def _sweep_levels(
    session: SessionMemory,
    opening: tuple[Ticks, Ticks] | None,
    prior: Prior | None,
    p: SignalParameters,
) -> tuple[Ticks | None, ...]:
    """Levels (a), (b), (c) of support, then of resistance; `opening` is None unless S22 is ready.

    The newest bars are the test window and never define level (a).
    """
    i = len(session.closes)
    newest = max(0, i - p.level_test_bars)
    oldest = max(0, newest - p.level_lookback)
    support: list[Ticks | None] = [None, None, None]
    resistance: list[Ticks | None] = [None, None, None]
    if i >= p.level_extreme_min_bars and newest > 0:
        support[0] = min(session.lows[oldest:newest])
        resistance[0] = max(session.highs[oldest:newest])
    if i >= p.level_opening_min_bars and opening is not None:
        resistance[1], support[1] = opening
    if prior is not None:
        support[2], resistance[2] = prior.low, prior.high
    return (*support, *resistance)

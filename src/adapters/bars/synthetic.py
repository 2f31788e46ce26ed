"""Made-up days of an index future, for a run without files (cli.md, `--bars`).

They look like the real thing where the pipeline looks: volume and volatility are high
at the open and the close, price trends, ranges, breaks out and fails, sweeps old
extremes and comes back. The last day has one missing minute and one false wick. Equal
seeds give equal bars on any machine: randomness is `Random.random` alone, whose
sequence Python guarantees, and the arithmetic is +, -, *, / and square root.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from random import Random

from domain.bar import Bar
from domain.instrument import Instrument
from domain.session import Session
from domain.units import MINUTE, Side, Ticks


@dataclass(frozen=True, slots=True)
class DayShape:
    """How a synthetic day looks; prices in ticks, times in minutes."""

    start_price: Ticks  # of the first day; days wander at most `leash` away from it
    leash: Ticks
    sigma: float  # standard deviation of a minute's change at midday
    open_sigma: float  # times so much at the open, dying away over `edge_minutes`
    close_sigma: float
    volume: int  # contracts of a midday minute
    open_volume: float
    close_volume: float
    edge_minutes: int
    overnight_sigma: float  # jump from one day to the next
    leg_minutes: tuple[int, int]  # length of a trend or range, shortest and longest
    range_share: float  # of legs that are ranges; the others are trends
    trend: tuple[float, float]  # drift a minute of a trend, weakest and strongest
    range_pull: float  # share of the way back to its middle that a range pulls each minute
    figures: int  # sweeps and failed breaks a day, alternating
    figure_lookback: int  # they go for the extreme of so many minutes
    figure_reach: Ticks  # and are left out when that is farther away
    approach_minutes: int
    sweep_depth: tuple[Ticks, Ticks]  # beyond the extreme, within one minute
    break_depth: tuple[Ticks, Ticks]  # beyond it at the close of the breaking minutes
    break_minutes: int
    follow_minutes: int  # the move away after a figure
    follow: float  # its drift a minute
    figure_volume: float  # times the usual volume in a figure's decisive minute
    wide_quote_share: float  # of minutes that close with a spread of 2
    bad_tick: Ticks  # length of the false wick
    premarket_minutes: int
    premarket_sigma: float  # times the midday sigma
    premarket_volume: float


INDEX_FUTURE = DayShape(
    start_price=23_800,
    leash=500,
    sigma=2.8,
    open_sigma=2.2,
    close_sigma=1.5,
    volume=900,
    open_volume=4.5,
    close_volume=3.5,
    edge_minutes=60,
    overnight_sigma=25.0,
    leg_minutes=(18, 50),
    range_share=0.45,
    trend=(0.35, 0.9),
    range_pull=0.12,
    figures=8,
    figure_lookback=24,
    figure_reach=30,
    approach_minutes=4,
    sweep_depth=(3, 6),
    break_depth=(3, 6),
    break_minutes=2,
    follow_minutes=12,
    follow=1.3,
    figure_volume=2.6,
    wide_quote_share=0.04,
    bad_tick=48,
    premarket_minutes=30,
    premarket_sigma=0.6,
    premarket_volume=0.12,
)

_STEPS = 12


def synthetic_days(
    seed: int, instrument: Instrument, sessions: Sequence[Session], shape: DayShape = INDEX_FUTURE
) -> list[list[Bar]]:
    """Bars of the given sessions, one list each, some minutes before the open included.

    Only the last session has the missing minute and the false wick. An instrument whose
    price band does not hold the shape's prices starts in the middle of its band.
    """
    rng = Random(seed)  # noqa: S311 - must be repeatable, not unguessable
    band = instrument.price_band
    start = shape.start_price
    if not band.low + 2 * shape.leash < start < band.high - 2 * shape.leash:
        start = (band.low + band.high) // 2
    days: list[list[Bar]] = []
    price = float(start)
    for number, session in enumerate(sessions, 1):
        day = _Day(rng, shape, start, instrument.max_minute_volume)
        bars = day.trade(session, price)
        if number == len(sessions):
            bars = _damaged(rng, bars, session, shape.bad_tick)
        days.append(bars)
        price = bars[-1].close + shape.overnight_sigma * _normal(rng)
    return days


@dataclass(frozen=True, slots=True)
class _Minute:
    """A minute's script: where price goes on its way, and how lively it is."""

    points: tuple[float, ...]
    sigma: float
    volume: float


class _Day:
    """One day on its way: the price so far, the leg it is in, the figure it plays."""

    def __init__(self, rng: Random, shape: DayShape, anchor: Ticks, max_volume: int) -> None:
        self._rng = rng
        self._shape = shape
        self._anchor = anchor
        self._max_volume = max_volume
        self._price = float(anchor)
        self._drift = 0.0
        self._pull = 0.0
        self._middle = 0.0
        self._leg_left = 0
        self._figure: Iterator[_Minute] = iter(())
        self._bars: list[Bar] = []

    def trade(self, session: Session, price: float) -> list[Bar]:
        """All bars of the day, starting near `price`."""
        shape = self._shape
        self._price = price
        for i in range(-shape.premarket_minutes, 0):
            points = (self._price, self._price + 0.1 * self._swing())
            self._print(
                session.open + i * MINUTE,
                _Minute(points, shape.premarket_sigma * shape.sigma, shape.premarket_volume),
            )
        self._bars, premarket = [], self._bars
        starts = self._figure_starts(session.minutes)
        for i in range(session.minutes):
            if i in starts:
                self._figure = self._play(starts[i])
            lively = _edge(i, session.minutes, shape)
            script = next(self._figure, None) or self._leg()
            self._print(
                session.open + i * MINUTE,
                _Minute(
                    script.points,
                    script.sigma * shape.sigma * lively[0],
                    script.volume * lively[1],
                ),
            )
        return premarket + self._bars

    def _swing(self) -> float:
        return self._shape.sigma * _normal(self._rng)

    def _between(self, ends: tuple[float, float]) -> float:
        return ends[0] + (ends[1] - ends[0]) * self._rng.random()

    def _leg(self) -> _Minute:
        """The next minute of a trend or a range."""
        if self._leg_left == 0:
            self._new_leg()
        self._leg_left -= 1
        step = self._drift + self._pull * (self._middle - self._price)
        return _Minute((self._price, self._price + step), 1.0, 1.0)

    def _new_leg(self) -> None:
        shape, away = self._shape, self._price - self._anchor
        self._leg_left = int(self._between(shape.leg_minutes))
        ranging = self._rng.random() < shape.range_share
        up = self._rng.random() < 0.5
        if abs(away) > shape.leash / 2:
            up = away < 0
        speed = self._between(shape.trend)
        self._middle = self._price
        self._pull = shape.range_pull if ranging else 0.0
        self._drift = 0.0 if ranging else (speed if up else -speed)

    def _figure_starts(self, minutes: int) -> dict[int, bool]:
        """Minutes at which a figure begins; True for a sweep, False for a failed break."""
        shape = self._shape
        first, last = shape.figure_lookback + 6, minutes - 30
        room = (last - first) // max(1, shape.figures)
        if room <= shape.approach_minutes + shape.follow_minutes:
            return {}
        slack = room - shape.approach_minutes - shape.follow_minutes
        return {
            first + n * room + int(slack * self._rng.random()): n % 2 == 0
            for n in range(shape.figures)
        }

    def _play(self, sweep: bool) -> Iterator[_Minute]:
        """Run for the nearer extreme, beyond it, back inside and away from it."""
        shape = self._shape
        recent = self._bars[-shape.figure_lookback :]
        low, high = min(b.low for b in recent), max(b.high for b in recent)
        side: Side = 1 if self._price - low < high - self._price else -1
        level = float(low if side > 0 else high)
        if abs(self._price - level) > shape.figure_reach:
            return
        self._leg_left = 0
        for left in range(shape.approach_minutes, 0, -1):
            target = self._price + (level + 2 * side - self._price) / left
            yield _Minute((self._price, target), 0.6, 1.1)
        if sweep:
            beyond = level - side * self._between(shape.sweep_depth)
            points = (self._price, beyond, level + 3 * side)
            yield _Minute(points, 0.3, shape.figure_volume)
        else:
            beyond = level - side * self._between(shape.break_depth)
            for _ in range(shape.break_minutes):
                yield _Minute((self._price, beyond), 0.4, 1.5)
            yield _Minute((self._price, level + 4 * side), 0.4, shape.figure_volume)
        for _ in range(shape.follow_minutes):
            yield _Minute((self._price, self._price + side * shape.follow), 0.8, 1.2)

    def _print(self, open_time: int, script: _Minute) -> None:
        """Walk through a minute's points with noise, and book the bar."""
        path = self._walk(script)
        self._price = path[-1]
        ticks = [round(p) for p in path]
        high, low = max(ticks), min(ticks)
        liveliness = 0.55 + 0.45 * (high - low) / (1.6 * self._shape.sigma)
        noise = 0.7 + 0.6 * self._rng.random()
        volume = max(1, int(self._shape.volume * script.volume * liveliness * noise))
        spread = 2 if self._rng.random() < self._shape.wide_quote_share else 1
        close = ticks[-1]
        bid = close if self._rng.random() < 0.5 else close - spread
        self._bars.append(
            Bar(
                open_time,
                ticks[0],
                high,
                low,
                close,
                min(volume, self._max_volume),
                bid,
                bid + spread,
                float(spread),
            )
        )

    def _walk(self, script: _Minute) -> list[float]:
        """`_STEPS` + 1 prices: straight lines between the points, plus a random walk."""
        legs = len(script.points) - 1
        noise, path = 0.0, [script.points[0]]
        for k in range(1, _STEPS + 1):
            noise += script.sigma / sqrt(_STEPS) * _normal(self._rng)
            leg = min(legs - 1, k * legs // (_STEPS + 1))
            part = k * legs / _STEPS - leg
            a, b = script.points[leg], script.points[leg + 1]
            path.append(a + (b - a) * min(1.0, part) + noise)
        return path


def _edge(minute: int, minutes: int, shape: DayShape) -> tuple[float, float]:
    """Multiples of midday sigma and volume: high at both ends of the day."""
    early = max(0.0, 1.0 - minute / shape.edge_minutes)
    late = max(0.0, 1.0 - (minutes - 1 - minute) / shape.edge_minutes)
    sigma = 1.0 + (shape.open_sigma - 1.0) * early**2 + (shape.close_sigma - 1.0) * late**2
    volume = 1.0 + (shape.open_volume - 1.0) * early**2 + (shape.close_volume - 1.0) * late**2
    return sigma, volume


def _damaged(rng: Random, bars: list[Bar], session: Session, wick: Ticks) -> list[Bar]:
    """The day with a false wick late in the morning and a missing minute after lunch."""
    wicked = int(session.minutes * (0.27 + 0.03 * rng.random()))
    missing = int(session.minutes * (0.62 + 0.03 * rng.random()))
    result: list[Bar] = []
    for bar in bars:
        minute = session.minute_of(bar.open_time)
        if minute != missing:
            result.append(bar._replace(high=bar.high + wick) if minute == wicked else bar)
    return result


def _normal(rng: Random) -> float:
    """Nearly normal, mean 0 and deviation 1: no logarithm that machines could round apart."""
    total = 0.0
    for _ in range(12):
        total += rng.random()
    return total - 6.0

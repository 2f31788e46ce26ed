"""Made-up input that goes everywhere: an engine that sees setups in nothing, bars with holes.

Real tape visits the rare rows of the rules once a year; here each is met within a few sessions.
Everything comes from one seed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from random import Random

from adapters.engine.decider import decider
from domain.aggregator import SubBar
from domain.bar import Bar
from domain.candidate import Rules
from domain.frame import BarInput, Frame, Probe
from domain.session import Session
from domain.units import MINUTE, SECOND, q9
from ports.bars import BarItem
from ports.decider import Decider

NOTHING = float("nan")


class ImaginativeEngine:
    """Frames drawn at random around the lines that templates and gates draw.

    `wild` adds collapsing data quality and jumps of the ATR.
    """

    name = "imaginative"

    def __init__(self, seed: int, wild: bool) -> None:
        self._random, self._wild = Random(seed), wild
        self._regime, self._atr, self._bars = 4, 5.0, 0

    def probe(self, o: int, h: int, low: int, c: int, volume: int, start: bool) -> Probe:
        if not self._wild:
            return Probe(h - low, 5.0, False)
        broken = volume == 0 and self._random.random() < 0.05
        return Probe(100 if broken else h - low, self._random.choice((NOTHING, 5.0, 1.0)), False)

    def update(self, bar: BarInput) -> Frame:
        r = self._random
        self._bars = 1 if bar.session_start else self._bars + 1
        if r.random() < 0.06:
            self._regime = r.choice((0, 1, 2, 2, 3, 4, 4))
        shaken = self._atr * math.exp(r.gauss(0, 0.2 if self._wild else 0.06))
        self._atr = max(1.0, min(16.0, shaken + 0.02 * (5 - shaken)))
        side = r.choice((1, -1))
        ready = (1 << 35) - 1
        if r.random() < 0.1:
            ready &= ~(1 << r.randrange(35))
        model = r.choice((0.5, 1.0, 1.5, 2.0)) if r.random() < 0.1 else 0.5
        likelihood, effective, stability = self._beliefs()
        known = (1 << 11) - 1
        if r.random() < 0.05:
            known &= ~(1 << r.randrange(11))
        return Frame(
            tuple(v if ready >> k & 1 else NOTHING for k, v in enumerate(self._signals(side))),
            ready,
            1 << 2 & ready if r.random() < 0.3 else 0,
            self._regime,
            self._regime,
            0.3,
            q9(self._atr),
            bar.high - bar.low,
            q9(r.uniform(2, 9)),
            q9(-side * r.uniform(5, 40) * (1 if r.random() < 0.8 else -1)),
            max(1.0, float(bar.spread or 1.0)),
            q9(min(4.0, max(model, bar.realised_slip))),
            model,
            r.random() < 0.002,
            self._bars,
            self._levels(bar),
            (0.0,) * 11,
            tuple(likelihood),
            tuple(likelihood),
            tuple(stability),
            tuple(e if known >> k & 1 else 0.0 for k, e in enumerate(effective)),
            (1.0,) * 11,
            known,
            q9((1 + likelihood[6] - likelihood[7]) / 2),
        )

    def calm(self, bar: BarInput, multiple: float, floor: float) -> Frame | None:
        return None

    def decider(self, rules: Rules) -> Decider:
        return decider(rules)

    def snapshot(self) -> bytes:
        return b""

    def restore(self, state: bytes) -> None:
        pass

    def _signals(self, side: int) -> list[float]:
        """S1 to S35, often such that a template of `side` sees its setup."""
        r = self._random
        x = [q9(r.uniform(-1, 1)) for _ in range(35)]
        if r.random() < 0.5:  # K1
            x[0], x[7] = q9(-side * r.uniform(0.5, 1)), q9(side * r.uniform(0, 1))
        if r.random() < 0.4:  # K3
            x[30] = q9(side * r.uniform(0.4, 1))
        if r.random() < 0.4:  # K4
            x[5], x[4] = side * 0.3, q9(side * r.uniform(0.1, 0.8))
            x[11], x[32] = q9(side * r.uniform(0.05, 0.6)), q9(side * r.uniform(0.5, 1))
        odd = r.random() < 0.03
        x[2] = r.choice((0.2, 0.333333333, 0.51, 0.86)) if odd else q9(r.uniform(0.2, 0.6))
        x[3], x[20] = q9(r.uniform(0, 1)), 1.0
        return x

    def _beliefs(self) -> tuple[list[float], list[float], list[float]]:
        """Likelihood, effective value, stability; at times the same on both sides."""
        r = self._random
        likelihood = [q9(r.uniform(0.05, 0.95)) for _ in range(11)]
        if r.random() < 0.8:
            likelihood[9:] = [q9(r.uniform(0.1, 0.6)) for _ in range(2)]
        if r.random() < 0.7:
            likelihood[6:8] = [q9(r.uniform(0.1, 0.55)) for _ in range(2)]
        effective = [q9(r.uniform(0.6, 0.97)) for _ in range(11)]
        effective[8] = q9(r.uniform(0.6, 0.9) if r.random() < 0.9 else r.uniform(0.4, 0.6))
        calm = [0.13 if r.random() < 0.8 else 0.4 for _ in range(11)]
        stability = [q9(r.uniform(0, most)) for most in calm]
        if r.random() < 0.1:
            for values in (likelihood, effective, stability):
                for k in (0, 2, 4, 6, 9):
                    values[k + 1] = values[k]
        return likelihood, effective, stability

    def _levels(self, bar: BarInput) -> tuple[int | None, ...]:
        r = self._random
        near = [bar.low + r.randint(-3, 6) for _ in range(3)]
        near += [bar.high - r.randint(-3, 6) for _ in range(3)]
        return tuple(None if r.random() < 0.15 else level for level in near)


def minutes(seed: int, sessions: Sequence[Session], pieces: bool, wild: bool) -> Iterator[BarItem]:
    """A walk over `sessions` with holes, jumps, odd quotes; in 5-second `pieces` if asked for."""
    r, price = Random(seed), 6700.0
    sigma, lost, long_hole = r.choice((3, 5, 7)), r.choice((0, 0.01)), r.choice((0, 0.004))
    for session in sessions:
        hole = frozen = 0
        for t in range(session.open, session.close, MINUTE):
            hole = r.randint(1, 80) if r.random() < long_hole else max(0, hole - 1)
            frozen = r.randint(1, 5) if wild and r.random() < 0.004 else max(0, frozen - 1)
            if r.random() < 0.1:
                price += r.gauss(0, 3 if r.random() < 0.7 else 22)
            parts = []
            for k in range(12 if pieces else 1):
                path = [price]
                for _ in range(0 if frozen else 3):
                    path.append(path[-1] + r.gauss(0, sigma / math.sqrt(36 if pieces else 3)))
                price, q = path[-1], [round(p) for p in path]
                volume = 0 if frozen else r.randint(1, 900)
                parts.append(SubBar(t + 5 * k * SECOND, q[0], max(q), min(q), q[-1], volume))
            if hole or r.random() < lost:
                continue
            spread = r.choice((1, 1, 2, 3)) if r.random() < 0.06 else 1
            yield BarItem(_joined(t, parts, spread), (), tuple(parts) if pieces else ())


def _joined(t: int, parts: Sequence[SubBar], spread: int) -> Bar:
    last = parts[-1].close
    return Bar(
        t, parts[0].open, max(p.high for p in parts), min(p.low for p in parts), last,
        sum(p.volume for p in parts), last, last + spread, float(spread),
    )  # fmt: skip

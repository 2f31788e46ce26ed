"""What closed trades amount to: totals, curve, groups, calibration."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

from domain.intent import LearningKey
from domain.track_record import Outcome, measure
from domain.units import ZERO, Money
from ports.report import Band, Book, Calibration, CurvePoint, Group, TradeLine

BANDS: Final = 10
"""Of the reliability table, by learning.md 6."""


def outcome(trade: TradeLine, session: int = 0) -> Outcome:
    """A trade as `domain.track_record` measures it; its weight is 0 where no scores are known."""
    known = trade.luck is not None and trade.execution is not None
    weight = (1.0 - (trade.luck or 0.0)) * (trade.execution or 0.0) if known else 0.0
    return Outcome(
        trade.decision_id,
        LearningKey(trade.template, "", ""),
        0,
        session,
        trade.entry_time,
        trade.exit_time,
        trade.net,
        trade.fees,
        trade.r_gross,
        trade.r_net,
        trade.b,
        weight,
        trade.duration_s,
        trade.slip_entry,
        trade.slip_exit,
    )


def book(trades: Sequence[TradeLine], sessions: Sequence[str], window: int) -> Book:
    """Totals of `trades`; `sessions` are the mode's in order, `window` the last trades of a
    template that calibration looks at."""
    numbers = {session: number for number, session in enumerate(sessions)}
    outcomes = [outcome(trade, numbers.get(trade.session, 0)) for trade in trades]
    kinds = Counter((t.template, t.category) for t in trades if t.category is not None)
    return Book(
        tuple(trades),
        _sum([t.gross for t in trades]),
        _sum([t.fees for t in trades]),
        _sum([t.net for t in trades]),
        measure(outcomes),
        curve(trades),
        groups(trades, [t.template for t in trades], numbers),
        tuple((template, str(kind), n) for (template, kind), n in sorted(kinds.items())),
        tuple(
            calibration(name, [t for t in trades if t.template == name][-window:])
            for name in sorted({t.template for t in trades})
        ),
    )


def groups(
    trades: Sequence[TradeLine], names: Sequence[str], numbers: dict[str, int]
) -> tuple[Group, ...]:
    """The metrics of trades of the same name, by name."""
    found: dict[str, list[Outcome]] = {}
    for trade, name in zip(trades, names, strict=True):
        found.setdefault(name, []).append(outcome(trade, numbers.get(trade.session, 0)))
    return tuple(Group(name, measure(found[name])) for name in sorted(found))


def curve(trades: Sequence[TradeLine]) -> tuple[CurvePoint, ...]:
    """Running net result and drawdown after each trade; the running maximum starts at 0."""
    reached = highest = ZERO
    points = []
    for trade in trades:
        reached = reached + trade.net
        highest = max(highest, reached)
        points.append(CurvePoint(trade.exit_time, reached, highest - reached))
    return tuple(points)


def calibration(template: str, trades: Sequence[TradeLine]) -> Calibration:
    """What p0 claimed against what came, over at least one trade."""
    pairs = [(t.p0, _success(t)) for t in trades]
    n = len(pairs)
    bands = []
    for band in range(BANDS):
        inside = [pair for pair in pairs if min(int(pair[0] * BANDS), BANDS - 1) == band]
        if inside:
            claimed = math.fsum(p for p, _ in inside) / len(inside)
            succeeded = math.fsum(y for _, y in inside) / len(inside)
            bands.append(Band(band / BANDS, len(inside), claimed, succeeded))
    return Calibration(
        template,
        n,
        math.fsum(y - p for p, y in pairs) / n,
        math.fsum((y - p) ** 2 for p, y in pairs) / n,
        math.fsum(t.r_gross - t.edge for t in trades) / n,
        tuple(bands),
    )


def _success(trade: TradeLine) -> float:
    return outcome(trade).success


def _sum(amounts: Sequence[Money]) -> Money:
    return sum(amounts, start=ZERO)

"""What closed trades amount to: totals, curve, groups, calibration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from domain.calibration import calibrate
from domain.intent import LearningKey
from domain.recalibration import Proposal, Terms, propose
from domain.track_record import Outcome, measure
from domain.units import ZERO, Money
from ports.report import Book, CurvePoint, Group, TradeLine

ALL: Final = "ALL"
"""Names what is of all templates together."""


class Judging(NamedTuple):
    """What trades are judged by: the last `window` trades of a template, the terms of proposals,
    and the minimum belief of each template that has one."""

    window: int
    terms: Terms
    min_beliefs: Mapping[str, float]


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
        trade.p0,
        trade.edge,
        weight,
        trade.duration_s,
        trade.slip_entry,
        trade.slip_exit,
    )


def book(trades: Sequence[TradeLine], sessions: Sequence[str], judging: Judging) -> Book:
    """Totals of `trades`; `sessions` are the mode's in order."""
    numbers = {session: number for number, session in enumerate(sessions)}
    outcomes = [outcome(trade, numbers.get(trade.session, 0)) for trade in trades]
    windows = {
        name: [o for o in outcomes if o.key.template == name][-judging.window :]
        for name in sorted({t.template for t in trades})
    }
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
        tuple((name, calibrate(last)) for name, last in windows.items()),
        _proposals(windows, judging),
    )


def _proposals(
    windows: Mapping[str, Sequence[Outcome]], judging: Judging
) -> tuple[tuple[str, Proposal], ...]:
    every = [o for last in windows.values() for o in last]
    if not every:
        return ()
    return (
        (ALL, propose(every, judging.terms, None)),
        *(
            (name, propose(last, judging.terms, judging.min_beliefs.get(name)))
            for name, last in windows.items()
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


def _sum(amounts: Sequence[Money]) -> Money:
    return sum(amounts, start=ZERO)

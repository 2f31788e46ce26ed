"""Daily returns of a mode: what a tearsheet is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import accumulate

from domain.units import Money


def daily_returns(
    sessions: Sequence[str], trades: Iterable[tuple[str, Money]], equity: Money
) -> list[tuple[date, float]]:
    """Each session with its net result as a share of the equity before it, 0 without a trade.

    `trades` are the sessions and net results of closed trades, `equity` is what the account held
    before the first of `sessions`. Deposits and fees that belong to no trade are left aside.
    Errors: ValueError if the equity does not stay above 0.
    """
    nets: Counter[str] = Counter()
    for session, net in trades:
        nets[session] += net.units
    results = [nets[session] for session in sessions]
    before = list(accumulate(results, initial=equity.units))
    if min(before) <= 0:
        raise ValueError("the equity does not stay above 0")
    return [
        (date.fromisoformat(session), result / held)
        for session, result, held in zip(sessions, results, before, strict=False)
    ]

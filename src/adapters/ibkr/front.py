"""Which month is the front month, by date and by volume (ibkr.md 7, MES).

The date is a floor: a month past its roll is never proposed, however much of it still trades.
Above it volume decides: the month after the date's is taken once more of it changes hands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple, cast

from adapters.ibkr.contracts import Month, Pinned
from adapters.ibkr.ib_api import BarData
from adapters.ibkr.prices import whole
from ports.errors import BrokerDown, BrokerRefused

ROLL_DAYS: Final = 8
"""Trading moves to the next quarter about so many days before the last trade."""
DAYS_ASKED: Final = "5 D"
"""Daily bars of so many days hold one that is over, across a weekend and a holiday."""

Volumes = Mapping[date, int]
"""What changed hands of one month, by trading day."""


class Proposal(NamedTuple):
    """The month that is proposed, why in words, and whether a person should look at it: volume
    was not to be had, or says another month than the date does."""

    month: Month
    why: str
    doubtful: bool


async def front_month(
    listed: Sequence[Month],
    today: date,
    ask: Callable[[Pinned], Awaitable[Sequence[object]]],
) -> Month:
    """The month to trade on `today` when none is named; `ask` gives the daily bars of a month.

    Errors: BrokerRefused as `by_date`.
    """
    front = by_date(listed, today)
    asked = neighbours(listed, front, today)
    if len(asked) == 1:
        return told(front, "the only month that still trades", doubtful=False)
    answers = await asyncio.gather(*(ask(m.pinned) for m in asked), return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, BrokerDown):
            raise answer
    known = [None if isinstance(a, BaseException) else volumes(a) for a in answers]
    return told(*propose(asked, front, known, today))


def told(month: Month, why: str, doubtful: bool) -> Month:
    """The month, with why it is this one."""
    return month._replace(pinned=month.pinned._replace(why=why, doubtful=doubtful))


def by_date(listed: Sequence[Month], today: date) -> Month:
    """The first month not past its roll, else the last one that still trades.

    Errors: BrokerRefused if every month has expired, or two last trade on the same day.
    """
    ahead = [m for m in listed if m.pinned.last_trade - timedelta(days=ROLL_DAYS) > today]
    left = ahead or [m for m in listed if m.pinned.last_trade >= today]
    if not left:
        raise BrokerRefused(f"every listed {listed[0].pinned.symbol} month has expired")
    same = [m for m in left if m.pinned.last_trade == left[0].pinned.last_trade]
    if len(same) > 1:
        raise BrokerRefused(f"{len(same)} contracts last trade on {left[0].pinned.last_trade}")
    return left[0]


def neighbours(listed: Sequence[Month], front: Month, today: date) -> tuple[Month, ...]:
    """The months whose volume is of interest: the one before, if it still trades, the date's, and
    the one after."""
    trading = [m for m in listed if m.pinned.last_trade >= today]
    at = trading.index(front)
    return tuple(trading[max(0, at - 1) : at + 2])


def propose(
    asked: Sequence[Month], front: Month, traded: Sequence[Volumes | None], today: date
) -> Proposal:
    """The month to trade on `today`, where the date says `front`; `traded` is what is known of the
    volume of each month of `asked`."""
    name, at = front.pinned.local_symbol, asked.index(front)
    known = [(m, v) for m, v in zip(asked, traded, strict=True) if v is not None]
    days = [set(v) for _, v in known]
    over = sorted(d for d in set.intersection(*days) if d < today) if len(known) > 1 else []
    if not over or front not in [m for m, _ in known]:
        return Proposal(front, f"{name} by date alone: volume is not to be had", True)
    day = over[-1]
    counts = {m.pinned.local_symbol: v[day] for m, v in known}
    words = ", ".join(f"{n} {v}" for n, v in counts.items())
    most = max(counts.values())
    if counts[name] == most:
        return Proposal(front, f"{name} by date, and by the volume of {day}: {words}", False)
    later = asked[at + 1 :]
    if later and counts.get(later[0].pinned.local_symbol, -1) == most:
        chosen = later[0].pinned.local_symbol
        why = f"{chosen} by the volume of {day}: {words}; by date it would be {name}"
        return Proposal(later[0], why, True)
    why = f"{name} by date: the month before is past its roll; volume of {day}: {words}"
    return Proposal(front, why, True)


def volumes(raw: Sequence[object]) -> dict[date, int]:
    """Daily bars as volumes by day; bars of less than a day are added up."""
    found: dict[date, int] = {}
    for bar in cast("Sequence[BarData]", raw):
        count = whole(float(bar.volume))
        if count is not None and count >= 0:
            when: date = bar.date
            day = when.date() if isinstance(when, datetime) else when
            found[day] = found.get(day, 0) + count
    return found

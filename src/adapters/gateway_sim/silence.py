"""How virtual time goes where the bars have a hole: by steps, so that a client's clocks run."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Final

from adapters.gateway_sim.bars import MINUTE, PIECE, SECOND
from adapters.gateway_sim.contracts import ZONE
from adapters.gateway_sim.market import in_hours

LONG: Final = 10 * MINUTE
"""After so long a silence everything that waits for it has happened: steps grow to minutes."""
AFTERWARDS: Final = 5 * MINUTE
"""What a close is followed by (the end of a session, its report) is over by then."""


def next_moment(now: int, since: int, until: int | None, busy: bool) -> int:
    """Where the clock goes next in a silence that began at `since` and ends at `until`, None if no
    bar follows; `now` itself if there is nothing left to wait for.

    Regular hours go by in steps of five seconds, later of a minute; nights, and days without a
    bar, in one, unless somebody is `busy`: holds something, or has an order at work.
    """
    regular = in_hours(now) or in_hours(now - AFTERWARDS)
    if until is None and not (busy and regular):
        return now
    if until is not None and not (busy or regular):
        opening = _opening(until)
        return min(until, opening) if opening > now else until
    slow = now - max(since, _opening(now)) < LONG or (busy and regular)
    step = PIECE if slow else MINUTE
    target = now // step * step + step
    return target if until is None else min(target, until)


def _opening(at: int) -> int:
    """When the regular hours of the day of `at` begin."""
    day = datetime.fromtimestamp(at // SECOND, UTC).astimezone(ZONE).date()
    return int(datetime.combine(day, time(8, 30), ZONE).timestamp()) * SECOND

"""Which rows of a file belong together: the spacing of its times, and their order."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from domain.units import MINUTE, UtcNanos

WHOLE_MINUTE_RUN: Final = 10
"""So many rows in a row on whole minutes do not happen in a file of 5-second bars: a slot
on the minute is one in twelve, so even rows far apart meet it by chance once in 10**10."""


def is_minute_spaced(times: Sequence[UtcNanos]) -> bool:
    """True if a file with these times, in file order, is one of minute bars.

    Judged by the steps from row to row that go forward: a minute file's are whole
    minutes, a 5-second file's mostly not. The majority decides, so a stray row does not
    turn a minute file into a 5-second one; equally many, or no step at all: minute bars
    only if every time is a whole minute.
    """
    whole = broken = 0
    for before, after in pairwise(times):
        if after > before:
            if (after - before) % MINUTE:
                broken += 1
            else:
                whole += 1
    if whole != broken:
        return whole > broken
    return not any(t % MINUTE for t in times)


def strangers(times: Sequence[UtcNanos], minute_spaced: bool) -> list[int]:
    """Indexes of rows whose times do not fit the file's spacing, in order.

    In a minute file those off the whole minute; in a 5-second file runs of rows on whole
    minutes too long to be chance, that is minute bars among the pieces.
    """
    if minute_spaced:
        return [i for i, t in enumerate(times) if t % MINUTE]
    found: list[int] = []
    start = 0
    for i in range(len(times) + 1):
        if i == len(times) or times[i] % MINUTE:
            if i - start >= WHOLE_MINUTE_RUN:
                found.extend(range(start, i))
            start = i + 1
    return found


def out_of_order(times: Sequence[UtcNanos]) -> list[int]:
    """Indexes to drop so that the rest is strictly increasing, in order.

    The fewest possible; among equally few the later rows. O(n log n): `reach[i]` is the
    length of the longest increasing run of rows that starts with row i, and the first row
    that can still begin the longest is always kept.
    """
    if all(a < b for a, b in pairwise(times)):
        return []
    tails: list[int] = []
    reach = [0] * len(times)
    for i in range(len(times) - 1, -1, -1):
        place = bisect_left(tails, -times[i])
        if place == len(tails):
            tails.append(-times[i])
        else:
            tails[place] = -times[i]
        reach[i] = place + 1
    need, last, dropped = len(tails), -1, []
    for i, t in enumerate(times):
        if reach[i] == need and t > last:
            need, last = need - 1, t
        else:
            dropped.append(i)
    return dropped

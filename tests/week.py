"""Days after days in one process: `make week`, or `python tests/week.py --days 5 --minutes 390`.

The whole bot trades against the gateway on a real socket, an entry a day, and each night the
gateway restarts. At the end of each day memory, descriptors, threads and tasks are counted; they
may not grow from one day to the next. Ends with 1 if something did, or a trade was lost.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from adapters.gateway_sim.bars import Bar as SimBar
from adapters.gateway_sim.server import GatewaySim
from domain.event import ConnectionChanged, DecisionMade, SessionOpened
from domain.units import MINUTE
from execution_world import wants
from gateway_stack import PER_MINUTE, PIECE, START, WINS, Stack
from market_builders import PRICE, TUESDAY, session_on

BEGINS = TUESDAY - timedelta(days=28)
"""More than twenty sessions before volume goes to the next contract month."""
ENTRY_AT = 30
"""The minute of each session at whose end an entry is wanted."""
MEMORY_MB = 8.0
"""How much a day may gain: the record of this world is kept in memory."""


LOOKS = 5
"""How often is counted at the end of a day: a task in the middle of its work is not left over."""


class Held(NamedTuple):
    """What this process holds."""

    memory_mb: float
    descriptors: int
    threads: int
    tasks: int

    @classmethod
    def now(cls, bot: Stack) -> Held:
        """Count, after what is garbage has gone and the loop has done what it had begun."""
        return min((cls._count(bot) for _ in range(LOOKS)), key=lambda held: held.tasks)

    @classmethod
    def _count(cls, bot: Stack) -> Held:
        time.sleep(0.05)
        gc.collect()
        loop = bot.gateway.broker._hub.link._loop  # type: ignore[attr-defined]
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return cls(
            pages * os.sysconf("SC_PAGE_SIZE") / 2**20,
            len(os.listdir("/proc/self/fd")),
            threading.active_count(),
            len(asyncio.all_tasks(loop)),
        )


class Week(Stack):
    """A bot and a gateway for several days of `minutes` each, one entry a day."""

    def __init__(self, days: int, minutes: int, mode: str = "PAPER") -> None:
        super().__init__(setups={0: wants(1)}, minutes=1, mode=mode)
        self.days, self.minutes = days, minutes
        self.sim = GatewaySim(list(_pieces(days, minutes)))
        self.clock.passed = session_on(BEGINS).open - START
        self.cash = self.sim.core.broker.account.cash

    def play(self, pieces: int = 1) -> None:
        """As in the stack; a night passes at once."""
        for _ in range(pieces):
            self.sim.play()
            self.clock.passed = self.sim.core.market.now - START
            self.quiet()

    def day(self) -> None:
        """One day, from its first piece to its last."""
        self.play(self.minutes * PER_MINUTE)

    @property
    def downs(self) -> int:
        """How often the bot saw its link go down."""
        return sum(not e.up for e in self.of(ConnectionChanged))

    def night(self, seconds: float = 0.3) -> None:
        """The gateway restarts, its log empty: all are cut off, the port is shut, the farms come
        late.
        """
        self.sim.call(self.sim.core.log.entries.clear)
        downs = self.downs
        self.sim.arm("F-42", seconds=seconds, farms=0)
        self.settle(lambda: self.downs > downs)
        self.settle(lambda: self.core.desk.connected and self.core.desk.reconciled)


def _pieces(days: int, minutes: int) -> Iterator[SimBar]:
    """Each day the same: a price that stands still but for one trade that wins."""
    price, day, done = PRICE, BEGINS, 0
    moves = {ENTRY_AT * PER_MINUTE + n: move for n, move in WINS.items()}
    while done < days:
        if day.weekday() < 5:
            begins = session_on(day).open
            for number in range(minutes * PER_MINUTE):
                before, price = price, price + moves.get(number, 0)
                yield SimBar(
                    begins + number * PIECE, PIECE, before, max(before, price),
                    min(before, price), price, 10 + number // PER_MINUTE % 7, price - 1, price,
                )  # fmt: skip
            done += 1
        day += timedelta(days=1)


def days_of(bot: Week) -> Iterator[Held]:
    """What is held at the end of each day: of the first before any restart."""
    for number in range(bot.days):
        if number:
            bot.night()
        bot.day()
        assert bot.position == 0
        yield Held.now(bot)


def wrong_with(bot: Week, nights: list[Held]) -> list[str]:
    """What a week may not show."""
    found = []
    for name in ("descriptors", "threads", "tasks"):
        counts = [getattr(held, name) for held in nights]
        if max(counts) > counts[0]:
            found.append(f"{name} grew: {counts}")
    grown = nights[-1].memory_mb - nights[0].memory_mb
    if grown > MEMORY_MB * (len(nights) - 1):
        found.append(f"{grown:.1f} MB more than after the first day")
    if (bot.trades, bot.exits) != (bot.days, ["TARGET"] * bot.days):
        found.append(f"{bot.trades} trades in {bot.days} days: {bot.exits}, kills {bot.kills}")
    if len(bot.of(SessionOpened)) != bot.days:
        found.append(f"{len(bot.of(SessionOpened))} sessions in {bot.days} days")
    if len(bot.of(DecisionMade)) != bot.days * bot.minutes:
        found.append(f"{len(bot.of(DecisionMade))} decisions in {bot.days} days")
    lost = bot.core.desk.law.net_month
    booked = bot.sim.core.broker.account.cash - bot.cash
    if f"{booked:.4f}" != str(lost) and f"{booked:.2f}" != str(lost):
        found.append(f"the ledger says {lost}, the account {booked}")
    return found


def main() -> int:
    """Play, print a line a day, name what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=5)
    parser.add_argument("--minutes", type=int, default=390)
    options = parser.parse_args()
    begun, nights = time.monotonic(), []
    with Week(options.days, options.minutes) as bot:
        for held in days_of(bot):
            nights.append(held)
            print(f"day {len(nights)}: {held.memory_mb:.1f} MB, {held.descriptors} descriptors, "
                  f"{held.threads} threads, {held.tasks} tasks, "
                  f"{time.monotonic() - begun:.0f} s", flush=True)  # fmt: skip
        found = wrong_with(bot, nights)
        drift = (bot.sim.core.market.now - bot.core.desk.read_at) / MINUTE
        print(f"{bot.trades} trades, {len(bot.of(DecisionMade))} decisions, last read {drift:.1f} "
              "minutes before the end of virtual time")  # fmt: skip
    for each in found:
        print(f"WRONG: {each}")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())

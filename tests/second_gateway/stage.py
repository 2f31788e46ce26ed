"""The real program against the second gateway, in one event loop: what is played, and what is
read from the gateway's own books and the program's record afterwards."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from program import command, environment
from second_gateway.exchange import Order
from second_gateway.market import Minute, Piece, pieces, ticks
from second_gateway.server import Gateway, Heard

LIBRARY = os.environ.get("TRADEBOT_TEST_IB_LIBRARY", "ib_insync")
STORE = "var/tradebot-ibkr-paper.db"
RTH = (13 * 3600 + 30 * 60, 20 * 3600)
"""The regular hours of the recorded days, all in summer time but the last."""


class Naked(NamedTuple):
    """A spell with a position and no live stop: from when, and how many seconds of the market and
    of the host's clock."""

    since: int
    market: int
    host: float


class Stage:
    """A gateway, the program in a folder of its own, and a watch over its position."""

    def __init__(self, folder: Path, gateway: Gateway, breath: float = 0.001) -> None:
        self.folder, self.gw = folder, gateway
        self.breath = breath
        self.process: asyncio.subprocess.Process | None = None
        self.naked: list[Naked] = []
        self._bare: tuple[int, float] | None = None
        self._out: Any = None
        self._run = 0
        self.code = -1
        self.in_step = True
        self.patience = 3.0
        self.late = 0
        self.late_at: list[int] = []
        """How many minutes the program did not decide on in time."""

    async def __aenter__(self) -> Self:
        await self.gw.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        if self.running:
            assert self.process is not None
            self.process.kill()
            await self.process.wait()
        await self.gw.shut()

    # ---- the program

    async def start(
        self, *words: object, mode: str = "PAPER", ready: bool = True, **variables: str
    ) -> None:
        """Start the program, and wait until it is subscribed and warmed up."""
        self._run += 1
        before = self.gw.counts["reqRealTimeBars"]
        out = (self.folder / f"out{self._run}").open("wb")
        err = (self.folder / f"err{self._run}").open("wb")
        options = ("--adapter", "ibkr", "--mode", mode, "--port", self.gw.port, "--json", *words)
        given = {"TRADEBOT_IBKR_CLOCK": "gateway", "TRADEBOT_IBKR_LIBRARY": LIBRARY}
        settings = environment(**(given | variables))
        self.process = await asyncio.create_subprocess_exec(
            *command(*options), cwd=self.folder, env=settings, stdin=asyncio.subprocess.DEVNULL,
            stdout=out, stderr=err,
        )  # fmt: skip
        out.close()
        err.close()
        if ready:
            await self.wait(lambda: self.gw.counts["reqRealTimeBars"] > before, 90)
            await self.quiet("reqHistoricalData", 1.2)

    async def quiet(self, name: str, seconds: float) -> None:
        """Wait until no such request has come for a while."""
        count, since = -1, time.monotonic()
        while time.monotonic() - since < seconds:
            if self.gw.counts[name] != count:
                count, since = self.gw.counts[name], time.monotonic()
            await asyncio.sleep(0.05)

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.returncode is None

    async def wait(self, until: Callable[[], bool], seconds: float) -> None:
        """Wait in real time for something to be true."""
        end = time.monotonic() + seconds
        while not until():
            assert self.running, self.error_text()
            assert time.monotonic() < end, "it did not happen in time\n" + self.error_text()
            await asyncio.sleep(0.02)

    async def ended(self, seconds: float = 60) -> int:
        """Wait for the end of the program: its exit code."""
        assert self.process is not None
        code = await asyncio.wait_for(self.process.wait(), seconds)
        assert "Traceback" not in self.error_text(), self.error_text()
        return code

    def error_text(self) -> str:
        return (self.folder / f"err{self._run}").read_text()

    @property
    def summary(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / f"out{self._run}").read_text()))

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    # ---- the market

    async def play(
        self, minutes: Iterable[Minute], each: Callable[[Piece], Any] | None = None
    ) -> None:
        """Let minutes pass until the program has ended. `each` sees each piece first; what it
        returns is awaited if it can be, and True keeps the piece from being shown."""
        for minute in minutes:
            self.gw.quote(minute.bid, minute.ask)
            for n, piece in enumerate(pieces(minute)):
                if not self.running:
                    return
                hidden: Any = each(piece) if each is not None else None
                if hasattr(hidden, "__await__"):
                    hidden = await hidden
                await self.one(piece, shown=not hidden, last=n == 11)
            self.gw.history.append(minute)

    async def one(self, piece: Piece, shown: bool = True, last: bool = False) -> None:
        """One piece, and as long as the program takes to have read and answered it."""
        before = self._stir()
        self.gw.piece(piece, shown)
        await self.breathe(last)
        if self._stir() != before:
            await asyncio.sleep(0.35)
            await self.breathe(last=False)
        self.watch()

    def _stir(self) -> tuple[int, ...]:
        """Counts of all that is no mere passing of the market: orders, executions, errors."""
        names = ("placeOrder", "cancelOrder", "startApi", "said 3", "said 4", "said 61")
        return tuple(self.gw.counts[name] for name in names)

    async def breathe(self, last: bool) -> None:
        """Wait until the client has taken everything from its socket and has come to rest; after
        a minute of regular hours until it has decided, while it does."""
        await asyncio.sleep(self.breath)
        for _ in range(2000):
            if not self._unread() and self._ran() == (ran := self._ran()):
                await asyncio.sleep(self.breath)
                if self._ran() == ran:
                    break
            await asyncio.sleep(self.breath)
        if not last or not self.in_step or not RTH[0] < self.gw.now % 86_400 <= RTH[1]:
            return
        end = time.monotonic() + self.patience
        while self.running and not self._decided():
            if time.monotonic() > end:
                self.patience = 0.3
                self.late += 1
                self.late_at.append(self.gw.now)
                return
            await asyncio.sleep(0.005)
        self.patience = 3.0
        await self.breathe(last=False)

    def _ran(self) -> int:
        """How long the program's threads have run, in nanoseconds."""
        assert self.process is not None
        total = 0
        for task in Path(f"/proc/{self.process.pid}/task").glob("*/schedstat"):
            with suppress(OSError, ValueError):
                total += int(task.read_text().split()[0])
        return total

    def _unread(self) -> bool:
        ports = {f":{s.port:04X}" for s in self.gw.sessions}
        with open("/proc/net/tcp") as table:
            for line in table:
                words = line.split()
                if words[1][-5:] in ports and not words[4].endswith(":00000000"):
                    return True
        return False

    def _decided(self) -> bool:
        """True if there is a decision on the minute that has just closed."""
        try:
            newest = self.rows("SELECT ts_event FROM events WHERE type = 'DecisionMade' "
                               "ORDER BY seq DESC LIMIT 1")  # fmt: skip
        except sqlite3.OperationalError:
            return False
        return bool(newest) and int(newest[0]["ts_event"]) // 10**9 >= self.gw.now

    def watch(self) -> None:
        """Note how long a position is without a live stop of its quantity."""
        it = self.gw.exchange
        held = it.position
        covered = sum(
            o.qty for o in it.orders
            if o.active and o.sent["type"] == "STP" and o.side * held < 0
        )  # fmt: skip
        bare = held != 0 and covered < abs(held)
        if bare and self._bare is None:
            self._bare = self.gw.now, time.monotonic()
        elif not bare and self._bare is not None:
            since, real = self._bare
            self.naked.append(Naked(since, self.gw.now - since, time.monotonic() - real))
            self._bare = None

    # ---- the books

    @property
    def entries(self) -> list[Heard]:
        """Orders that open, as they were sent; a change of a standing order is none."""
        return [h for h in self.placed if "-E-" in h.fields[26]]

    @property
    def placed(self) -> list[Heard]:
        return [h for h in self.gw.heard if h.name == "placeOrder"]

    def rows(self, query: str, store: str = STORE) -> list[dict[str, Any]]:
        """Rows of the program's record."""
        with closing(sqlite3.connect(f"file:{self.folder / store}?mode=ro", uri=True)) as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute(query)]

    def decisions(self, store: str = STORE) -> dict[str, tuple[str, str]]:
        """What was decided, by the decision's name."""
        found = self.rows("SELECT decision_id, action, reason FROM decisions", store)
        return {r["decision_id"]: (r["action"], r["reason"]) for r in found}

    def check(self, limit: int = 2) -> list[str]:
        """What is wrong by the gateway's books: empty if the law was kept and both books agree."""
        return [*self._wrong_orders(), *self._wrong_position(limit), *self._wrong_ledger()]

    def _wrong_orders(self) -> list[str]:
        wrong = []
        refs = [h.fields[26] for h in self.entries]
        if len(refs) != len(set(refs)):
            wrong.append(f"an entry was sent twice: {refs}")
        days: dict[str, set[str]] = {}
        for done in self.gw.exchange.executions:
            if "-E-" in done.order.ref:
                days.setdefault(done.order.ref[:8], set()).add(done.order.ref)
        wrong += [f"{len(r)} entries filled on {d}" for d, r in days.items() if len(r) > 2]
        for order in self.gw.exchange.orders:
            if order.qty != 1:
                wrong.append(f"{order.ref}: quantity {order.qty}")
            if order.parent is None and order.children:
                wrong += self._wrong_bracket(order)
            elif "-E-" in order.ref:
                wrong.append(f"{order.ref}: an entry without children")
        return wrong

    @staticmethod
    def _wrong_bracket(entry: Order) -> list[str]:
        stops = [c for c in entry.children if c.sent["type"] == "STP"]
        targets = [c for c in entry.children if c.sent["type"] == "LMT"]
        if len(stops) != 1 or len(targets) != 1:
            return [f"{entry.ref}: {len(stops)} stops and {len(targets)} targets"]
        limit, stop = entry.level("limit"), ticks(stops[0].first["aux"])
        risk = entry.side * (limit - stop)
        wrong = [] if 8 <= risk <= 12 else [f"{entry.ref}: {risk} ticks at risk"]
        if entry.side * (targets[0].level("limit") - limit) <= 0:
            wrong.append(f"{entry.ref}: the target is on the losing side")
        if any(c.side != -entry.side for c in entry.children):
            wrong.append(f"{entry.ref}: a child on its own side")
        return wrong

    def _wrong_position(self, limit: int) -> list[str]:
        spells = [s for s in self.naked if s.market > limit + 5 and s.host > limit]
        wrong = [f"unprotected: {spell}" for spell in spells]
        if self.gw.exchange.position:
            wrong.append(f"position {self.gw.exchange.position} at the end")
        left = [o.ref for o in self.gw.exchange.orders if o.alive]
        return wrong + ([f"orders left: {left}"] if left else [])

    def _wrong_ledger(self) -> list[str]:
        it = self.gw.exchange
        net = (it.cash - it.start).quantize(Decimal("0.01"))
        if not (self.folder / STORE).exists():
            return [] if net == 0 else ["no store"]
        booked = sum((Decimal(r["net"]) for r in self.rows("SELECT * FROM trades")), Decimal(0))
        return [] if booked == net else [f"booked {booked}, and it was {net}"]


def day_of(minutes: list[Minute], before: int, count: int) -> tuple[list[Minute], list[Minute]]:
    """The past, and `count` minutes from `before` minutes before the open of a recorded day."""
    opens = next(m.start for m in reversed(minutes)) // 86_400 * 86_400 + RTH[0]
    past = [m for m in minutes if m.start < opens - before * 60]
    return past, [m for m in minutes if m.start >= opens - before * 60][:count]

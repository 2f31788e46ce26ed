"""The real program against the project's own gateway, in virtual time on a real socket."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from adapters.gateway_sim.bars import MINUTE, Bar
from adapters.gateway_sim.core import Settings
from adapters.gateway_sim.log import Entry
from adapters.gateway_sim.server import GatewaySim
from gateway_fixture import OPEN, real_bars
from program import Ended, command, environment

BREATH, DECIDING, ANSWERING = 0.003, 0.02, 0.3
"""Real pauses after a piece, after a decision, and after an order."""
GATEWAY = {
    "TRADEBOT_IBKR_CLOCK": "gateway",
    "TRADEBOT_IBKR_LIBRARY": os.environ.get("TRADEBOT_TEST_IB_LIBRARY", "ib_insync"),
}
"""Settings of every program that is started here."""
PATIENCE = 3.0
"""How long a decision is waited for before time goes on without it."""


def real_morning(before: int = 2) -> tuple[list[Bar], list[Bar]]:
    """A real day from `before` minutes before its open, and what was before as the past.

    The first trade of that day is made 75 minutes after the open, with its past or without.
    """
    day, past = real_bars("ES_1m_2013-10-08.csv.gz"), real_bars("ES_1m_2013-10-07.csv.gz")
    start = next(n for n, bar in enumerate(day) if bar.start >= OPEN - before * MINUTE)
    return day[start:], past + day[:start]


class Rehearsal:
    """A gateway, and the program in a folder of its own; use it with `with`."""

    def __init__(
        self, folder: Path, day: list[Bar], past: list[Bar], settings: Settings | None = None
    ) -> None:
        self.folder = folder
        self.gw = GatewaySim(day, past, settings)
        self.process: subprocess.Popen[str] | None = None
        self._subscribed = 0

    def __enter__(self) -> Self:
        self.gw.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.is_running:
            self.die()
        self.gw.__exit__(kind, error, trace)

    # ---- the program

    def start(self, *words: object, mode: str = "PAPER", **variables: str) -> None:
        """Start it, and wait until it is subscribed and has warmed up."""
        self.launch(*words, mode=mode, **variables)
        assert self.is_subscribed(), self.ended()

    def launch(self, *words: object, mode: str = "PAPER", **variables: str) -> None:
        """Start it."""
        self._subscribed = self.count("reqRealTimeBars")
        options = ("--adapter", "ibkr", "--mode", mode, "--port", self.gw.port, "--json", *words)
        self.process = subprocess.Popen(
            command(*options),
            cwd=self.folder,
            env=environment(**GATEWAY, **variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def is_running(self) -> bool:
        """True while the program has not ended."""
        return self.process is not None and self.process.poll() is None

    def is_subscribed(self) -> bool:
        """Wait until it is subscribed and has warmed up; False if it has ended before."""
        assert self.process is not None
        end = time.monotonic() + 60
        while self.count("reqRealTimeBars") == self._subscribed:
            if self.process.poll() is not None:
                return False
            assert time.monotonic() < end, "it did not subscribe in time"
            time.sleep(0.02)
        quiet, since = self.count("reqHistoricalData"), time.monotonic()
        while time.monotonic() - since < 1.5:
            if self.count("reqHistoricalData") != quiet:
                quiet, since = self.count("reqHistoricalData"), time.monotonic()
            time.sleep(0.05)
        return True

    def wait(self, until: Callable[[], bool], seconds: float) -> None:
        """Wait in real time for something outside the program to be true."""
        end = time.monotonic() + seconds
        while not until():
            assert self.process is not None
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < end, "it did not happen in time"
            time.sleep(0.02)

    def tell(self, number: signal.Signals) -> None:
        """Send a signal to the program."""
        assert self.process is not None
        self.process.send_signal(number)

    def die(self) -> None:
        """Kill it, so that it cannot say a last word."""
        assert self.process is not None
        self.process.kill()
        self.process.communicate()

    def ended(self, seconds: float = 60) -> Ended:
        """Wait for its end; no way to end it may show a traceback."""
        assert self.process is not None
        out, err = self.process.communicate(timeout=seconds)
        assert "Traceback" not in out + err, err
        return Ended(self.process.returncode, out, err)

    # ---- the market

    def play(self, until: Callable[[], bool] | None = None, pieces: int = 100_000) -> None:
        """Let pieces pass until the program has ended, the day is over, or `until` is true."""
        assert self.process is not None
        for _ in range(pieces):
            if self.process.poll() is not None or not self.gw.core.market.left:
                return
            if until is not None and until():
                return
            before = len(self.orders)
            piece = self.gw.play(1)
            assert piece is not None
            time.sleep(BREATH)
            if piece.bar.end % MINUTE == 0:
                self._decided(piece.bar.end)
            if len(self.orders) > before:
                time.sleep(ANSWERING)

    def while_playing(self, *words: object, pace: float = 0.1, **variables: str) -> Ended:
        """Call the program beside, while the market goes on."""
        with subprocess.Popen(
            command(*words),
            cwd=self.folder,
            env=environment(**GATEWAY, **variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as beside:
            while beside.poll() is None:
                if self.gw.core.market.left:
                    self.gw.play(1)
                time.sleep(pace)
            out, err = beside.communicate()
            return Ended(beside.returncode, out, err)

    def _decided(self, end: int) -> None:
        """Wait until the minute that ended at `end` is recorded, and what follows was sent."""
        patience = time.monotonic() + PATIENCE
        while time.monotonic() < patience and self.process and self.process.poll() is None:
            store = next((self.folder / "var").glob("*.db"))
            with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
                query = "SELECT max(ts_event) FROM events WHERE type = 'BarClosed'"
                if (connection.execute(query).fetchone()[0] or 0) >= end:
                    break
            time.sleep(0.005)
        time.sleep(DECIDING)

    def played_to(self, minute: int) -> Callable[[], bool]:
        """True once the session's `minute` is over."""
        return lambda: self.gw.core.market.now >= OPEN + minute * MINUTE

    # ---- what can be seen from outside

    @property
    def orders(self) -> list[Entry]:
        """Order messages that reached the gateway."""
        kinds = ("placeOrder", "cancelOrder")
        return [entry for entry in self.gw.received if entry.message.kind in kinds]

    def count(self, kind: str) -> int:
        """Messages of a kind that reached the gateway."""
        return sum(entry.message.kind == kind for entry in self.gw.received)

    @property
    def position(self) -> int:
        """Contracts at the gateway."""
        return self.gw.call(
            lambda: sum(h.size for h in self.gw.core.broker.account.holdings.values())
        )

    def events(self, kind: str, store: str = "var/tradebot-ibkr-paper.db") -> list[dict[str, Any]]:
        """The payloads of one type in the store, while it is written too."""
        url = f"file:{self.folder / store}?mode=ro"
        with closing(sqlite3.connect(url, uri=True)) as connection:
            query = "SELECT payload FROM events WHERE type = ? ORDER BY seq"
            return [json.loads(row[0]) for row in connection.execute(query, (kind,))]

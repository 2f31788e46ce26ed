"""From the last 5-second bar of a minute on the wire to the parent order on the wire.

The whole program runs as in `tradebot run --adapter ibkr --mode PAPER`, in a process of its own,
with its store and guard file on disk, against our gateway on a loopback socket; both ends of the
interval are taken at the gateway. Beside it, in the same run: ib_insync alone, which sends the
same three orders from the handler of the same bar, and one fsync on the same disk, after the rest
that both have before that bar.

An entry is wanted every fourth minute: the engine computes its frame as always, and then a
frame that asks for a trade stands in its place; everything after it (decision, law, record,
guard, wire) is as shipped. Entries are not filled, so the law lets ten a day go out; a day is
48 minutes.

usage:  PYTHONPATH=src:tests python benches/latency_ibkr.py [--days 10] [--rounds 3] [--dir DIR]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import peers

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from adapters.engine.rust import RustEngine  # noqa: E402
from adapters.gateway_sim.bars import MINUTE, SECOND, Bar  # noqa: E402
from adapters.gateway_sim.server import GatewaySim  # noqa: E402
from domain.frame import BarInput, Frame  # noqa: E402
from execution_world import wants  # noqa: E402
from market_builders import PRICE, TUESDAY, session_on  # noqa: E402

PIECE, PER_MINUTE, LENGTH, PAST = 5 * SECOND, 12, 48, 30
BREATH, RESTING, DECIDING, ANSWERING = 0.008, 1.2, 0.1, 0.3
"""Real pauses: after a piece, before a minute's last one (so that it meets a client that waits, and
whose questions of the last second are not counted any more, as with five seconds between pieces),
after it, and after an order."""
RESTED = 25
"""Syncs of a disk that has rested as before a minute's last bar, before and after each round: both
programs are measured like that, and one sync after the other takes a third of it."""
PATIENCE = 120.0
CLIENT = 17


class Forced:
    """The production engine; every fourth minute another frame stands in the place of its own."""

    name = "rust"

    def __init__(self, engine: RustEngine) -> None:
        self._engine = engine
        self._wanted = wants(1)
        self.probe = engine.probe
        self.snapshot, self.restore = engine.snapshot, engine.restore
        self.decider = engine.decider

    def update(self, bar: BarInput) -> Frame:
        """The frame of a bar; see the class."""
        own = self._engine.update(bar)
        return self._wanted if bar.minute >= 8 and bar.minute % 4 == 0 else own

    def calm(self, bar: BarInput, multiple: float, floor: float) -> Frame | None:
        """As `update`, unless the bar is beyond belief."""
        own = self._engine.calm(bar, multiple, floor)
        wanted = own is not None and bar.minute >= 8 and bar.minute % 4 == 0
        return self._wanted if wanted else own


def program(words: Sequence[str]) -> None:
    """The whole program with that engine."""
    from dependency_injector import providers

    from application.container import RunContainer
    from application.main import main

    made = RunContainer.engine.providers["rust"]
    RunContainer.engine.override(providers.Factory(Forced, made))
    sys.argv[1:] = list(words)
    main()


def library(port: int) -> None:
    """ib_insync alone: at each minute's last bar a bracket, from the bar's own handler."""
    from ib_insync import IB, Future, LimitOrder, StopOrder

    ib = IB()
    ib.connect("127.0.0.1", port, CLIENT, timeout=30)
    contract = ib.reqContractDetails(Future("MES", exchange="CME", currency="USD"))[-1].contract
    assert contract is not None
    bars = ib.reqRealTimeBars(contract, 5, "TRADES", False)

    def heard(*_: object) -> None:
        last = bars[-1]
        if (last.time.second + 5) % 60:
            return
        low = last.close - 50
        parent = LimitOrder("BUY", 1, low, orderId=ib.client.getReqId(), transmit=False)
        target = LimitOrder("SELL", 1, low + 4, orderId=ib.client.getReqId(), transmit=False)
        stop = StopOrder("SELL", 1, low - 2, orderId=ib.client.getReqId(), transmit=True)
        target.parentId = stop.parentId = parent.orderId
        for order in (parent, target, stop):
            ib.placeOrder(contract, order)

    bars.updateEvent += heard
    ib.run()


def pieces(days: int) -> tuple[list[Bar], list[Bar]]:
    """`days` mornings of 5-second bars that tick up and back, and what was before the first."""
    found: list[Bar] = []
    day = TUESDAY
    while len(found) < days * LENGTH * PER_MINUTE:
        if day.weekday() < 5:
            start = session_on(day).open
            for n in range(LENGTH * PER_MINUTE):
                high = PRICE + (1 if n % PER_MINUTE == 6 else 0)
                volume = 10 + n // PER_MINUTE % 7
                found.append(Bar(start + n * PIECE, PIECE, PRICE, high, PRICE, PRICE, volume,
                                 PRICE - 1, PRICE))  # fmt: skip
        day += timedelta(days=1)
    first = found[0].start
    past = [Bar(first - n * MINUTE, MINUTE, PRICE, PRICE + 1, PRICE, PRICE, 120, PRICE - 1, PRICE)
            for n in range(PAST, 0, -1)]  # fmt: skip
    return found, past


@contextmanager
def child(folder: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """This script again in a process of its own."""
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests"), str(Path(__file__).parent)])
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TRADEBOT_")}
    env = kept | {"PYTHONPATH": path, "TRADEBOT_IBKR_CLOCK": "gateway"}
    with (folder / "told.txt").open("wb") as told:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", __file__, *words], cwd=folder, env=env,
            stdin=subprocess.DEVNULL, stdout=told, stderr=told,
        )  # fmt: skip
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def subscribed(gw: GatewaySim, process: subprocess.Popen[bytes], folder: Path) -> None:
    """Wait until the client hears bars and has asked for all it wants of the past."""
    began, seen, since = time.monotonic(), -1, time.monotonic()
    while time.monotonic() - began < PATIENCE:
        if process.poll() is not None:
            raise SystemExit((folder / "told.txt").read_text()[-2000:])
        asked = sum(e.kind != "reqCurrentTime" for e in gw.received)  # an idle run asks that
        if asked != seen:
            seen, since = asked, time.monotonic()
        live = any(e.kind == "reqRealTimeBars" for e in gw.received)
        if live and time.monotonic() - since > 2:
            return
        time.sleep(0.1)
    raise SystemExit("the client never subscribed")


def play(gw: GatewaySim, process: subprocess.Popen[bytes]) -> None:
    """Let all pieces pass, at a pace at which nothing has to queue."""
    while gw.core.market.left and process.poll() is None:
        coming = gw.core.market.peek()
        last = coming is not None and coming.bar.end % MINUTE == 0
        time.sleep(RESTING if last else BREATH)
        gw.play()
        if last:
            time.sleep(DECIDING)
            if any(e.kind == "placeOrder" for e in gw.core.log.entries[-40:]):
                time.sleep(ANSWERING)


def waits(gw: GatewaySim) -> list[float]:
    """Milliseconds from a minute's last bar to the first parent order that followed it; none where
    the minute after was over before it came."""
    found: list[float] = []
    bar_at = 0
    for entry in list(gw.core.log.entries):
        if entry.kind == "realtimeBar" and entry.way == "out" and entry.at % MINUTE == 0:
            bar_at = entry.real
        if entry.kind == "placeOrder" and bar_at:
            if entry.message.text("parentId") in ("", "0"):
                found.append((entry.real - bar_at) / 1e6)
            bar_at = 0
    return found


def measure(words: Sequence[str], days: int, where: str | None) -> list[float]:
    """Play `days` to one client; its waits."""
    day, past = pieces(days)
    with tempfile.TemporaryDirectory(dir=where) as name, GatewaySim(day, past) as gw:
        folder = Path(name)
        given = [word.replace("PORT", str(gw.port)) for word in words]
        with child(folder, *given) as process:
            subscribed(gw, process, folder)
            play(gw, process)
        found = waits(gw)
        if not found:
            raise SystemExit((folder / "told.txt").read_text()[-2000:] or "no order was sent")
        return found


def fsyncs(where: str | None, pause: float, count: int) -> list[float]:
    """Milliseconds of a page written and made durable, each after a pause."""
    found = []
    with tempfile.NamedTemporaryFile(dir=where) as file:
        for _ in range(count):
            time.sleep(pause)
            began = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            found.append((time.perf_counter() - began) * 1e3)
    return found


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def row(values: Sequence[float]) -> str:
    """Count, p50, p99 and the largest."""
    p50, p99 = statistics.median(values), percentile(values, 0.99)
    return f"{len(values)}: p50 {p50:.2f} ms, p99 {p99:.2f} ms, most {max(values):.2f} ms"


PROGRAM = ("--child-program", "run", "--adapter", "ibkr", "--mode", "PAPER", "--port", "PORT")
LIBRARY = ("--child-library", "PORT")


def main() -> None:
    """Interleave the rounds, print the ratios."""
    if sys.argv[1:2] == ["--child-program"]:
        program(sys.argv[2:])
        return
    if sys.argv[1:2] == ["--child-library"]:
        library(int(sys.argv[2]))
        return
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--days", type=int, default=10)
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--dir", default=None)
    a = ap.parse_args()
    ours: list[float] = []
    theirs: list[float] = []
    disk: list[float] = []
    busy: list[float] = []
    rounds: list[tuple[float, float, float]] = []
    for _ in range(a.rounds):
        disk_now = fsyncs(a.dir, RESTING, RESTED)
        busy += fsyncs(a.dir, 0.0, 200)
        mine = measure(PROGRAM, a.days, a.dir)
        alone = measure(LIBRARY, max(1, a.days // 4), a.dir)
        disk_now += fsyncs(a.dir, RESTING, RESTED)
        rounds.append((statistics.median(mine), statistics.median(alone),
                       statistics.median(disk_now)))  # fmt: skip
        ours += mine
        theirs += alone
        disk += disk_now
    print(peers.machine())
    bound50 = 2 * statistics.median(theirs) + statistics.median(disk)
    bound99 = 2 * percentile(theirs, 0.99) + percentile(disk, 0.99)
    rows = {
        "the whole program": row(ours),
        "ib_insync alone": row(theirs),
        "one fsync of 4 kB after the same rest": row(disk),
        "one fsync of 4 kB after another": row(busy),
        "p50 against 2 x ib_insync + one fsync": f"{statistics.median(ours) / bound50:.2f}x",
        "p99 against 2 x ib_insync + one fsync": f"{percentile(ours, 0.99) / bound99:.2f}x",
        "p50 of each round against its bound": ", ".join(
            f"{m / (2 * t + d):.2f}x" for m, t, d in rounds
        ),
        "p99 of the whole program, goal 20 ms": f"{percentile(ours, 0.99):.2f} ms",
    }
    print(peers.table(rows))


if __name__ == "__main__":
    main()

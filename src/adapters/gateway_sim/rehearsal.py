"""A whole rehearsal: a gateway that plays files of bars until they end or it is stopped."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final, TextIO
from zoneinfo import ZoneInfo

from adapters.gateway_sim.bars import SECOND, Bar
from adapters.gateway_sim.catalogue import NAMES, arm
from adapters.gateway_sim.core import Core, Settings
from adapters.gateway_sim.faults import Rule
from adapters.gateway_sim.log import Entry
from adapters.gateway_sim.pace import Pace, Player
from adapters.gateway_sim.server import HOST, Server

_NEW_YORK: Final = ZoneInfo("America/New_York")


@dataclass(frozen=True, slots=True)
class ArmedFault:
    """A fault from the command line: its name, options and time of day in New York."""

    name: str
    options: dict[str, str]
    at: time | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is rehearsed. `record` is a file for everything that clients send."""

    day: list[Bar]
    warmup: list[Bar]
    settings: Settings
    pace: Pace
    port: int
    faults: tuple[ArmedFault, ...] = ()
    record: Path | None = None


def fault(text: str) -> ArmedFault:
    """Read `F-10`, `F-10@10:30` or `F-10:how=late,pieces=3@10:30`; `ValueError` if it is none."""
    head, _, clock = text.partition("@")
    name, _, words = head.partition(":")
    if name not in NAMES:
        raise ValueError(f"{name!r} is no fault; faults are F-01 to F-58 without F-56")
    options: dict[str, str] = {}
    for word in words.split(",") if words else ():
        key, sign, value = word.partition("=")
        if not sign:
            raise ValueError(f"{text!r}: an option is written name=value")
        options[key] = value
    return ArmedFault(name, options, time.fromisoformat(clock) if clock else None)


def rehearse(plan: Plan, ready: Callable[[int], None]) -> dict[str, object]:
    """Serve until the bars end or the process is told to stop; what happened, as plain values.

    `ready` is called with the port. Errors: OSError if the port is taken or the record cannot
    be written; ValueError for an option of a fault that means nothing.
    """
    return asyncio.run(_rehearse(plan, ready))


async def _rehearse(plan: Plan, ready: Callable[[int], None]) -> dict[str, object]:
    core = Core(plan.settings, plan.day, plan.warmup)
    rules = [_armed(core, wanted, plan.day) for wanted in plan.faults]
    server, stop = Server(core, plan.port), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    out = plan.record.open("w", encoding="utf-8") if plan.record is not None else None
    try:
        if out is not None:
            core.log.listeners.append(_recorder(out))
        await server.start()
        ready(server.port)
        ended = await Player(core, server, plan.pace, stop).play()
    finally:
        await server.stop()
        if out is not None:
            out.close()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
    return {"ended": ended, "host": HOST, "port": server.port, **summary(core, rules)}


def _recorder(out: TextIO) -> Callable[[Entry], None]:
    def note(entry: Entry) -> None:
        if entry.way == "in":
            out.write(json.dumps(entry.as_row()) + "\n")
            out.flush()

    return note


def _armed(core: Core, wanted: ArmedFault, day: list[Bar]) -> Rule:
    at = None if wanted.at is None else _moment(wanted.at, day)
    own = {k: v for k, v in wanted.options.items() if k not in ("nth", "times")}
    nth, times = int(wanted.options.get("nth", 1)), wanted.options.get("times")
    return arm(core, wanted.name, nth=nth, times=int(times) if times else None, at=at, options=own)


def _moment(clock: time, day: list[Bar]) -> int:
    """That time of New York on the day on which the bars end, UTC nanoseconds."""
    last: date = datetime.fromtimestamp(day[-1].start // SECOND, UTC).astimezone(_NEW_YORK).date()
    moment = datetime.combine(last, clock, _NEW_YORK)
    start = datetime.fromtimestamp(day[0].start // SECOND, UTC)
    while moment - timedelta(days=1) >= start:
        moment -= timedelta(days=1)
    return int(moment.timestamp()) * SECOND


def summary(core: Core, rules: list[Rule]) -> dict[str, object]:
    """Executions, cash, position and what the armed faults did."""
    account = core.broker.account
    return {
        "account": account.name,
        "cash": f"{account.cash:.2f}",
        "position": account.size(),
        "fees": f"{sum(h.fees for h in account.holdings.values()):.2f}",
        "open_orders": len(core.broker.live()),
        "orders": len(core.broker.orders),
        "virtual_time": core.stamp(core.market.now),
        "executions": [
            {
                "exec_id": done.exec_id,
                "order_ref": done.order.ref,
                "perm_id": done.order.perm,
                "side": "BOT" if done.order.side > 0 else "SLD",
                "qty": done.qty,
                "price": str(core.product.price(done.price)),
                "time": core.stamp(done.at),
                "fee": str(done.fee),
            }
            for done in core.broker.executions
        ],
        "faults": [{"name": rule.name, "fired": rule.fired} for rule in rules],
    }

"""What `tradebot gateway-sim` does."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from adapters.gateway_sim.bars import BadBars, Bar, read
from adapters.gateway_sim.catalogue import NAMES, meaning
from adapters.gateway_sim.contracts import Product
from adapters.gateway_sim.core import Settings
from adapters.gateway_sim.pace import Pace
from adapters.gateway_sim.rehearsal import Plan, fault, rehearse
from application.cli.output import ExitCode, give, say
from ports.errors import BadInput

_REMEMBER: Final = 1_000
"""Messages in memory; all that clients send is in the file of `--record`."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options of the command as they were given."""

    bars: Sequence[str]
    warmup: Sequence[str]
    port: int
    speed: str
    account: str
    equity: str
    fee: str
    slip: int
    at_limit: bool
    fault: Sequence[str]
    linger: float
    record: str | None


def list_faults() -> ExitCode:
    """Print every fault and what it does."""
    for name in sorted(NAMES):
        give(f"{name}  {meaning(name)}")
    return ExitCode.DONE


def serve(wishes: Wishes, as_json: bool) -> ExitCode:
    """Play the bars to whoever connects. Errors: BadInput for what cannot be used."""
    plan = plan_of(wishes)
    try:
        result = rehearse(plan, lambda port: _ready(port, plan))
    except ValueError as problem:
        raise BadInput("command line", "--fault", str(problem)) from problem
    except OSError as problem:
        raise BadInput("command line", "--port or --record", str(problem)) from problem
    if as_json:
        give(json.dumps(result))
    else:
        _tell(result)
    return ExitCode.DONE if result["ended"] else ExitCode.INTERRUPTED


def plan_of(wishes: Wishes) -> Plan:
    """What is rehearsed at these wishes. Errors: BadInput for what cannot be used."""
    if not wishes.bars:
        raise BadInput("command line", "--bars", "is missing: there is nothing to play")
    product = Product()
    settings = Settings(
        account=wishes.account,
        cash=_money(wishes.equity, "--equity"),
        fee=_money(wishes.fee, "--fee"),
        through=0 if wishes.at_limit else 1,
        slip=wishes.slip,
        remember=_REMEMBER,
        product=product,
    )
    try:
        faults = tuple(fault(text) for text in wishes.fault)
    except ValueError as problem:
        raise BadInput("command line", "--fault", str(problem)) from problem
    return Plan(
        _bars(wishes.bars, product), _bars(wishes.warmup, product), settings,
        Pace(_speed(wishes.speed), linger=wishes.linger), wishes.port, faults,
        Path(wishes.record) if wishes.record else None,
    )  # fmt: skip


def _bars(files: Sequence[str], product: Product) -> list[Bar]:
    bars: list[Bar] = []
    for name in files:
        try:
            rows = read(Path(name), product.tick)
        except (BadBars, OSError, EOFError, UnicodeDecodeError) as problem:
            raise BadInput("bar file", name, str(problem)) from problem
        if not rows or (bars and rows[0].start < bars[-1].end):
            raise BadInput("bar file", name, "has no bars, or starts before the file before ends")
        bars += rows
    return bars


def _money(text: str, option: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation as problem:
        raise BadInput("command line", option, f"{text!r} is no amount of money") from problem
    if not value.is_finite():
        raise BadInput("command line", option, f"{text!r} is no amount of money")
    return value


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < 1e6:
        raise BadInput("command line", "--speed", f"{text!r} is neither max nor a number above 0")
    return speed


def _ready(port: int, plan: Plan) -> None:
    say(f"gateway on 127.0.0.1:{port}, account {plan.settings.account}; stop it with Ctrl-C")
    say(
        f"run the bot against it: TRADEBOT_IBKR_PORT={port} TRADEBOT_IBKR_CLOCK=gateway"
        " tradebot run --adapter ibkr --mode PAPER"
    )


def _tell(result: Mapping[str, object]) -> None:
    executions = result["executions"]
    for done in executions if isinstance(executions, list) else ():
        give(
            f"{done['time']}  {done['side']} {done['qty']} at {done['price']}  {done['order_ref']}"
        )
    give(
        f"cash {result['cash']} USD, fees {result['fees']} USD, position {result['position']},"
        f" open orders {result['open_orders']}"
    )

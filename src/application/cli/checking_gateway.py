"""The items of `tradebot checklist` that ask a broker: account, contract, data, orders, clock."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final, Protocol

from application.cli.checking import Grade, Item, looked
from application.expiry import Expiry, new_york_day
from application.settings import Mode
from domain.units import SECOND, UtcNanos
from ports.broker import Broker
from ports.calendar import Calendar
from ports.errors import BrokerDown, BrokerRefused
from ports.market import (
    ClockSample,
    LiveMarket,
    MarketItem,
    Piece,
    Quote,
    TroubleSeen,
)

LISTENING_S: Final = 12.0
"""Two 5-second bars and their delay."""
MOST_SKEW: Final = 2 * SECOND
PAPER_LIST: Final = "paper-account.toml"
PAPER_CHECKS: Final = (
    "bracket_status_texts", "stop_status_after_fill", "untransmitted_parent", "child_oca_group",
    "reject_texts", "commission", "hours_strings", "account_tags", "presets", "restart_window",
    "quiet_bars", "gtd_with_seconds", "bar_delay",
)  # fmt: skip
"""What only a paper account can tell (ibkr.md 15), each with the date on which it was seen."""


class Gateway(Protocol):
    """Both ports of one gateway."""

    @property
    def market(self) -> LiveMarket: ...

    @property
    def broker(self) -> Broker: ...


def gateway_items(
    gateway: Gateway,
    mode: Mode,
    calendar: Calendar,
    roll_days: int,
    held: int = 0,
) -> Iterator[Item]:
    """Connect, look, and listen for a while; the link is closed after. `roll_days` is how many
    exchange days before its last one a month is too near its end, `held` the position that the
    store knows of."""
    market = gateway.market
    try:
        try:
            facts = market.open()
        except BrokerRefused as error:
            yield Item("gateway", Grade.FAIL, f"refused: {error}")
            return
        except BrokerDown as error:
            yield Item("gateway", Grade.FAIL, f"cannot be reached: {error}")
            return
        yield Item("gateway", Grade.PASS, f"{market.name}, account and permissions as {mode} needs")
        now = market.now()
        yield contract_item(Expiry(facts, calendar, roll_days), mode, now)
        session = calendar.session_at(now)
        items = listened(gateway, LISTENING_S)
        yield _clock(items)
        yield _data(items, session is not None and session.open <= now < session.close)
        yield looked("positions and orders", lambda: _strangers(gateway, held))
    finally:
        market.close()


def contract_item(expiry: Expiry, mode: Mode, now: UtcNanos) -> Item:
    """Whether the contract month is far enough from its end."""
    facts, today = expiry.facts, new_york_day(now)
    left, why = expiry.left(today), expiry.near(today)
    text = f"{facts.local_symbol}, id {facts.con_id}, last trade {facts.last_trade}, {left} days"
    text += f"; {facts.why}" if facts.why else ""
    if left < 0:
        return Item("contract", Grade.FAIL, f"{text}: expired")
    if not why:
        return Item("contract", Grade.WARN if facts.doubtful else Grade.PASS, text)
    return Item("contract", Grade.FAIL if mode is Mode.LIVE else Grade.WARN, f"{text}: roll")


def listened(gateway: Gateway, patience: float) -> list[MarketItem]:
    """What the market says for so many seconds."""
    items: list[MarketItem] = []
    until = time.monotonic() + patience
    while (left := until - time.monotonic()) > 0:
        gateway.market.wait(left)
        items += gateway.market.drain()
        gateway.broker.drain()  # what nobody takes would end every wait at once
    return items


def _clock(items: list[MarketItem]) -> Item:
    samples = [item for item in items if isinstance(item, ClockSample)]
    if not samples:
        return Item("clock", Grade.WARN, "the gateway's time was not heard")
    skew = abs(samples[-1].local - samples[-1].broker)
    grade = Grade.PASS if skew <= MOST_SKEW else Grade.FAIL
    return Item("clock", grade, f"{skew / SECOND:.1f} s between this machine and the gateway")


def _data(items: list[MarketItem], in_hours: bool) -> Item:
    bad = [item for item in items if isinstance(item, TroubleSeen) and item.on]
    pieces = sum(isinstance(item, Piece) for item in items)
    quotes = sum(isinstance(item, Quote) for item in items)
    if bad:
        text = "; ".join(f"{item.kind}: {item.text}" for item in bad)
        return Item("market data", Grade.FAIL, text)
    seen = f"{pieces} bars and {quotes} quotes of 5 seconds"
    if pieces:
        return Item("market data", Grade.PASS, f"live: {seen}")
    grade = Grade.FAIL if in_hours else Grade.WARN
    return Item("market data", grade, f"{seen}{'' if in_hours else ': outside regular hours'}")


def _strangers(gateway: Gateway, held: int) -> tuple[Grade, str]:
    truth = gateway.broker.read(gateway.market.now())
    stray = [o.order_ref or str(o.perm_id) for o in truth.orders if not o.ours]
    mine = sum(o.ours for o in truth.orders)
    if truth.position != held or stray:
        told = f"position {truth.position}, {held} by the store; not ours: {', '.join(stray)}"
        return Grade.FAIL, told if stray else told.removesuffix("; not ours: ")
    if truth.position or mine:
        return Grade.WARN, f"position {held} and {mine} orders of ours, gone on with"
    return Grade.PASS, f"flat, no order; {truth.entries_today} entries today"


def paper_list(folder: Path, mode: Mode) -> Item:
    """Whether each thing that only a paper account can tell has been looked at."""
    path = folder / PAPER_LIST
    try:
        with path.open("rb") as file:
            seen = tomllib.load(file)
    except FileNotFoundError:
        seen = {}
    except (tomllib.TOMLDecodeError, OSError) as error:
        return Item("paper account", Grade.FAIL, f"{path}: {error}")
    missing = [name for name in PAPER_CHECKS if not isinstance(seen.get(name), date)]
    if not missing:
        return Item("paper account", Grade.PASS, f"{len(PAPER_CHECKS)} observations in {path}")
    grade = Grade.FAIL if mode is Mode.LIVE else Grade.WARN
    return Item("paper account", grade, f"{path} has no date for {', '.join(missing)}")

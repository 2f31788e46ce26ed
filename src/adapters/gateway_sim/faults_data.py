"""Faults of bars, account values, contracts and clocks."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from adapters.gateway_sim.codec import Value
from adapters.gateway_sim.faults import IN, OUT, Happening, Rule
from adapters.gateway_sim.options import Maker, Options

if TYPE_CHECKING:
    from adapters.gateway_sim.core import Core

_UNSET: Final = "1.7976931348623157E308"


def _bars(rule: Rule) -> None:
    rule.way, rule.kinds = OUT, frozenset({"realtimeBar"})


def f25(core: Core, rule: Rule, options: Options) -> None:
    """2103 now, no 2104, and bars stop; a new subscription gets bars again."""
    core.everybody(2103, "Market data farm connection is broken:usfuture")
    core.forget_streams()
    rule.fired += 1


def f26(core: Core, rule: Rule, options: Options) -> None:
    """Bars stop without a word; a new subscription gets bars again."""
    core.forget_streams()
    rule.fired += 1


def f27(core: Core, rule: Rule, options: Options) -> None:
    """One 5-second bar is missing."""
    _bars(rule)
    rule.act = Happening.drop


def f28(core: Core, rule: Rule, options: Options) -> None:
    """A bar comes again: `how` is duplicate, reorder (after the next), corrected (and other)."""
    how = options.choice("how", "duplicate", "reorder", "corrected")

    def act(h: Happening) -> None:
        if how == "duplicate":
            h.repeat()
        elif how == "reorder":
            first = h.message.text("time")
            h.hold(lambda s, m: m.kind == "realtimeBar" and m.text("time") != first)
        else:
            close = Decimal(h.message.text("close")) + core.product.tick
            high = max(close, Decimal(h.message.text("high")))
            h.replace(h.message, h.message.having(close=close, high=high))

    _bars(rule)
    rule.act = act


def f29(core: Core, rule: Rule, options: Options) -> None:
    """A bar with impossible prices: `how` is off_tick, zero, negative, nan or absurd."""
    how = options.choice("how", "off_tick", "zero", "negative", "nan", "absurd")

    def bad(price: str) -> Value:
        value = Decimal(price)
        made: dict[str, Value] = {
            "off_tick": value + core.product.tick / 2, "zero": "0.0", "negative": -value,
            "nan": "nan", "absurd": value * 10,
        }  # fmt: skip
        return made[how]

    def act(h: Happening) -> None:
        names = ("open", "high", "low", "close")
        h.replace(h.message.having(**{n: bad(h.message.text(n)) for n in names}))

    _bars(rule)
    rule.act = act


def f31(core: Core, rule: Rule, options: Options) -> None:
    """managedAccounts: `how` is several, or other (not the expected one)."""
    how = options.choice("how", "several", "other")
    core.accounts = [*core.accounts, "DU7654321"] if how == "several" else ["DU7654321"]
    rule.fired += 1


def f32(core: Core, rule: Rule, options: Options) -> None:
    """The account is of the other kind: live where it was paper, or the reverse."""
    name = core.broker.account.name
    other = name.removeprefix("D") if name.startswith("D") else f"D{name}"
    core.accounts = [other]
    core.broker.account.name = other
    rule.fired += 1


def f33(core: Core, rule: Rule, options: Options) -> None:
    """Account values: `how` is absent, unset (1.79e308), not_ready, or stale (no more updates)."""
    how = options.choice("how", "absent", "unset", "not_ready", "stale")
    account = core.broker.account
    tags = ("NetLiquidation", "AvailableFunds", "BuyingPower", "ExcessLiquidity")
    if how == "not_ready":
        account.ready = False
    elif how == "stale":
        core.account_updates = False
    else:
        for tag in tags:
            account.values[tag] = None if how == "absent" else _UNSET
    rule.fired += 1

    def undo() -> None:
        account.ready = core.account_updates = True
        account.values.clear()

    rule.undo = undo
    core.tell_account()


def f34(core: Core, rule: Rule, options: Options) -> None:
    """Margin call: AvailableFunds, ExcessLiquidity and BuyingPower are negative."""
    account = core.broker.account
    for tag in ("AvailableFunds", "ExcessLiquidity", "BuyingPower"):
        account.values[tag] = "-125.00"
    rule.fired += 1
    rule.undo = account.values.clear
    core.tell_account()


def f47(core: Core, rule: Rule, options: Options) -> None:
    """Pacing: `what` is both, history (162) or bars (420); the request gets no data."""
    what = options.choice("what", "both", "history", "bars")
    kinds = {"history": {"reqHistoricalData"}, "bars": {"reqRealTimeBars"}}
    kinds["both"] = kinds["history"] | kinds["bars"]

    def act(h: Happening) -> None:
        h.drop()
        request = h.message.number("reqId")
        if h.message.kind == "reqHistoricalData":
            text = "Historical Market Data Service error message:Historical data request pacing"
            h.session.error(request, 162, f"{text} violation")
        else:
            h.session.error(request, 420, "Invalid Real-time Query:Pacing violation")

    rule.way, rule.kinds, rule.act, rule.times = IN, frozenset(kinds[what]), act, None


def f48(core: Core, rule: Rule, options: Options) -> None:
    """10197 competing session: every stream of data ends."""
    for session in core.sessions:
        for request in [*session.bars, *session.quotes]:
            text = "No market data during competing live session"
            session.error(request, 10197, text)
    core.forget_streams()
    rule.fired += 1


def f50(core: Core, rule: Rule, options: Options) -> None:
    """Contract details: `how` none, several, multiplier, tick, expired, hours or closed."""
    how = options.choice(
        "how", "none", "several", "multiplier", "tick", "expired", "hours", "closed"
    )

    def act(h: Happening) -> None:
        m, request = h.message, h.message.number("reqId")
        if how == "none":
            h.drop()
        elif how == "several":
            twin = str(m.number("conId") + 50_000_000)
            h.replace(m, m.having(conId=twin))
        elif how == "multiplier":
            h.replace(m.having(multiplier="50"))
        elif how == "tick":
            h.replace(m.having(minTick="0.05"))
        elif how == "expired":
            old = f"{int(m.text('realExpirationDate')[:4]) - 1}0315"
            h.replace(m.having(lastTradeDate=old, realExpirationDate=old, reqId=request))
        elif how == "hours":
            h.replace(m.having(tradingHours="", liquidHours=""))
        else:
            day = core.stamp(core.market.now)[:8]
            h.replace(m.having(tradingHours=f"{day}:CLOSED", liquidHours=f"{day}:CLOSED"))

    rule.way, rule.kinds, rule.act = OUT, frozenset({"contractDetails"}), act
    rule.times = None


def f52(core: Core, rule: Rule, options: Options) -> None:
    """The gateway's clock is `seconds` (default 90) ahead."""
    core.clock_ahead = options.whole("seconds", 90) * 10**9
    rule.fired += 1

    def undo() -> None:
        core.clock_ahead = 0

    rule.undo = undo


NAMES: Final[dict[str, Maker]] = {
    "F-25": f25, "F-26": f26, "F-27": f27, "F-28": f28, "F-29": f29, "F-31": f31, "F-32": f32,
    "F-33": f33, "F-34": f34, "F-47": f47, "F-48": f48, "F-50": f50, "F-52": f52,
}  # fmt: skip

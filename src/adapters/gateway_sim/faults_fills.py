"""Faults of fills and positions."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from adapters.gateway_sim import foreign
from adapters.gateway_sim.codec import Message
from adapters.gateway_sim.faults import OUT, Happening, Rule
from adapters.gateway_sim.options import Maker, Options
from adapters.gateway_sim.orders import Execution, Order

if TYPE_CHECKING:
    from adapters.gateway_sim.core import Core
    from adapters.gateway_sim.session import Session


def on_answer(
    rule: Rule, kind: str, act: Callable[[Happening], None], times: int | None = None
) -> None:
    rule.way, rule.kinds, rule.act, rule.times = OUT, frozenset({kind}), act, times


def _live_fill(session: Session, message: Message) -> bool:
    return message.text("reqId", "-1") == "-1"


def late(options: Options, seconds: float) -> Callable[[Happening], None]:
    """An action that delays: by `delay` real seconds, or by `pieces` of 5 virtual seconds."""
    delay, pieces = options.number("delay", seconds), options.whole("pieces", 0)

    def act(h: Happening) -> None:
        h.delay, h.pieces = delay, pieces

    return act


def misstated(options: Options) -> Callable[[Happening], None]:
    """An action that adds to what a commission report says; a result only where there is one."""
    fee, result = Decimal(options.word("fee", "0")), Decimal(options.word("result", "-6.25"))

    def act(h: Happening) -> None:
        words = {"commission": str(Decimal(h.message.text("commission")) + fee)}
        if h.message.text("realizedPNL"):
            words["realizedPNL"] = str(Decimal(h.message.text("realizedPNL")) + result)
        h.replace(h.message.having(**words))

    return act


def f06(core: Core, rule: Rule, options: Options) -> None:
    """Every orderStatus comes twice."""
    on_answer(rule, "orderStatus", Happening.repeat)


def f07(core: Core, rule: Rule, options: Options) -> None:
    """Every execDetails comes twice, with the same id."""
    on_answer(rule, "execDetails", Happening.repeat)


def f08(core: Core, rule: Rule, options: Options) -> None:
    """A fill's messages: `how` is status_first, or exec_only (no status ever says Filled)."""
    how = options.choice("how", "status_first", "exec_only")

    def filled(session: Session, message: Message) -> bool:
        return message.text("status") == "Filled"

    if how == "exec_only":
        rule.way, rule.kinds = OUT, frozenset({"openOrder", "orderStatus"})
        rule.where, rule.act, rule.times = filled, Happening.drop, None
        return

    def act(h: Happening) -> None:
        number = h.message.text("orderId")
        h.hold(
            lambda s, m: m.kind == "orderStatus" and filled(s, m) and m.text("orderId") == number
        )

    on_answer(rule, "execDetails", act)
    rule.where = _live_fill


def f09(core: Core, rule: Rule, options: Options) -> None:
    """orderStatus says Filled, the live execDetails never comes."""
    on_answer(rule, "execDetails", Happening.drop)
    rule.where = _live_fill


def f10(core: Core, rule: Rule, options: Options) -> None:
    """Commission reports: `how` is never, late (`delay` s), twice, wrong (`fee`, `result` more)."""
    how = options.choice("how", "never", "late", "twice", "wrong")
    acts = {"never": Happening.drop, "twice": Happening.repeat, "late": late(options, 5.0)}
    if how == "wrong":
        acts["wrong"] = misstated(options)
    on_answer(rule, "commissionReport", acts[how])


def f11(core: Core, rule: Rule, options: Options) -> None:
    """Entries of several contracts fill one a piece; `how` is rest, or cancel after the first."""
    how = options.choice("how", "rest", "cancel")

    def slices(order: Order) -> int:
        if order.parent is not None or order.qty == 1:
            return order.left
        rule.fired += 1
        if how == "cancel":
            core.soon(lambda: _drop(core, order))
        return 1

    core.broker.slices = slices

    def undo() -> None:
        core.broker.slices = None

    rule.undo = undo


def _drop(core: Core, order: Order) -> None:
    if order.live:
        core.broker.drop(order)


def f20(core: Core, rule: Rule, options: Options) -> None:
    """Both exits fill: the next group that should cancel its rest fills it."""
    core.broker.oca_fails += 1
    rule.fired += 1


def f21(core: Core, rule: Rule, options: Options) -> None:
    """The next fill is corrected: `how` is price (by `ticks`, default 1 up) or bust (to 0)."""
    how, ticks = options.choice("how", "price", "bust"), options.whole("ticks", 1)

    def correct(done: Execution) -> None:
        if how == "bust":
            core.broker.correct(done, done.price, 0)
        else:
            core.broker.correct(done, done.price + ticks, done.qty)

    def act(h: Happening) -> None:
        done = core.broker.execution(h.message.text("execId"))
        if done is not None:
            core.soon(lambda: correct(done))

    on_answer(rule, "execDetails", act, times=1)
    rule.where = _live_fill


def f35(core: Core, rule: Rule, options: Options) -> None:
    """Forced liquidation now: the position vanishes; the execution says liquidation 1, order -1."""
    if foreign.liquidate(core) is not None:
        rule.fired += 1


def f36(core: Core, rule: Rule, options: Options) -> None:
    """A position of `qty` (default 1) from yesterday, without an execution of today."""
    foreign.trade(core, options.whole("qty", 1), at=core.market.now - foreign.DAY)
    rule.fired += 1


def f38(core: Core, rule: Rule, options: Options) -> None:
    """A person trades `qty` (default 1) contracts now."""
    foreign.trade(core, options.whole("qty", 1))
    rule.fired += 1


def f57(core: Core, rule: Rule, options: Options) -> None:
    """Position messages lag executions by `delay` seconds (3)."""
    on_answer(rule, "position", late(options, 3.0))


NAMES: Final[dict[str, Maker]] = {
    "F-06": f06, "F-07": f07, "F-08": f08, "F-09": f09, "F-10": f10, "F-11": f11, "F-20": f20,
    "F-21": f21, "F-35": f35, "F-36": f36, "F-38": f38, "F-57": f57,
}  # fmt: skip

"""Faults of orders, of their acknowledgement and their end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from adapters.gateway_sim import foreign
from adapters.gateway_sim.codec import Message
from adapters.gateway_sim.faults import IN, OUT, Happening, Rule, Where
from adapters.gateway_sim.faults_fills import late, on_answer
from adapters.gateway_sim.options import Maker, Options
from adapters.gateway_sim.orders import Order, session_end

if TYPE_CHECKING:
    from adapters.gateway_sim.core import Core
    from adapters.gateway_sim.session import Session

_PLACE: Final = frozenset({"placeOrder"})


def f04(core: Core, rule: Rule, options: Options) -> None:
    """Orders vanish silently: `times` placeOrder messages (default 3, one bracket) are lost."""
    rule.way, rule.kinds, rule.act, rule.times = IN, _PLACE, Happening.drop, 3


def f05(core: Core, rule: Rule, options: Options) -> None:
    """Slow acknowledgement: `what` is order (it arrives late) or ack; `delay` seconds (10)."""
    what, act = options.choice("what", "order", "ack"), late(options, 10.0)

    if what == "order":
        rule.way, rule.kinds, rule.act, rule.times = IN, _PLACE, act, 3
    else:
        rule.way, rule.kinds = OUT, frozenset({"openOrder", "orderStatus"})
        rule.act, rule.times = act, None


def _refusing(core: Core, rule: Rule, which: Callable[[Order], bool]) -> None:
    rule.times = 1
    before = core.broker.refuse

    def refuse(order: Order) -> bool:
        wanted = rule.armed and which(order)
        if wanted:
            rule.seen += 1
        if wanted and rule.seen >= rule.nth and (rule.times is None or rule.fired < rule.times):
            rule.fired += 1
            return True
        return before is not None and before(order)

    core.broker.refuse = refuse


def f12(core: Core, rule: Rule, options: Options) -> None:
    """201 on the parent; its children are cancelled."""
    _refusing(core, rule, lambda o: o.parent is None and bool(o.children))


def f13(core: Core, rule: Rule, options: Options) -> None:
    """201 on the target only."""
    _refusing(core, rule, lambda o: o.parent is not None and o.kind == "LMT")


def f14(core: Core, rule: Rule, options: Options) -> None:
    """201 on the stop only."""
    _refusing(core, rule, lambda o: o.parent is not None and o.kind == "STP")


def _working_stop(core: Core, rule: Rule, act: Callable[[Order], None]) -> None:
    """Do `act` to the next stop that protects a position, or to one that does already."""

    def protecting(order: Order) -> bool:
        return order.kind == "STP" and order.live and not order.held and order.transmitted

    def fire(order: Order) -> None:
        if protecting(order):
            act(order)

    def seen(session: Session, message: Message) -> bool:
        order = core.broker.find(session.client, message.number("orderId"))
        return order is not None and protecting(order) and bool(core.broker.account.size())

    def on_status(h: Happening) -> None:
        order = core.broker.find(h.session.client, h.message.number("orderId"))
        if order is not None:
            core.soon(lambda: fire(order))

    working = [o for o in core.broker.live() if protecting(o)]
    if working and core.broker.account.size():
        rule.fired += 1
        act(working[0])
    else:
        on_answer(rule, "orderStatus", on_status, times=1)
        rule.where = seen


def f15(core: Core, rule: Rule, options: Options) -> None:
    """The stop of a position goes Inactive."""

    def act(order: Order) -> None:
        order.done_at = core.broker.now
        core.broker.status(order, "Inactive")

    _working_stop(core, rule, act)


def f16(core: Core, rule: Rule, options: Options) -> None:
    """The stop of a position is cancelled by somebody."""
    _working_stop(core, rule, core.broker.drop)


def _on_cancel(core: Core, rule: Rule, act: Callable[[Happening, Order], None]) -> None:
    def wrapped(h: Happening) -> None:
        order = core.broker.find(h.session.client, h.message.number("orderId"))
        if order is not None:
            act(h, order)

    def live(session: Session, message: Message) -> bool:
        order = core.broker.find(session.client, message.number("orderId"))
        return order is not None and order.live

    rule.way, rule.kinds = IN, frozenset({"cancelOrder"})
    rule.act, rule.where = wrapped, live


def _level(core: Core, order: Order) -> int:
    for level in (order.limit, order.stop, core.broker.account.last):
        if level is not None:
            return level
    return 0


def f17(core: Core, rule: Rule, options: Options) -> None:
    """Cancel race: the order fills, then the cancel is answered 10148, or `code` 161."""
    code = options.whole("code", 10148)

    def act(h: Happening, order: Order) -> None:
        core.broker.fill(order, _level(core, order), order.left)
        h.drop()
        text = f"OrderId {order.number} that needs to be cancelled cannot be cancelled, state: "
        h.session.error(order.number, code, f"{text}Filled.")

    _on_cancel(core, rule, act)


def f18(core: Core, rule: Rule, options: Options) -> None:
    """A cancel is answered 10147 not found; the order lives on."""

    def act(h: Happening, order: Order) -> None:
        h.drop()
        text = f"OrderId {order.number} that needs to be cancelled is not found."
        h.session.error(order.number, 10147, text)

    _on_cancel(core, rule, act)


def f19(core: Core, rule: Rule, options: Options) -> None:
    """A cancel succeeds, and then the order fills after all."""

    def act(h: Happening, order: Order) -> None:
        h.then.append(lambda: _fill_anyway(core, order))

    _on_cancel(core, rule, act)


def _fill_anyway(core: Core, order: Order) -> None:
    core.broker.fill(order, _level(core, order), order.left)


def f30(core: Core, rule: Rule, options: Options) -> None:
    """An order is answered 110, off tick; every order of its bracket with `times=3`."""

    def act(h: Happening) -> None:
        h.drop()
        text = "The price does not conform to the minimum price variation for this contract."
        h.session.error(h.message.number("orderId"), 110, text)

    rule.way, rule.kinds, rule.act = IN, _PLACE, act


def f37(core: Core, rule: Rule, options: Options) -> None:
    """An open order of another client on our contract, `away` ticks off (200), with `ref`."""
    away, ref = options.whole("away", 200), options.word("ref", "somebody")
    foreign.place(core, foreign.PROGRAM, options.whole("qty", 1), ref, away)
    rule.fired += 1


def f39(core: Core, rule: Rule, options: Options) -> None:
    """Stops are DAY orders, whatever was asked: they die at the session's end."""
    core.broker.stops_die_daily = True
    for order in core.broker.live():
        if order.kind == "STP":
            order.expires = session_end(core.broker.now)
    rule.fired += 1


def f44(core: Core, rule: Rule, options: Options) -> None:
    """openOrder does not echo orderRef: `how` is empty or cut (to `keep` characters, 10)."""
    how, keep = options.choice("how", "empty", "cut"), options.whole("keep", 10)

    def act(h: Happening) -> None:
        ref = h.message.text("orderRef")
        h.replace(h.message.having(orderRef="" if how == "empty" else ref[:keep]))

    on_answer(rule, "openOrder", act)


def f46(core: Core, rule: Rule, options: Options) -> None:
    """The API is read-only: every order is answered 321."""
    core.broker.read_only = True
    rule.fired += 1

    def undo() -> None:
        core.broker.read_only = False

    rule.undo = undo


_TEXTS: Final = {
    10349: "Order TIF was set to DAY based on order preset.",
    399: "Order Message: Warning: your order will not be placed at the exchange until 17:00",
    2109: "Order Event Warning: Attribute 'Outside Regular Trading Hours' is ignored.",
    103: "Duplicate order id",
    105: "Order being modified does not match original order",
    202: "Order Canceled - reason:",
    321: "Error validating request.",
}


def f49(core: Core, rule: Rule, options: Options) -> None:
    """Error `code` (10349) on a live order, `leg` entry, target or stop; the order lives on."""
    code = options.whole("code", 10349)
    leg = options.choice("leg", "entry", "target", "stop")
    text = options.word("text", _TEXTS.get(code, "A message of the future."))

    def wanted(order: Order | None) -> bool:
        if order is None or not order.live:
            return False
        child = order.parent is not None
        kind = "stop" if order.kind == "STP" else "target"
        return (kind if child else "entry") == leg

    def act(h: Happening) -> None:
        number = h.message.number("orderId")
        h.then.append(lambda: h.session.error(number, code, text))

    live = [o for o in core.broker.live() if wanted(o)]
    if live:
        rule.fired += 1
        core.broker.error(live[0].client, live[0].number, code, text)
        return
    on_answer(rule, "orderStatus", act, times=1)
    rule.where = lambda s, m: wanted(core.broker.find(s.client, m.number("orderId")))


def f55(core: Core, rule: Rule, options: Options) -> None:
    """Another bot on this account: a bracket-like order whose `ref` has our form."""
    ref = options.word("ref", "20131008-001-MES-E-ffff")
    foreign.place(core, foreign.PROGRAM, 1, ref, options.whole("away", 200))
    rule.fired += 1


def f58(core: Core, rule: Rule, options: Options) -> None:
    """A change of a live order is refused with `code` (default 201); the old one stays."""
    code = options.whole("code", 201)

    def act(h: Happening) -> None:
        h.drop()
        text = "Order rejected - reason:The modification was refused."
        h.session.error(h.message.number("orderId"), code, text)

    def change(session: Session, message: Message) -> bool:
        order = core.broker.find(session.client, message.number("orderId"))
        return order is not None and order.live

    where: Where = change
    rule.way, rule.kinds, rule.where, rule.act = IN, _PLACE, where, act


NAMES: Final[dict[str, Maker]] = {
    "F-04": f04, "F-05": f05, "F-12": f12, "F-13": f13, "F-14": f14, "F-15": f15, "F-16": f16,
    "F-17": f17, "F-18": f18, "F-19": f19, "F-30": f30, "F-37": f37, "F-39": f39, "F-44": f44,
    "F-46": f46, "F-49": f49, "F-55": f55, "F-58": f58,
}  # fmt: skip

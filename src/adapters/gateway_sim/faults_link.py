"""Faults of the connection: closed and half-open sockets, ids in use, IBKR out of reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapters.gateway_sim.codec import Message
from adapters.gateway_sim.faults import IN, Happening, Rule
from adapters.gateway_sim.options import Maker, Options

if TYPE_CHECKING:
    from adapters.gateway_sim.core import Core
    from adapters.gateway_sim.session import Session


def _released(session: Session, message: Message) -> bool:
    return message.flag("transmit") and not message.flag("whatIf")


def f01(core: Core, rule: Rule, options: Options) -> None:
    """Accept the bracket, close the socket before any answer."""
    rule.way, rule.kinds, rule.where = IN, frozenset({"placeOrder"}), _released
    rule.act = Happening.close


def f02(core: Core, rule: Rule, options: Options) -> None:
    """Close the socket before the first order of the bracket is read."""

    def act(h: Happening) -> None:
        h.drop()
        h.close()

    rule.way, rule.kinds, rule.act = IN, frozenset({"placeOrder"}), act


def f03(core: Core, rule: Rule, options: Options) -> None:
    """Close after parent and target, before the stop; `person=yes` transmits the parent."""
    person = options.flag("person")

    def act(h: Happening) -> None:
        parent = core.broker.find(h.session.client, h.message.number("parentId"))
        h.drop()
        h.close()
        if person and parent is not None:
            h.then.append(lambda: core.broker.release(parent))

    def last(session: Session, message: Message) -> bool:
        return _released(session, message) and message.number("parentId") > 0

    rule.way, rule.kinds, rule.where, rule.act = IN, frozenset({"placeOrder"}), last, act


def f22(core: Core, rule: Rule, options: Options) -> None:
    """1100 now: requests and order messages are lost; 1102 after `bars` pieces (default 24)."""
    _outage(core, rule, options.whole("bars", 24), 1102)


def f23(core: Core, rule: Rule, options: Options) -> None:
    """1100 now, 1101 after `bars` pieces (default 24): bar subscriptions are gone."""
    _outage(core, rule, options.whole("bars", 24), 1101)


def f24(core: Core, rule: Rule, options: Options) -> None:
    """1100 now and nothing more."""
    _outage(core, rule, None, 1102)


def _outage(core: Core, rule: Rule, bars: int | None, code: int) -> None:
    core.cut = True
    core.everybody(1100, "Connectivity between IBKR and Trader Workstation has been lost.")
    rule.fired += 1

    def restore() -> None:
        if not core.cut:
            return
        core.cut = False
        kept = "data lost" if code == 1101 else "data maintained"
        if code == 1101:
            core.forget_streams()
        text = f"Connectivity between IBKR and Trader Workstation has been restored - {kept}."
        core.everybody(code, text)

    rule.undo = restore
    if bars is not None:
        core.after_pieces(bars, restore)


def f40(core: Core, rule: Rule, options: Options) -> None:
    """Client ids are in use: error 326 and close, for `times` log-ons (default for ever)."""

    def act(h: Happening) -> None:
        text = (
            "Unable to connect as the client id is already in use. Retry with a unique client id."
        )
        h.drop()
        h.session.error(-1, 326, text)
        h.then.append(h.session.hang_up)

    rule.way, rule.kinds, rule.times, rule.act = IN, frozenset({"startApi"}), None, act


def f41(core: Core, rule: Rule, options: Options) -> None:
    """Half-open: what is connected now hears nothing more and is not heard; no close."""
    for session in core.sessions:
        session.deaf = True
    rule.fired += 1

    def undo() -> None:
        for session in core.sessions:
            session.deaf = False

    rule.undo = undo


def f42(core: Core, rule: Rule, options: Options) -> None:
    """Nightly restart: all are cut off, the port is shut for `seconds` (2), farms come late."""
    seconds, farms = options.number("seconds", 2.0), options.whole("farms", 12)
    core.late_farms = farms
    rule.fired += 1
    core.restart(seconds)


def f43(core: Core, rule: Rule, options: Options) -> None:
    """nextValidId is `value` (default 1), lower than ids already used."""
    core.first_id = options.whole("value", 1)
    rule.fired += 1

    def undo() -> None:
        core.first_id = None

    rule.undo = undo


def f45(core: Core, rule: Rule, options: Options) -> None:
    """A request is never answered: `kind` (default reqPositions)."""
    kind = options.word("kind", "reqPositions")
    rule.way, rule.kinds, rule.times, rule.act = IN, frozenset({kind}), None, Happening.drop


def f51(core: Core, rule: Rule, options: Options) -> None:
    """A broken frame now: `how` garbage, fields, huge, or split (from now, byte by byte)."""
    how = options.choice("how", "garbage", "fields", "huge", "split")
    frames = {
        "garbage": b"\0\0\0\x08\xff\xfe3\0x\0y\0",
        "fields": b"\0\0\0\x09" + b"3\x008\x00Fill\x00",
        "huge": b"\x7f\xff\xff\xff" + b"9\x001\x00",
    }
    rule.fired += 1
    for session in core.sessions:
        if how == "split":
            session.drip = True
        elif session.started:
            session.deliver(Message("raw", raw=frames[how]))


def f53(core: Core, rule: Rule, options: Options) -> None:
    """Error 100 (message rate) to the next request, then close."""

    def act(h: Happening) -> None:
        h.drop()
        h.session.error(-1, 100, "Max rate of messages per second has been exceeded: max=50")
        h.then.append(h.session.hang_up)

    rule.way, rule.act = IN, act
    rule.where = lambda session, message: session.started


def f54(core: Core, rule: Rule, options: Options) -> None:
    """Close at the next request of any kind, unread: what waits in the client's queue is lost."""

    def act(h: Happening) -> None:
        h.drop()
        h.close()

    rule.way, rule.act = IN, act
    rule.where = lambda session, message: session.started


NAMES: Final[dict[str, Maker]] = {
    "F-01": f01, "F-02": f02, "F-03": f03, "F-22": f22, "F-23": f23, "F-24": f24, "F-40": f40,
    "F-41": f41, "F-42": f42, "F-43": f43, "F-45": f45, "F-51": f51, "F-53": f53, "F-54": f54,
}  # fmt: skip

"""What must hold of everything a client sent, whatever went wrong on the way.

`check` reads the log and gives one sentence for each thing that was broken. Whether a
reference was stored before it was sent is not to be seen here; pass `known` for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from adapters.gateway_sim.bars import SECOND
from adapters.gateway_sim.codec import Message
from adapters.gateway_sim.contracts import local_day
from adapters.gateway_sim.log import Entry


@dataclass(frozen=True, slots=True)
class Limits:
    """The law as it shows on the wire. Ticks, virtual seconds; `con_id` 0 allows any."""

    account: str
    con_id: int = 0
    entries_a_day: int = 2
    stop_ticks: int = 40
    protected_in: float = 2.0
    quantity: int = 1
    observe: bool = False
    tick: Decimal = Decimal("0.25")


def check(
    entries: Sequence[Entry],
    limits: Limits,
    client: int,
    known: Callable[[str], bool] | None = None,
) -> list[str]:
    """Everything that `client` broke; empty if nothing."""
    placed = [e for e in entries if e.way == "in" and e.kind == "placeOrder" and e.client == client]
    orders = [e for e in placed if not e.message.flag("whatIf")]
    if limits.observe:
        return [f"{_name(e)}: an order in OBSERVE" for e in orders]
    problems = [p for e in orders for p in _one(e.message, limits)]
    if known is not None:
        strange = [e for e in orders if not known(e.message.text("orderRef"))]
        problems += [f"{_name(e)}: not stored" for e in strange]
    problems += _brackets(orders, limits)
    problems += _budget(orders, entries, limits, client)
    problems += _protection(entries, orders, limits, client)
    return problems


def _name(entry: Entry) -> str:
    return f"order {entry.message.text('orderId')} {entry.message.text('orderRef')!r}"


def _one(m: Message, limits: Limits) -> Iterator[str]:
    name = f"order {m.text('orderId')} {m.text('orderRef')!r}"
    if m.text("account") not in ("", limits.account):
        yield f"{name}: on account {m.text('account')}"
    if limits.con_id and m.number("conId") != limits.con_id:
        yield f"{name}: on contract {m.text('conId')}"
    if Decimal(m.text("totalQuantity")) != limits.quantity:
        yield f"{name}: quantity {m.text('totalQuantity')}"
    for price in (m.text("lmtPrice"), m.text("auxPrice")):
        if price and Decimal(price) % limits.tick:
            yield f"{name}: price {price} is off the tick"


def _entries(orders: Sequence[Entry]) -> list[tuple[int, Entry]]:
    """The first placing of each entry: an order that others name as their parent."""
    parents = {e.message.number("parentId") for e in orders} - {0}
    found: list[tuple[int, Entry]] = []
    seen: set[int] = set()
    for index, e in enumerate(orders):
        number = e.message.number("orderId")
        opens = number in parents or not e.message.flag("transmit")
        if opens and not e.message.number("parentId") and number not in seen:
            seen.add(number)
            found.append((index, e))
    return found


def _brackets(orders: Sequence[Entry], limits: Limits) -> Iterator[str]:
    for index, entry in _entries(orders):
        m, name = entry.message, _name(entry)
        burst = [e.message for e in orders[index : index + 3]]
        children = [c for c in burst[1:] if c.number("parentId") == m.number("orderId")]
        kinds = sorted(c.text("orderType") for c in children)
        if kinds != ["LMT", "STP"]:
            yield f"{name}: followed by {kinds}, not by its stop and target"
            continue
        if [c.flag("transmit") for c in burst] != [False, False, True]:
            yield f"{name}: not exactly the last of the three is transmitted"
        if any(c.text("action") == m.text("action") for c in children):
            yield f"{name}: a child has the side of its entry"
        stop = next(c for c in children if c.text("orderType") == "STP")
        side = 1 if m.text("action") == "BUY" else -1
        price = Decimal(m.text("lmtPrice") or m.text("auxPrice") or 0)
        away = side * (price - Decimal(stop.text("auxPrice") or 0)) / limits.tick
        if not 0 < away <= limits.stop_ticks:
            yield f"{name}: its stop is {away:f} ticks away"


def _budget(
    orders: Sequence[Entry], entries: Sequence[Entry], limits: Limits, client: int
) -> Iterator[str]:
    starts = _entries(orders)
    refs = [e.message.text("orderRef") for _, e in starts]
    twice = sorted(ref for ref in {*refs} if refs.count(ref) > 1)
    yield from (f"reference {ref!r} was used for two entries" for ref in twice)
    days = [local_day(e.at) for _, e in starts]
    for day in sorted({*days}):
        if days.count(day) > limits.entries_a_day:
            yield f"{days.count(day)} entries on {day}"
    live: set[int] = set()
    numbers = {e.message.number("orderId") for _, e in starts}
    firsts = {id(e) for _, e in starts}
    for e in entries:
        number = e.message.number("orderId") if "orderId" in e.message.values else 0
        if id(e) in firsts:
            live.add(number)
            if len(live) > 1:
                yield f"{_name(e)}: a second entry while another was alive"
        ended = e.message.text("status") in ("Filled", "Cancelled", "Inactive", "ApiCancelled")
        if e.kind == "orderStatus" and e.way == "out" and number in numbers and ended:
            live.discard(number)


def _protection(
    entries: Sequence[Entry], orders: Sequence[Entry], limits: Limits, client: int
) -> Iterator[str]:
    """No position without a working stop for longer than `protected_in`, by what was sent."""
    stops = {e.message.number("orderId") for e in orders if e.message.text("orderType") == "STP"}
    working: set[int] = set()
    position, naked_since = 0, None
    seen: set[str] = set()
    for e in entries:
        m = e.message
        if e.way != "out" or e.client != client:
            continue
        if m.kind == "execDetails" and m.text("execId") not in seen:
            seen.add(m.text("execId"))
            position += m.number("shares") * (1 if m.text("side") == "BOT" else -1)
        if m.kind == "orderStatus" and m.number("orderId") in stops:
            alive = m.text("status") in ("PreSubmitted", "Submitted")
            alive = alive and m.text("whyHeld") != "child"
            (working.add if alive else working.discard)(m.number("orderId"))
        late = naked_since is not None and e.at - naked_since > limits.protected_in * SECOND
        if late and position and not working:
            yield f"position {position} had no working stop from {naked_since} to {e.at}"
            naked_since = e.at
        if not position or working:
            naked_since = None
        elif naked_since is None:
            naked_since = e.at

"""What the executions of today say, whichever store sent the orders: for `db bind`.

A store that is lost has taken the knowledge of its own orders with it, so every execution of
the account in our symbol is looked at.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from adapters.ibkr.executions import amount_of, side_of, split_exec_id
from adapters.ibkr.prices import to_ticks, whole
from adapters.ibkr.records import ExecSeen, FeeSeen, RawTruth
from adapters.ibkr.refs import from_wire
from adapters.ibkr.times import new_york_date
from domain.instrument import Instrument
from domain.orders import Role
from domain.units import ZERO, Money, Side, Ticks, UtcNanos
from ports.broker import BrokerToday
from ports.errors import BrokerDown

_FUTURE: Final = "FUT"


class _Done(NamedTuple):
    """One execution as it stands after its corrections, and what it cost."""

    con_id: int
    side: Side
    qty: int
    price: Ticks
    fee: Money
    ours: bool


def entries_of(executions: Iterable[ExecSeen], account: str, today: str) -> int:
    """Entries that have filled on the date `today` (`20131008`), whichever store sent them."""
    refs: set[str] = set()
    for seen in executions:
        wire = from_wire(seen.ref)
        if wire is None or seen.account != account or not seen.shares > 0:
            continue
        if wire.ref.role is Role.ENTRY and wire.ref.group.startswith(today):
            refs.add(seen.ref)
    return len(refs)


def today_of(raw: RawTruth, account: str, instrument: Instrument, now: UtcNanos) -> BrokerToday:
    """Entries, and the net result: the worse of that of orders of our form and that of all
    executions, for a person may have closed what we opened.

    What is still open has no result, but its fee counts. Errors: BrokerDown if an execution
    makes no sense.
    """
    done = _stands(raw, account, instrument, now)
    value = instrument.tick_value
    ours = net_of([each for each in done if each.ours], value)
    entries = entries_of(raw.executions, account, f"{new_york_date(now):%Y%m%d}")
    return BrokerToday(entries, min(ours, net_of(done, value)))


def net_of(done: Sequence[_Done], tick_value: Money) -> Money:
    """What was opened and closed brought, first in, first out in each contract, less all fees."""
    net, lots = ZERO, defaultdict[int, deque[tuple[Side, Ticks]]](deque)
    for each in done:
        net = net - each.fee
        held = lots[each.con_id]
        for _ in range(each.qty):
            if held and held[0][0] != each.side:
                side, opened = held.popleft()
                net = net + tick_value * (side * (each.price - opened))
            else:
                held.append((each.side, each.price))
    return net


def _stands(
    raw: RawTruth, account: str, instrument: Instrument, now: UtcNanos
) -> tuple[_Done, ...]:
    """The executions of today in their order, each in its last version."""
    latest: dict[str, ExecSeen] = {}
    for seen in sorted(raw.executions, key=lambda e: split_exec_id(e.exec_id)[1]):
        stem = split_exec_id(seen.exec_id)[0]
        first = latest.get(stem)
        latest[stem] = seen if first is None else seen._replace(time=first.time)
    fees = fees_of(raw.fees)
    today = new_york_date(now)
    return tuple(
        _read(seen, fees.get(stem), instrument)
        for stem, seen in sorted(latest.items(), key=lambda e: (e[1].time or 0, e[0]))
        if seen.account == account
        and (seen.symbol, seen.sec_type) == (instrument.symbol, _FUTURE)
        and (seen.time is None or new_york_date(seen.time) == today)
    )


def fees_of(reports: Iterable[FeeSeen]) -> dict[str, Money]:
    """The last report of each execution, by what its id keeps for ever."""
    fees: dict[str, Money] = {}
    for report in sorted(reports, key=lambda f: split_exec_id(f.exec_id)[1]):
        amount = amount_of(report)
        if amount is not None:
            fees[split_exec_id(report.exec_id)[0]] = Money.parse(amount)
    return fees


def _read(seen: ExecSeen, fee: Money | None, instrument: Instrument) -> _Done:
    side, qty = side_of(seen.side), whole(seen.shares)
    price = to_ticks(seen.price, instrument.tick_size)
    if qty == 0:
        return _Done(seen.con_id, 1, 0, 0, ZERO, ours=False)  # taken back altogether
    if side is None or qty is None or qty < 0 or price is None:
        raise BrokerDown(f"execution {seen.exec_id[-8:]} makes no sense")
    cost = instrument.fee_per_side * qty if fee is None else fee
    return _Done(seen.con_id, side, qty, price, cost, from_wire(seen.ref) is not None)

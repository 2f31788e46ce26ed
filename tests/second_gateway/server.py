"""The second gateway: what a client asks is answered here, in an order of its own choosing.

It says the status of an order before it shows the order, says much twice, tells of an execution
before the status that follows from it, and of its commission late.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any, NamedTuple

from second_gateway.exchange import Exchange, Execution, Order
from second_gateway.market import STEP, Minute, Piece, price
from second_gateway.reference import Reference
from second_gateway.wire import (
    NAMES,
    UNSET,
    Fields,
    Session,
    completed_order,
    contract_fields,
    framed,
    open_order,
    read_frame,
    split,
)
from second_gateway.wire import Order as Sent

FARMS = ((2104, "Market data farm connection is OK:usfuture"),
         (2106, "HMDS data farm connection is OK:ushmds"),
         (2158, "Sec-def data farm connection is OK:secdefil"))  # fmt: skip


class Heard(NamedTuple):
    """A message of a client: when by the market's clock, from whom, and what."""

    at: int
    client: int
    name: str
    fields: Fields


class Gateway(Reference):
    """See the module. `version` is the newest that it speaks; `now` is the market's clock in
    seconds. `heard_hooks` see each message first: one that returns True has dealt with it.
    `said_hooks` see each answer: one that returns a list has it sent instead."""

    def __init__(
        self, past: list[Minute], version: int = 178, account: str = "DU7654321",
        fee: str = "0.62", through: bool = True, others: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self.version, self.account, self.others = version, account, others
        self.exchange = Exchange(Decimal(25_000), Decimal(fee), through)
        self.exchange.tell, self.exchange.told = self._order_changed, self._executed
        self.history = list(past)
        self.played = []
        self.now = past[-1].start + 60 if past else 0
        self.exchange.now = self.now
        self.sessions: list[Session] = []
        self.heard: list[Heard] = []
        self.heard_hooks: list[Callable[[Session, str, Fields], Any]] = []
        self.said_hooks: list[Callable[[Session, list[object]], list[list[object]] | None]] = []
        self.counts: Counter[str] = Counter()
        self.commission_after = 0.15
        self.repeat = True
        self.zone_told = True
        self.ids = 40
        self.stranger = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._quote: tuple[int | None, int | None] = (None, None)
        self._sizes = 0

    # ---- the socket

    async def open(self, port: int = 0) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def shut(self) -> None:
        """Listen no more, and hang up on everybody."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.hang_up()
        await asyncio.sleep(0.05)

    def half_open(self) -> None:
        """Nothing goes either way any more, and nobody is told."""
        for session in self.sessions:
            session.deaf, session.client = True, -1
        self.sessions.clear()

    def hang_up(self) -> None:
        """Close every connection."""
        for session in self.sessions:
            session.writer.close()
        self.sessions.clear()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        session = Session(writer, 0)
        try:
            assert await reader.readexactly(4) == b"API\0"
            greeting = (await read_frame(reader)).decode().split(" ")[0]
            session.version = min(self.version, int(greeting.rpartition("..")[2]))
            stamp = self._moment(self.now).strftime("%Y%m%d %H:%M:%S") + " CST"
            writer.write(framed([session.version, stamp]))
            self.sessions.append(session)
            while True:
                fields = split(await read_frame(reader))
                if not session.deaf:
                    self._message(session, fields)
        except (asyncio.IncompleteReadError, ConnectionError, OSError):
            pass
        finally:
            self._tasks.discard(task)
            with suppress(ValueError):
                self.sessions.remove(session)
            writer.close()

    def say(self, session: Session, *fields: object) -> None:
        """One message to one client."""
        messages: list[list[object]] = [list(fields)]
        for hook in self.said_hooks:
            instead = hook(session, list(fields))
            if instead is not None:
                messages = instead
                break
        if session.deaf or session.writer.is_closing():
            return
        for message in messages:
            self.counts[f"said {message[0]}"] += 1
            session.writer.write(framed(message))

    def error(
        self, code: int, text: str, req_id: object = -1, session: Session | None = None
    ) -> None:
        """An error or a note, to everybody if no session is named."""
        for each in [session] if session is not None else list(self.sessions):
            extra = [""] if each.version >= 166 else []
            self.say(each, 4, 2, req_id, code, text, *extra)

    def error_of(self, order: Order, code: int, text: str) -> None:
        """An error about an order, to the client that it is of."""
        for session in self.sessions:
            if session.client == order.client:
                self.error(code, text, order.order_id, session)

    # ---- requests

    def _message(self, session: Session, fields: Fields) -> None:
        name = NAMES.get(int(fields[0]), f"unknown {fields[0]}")
        self.heard.append(Heard(self.now, session.client, name, fields))
        self.counts[name] += 1
        for hook in list(self.heard_hooks):
            if hook(session, name, fields):
                return
        answer = getattr(self, f"_{name}", None)
        if answer is not None:
            answer(session, fields)

    def _startApi(self, session: Session, f: Fields) -> None:
        wanted = int(f[2])
        if any(s.client == wanted for s in self.sessions if s is not session):
            self.error(326, "Unable to connect as the client id is already in use.", -1, session)
            session.writer.close()
            return
        session.client = wanted
        used = [o.order_id for o in self.exchange.orders if o.client == wanted]
        self.say(session, 15, 1, ",".join((*self.others, self.account)))
        for code, text in FARMS:
            self.error(code, text, -1, session)
        self.say(session, 9, 1, max([self.ids, *used]) + 1)

    def _reqIds(self, session: Session, f: Fields) -> None:
        used = [o.order_id for o in self.exchange.orders if o.client == session.client]
        self.say(session, 9, 1, max([self.ids, *used]) + 1)

    def _reqManagedAccts(self, session: Session, f: Fields) -> None:
        self.say(session, 15, 1, self.account)

    def _reqCurrentTime(self, session: Session, f: Fields) -> None:
        self.say(session, 49, 1, self.now)

    def _reqRealTimeBars(self, session: Session, f: Fields) -> None:
        session.bars.append(f[2])

    def _cancelRealTimeBars(self, session: Session, f: Fields) -> None:
        session.bars = [r for r in session.bars if r != f[2]]

    def _reqMktData(self, session: Session, f: Fields) -> None:
        session.quotes.append(f[2])
        self.say(session, 81, f[2], "0.25", "9c0001", 3)
        self.say(session, 58, 1, f[2], 1)

    def _cancelMktData(self, session: Session, f: Fields) -> None:
        session.quotes = [r for r in session.quotes if r != f[2]]

    # ---- the account

    def _reqPositions(self, session: Session, f: Fields) -> None:
        self._position(session)
        self.say(session, 62, 1)

    def _position(self, session: Session, always: bool = False) -> None:
        held = self.exchange.position + self.stranger
        if held or always:
            cost = float(self.exchange.cost / held * 5 / 4) if held and not self.stranger else 0.0
            c = contract_fields(self.contract(self._con_id("MESZ3"), exchange=""))
            self.say(session, 61, 3, self.account, *c, float(held), cost)

    # ---- orders

    def _placeOrder(self, session: Session, f: Fields) -> None:
        sent = Sent.read(f, session.version)
        known = self.exchange.find(session.client, int(sent["orderId"]))
        if sent["whatIf"] == "1":
            return
        if known is None:
            self.exchange.place(sent, session.client, sent["conId"])
        elif known.alive or known.held:
            known.sent = Sent(known.sent | sent)
            self._order_changed(known, "new")
        else:
            self.error(104, "Cannot modify a filled order.", sent["orderId"], session)

    def _cancelOrder(self, session: Session, f: Fields) -> None:
        order = self.exchange.find(session.client, int(f[2]))
        if order is None:
            text = f"OrderId {f[2]} that needs to be cancelled is not found."
            self.error(10147, text, f[2], session)
        elif not order.alive:
            text = f"OrderId {f[2]} that needs to be cancelled cannot be cancelled, state: "
            self.error(10148, text + order.status + ".", f[2], session)
        else:
            order.status = "PendingCancel"
            self._status(session, order)
            self.exchange.cancel(order)

    def _order_changed(self, order: Order, what: str) -> None:
        for session in list(self.sessions):
            if session.client != order.client:
                continue
            if what == "cancelled":
                self.error(202, "Order Canceled - reason:", order.order_id, session)
            self._status(session, order)
            if what == "new":
                self._open(session, order)
            if self.repeat:
                self._status(session, order)

    def _status(self, session: Session, o: Order) -> None:
        parent = o.parent.order_id if o.parent is not None else 0
        self.say(session, 3, o.order_id, o.status, o.filled, o.qty - o.filled, o.average, o.perm,
                 parent, o.average, o.client, o.why, 0)  # fmt: skip

    def _values(self, o: Order) -> dict[str, object]:
        return {
            **o.sent, **self.contract(o.con_id), "orderId": o.order_id, "clientId": o.client,
            "permId": o.perm, "status": o.status, "filled": o.filled,
            "parentPermId": o.parent.perm if o.parent else "",
            "completedTime": self._text(self.now), "completedStatus": o.status,
        }  # fmt: skip

    def _open(self, session: Session, o: Order) -> None:
        self.say(session, *open_order(self._values(o), session.version))

    def _show_orders(self, session: Session, everybody: bool) -> None:
        for o in reversed(self.exchange.orders):
            if o.alive and (everybody or o.client == session.client):
                self._open(session, o)
                self._status(session, o)
        self.say(session, 53, 1)

    def _reqOpenOrders(self, session: Session, f: Fields) -> None:
        self._show_orders(session, everybody=False)

    def _reqAllOpenOrders(self, session: Session, f: Fields) -> None:
        self._show_orders(session, everybody=True)

    def _reqCompletedOrders(self, session: Session, f: Fields) -> None:
        for o in self.exchange.orders:
            if not o.alive and not o.held:
                self.say(session, *completed_order(self._values(o), session.version))
        self.say(session, 102)

    def _reqGlobalCancel(self, session: Session, f: Fields) -> None:
        for o in list(self.exchange.orders):
            self.exchange.cancel(o)

    # ---- executions

    def _reqExecutions(self, session: Session, f: Fields) -> None:
        today = self._moment(self.now).date()
        for done in self.exchange.executions:
            if self._moment(done.at).date() == today:
                self._execution(session, done, f[2])
                self._commission(session, done)
        self.say(session, 55, 1, f[2])

    def _execution(self, session: Session, done: Execution, req: object) -> None:
        o = done.order
        extra = [0] if session.version >= 178 else []
        self.say(
            session, 11, req, o.order_id, *contract_fields(self.contract(o.con_id)), done.exec_id,
            self._text(done.at) if self.zone_told else f"{self._moment(done.at):%Y%m%d  %H:%M:%S}",
            self.account, "CME", "BOT" if done.side > 0 else "SLD", done.qty,
            price(done.price), o.perm, o.client, done.liquidation, o.filled, o.average, o.ref, "",
            "", "", 1, *extra,
        )  # fmt: skip

    def _commission(self, session: Session, done: Execution) -> None:
        self.say(session, 59, 1, done.exec_id, f"{done.fee}", "USD", UNSET, UNSET, "")

    def _executed(self, done: Execution) -> None:
        for session in list(self.sessions):
            if session.client == done.order.client:
                self._execution(session, done, -1)
                self._status(session, done.order)
                if self.repeat:
                    self._open(session, done.order)
                    self._status(session, done.order)
            self._position(session, always=True)
        asyncio.get_running_loop().call_later(self.commission_after, self._late, done)

    def _late(self, done: Execution) -> None:
        for session in list(self.sessions):
            if session.client == done.order.client:
                self._commission(session, done)
                if self.repeat:
                    self._commission(session, done)
            if session.account:
                self.say_account(session)

    def correct(self, done: Execution, at: int) -> None:
        """An execution gets another price."""
        again = self.exchange.correct(done, at)
        for session in self.sessions:
            self._execution(session, again, -1)
            self._commission(session, again)

    # ---- the market

    def quote(self, bid: int | None, ask: int | None) -> None:
        """Best bid and ask with sizes that never stay the same."""
        self._sizes = (self._sizes + 7) % 90
        for session in self.sessions:
            for req in session.quotes:
                for kind, at in ((2, ask), (1, bid)):
                    if at is not None:
                        self.say(session, 1, 6, req, kind, price(at), 11 + self._sizes, 1)

    def piece(self, p: Piece, shown: bool = True) -> None:
        """Five seconds of the market: orders first, then what is told of it."""
        self.now = self.exchange.now = p.start + STEP
        self.played.append(p)
        self.exchange.match(p)
        self.exchange.expire()
        if shown:
            self.show(p)

    def show(self, p: Piece) -> None:
        """Send a piece to everybody who asked for bars."""
        average = price(p.high + p.low) / 2 if p.traded else -1
        for session in self.sessions:
            for req in session.bars:
                self.say(session, 50, 3, req, p.start, price(p.open), price(p.high), price(p.low),
                         price(p.close), p.volume, average, p.volume // 2)  # fmt: skip

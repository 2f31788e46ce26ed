"""From the answers of one whole read to the broker's truth (execution.md 6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from adapters.ibkr.desk import INACTIVE, OVER, SILENT, WORKING, Desk
from adapters.ibkr.executions import side_of, split_exec_id
from adapters.ibkr.prices import to_ticks, whole
from adapters.ibkr.records import OrderFacts, PositionSeen, RawTruth
from adapters.ibkr.refs import from_wire
from adapters.ibkr.standing import Life, Standing
from adapters.ibkr.times import new_york_date
from adapters.ibkr.today import entries_of, fees_of
from domain.execution.truth import BrokerTruth, DoneOrder, OpenOrder
from domain.instrument import Instrument
from domain.orders import Fill, OrderEventKind, OrderRef, Role
from domain.statement import Statement, StatementLine
from domain.units import UtcNanos

_K = OrderEventKind
_ALIVE: Final = WORKING | SILENT
_CHILD: Final = "child"


class Reader:
    """Reads the gateway's answers with what the desk knows of our orders."""

    def __init__(self, desk: Desk, instrument: Instrument) -> None:
        self._desk = desk
        self._symbol = instrument.symbol
        self._tick_size = instrument.tick_size
        self.con_id = 0

    def learn(self, raw: RawTruth, at: UtcNanos, now: UtcNanos) -> None:
        """Take over what the answers, received at `at`, say of our orders; new executions of the
        day of `now` become words."""
        desk, today = self._desk, f"{new_york_date(now):%Y%m%d}"
        for facts in (*raw.open, *raw.completed):
            if self._here(facts):
                self._adopt(facts)
        for seen in sorted(raw.executions, key=lambda e: (e.time or 0, e.exec_id)):
            wire = from_wire(seen.ref)
            standing = desk.standings.of_execution(seen)
            ref = standing.ref if standing is not None else wire.ref if wire else None
            desk.execution(seen, at, tell=ref is not None and ref.group.startswith(today))
        for fee in raw.fees:
            desk.fee(fee)

    def truth(self, raw: RawTruth, at: UtcNanos, healthy_since: UtcNanos) -> BrokerTruth:
        """The whole of it; `learn` has taken the same answers before."""
        today = f"{new_york_date(at):%Y%m%d}"
        opened, done = self._orders(raw, today, at)
        fresh = {split_exec_id(seen.exec_id)[0] for seen in raw.executions}
        fills = [
            f for f in self._desk.ledger.fills()
            if f.exec_id in fresh or f.order_ref.startswith(today)
        ]  # fmt: skip
        return BrokerTruth(
            at,
            self.position(raw.positions),
            opened,
            tuple(sorted(fills, key=lambda f: (f.time, f.exec_id))),
            done,
            entries_of(raw.executions, self._desk.account, today),
            healthy_since,
            self._statement(raw, at),
        )

    # ---- the statement

    def _statement(self, raw: RawTruth, at: UtcNanos) -> Statement:
        """What the answers say of money. While executions in our contract are not ours, results
        are left out: the gateway's average holds theirs too."""
        fresh = {split_exec_id(seen.exec_id)[0] for seen in raw.executions}
        others, fees = self._others(raw, at), fees_of(raw.fees)
        lines = self._desk.ledger.statement(fresh)
        if others:
            lines = tuple(line._replace(result=None) for line in lines)
        foreign = tuple(StatementLine(f.exec_id, fees.get(f.exec_id), None) for f in others)
        return Statement(lines + foreign, others)

    def _others(self, raw: RawTruth, at: UtcNanos) -> tuple[Fill, ...]:
        """Executions in our contract that are not ours, each in its last version."""
        desk, found = self._desk, dict[str, Fill]()
        for seen in sorted(raw.executions, key=lambda e: split_exec_id(e.exec_id)):
            here = seen.account == desk.account and seen.con_id == self.con_id
            if not here or desk.standings.of_execution(seen) is not None:
                continue
            stem = split_exec_id(seen.exec_id)[0]
            side, qty = side_of(seen.side), whole(seen.shares)
            price = to_ticks(seen.price, self._tick_size)
            found.pop(stem, None)
            if side is not None and qty and price is not None:
                when = at if seen.time is None else seen.time
                found[stem] = Fill(stem, "", Role.EXIT, seen.perm_id, side, qty, price, when)
        return tuple(found[stem] for stem in sorted(found))

    def position(self, positions: Iterable[PositionSeen]) -> int:
        """Contracts of our symbol in any month, signed; other months that cancel one another out
        still count, for nothing of ours explains them."""
        held: Counter[int] = Counter()
        for p in positions:
            if p.account == self._desk.account and p.symbol == self._symbol and p.sec_type == "FUT":
                held[p.con_id] += whole(p.qty) or 0
        others = [qty for con_id, qty in held.items() if con_id != self.con_id and qty]
        strange = sum(others) or (others[0] if others else 0)
        return held[self.con_id] + strange

    def pinned_position(self, positions: Iterable[PositionSeen]) -> int:
        """Contracts of the pinned month: what an order of ours can close."""
        return sum(
            whole(p.qty) or 0 for p in positions
            if p.account == self._desk.account and p.con_id == self.con_id
        )  # fmt: skip

    # ---- orders

    def _here(self, facts: OrderFacts) -> bool:
        """True if an order is of our account and symbol."""
        return facts.account in ("", self._desk.account) and facts.symbol == self._symbol

    def _adopt(self, facts: OrderFacts) -> None:
        """Remember an order of ours that this process has not sent itself."""
        standing = self._desk.standings.of(facts)
        if standing is None:
            return
        standing.side = standing.side or (1 if facts.action == "BUY" else -1)
        standing.qty = standing.qty or whole(facts.qty) or 0
        if standing.price is None:
            standing.price = self._desk.price_of(facts)

    def _orders(
        self, raw: RawTruth, today: str, at: UtcNanos
    ) -> tuple[tuple[OpenOrder, ...], tuple[DoneOrder, ...]]:
        desk = self._desk
        opened: list[OpenOrder] = []
        done: dict[str, DoneOrder] = {}
        mine: Counter[str] = Counter()
        for facts in filter(self._here, raw.completed):
            standing = desk.standings.of(facts)
            if standing is not None:
                self._done(standing, facts, done)
        for facts in filter(self._here, raw.open):
            standing = desk.standings.of(facts)
            if standing is None:
                opened.append(self._foreign(facts))
                continue
            if self._is_over(standing, facts):
                self._done(standing, facts, done)
                continue
            mine[str(standing.ref)] += 1
            standing.life, standing.over = Life.WORKING, None
            self._desk.read_at(standing, self._desk.price_of(facts), at)
            opened.append(self._mine(standing, facts))
        twice = {ref for ref, count in mine.items() if count > 1}
        still = [o._replace(unknown=o.unknown or o.order_ref in twice) for o in opened]
        self._remembered(mine, done, today)
        for standing in desk.standings.all():
            ref = str(standing.ref)
            standing.nowhere = standing.life is Life.SENT and not mine[ref] and ref not in done
        for ref in mine:
            done.pop(ref, None)
        return (
            tuple(sorted(still, key=lambda o: (o.order_ref, o.perm_id))),
            tuple(done[ref] for ref in sorted(done)),
        )

    def _is_over(self, standing: Standing, facts: OrderFacts) -> bool:
        """True for an open order that is none: refused ones are shown for a while."""
        if facts.status == INACTIVE:
            return standing.refused or standing.ref.role is not Role.ENTRY
        return facts.status in OVER and not facts.invented

    def _mine(self, standing: Standing, facts: OrderFacts) -> OpenOrder:
        ref = standing.ref
        filled = max(self._desk.ledger.filled(str(ref)), whole(facts.filled) or 0)
        total = whole(facts.qty) or standing.qty
        known = facts.invented or facts.status in _ALIVE or facts.status == INACTIVE
        known = known or facts.status in ("ValidationError", "ApiUpdate")
        return OpenOrder(
            str(ref), True, facts.perm_id, max(0, total - filled), filled,
            self._desk.price_of(facts), self._held(ref, facts), not known,
        )  # fmt: skip

    def _held(self, ref: OrderRef, facts: OrderFacts) -> bool:
        """True for a child of the bracket whose entry has not filled."""
        if ref.number or ref.role not in (Role.STOP, Role.TARGET):
            return False
        entered = self._desk.ledger.filled(str(OrderRef(ref.group, Role.ENTRY))) > 0
        return _CHILD in facts.why_held or not entered

    @staticmethod
    def _foreign(facts: OrderFacts) -> OpenOrder:
        qty = (whole(facts.qty) or 0) - (whole(facts.filled) or 0)
        name = facts.ref or f"perm {facts.perm_id}"
        return OpenOrder(name, False, facts.perm_id, max(0, qty), 0, None, False, False)

    def _done(self, standing: Standing, facts: OrderFacts, done: dict[str, DoneOrder]) -> None:
        ref = str(standing.ref)
        how = OVER.get(facts.status, _K.REJECT if facts.status == INACTIVE else _K.CANCEL_ACK)
        if standing.refused and how is _K.CANCEL_ACK:
            how = _K.REJECT
        filled = max(self._desk.ledger.filled(ref), whole(facts.filled) or 0)
        if how is _K.FILL and filled == 0:
            filled = whole(facts.qty) or standing.qty
        standing.life, standing.over = Life.OVER, how
        done[ref] = DoneOrder(ref, how, filled)

    def _remembered(self, mine: Counter[str], done: dict[str, DoneOrder], today: str) -> None:
        """Orders whose end a message has told and no list shows any more."""
        for standing in self._desk.standings.all():
            ref = str(standing.ref)
            if not ref.startswith(today) or mine[ref] or ref in done:
                continue
            if standing.over is not None:
                filled = self._desk.ledger.filled(ref)
                done[ref] = DoneOrder(ref, standing.over, filled)

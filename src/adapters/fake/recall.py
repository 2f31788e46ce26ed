"""Bring a fresh fake broker to where a recorded run left its own, word by word.

The record holds the minutes, not their 5-second pieces, so fills are taken from the words in
which the broker told of them; everything that follows from a fill or from a command is done
again and must be said again, the same.
"""

from __future__ import annotations

from collections import deque

from adapters.fake.broker import FakeBroker
from domain.bar import Bar
from domain.event import AccountSnapshot
from domain.orders import Fill, OrderEvent, OrderEventKind
from domain.units import Money, UtcNanos
from ports.broker import Word

_FILLED = frozenset({OrderEventKind.FILL, OrderEventKind.PARTIAL})


class Recall:
    """Implements ports.broker.Recalling on `broker`, whose fault script must be empty."""

    def __init__(self, broker: FakeBroker) -> None:
        self._broker = broker
        self._due: deque[Word] = deque()

    def asked(self) -> None:
        """See the port. What a command makes the broker say comes before what was still due."""
        self._due.extendleft(reversed(self._broker.drain()))

    def said(self, word: OrderEvent | Fill) -> None:
        """See the port."""
        if not self._due and isinstance(word, OrderEvent) and word.kind in _FILLED:
            self._fill(word)
        would = self._due[0] if self._due else None
        if would != word:
            raise ValueError(f"the broker would have said {would}")
        self._due.popleft()

    def _fill(self, word: OrderEvent) -> None:
        broker = self._broker
        order = broker._orders.get(word.order_ref)
        if order is None or word.price is None:
            raise ValueError(f"{word.order_ref} cannot fill: the broker has no such order")
        broker._fill(order, word.price, word.time)
        self._due.extend(broker.drain())

    def account(self, snapshot: AccountSnapshot) -> AccountSnapshot:
        """See the port. Between two fills the record knows the balance."""
        broker = self._broker
        broker._last_time = snapshot.at
        broker._account = None
        if not broker._position:
            broker._cash = snapshot.equity
            broker._account = snapshot
        return snapshot

    def balance(self, cash: Money) -> None:
        """See the port."""
        self._broker._cash = cash
        self._broker._account = None

    def played(self, bar: Bar) -> None:
        """See the port. A stop-limit that was triggered works as a limit from then on."""
        broker = self._broker
        broker._last, broker._last_time = bar.close, bar.close_time
        for order in broker._orders.values():
            order.born_on_fill = False
            if order.kind == "STOP-LIMIT" and order.trigger is not None:
                ahead = bar.high if order.side > 0 else bar.low
                live = bar.open_time >= order.live_at
                order.triggered |= live and order.side * (ahead - order.trigger) >= 0

    def session_over(self, now: UtcNanos) -> None:
        """See the port."""
        self._broker.end_session(now)
        self.asked()

    @property
    def still_due(self) -> tuple[Word, ...]:
        """See the port."""
        return tuple(self._due)

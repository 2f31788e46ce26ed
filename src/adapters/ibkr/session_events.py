"""What listens to the library's events: plain hand-overs, no decisions.

The library swallows what a listener raises, so a listener here does nothing that could.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from adapters.ibkr.ib_api import (
    IB,
    AccountValue,
    CommissionReport,
    Fill,
    Position,
    RealTimeBarList,
    Ticker,
    Trade,
)
from adapters.ibkr.records import (
    FeeSeen,
    OpenSeen,
    QuoteSeen,
    Record,
    StatusSeen,
    Unreadable,
)
from adapters.ibkr.translate import (
    account_facts,
    bar_facts,
    exec_facts,
    order_facts,
    position_facts,
)
from domain.units import SECOND, UtcNanos

_DELAYED = (3, 4)
"""Kinds of market data that are not live."""
_OF_QUOTES = frozenset((0, 1, 2, 3, 66, 67, 69, 70))
"""Kinds of ticks: bid and ask, their sizes, and the delayed ones."""
_AGAIN = 5 * SECOND
"""A quote that stands is told again after so long, if anything is heard of it."""


class Hearing(Protocol):
    """Who is told of what concerns the connection itself."""

    queueing: bool

    def heard_error(self, req_id: int, code: int, text: str, contract: object) -> None: ...
    def fail_attempt(self, text: str) -> None: ...
    def end(self, reason: str) -> None: ...


class Listeners:
    """The listeners of one connection; `stop` makes them deaf."""

    def __init__(
        self, ib: IB, put: Callable[[Record], None], session: Hearing, now: Callable[[], UtcNanos]
    ) -> None:  # fmt: skip
        self._now = now
        self.bars: RealTimeBarList | None = None
        self._put = put
        self._session = session
        self._on = True
        self._muted = False
        self._quote: tuple[float, float, bool] | None = None
        self._quoted: UtcNanos = 0
        for event, listener in (
            (ib.errorEvent, session.heard_error),
            (ib.disconnectedEvent, self._gone),
            (ib.orderStatusEvent, self._status),
            (ib.openOrderEvent, self._open),
            (ib.execDetailsEvent, self._execution),
            (ib.commissionReportEvent, self._fee),
            (ib.positionEvent, self._position),
            (ib.accountValueEvent, self._account),
            (ib.barUpdateEvent, self._bar),
            (ib.client.throttleStart, self._queue),
            (ib.client.throttleEnd, self._free),
            (ib.client.apiError, self._api_error),
        ):
            event.connect(self._guarded(listener), keep_ref=True)

    def _guarded(self, listener: Callable[..., None]) -> Callable[..., None]:
        """A listener that is deaf after the end, and whose failure is told."""

        def hear(*args: object) -> None:
            if not self._on:
                return
            try:
                listener(*args)
            except Exception as error:  # noqa: BLE001 - the library would swallow it
                self._put(Unreadable(f"a listener failed: {type(error).__name__}"))

        return hear

    def quotes(self, ticker: Ticker) -> None:
        """Listen to one subscription of quotes."""
        ticker.updateEvent.connect(self._guarded(self._tick), keep_ref=True)

    def stop(self) -> None:
        """Hear nothing any more."""
        self._on = False

    @contextmanager
    def muted(self) -> Iterator[None]:
        """Do not listen to what the library says of itself while it is asked for a cancel."""
        self._muted = True
        try:
            yield
        finally:
            self._muted = False

    # ---- one a kind of event

    def _gone(self) -> None:
        self._session.end("the gateway closed the connection")

    def _api_error(self, text: str) -> None:
        self._session.fail_attempt(text)

    def _status(self, trade: Trade) -> None:
        if not self._muted:
            self._put(StatusSeen(order_facts(trade)))

    def _open(self, trade: Trade) -> None:
        self._put(OpenSeen(order_facts(trade)))

    def _execution(self, trade: Trade, fill: Fill) -> None:
        self._put(exec_facts(fill))

    def _fee(self, trade: Trade, fill: Fill, report: CommissionReport) -> None:
        seen = FeeSeen(report.execId, report.commission, report.currency, report.realizedPNL)
        self._put(seen)

    def _position(self, position: Position) -> None:
        self._put(position_facts(position))

    def _account(self, row: AccountValue) -> None:
        self._put(account_facts(row))

    def _bar(self, bars: RealTimeBarList, new: bool) -> None:
        if bars is not self.bars or not len(bars):
            return
        bar = bar_facts(bars[-1])
        bars.clear()  # the library would keep every bar of the connection
        self._put(bar)

    def _tick(self, ticker: Ticker) -> None:
        seen = (ticker.bid, ticker.ask, ticker.marketDataType in _DELAYED)
        if math.isnan(seen[0]) and math.isnan(seen[1]):
            return
        now = self._now()
        if seen == self._quote and (
            now - self._quoted < _AGAIN or not any(t.tickType in _OF_QUOTES for t in ticker.ticks)
        ):
            return  # sizes change all the time; that a quote stands is worth a word now and then
        self._quote, self._quoted = seen, now
        self._put(QuoteSeen(*seen))

    def _queue(self) -> None:
        self._session.queueing = True

    def _free(self) -> None:
        self._session.queueing = False

"""What is looked at while a connection stands: its heart, its bars, its account, its hours."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from adapters.ibkr.contracts import Pinned
from adapters.ibkr.session import Session
from adapters.ibkr.settings import Waits
from adapters.ibkr.timekeeping import LinkTime
from domain.units import SECOND
from ports.errors import BrokerDown, BrokerRefused

_TURN = 0.25


class Watch:
    """The watch over one session; it ends with it."""

    def __init__(self, session: Session, waits: Waits, time: LinkTime, pinned: Pinned) -> None:
        self._session = session
        self._waits = waits
        self._time = time
        self._pinned = pinned
        self._asked_again = False
        self._account_asked = 0.0
        self._hours_asked = time.steady()
        self._hours_day = session.today()

    async def heart(self) -> None:
        """Ask for the time again and again: two questions without an answer, and it is dead."""
        missed = 0
        while not self._session.lost.is_set():
            if missed == 0:
                await self._pause(self._waits.beat)
            try:
                await self._session.ask_time()
                missed = 0
            except BrokerDown:
                missed += 1
                if missed >= 2:
                    self._session.end("the gateway does not answer any more")

    async def data(self) -> None:
        """Look after bars, account figures and hours."""
        while not self._session.lost.is_set():
            await self._pause(_TURN)
            if not self._session.upstream:
                self._time.bars_asked()  # nothing can come; the trouble has another name
                continue
            self._bars()
            with suppress(BrokerDown):
                await self._account()
            await self._hours()

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._session.lost.wait(), seconds)

    def _bars(self) -> None:
        """No bars in regular hours: a trouble, a new subscription, a new connection."""
        session, age = self._session, self._time.bar_age()
        if not self._time.open_now():
            self._asked_again = False
            session.bars_missing(False)
            if self._waits.bars_stale < age:
                self._time.bars_asked()
            return
        if age <= self._waits.bars_stale:
            if session.bars_seen:
                self._asked_again = False
                session.bars_missing(False)
            return
        session.bars_missing(True)
        if age <= self._waits.bars_lost or self._time.steady() < session.no_bars_before:
            return
        if self._asked_again:
            session.end("no bars, and none after they were asked for again")
            return
        self._asked_again = True
        session.subscribe_bars()

    async def _account(self) -> None:
        """Figures that grow old are asked for again."""
        session, now = self._session, self._time.steady()
        age = (self._time.host() - session.account_at) / SECOND
        if age < self._waits.account_ask or now - self._account_asked < 1.0:
            return
        self._account_asked = now
        await session.ask_account()

    async def _hours(self) -> None:
        """Hours are told about a week ahead only: daily, and every hour until they were told."""
        now, day = self._time.steady(), self._session.today()
        due = day != self._hours_day or now - self._hours_asked > self._waits.hours_again
        if not due:
            return
        self._hours_asked = now
        try:
            await self._session.ask_month(self._pinned)
            self._hours_day = day
        except BrokerRefused as error:
            self._session.end(str(error))
        except BrokerDown:
            return

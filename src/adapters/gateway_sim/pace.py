"""How virtual time goes: as fast as the client can follow, or so many times as fast as ours.

At full speed the next minute happens only when every client has read the last one, and a
real moment passes after every order, fill, position or error, so that a correct bot never
looks slow. (Asking the system what a client has read is dear, so it is asked where it counts:
at the end of a minute and after something weighty.) What has been read need not have been dealt
with: a bot on our clock asks for the time once it has nothing left to do, and is waited for; a
client that does not ask is not, after the first time. While nobody listens to bars (not yet, or
cut off) virtual time goes like real time.

In a hole of the bars time goes by steps (`silence`), each of them told to whoever asks: that is
how a bot learns that nothing has happened.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Final

from adapters.gateway_sim.bars import MINUTE, PIECE, SECOND, Piece
from adapters.gateway_sim.core import Core
from adapters.gateway_sim.log import Entry
from adapters.gateway_sim.peers import unread
from adapters.gateway_sim.server import Server
from adapters.gateway_sim.silence import next_moment

_WEIGHTY: Final = frozenset(
    ("placeOrder", "cancelOrder", "reqGlobalCancel", "openOrder", "orderStatus", "execDetails",
     "commissionReport", "position", "error", "reqHistoricalData", "reqRealTimeBars",
     "reqAllOpenOrders", "reqExecutions", "reqPositions", "reqCompletedOrders")
)  # fmt: skip
_HUNG: Final = 10.0
_GAP: Final = 0.001
_STEADY: Final = 3
"""Who asked for the time in so many waits on end does so for good."""


@dataclass(frozen=True, slots=True)
class Pace:
    """`speed` in virtual seconds a second, None for as fast as can be; the rest real seconds.

    `pause` follows everything weighty, `minute` the end of each minute. `away` is the speed
    while nobody listens, `patience` how long that may last after somebody has, `asking` how long
    a client is given to ask for the time, `linger` how long clients are served after the last bar.
    """

    speed: float | None = None
    pause: float = 0.05
    minute: float = 0.01
    away: float = 1.0
    patience: float = 60.0
    asking: float = 1.0
    linger: float = 3.0


class Player:
    """Plays the bars of a gateway that is served by `server`, until `stop` is set."""

    def __init__(self, core: Core, server: Server, pace: Pace, stop: asyncio.Event) -> None:
        self._core = core
        self._server = server
        self._pace = pace
        self._stop = stop
        self._stirred = False
        self._since: int | None = None
        self._told: set[int] = set()
        self._silent: set[int] = set()
        self._asks: Counter[int] = Counter()
        core.log.listeners.append(self._heard)

    async def play(self) -> bool:
        """Play to the end of the bars, and of a session that somebody holds something in; False if
        it was stopped before."""
        while not self._stop.is_set() and not self._core.listened():
            await self._sleep(0.02)
        away, core, pace = 0.0, self._core, self._pace
        while (core.market.left or self._ahead()) and not self._stop.is_set():
            if core.listened():
                away = 0.0
                if not await self._silence():
                    await self._step()
                continue
            if away > (pace.patience if core.market.left else pace.linger):
                if core.step() is None:
                    break
                await asyncio.sleep(0)
                continue
            await self._sleep(0.1)
            away += 0.1
            self._drift(0.1 * pace.away)
        ended = not core.market.left
        await self._linger()
        return ended

    async def _sleep(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return

    async def _step(self) -> None:
        piece = self._core.step()
        if piece is None:
            return
        if self._pace.speed is not None:
            await self._sleep(PIECE / SECOND / self._pace.speed)
        else:
            await self._caught_up(piece)

    async def _caught_up(self, piece: Piece) -> None:
        """Wait until clients have read everything and nothing weighty goes on."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _HUNG
        self._told.clear()
        await asyncio.sleep(_GAP)
        if piece.bar.end % MINUTE == 0:
            await self._read(until)
            await self._sleep(self._pace.minute)
            await self._asked()
        await self._calm(until)

    async def _calm(self, until: float) -> None:
        """Wait until nothing weighty goes on, at most until then."""
        loop = asyncio.get_running_loop()
        while self._weighty() and loop.time() < until and not self._stop.is_set():
            await self._read(until)
            self._told.clear()
            await self._sleep(self._pace.pause)
            await self._asked()

    async def _read(self, until: float) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(0)
        while loop.time() < until and self._core.listened():
            left = 0 if self._server.unsent() else unread(self._server.pairs())
            if left is None:
                await asyncio.sleep(0.002)
                return
            if left == 0 and not self._server.unsent():
                return
            await asyncio.sleep(0.0005)

    # ---- holes of the bars

    async def _silence(self) -> bool:
        """One step through a hole of the bars; False if there is none, or it is over."""
        core, now, target = self._core, self._core.market.now, self._ahead()
        if not target:
            over, self._since = self._since is not None, None
            if over:
                await self._dealt_with()
            return False
        if self._since is None:
            self._since = now
        elif self._busy():
            await self._dealt_with()
        jump = target - now > MINUTE
        core.pass_time(target)
        self._told.clear()
        if self._pace.speed is not None:
            await self._sleep(0 if jump else (target - now) / SECOND / self._pace.speed)
        else:
            await self._asked()
            await self._calm(asyncio.get_running_loop().time() + _HUNG)
        return True

    def _ahead(self) -> int:
        """The next moment of a hole of the bars, 0 if there is none or it is over."""
        core = self._core
        now, coming = core.market.now, core.market.peek()
        since = now if self._since is None else self._since
        target = next_moment(now, since, coming.bar.start if coming else None, self._busy())
        return target if target > now else 0

    def _busy(self) -> bool:
        broker = self._core.broker
        return broker.account.size() != 0 or bool(broker.live())

    async def _dealt_with(self) -> None:
        """Wait until what a client made of the moment that it was told has reached us: it has
        nothing left to do once it asks again. So its orders meet what comes after that moment."""
        if self._pace.speed is None:
            self._told.clear()
            await self._asked()

    async def _asked(self) -> None:
        """Wait until every client that asks for the time has heard it."""
        loop, core = asyncio.get_running_loop(), self._core
        began = loop.time()
        await asyncio.sleep(_GAP)
        while not self._stop.is_set():
            there = {s.number for s in core.sessions if s.started} - self._silent
            missing = there - self._told
            if not missing or not core.listened():
                self._asks.update(there & self._told)
                return
            if loop.time() - began >= self._patience(missing):
                self._silent |= missing
                for session in missing:
                    del self._asks[session]
                return
            await asyncio.sleep(_GAP)

    def _patience(self, missing: set[int]) -> float:
        """How long these are waited for: one that has always asked is busy, not silent."""
        steady = any(self._asks[session] >= _STEADY for session in missing)
        return _HUNG if steady else self._pace.asking

    # ---- what is heard

    def _heard(self, entry: Entry) -> None:
        if entry.kind == "currentTime":
            self._told.add(entry.session)
            self._silent.discard(entry.session)
        if entry.kind in _WEIGHTY:
            self._stirred = True

    def _weighty(self) -> bool:
        """Whether something weighty was said since this was last asked."""
        stirred, self._stirred = self._stirred, False
        return stirred

    def _drift(self, seconds: float) -> None:
        """Let virtual time go by `seconds` while nobody listens."""
        target = self._core.market.now + int(seconds * SECOND)
        coming = self._core.market.peek()
        while coming is not None and coming.bar.end <= target:
            self._core.step()
            coming = self._core.market.peek()
        self._core.pass_time(target)

    async def _linger(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._pace.linger
        while loop.time() < until and self._core.sessions and not self._stop.is_set():
            await self._sleep(0.1)
            self._core.pass_time(self._core.market.now + SECOND // 10)

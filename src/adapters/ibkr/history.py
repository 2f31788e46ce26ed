"""Bars of the past, within what the broker allows (ibkr.md 7, historical data)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final, cast

from adapters.ibkr import codes
from adapters.ibkr.ib_api import BarData
from adapters.ibkr.prices import to_ticks, whole
from adapters.ibkr.questions import RefusedRequestError
from adapters.ibkr.session import Session
from adapters.ibkr.timekeeping import BAR, LinkTime
from adapters.ibkr.times import moment, nanos
from domain.aggregator import SubBar
from domain.bar import Bar
from domain.instrument import Instrument
from domain.units import DAY, MINUTE, SECOND, UtcNanos
from ports.errors import BrokerDown

_BURST, _BURST_S = 5, 2.0
_MANY, _MANY_S = 60, 600.0
_LONGEST_PAUSE: Final = 8
"""So many times its first pause a refused pace lets us rest at most; each refusal doubles it."""
_NO_BARS: Final = 162


class Pacing:
    """Lets requests through as slowly as the broker wants them, one after the other. `pause` is
    how many seconds nothing is asked for after a first refusal."""

    def __init__(self, pause: float) -> None:
        self._made: deque[float] = deque(maxlen=_MANY)
        self._one = asyncio.Lock()
        self._pause = pause
        self._refused = 0
        self._rests_until = 0.0

    async def turn(self) -> None:
        """Wait until another request may be made, and count it."""
        clock = LinkTime.steady
        async with self._one:
            for count, span in ((_BURST, _BURST_S), (_MANY, _MANY_S)):
                if len(self._made) >= count:
                    await asyncio.sleep(max(0.0, self._made[-count] + span - clock()))
            while self.left > 0:
                await asyncio.sleep(self.left)
            self._made.append(clock())

    def refused(self) -> None:
        """The broker finds us too fast. It outlasts the question that was refused: the next one
        waits, whoever asks."""
        times = min(2**self._refused, _LONGEST_PAUSE)
        self._refused += 1
        self._rests_until = LinkTime.steady() + self._pause * times

    def answered(self) -> None:
        """The broker has answered: the next refusal is a first one again."""
        self._refused = 0

    @property
    def left(self) -> float:
        """Seconds until the pause after a refusal is over."""
        return max(0.0, self._rests_until - LinkTime.steady())


class History:
    """Asks for spans of minute bars, a day at a time, and for pieces of one minute."""

    def __init__(self, instrument: Instrument, seconds: float, pause: float) -> None:
        self._tick = instrument.tick_size
        self._band = instrument.price_band
        self._most = instrument.max_minute_volume
        self._seconds = seconds
        self.pacing = Pacing(pause)

    async def bars(self, session: Session, since: UtcNanos, until: UtcNanos) -> tuple[Bar, ...]:
        """Minute bars that open in [since, until). Errors: BrokerDown."""
        found: dict[UtcNanos, Bar] = {}
        start = since // MINUTE * MINUTE
        while start < until:
            end = min(start + DAY, -(-until // MINUTE) * MINUTE)
            for bar in await self._span(session, start, end):
                if since <= bar.open_time < until:
                    found[bar.open_time] = bar
            start = end
        return tuple(found[t] for t in sorted(found))

    async def pieces(
        self, session: Session, since: UtcNanos, until: UtcNanos
    ) -> tuple[SubBar, ...]:
        """5-second bars that open in [since, until). Errors: BrokerDown."""
        start = min(since, until - MINUTE)  # less than a minute is refused
        found = {
            bar.open_time: SubBar(*bar[:6], untraded=not bar.volume)
            for bar in await self._span(session, start, until, BAR, "5 secs")
            if since <= bar.open_time < until
        }
        return tuple(found[t] for t in sorted(found))

    async def _span(
        self, session: Session, start: UtcNanos, end: UtcNanos, length: int = MINUTE,
        size: str = "1 min",
    ) -> list[Bar]:  # fmt: skip
        duration = f"{(end - start) // SECOND} S"
        while True:
            await self.pacing.turn()
            try:
                raw = await session.ask_bars(moment(end), duration, self._seconds, size)
            except RefusedRequestError as error:
                if error.code == _NO_BARS and codes.says_pacing(error.text):
                    self.pacing.refused()
                    continue
                if error.code == _NO_BARS and codes.says_no_data(error.text):
                    self.pacing.answered()
                    return []
                raise BrokerDown(f"no history: {error}") from error
            self.pacing.answered()
            return self._read(cast("Sequence[BarData]", raw), length)

    def _read(self, raw: Sequence[BarData], length: int) -> list[Bar]:
        """The bars that are valid; what is not is a hole."""
        lowest, highest = self._band.low, self._band.high
        bars: list[Bar] = []
        for b in raw:
            ticks = [to_ticks(p, self._tick) for p in (b.open, b.high, b.low, b.close)]
            volume = whole(float(b.volume))
            o, h, low, c = ticks
            if o is None or h is None or low is None or c is None or volume is None or volume < 0:
                continue
            opens = nanos(b.date)
            if low < lowest or h > highest or volume > self._most:
                continue
            if opens % length == 0 and low <= min(o, c) and h >= max(o, c):
                bars.append(Bar(opens, o, h, low, c, volume))
        return bars

"""The quote stream of a live feed, minute by minute (instrument-and-session.md 3, rule 5)."""

from __future__ import annotations

from typing import Final, NamedTuple

from domain.units import MINUTE, Ticks, UtcNanos


class MinuteQuote(NamedTuple):
    """A minute's closing quote and its time-weighted mean spread in ticks."""

    bid: Ticks | None
    ask: Ticks | None
    mean_spread_ticks: float | None


NO_QUOTE: Final = MinuteQuote(None, None, None)


class _Minute:
    """What has been seen of one minute: spread times nanoseconds, nanoseconds, last quote."""

    __slots__ = ("ask", "bid", "heard", "span", "weighted")

    def __init__(self) -> None:
        self.weighted = 0
        self.span = 0
        self.bid: Ticks | None = None
        self.ask: Ticks | None = None
        self.heard = False


class QuoteMeter:
    """Weighs `ask - bid` by the time it stood, in whole minutes of UTC nanoseconds.

    A quote stands until the next one, across a minute's start too. Only the time with
    `ask > bid` is weighed: locked and crossed is no spread. A minute in which no quote
    arrived has none: a silent stream must not look like a steady market.
    """

    __slots__ = ("_ask", "_bid", "_minutes", "_since")

    def __init__(self) -> None:
        self._bid: Ticks | None = None
        self._ask: Ticks | None = None
        self._since: UtcNanos | None = None
        self._minutes: dict[UtcNanos, _Minute] = {}

    def on_quote(self, t: UtcNanos, bid: Ticks | None, ask: Ticks | None) -> None:
        """Take the best bid and ask from `t` on; None or not positive: that side is unknown.

        A time before the last quote's is taken as the last quote's: the stream keeps its order.
        """
        if self._since is not None and t < self._since:
            t = self._since
        self._advance(t)
        whole = bid is not None and ask is not None and bid > 0 and ask > 0
        self._bid, self._ask = (bid, ask) if whole else (None, None)
        minute = self._minute(t // MINUTE * MINUTE)
        minute.bid, minute.ask = self._bid, self._ask
        minute.heard = minute.heard or whole

    def close(self, minute: UtcNanos) -> MinuteQuote:
        """The quote of the minute that opened at `minute`; earlier minutes are forgotten."""
        self._advance(minute + MINUTE)
        seen = self._minutes.get(minute)
        for old in [m for m in self._minutes if m <= minute]:
            del self._minutes[old]
        if seen is None or not seen.heard:
            return NO_QUOTE
        mean = seen.weighted / seen.span if seen.span else None
        return MinuteQuote(seen.bid, seen.ask, mean)

    def _advance(self, t: UtcNanos) -> None:
        """Let the standing quote run until `t`; never back."""
        if self._since is None:
            self._since = t
            return
        while self._since < t:
            start = self._since // MINUTE * MINUTE
            until = min(t, start + MINUTE)
            if self._bid is not None and self._ask is not None:
                minute = self._minute(start)
                minute.bid, minute.ask = self._bid, self._ask
                if self._ask > self._bid:
                    minute.weighted += (self._ask - self._bid) * (until - self._since)
                    minute.span += until - self._since
                self._since = until
            else:
                self._since = t

    def _minute(self, minute: UtcNanos) -> _Minute:
        found = self._minutes.get(minute)
        if found is None:
            found = self._minutes[minute] = _Minute()
        return found

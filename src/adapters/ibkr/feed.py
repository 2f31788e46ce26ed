"""From records to market items: pieces of minutes, quotes, hours, times and troubles."""

from __future__ import annotations

import math

from adapters.ibkr import codes
from adapters.ibkr.codes import LinkMeaning
from adapters.ibkr.prices import to_ticks, whole
from adapters.ibkr.records import ApiError, BarSeen, HoursSeen, QuoteSeen, TimeSeen
from adapters.ibkr.settings import GatewaySettings
from adapters.ibkr.timekeeping import BAR, LinkTime, RunClock
from domain.aggregator import SubBar
from domain.units import SECOND, UtcNanos
from ports.market import (
    ClockSample,
    MarketItem,
    Past,
    Piece,
    Quote,
    TradingHours,
    Trouble,
    TroubleSeen,
)

_RATE_S = 600.0
"""How long too many requests are held against us: the broker counts over ten minutes."""
_RATE_MESSAGES_S = 5.0
_LATE_QUOTES = 10167
"""Market data is not subscribed and delayed quotes come in its place; bars are never delayed."""


class Feed:
    """Takes what was heard of the market; `items` is what there is to hand out, each with the
    time that it lets the gateway's clock come to."""

    def __init__(self, settings: GatewaySettings, clock: RunClock) -> None:
        self._settings = settings
        self._clock = clock
        self._tick = settings.instrument.tick_size
        self.items: list[tuple[MarketItem | None, UtcNanos]] = []
        self.past: list[Past] = []
        """Answers about the past: no part of the order in which the market's items came."""
        self.reached: UtcNanos = 0
        """How far the market's own time has come."""
        self._on: dict[Trouble, str] = {}
        self._farms = codes.Farms()
        self._sampled = -math.inf
        self._ends: dict[Trouble, float] = {}
        self._late_quotes = False

    @property
    def pieces_wait(self) -> bool:
        """True while there are bars to hand out."""
        return any(isinstance(item, Piece) for item, _ in self.items)

    # ---- data

    def bar(self, seen: BarSeen, at: UtcNanos) -> None:
        """A 5-second bar; prices that are no ticks are told, not mended."""
        ticks = [to_ticks(p, self._tick) for p in (seen.open, seen.high, seen.low, seen.close)]
        volume = whole(seen.volume)
        o, h, low, c = (t if t is not None else 0 for t in ticks)
        sub = SubBar(
            seen.opens, o, h, low, c, volume if volume is not None else -1, None, None,
            volume == 0 and not seen.average > 0, None not in ticks,
        )  # fmt: skip
        end = seen.opens + BAR
        self.reached = max(self.reached, end)
        received = end if self._clock.of_gateway else at
        self.items.append((Piece(sub, received), end))
        for kind in (Trouble.NO_BARS, Trouble.COMPETING_SESSION):
            self.ended(kind, at, "bars flow")
        if not self._late_quotes:
            self.ended(Trouble.DELAYED_DATA, at, "bars flow")

    def quote(self, seen: QuoteSeen, at: UtcNanos) -> None:
        """Best bid and ask; delayed ones are none."""
        if seen.delayed:
            self._delayed(at, "quotes are delayed")
            return
        if self._late_quotes:
            self._late_quotes = False
            self.ended(Trouble.DELAYED_DATA, at, "quotes are live")
        bid, ask = to_ticks(seen.bid, self._tick), to_ticks(seen.ask, self._tick)
        self._put(Quote(self._received(at), bid, ask))

    def hours(self, seen: HoursSeen, at: UtcNanos) -> None:
        """Regular hours of the contract."""
        self._put(TradingHours(self._received(at), seen.days, seen.hours))

    def time(self, seen: TimeSeen) -> None:
        """The gateway's time: a comparison now and then, or the time itself."""
        if self._clock.of_gateway:
            self.reached = max(self.reached, seen.broker)
            self.items.append((None, seen.broker))
            return
        self._clock.compare(seen.local, seen.broker)
        now = LinkTime.steady()
        if now - self._sampled >= self._settings.waits.clock_sample:
            self._sampled = now
            self._put(ClockSample(seen.local, seen.broker))

    # ---- troubles

    def _delayed(self, at: UtcNanos, text: str) -> None:
        """Quotes are of another moment: bars that flow beside them prove nothing, a live quote
        does."""
        self._late_quotes = True
        self.begun(Trouble.DELAYED_DATA, at, text)

    def begun(self, kind: Trouble, at: UtcNanos, text: str, lasts: float = 0) -> None:
        """A trouble is there; with `lasts` it ends by itself after so many seconds."""
        if lasts:
            self._ends[kind] = LinkTime.steady() + lasts
        if kind not in self._on:
            self._on[kind] = text
            self._put(TroubleSeen(self._received(at), kind, True, text))

    def ended(self, kind: Trouble, at: UtcNanos, text: str) -> None:
        """A trouble is over; nothing if there was none."""
        self._ends.pop(kind, None)
        if self._on.pop(kind, None) is not None:
            self._put(TroubleSeen(self._received(at), kind, False, text))

    def lasting(self, kind: Trouble) -> bool:
        """True while a trouble lasts."""
        return kind in self._on

    def expire(self, at: UtcNanos) -> None:
        """End the troubles whose time is over."""
        now = LinkTime.steady()
        for kind in [k for k, end in self._ends.items() if end <= now]:
            self.ended(kind, at, "its time is over")

    def new_link(self, at: UtcNanos) -> None:
        """A new connection: what the old one had said of the gateway is void."""
        self._farms.forget()
        self._late_quotes = False
        for kind in (
            Trouble.DATA_FARM, Trouble.UPSTREAM_DOWN, Trouble.COMPETING_SESSION,
            Trouble.DELAYED_DATA,
        ):  # fmt: skip
            self.ended(kind, at, "a new connection")
        self._sampled = -math.inf

    def error(self, seen: ApiError, at: UtcNanos) -> None:
        """An error message that is about no order."""
        text = f"{seen.code}: {seen.text}"
        match codes.about_link(seen.code):
            case LinkMeaning.UPSTREAM_DOWN:
                self.begun(Trouble.UPSTREAM_DOWN, at, text)
            case LinkMeaning.UPSTREAM_BACK | LinkMeaning.UPSTREAM_LOST:
                self.ended(Trouble.UPSTREAM_DOWN, at, text)
            case LinkMeaning.FARM_DOWN | LinkMeaning.FARM_UP:
                if self._farms.heard(seen.code, seen.text):
                    self.begun(Trouble.DATA_FARM, at, text)
                else:
                    self.ended(Trouble.DATA_FARM, at, text)
            case LinkMeaning.COMPETING:
                self.begun(Trouble.COMPETING_SESSION, at, text)
            case LinkMeaning.NO_DATA if seen.code == _LATE_QUOTES:
                self._delayed(at, text)
            case LinkMeaning.NO_DATA if seen.about != "quotes":
                self.begun(Trouble.DELAYED_DATA, at, text)
            case LinkMeaning.PACING if seen.code == 420 and seen.about == "quotes":
                pass  # a minute without a quote has its own penalty
            case LinkMeaning.PACING if seen.code == 420 or codes.says_pacing(seen.text):
                self.begun(Trouble.RATE, at, text, _RATE_S if seen.code == 420 else 60.0)
            case LinkMeaning.RATE:
                self.begun(Trouble.RATE, at, text, _RATE_MESSAGES_S)
            case LinkMeaning.READ_ONLY if codes.says_read_only(seen.text):
                self.begun(Trouble.READ_ONLY, at, text)
            case LinkMeaning.RESUBSCRIBE:
                self.begun(Trouble.NO_BARS, at, text)
            case _:
                pass

    def account_age(self, amounts_at: UtcNanos, known: bool, at: UtcNanos) -> None:
        """Figures that are missing, or were received too long ago, are a trouble; how long is a
        matter of the link, so the host's clock tells."""
        age = (at - amounts_at) / SECOND
        if not known:
            self.begun(Trouble.ACCOUNT_STALE, at, "the account's figures are not known")
        elif age > self._settings.waits.account_stale:
            self.begun(Trouble.ACCOUNT_STALE, at, f"the account's figures are {age:.0f} s old")
        else:
            self.ended(Trouble.ACCOUNT_STALE, at, "the account's figures are known")

    # ---- inside

    def _put(self, item: MarketItem) -> None:
        self.items.append((item, 0))

    def _received(self, at: UtcNanos) -> UtcNanos:
        """When an item came: on the gateway's clock, with what it came after."""
        return max(self.reached, self._clock.now()) if self._clock.of_gateway else at

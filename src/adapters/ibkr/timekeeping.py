"""Two clocks: the link's own, and the run's, which may be the gateway's (ibkr.md 12.1)."""

from __future__ import annotations

import time
from typing import Final

from adapters.ibkr.settings import GATEWAY
from domain.units import DAY, SECOND, UtcNanos

BAR: Final = 5 * SECOND
_MICRO: Final = 1_000


class LinkTime:
    """What the library's thread knows of time. Link timers run on `steady`, which counts the
    host's sleep where the system can tell."""

    def __init__(self, clock: str) -> None:
        self._gateway = clock == GATEWAY
        self._broker: UtcNanos = 0
        self._bar_end: UtcNanos = 0
        self._bar_steady = 0.0
        self.hours: tuple[tuple[UtcNanos, UtcNanos], ...] = ()

    @staticmethod
    def host() -> UtcNanos:
        """The host's clock in whole microseconds."""
        return time.time_ns() // _MICRO * _MICRO

    @staticmethod
    def steady() -> float:
        """Seconds that never jump."""
        return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))

    def heard(self, broker: UtcNanos) -> None:
        """The gateway said its time."""
        self._broker = max(self._broker, broker)

    def bar(self, opens: UtcNanos) -> None:
        """A bar has arrived."""
        self._bar_end = max(self._bar_end, opens + BAR)
        self._bar_steady = self.steady()

    def bars_asked(self) -> None:
        """Bars are asked for from now on."""
        self._bar_steady = self.steady()
        self._bar_end = max(self._bar_end, self._broker)

    def now(self) -> UtcNanos:
        """The time of the run, as far as this thread knows it."""
        if not self._gateway:
            return self.host()
        return max(self._broker, self._bar_end) or self.host()

    def bar_age(self) -> float:
        """Seconds since a bar was last there, or asked for."""
        if self._gateway:
            return max(0, self._broker - self._bar_end) / SECOND
        return self.steady() - self._bar_steady

    def open_now(self) -> bool:
        """True inside the contract's own regular hours."""
        now = self.now()
        return any(opens <= now < closes for opens, closes in self.hours)


class Pulse:
    """When an idle run on the gateway's clock asks what time it is.

    That time may run ahead of ours (days are played in minutes): then it asks at once, which also
    tells the gateway that everything so far has been dealt with, else a few times a second. It
    leaves most of the messages of a second to others: a gateway of any make counts them.
    """

    SOON: Final = 0.005
    REST: Final = 0.25
    APART: Final = 0.1
    """Two questions are at least so far apart."""

    def __init__(self, answer: float) -> None:
        self._answer = answer
        self._pause = self.REST
        self._due = LinkTime.steady() + self.REST
        self._said: tuple[UtcNanos, float] = (0, 0.0)
        self._asked = 0.0

    def left(self) -> float:
        """Seconds of the steady clock until it is to be asked."""
        return self._due - LinkTime.steady()

    def asked(self) -> None:
        """It was asked; an answer that does not come is not waited for longer than its time."""
        self._asked = LinkTime.steady()
        self._due = self._asked + self._answer

    def said(self, broker: UtcNanos) -> None:
        """The gateway said its time, or a bar did."""
        now, (before, then) = LinkTime.steady(), self._said
        ahead = (broker - before) / SECOND - (now - then)
        self._pause = self.SOON if ahead >= 2.0 else min(self.REST, 2 * self._pause)
        self._said = (broker, now)
        self._due = max(now + self._pause, self._asked + self.APART)


class RunClock:
    """The time that the port shows, in whole microseconds; it never runs backwards.

    On the host's clock it is the later of that and the broker's time: a host that is slow must
    not delay what is due (instrument-and-session.md 4). On the gateway's clock it stands still
    but for `advance`, which is called when a bar or the gateway's time is handed out: never before
    the data that it closes.
    """

    def __init__(self, clock: str) -> None:
        self._gateway = clock == GATEWAY
        self._last: UtcNanos = 0
        self._stamp: UtcNanos = 0
        self._slow: UtcNanos = 0

    @property
    def of_gateway(self) -> bool:
        """True if the time is the gateway's."""
        return self._gateway

    def now(self) -> UtcNanos:
        """The run's time."""
        if not self._gateway:
            self._last = max(self._last, LinkTime.host() + self._slow)
        return self._last

    def compare(self, host: UtcNanos, broker: UtcNanos) -> None:
        """The broker's time was `broker`, cut to the second, when the host's clock showed `host`.

        A comparison is good to about half a second; what is more than a day apart is no clock.
        """
        behind = broker - host
        self._slow = behind if SECOND // 2 < behind <= DAY else 0

    def advance(self, to: UtcNanos) -> None:
        """Let the gateway's time come to `to`."""
        if self._gateway:
            self._last = max(self._last, to // _MICRO * _MICRO)

    def stamp(self, received: UtcNanos) -> UtcNanos:
        """A time for one word, later than that of any word before.

        Two words of one kind at one instant would be one event of the record, so on the
        gateway's clock, which stands still, a part of the host's second is added.
        """
        if self._gateway:
            received = self._last + received % SECOND
        self._stamp = max(self._stamp + _MICRO, received // _MICRO * _MICRO)
        return self._stamp

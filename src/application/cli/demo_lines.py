"""What is said while a demo goes on: what a run always says, and what the demo is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from application.cli.live import Line, LiveLines
from application.cli.words import price, signed
from domain import event as e
from domain.event import Event
from domain.instrument import Instrument
from domain.law.state import Halt
from domain.units import SECOND, UtcNanos

_NEW_YORK: Final = ZoneInfo("America/New_York")
NOISE_VETO: Final = "NOISE_VETO"


def to_second(t: UtcNanos) -> str:
    """`10:42:05`, New York."""
    return f"{datetime.fromtimestamp(t // SECOND, UTC).astimezone(_NEW_YORK):%H:%M:%S}"


class DemoLines:
    """Call it with each batch of events; it tells them by `line`, a text and a style."""

    def __init__(self, instrument: Instrument, line: Line) -> None:
        self._instrument = instrument
        self._line = line
        self._always = LiveLines(instrument, line, to_second)
        self._halted = False
        self._asked = False
        self._vetoed = 0

    def script(self, t: UtcNanos, words: str) -> None:
        """Say what the script is about to bring: not an event, and not the bot's doing."""
        self._line(f"{to_second(t)}  [script] {words}", "italic")

    def __call__(self, events: Sequence[Event]) -> None:
        """Tell of what is worth it."""
        self._always(events)
        for event in events:
            text = self._learned(event) or self._linked(event) or self._else(event)
            if text:
                self._line(f"{to_second(event.at)}  {text}", "bold")

    def _learned(self, event: Event) -> str:
        match event:
            case e.StrategyQuarantined() | e.StrategyReEnabled() | e.StrategyThrottled():
                return f"learning: {event.text}"
            case e.ShadowOpened(_, opened):
                at = price(opened.entry_price, self._instrument)
                return f"shadow trade begun at {at}: followed, no order is sent ({event.why})"
            case e.ShadowClosed(_, template, closed):
                return (
                    f"shadow trade of {template} ended by {closed.exit_reason}, would have made "
                    f"{signed(closed.net)} USD"
                )
            case _:
                return ""

    def _linked(self, event: Event) -> str:
        match event:
            case e.ConnectionChanged(_, up, reason):
                self._asked = True
                if up:
                    return f"link to the broker is up ({reason}); nothing is entered before a read"
                return f"link to the broker is DOWN ({reason}); the resting stop protects"
            case e.ReconcileCompleted(_, _, rows, clean) if self._asked or not clean:
                self._asked = not clean  # the routine ones, each minute, are in the record alone
                found = "all agrees" if clean else f"it does not agree yet, {', '.join(rows)}"
                return f"asked the broker for its own books: {found}"
            case _:
                return ""

    def _else(self, event: Event) -> str:
        match event:
            case e.DecisionMade(_, record):
                vetoed, self._vetoed = self._vetoed, 0
                if record.reason == NOISE_VETO:
                    self._vetoed = vetoed + 1
                    return ""
                return f"the noise veto is over: it stood {vetoed} minutes" if vetoed else ""
            case e.TradeManaged(_, _, rule, "TIGHTEN"):
                at = price(event.new_stop, self._instrument)
                return f"stop tightened to {at} by rule {rule}"
            case e.LawStateChanged(_, state):
                halted, before = Halt.DAY in state.halts, self._halted
                self._halted = halted
                if halted and not before:
                    return f"the law halts the day at a result of {signed(state.net_day)} USD"
                return ""
            case _:
                return ""

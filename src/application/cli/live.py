"""One line per thing worth reading while a run goes on.

Entries, exits, moved stops, refusals by the law, fills, results, lockouts and kills are
always worth it; a skip only when its reason is new.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from application.cli.words import clock, day_and_clock, price, side, signed
from domain.decision import Action
from domain.event import (
    BarClosed,
    BarRejected,
    CommandIssued,
    DecisionMade,
    Event,
    FillReceived,
    KillCompleted,
    KillTriggered,
    LockoutStarted,
    SessionClosed,
    SessionOpened,
    StrategyFaulted,
    TradeClosed,
    WouldKill,
)
from domain.instrument import Instrument
from domain.narrative import tell
from domain.units import UtcNanos

Line = Callable[[str, str], None]
REJECTED_SHOWN: Final = 5
_STYLES: Final = {Action.ENTER: "bold cyan", Action.EXIT: "cyan", Action.MODIFY: "cyan"}


class LiveLines:
    """Call it with each batch of events; it calls `line` with a text and a style.

    `clock` is how times are told.
    """

    def __init__(
        self, instrument: Instrument, line: Line, clock: Callable[[UtcNanos], str] = clock
    ) -> None:
        self._instrument = instrument
        self._line = line
        self._clock = clock
        self._reasons: set[str] = set()
        self._rejected = 0
        self._last: UtcNanos | None = None

    @property
    def last_seen(self) -> str:
        """New York time of the last bar, a dash before the first."""
        return "-" if self._last is None else day_and_clock(self._last)

    def __call__(self, events: Sequence[Event]) -> None:
        """Tell of what is worth it."""
        for event in events:
            match event:
                case BarClosed():
                    self._last = event.bar.open_time
                case DecisionMade():
                    self._decision(event)
                case SessionOpened():
                    hours = f"{clock(event.open)} to {clock(event.close)} New York"
                    early = ", early close" if event.early_close else ""
                    self._line(f"----- {event.session}, regular hours {hours}{early}", "bold")
                case SessionClosed():
                    trades = f"{event.trades} trade{'' if event.trades == 1 else 's'}"
                    text = f"session closed: {trades}, net {signed(event.net)} USD"
                    self._at(event.at, text, "")
                case _:
                    self._rare(event)

    def _decision(self, event: DecisionMade) -> None:
        record = event.record
        if record.action is Action.HOLD:
            return
        if record.action is Action.SKIP:
            by_law = record.reason.startswith("PERMIT_REFUSED_")
            if record.reason in self._reasons and not by_law:
                return
            self._reasons.add(record.reason)
            self._at(event.at, tell(record), "yellow" if by_law else "dim")
            return
        self._at(event.at, tell(record), _STYLES[record.action])

    def _rare(self, event: Event) -> None:
        match event:
            case FillReceived(at, fill):
                what = f"{fill.role.name.lower()} {'bought' if fill.side > 0 else 'sold'}"
                text = f"fill: {what} {fill.qty} at {price(fill.price, self._instrument)}"
                self._at(at, text, "magenta")
            case TradeClosed():
                self._trade(event)
            case CommandIssued(at, ref, "cancel", reason):
                self._at(at, f"cancel {ref}: {reason}", "dim")
            case LockoutStarted(at, kind, until, cause):
                self._at(at, f"lockout {kind} until {clock(until)}: {cause}", "yellow")
            case KillTriggered(at, trigger, detail):
                self._at(at, f"KILL {trigger}: {detail}", "bold red")
            case KillCompleted(at, trigger):
                self._at(at, f"KILL {trigger} completed: flat, no order working", "bold red")
            case StrategyFaulted(at, template, method, detail):
                text = f"{template} is out for this session: {method} {detail}"
                self._at(at, text, "red")
            case WouldKill(at, trigger, detail):
                self._at(at, f"would kill {trigger}: {detail}", "red")
            case BarRejected():
                self._rejection(event)
            case _:
                pass

    def _trade(self, event: TradeClosed) -> None:
        entry, out = (price(p, self._instrument) for p in (event.entry_price, event.exit_price))
        text = (
            f"trade closed: {side(event.side)} {entry} to {out} by {event.exit_reason}, "
            f"net {signed(event.net)} USD ({event.r_net:+.2f} R)"
        )
        self._at(event.at, text, "bold green" if event.net.units > 0 else "bold red")

    def _rejection(self, event: BarRejected) -> None:
        self._rejected += 1
        if self._rejected <= REJECTED_SHOWN:
            self._at(event.at, f"row dropped, {event.where}: {event.rule}", "yellow")
        elif self._rejected == REJECTED_SHOWN + 1:
            self._at(event.at, "further dropped rows are counted, not shown", "yellow")

    def _at(self, t: UtcNanos, text: str, style: str) -> None:
        self._line(f"{self._clock(t)}  {text}", style)

"""What a run amounts to: a fold of its events (cli.md, `run --json`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from domain.decision import Action, DecisionRecord
from domain.event import (
    BarClosed,
    BeliefsComputed,
    DecisionMade,
    Event,
    FillReceived,
    KillTriggered,
    LawStateChanged,
    OrderSubmitting,
    PermitRefused,
    QualityAssessed,
    SessionOpened,
    SignalsComputed,
    TradeClosed,
    TradeOpened,
)
from domain.instrument import Instrument
from domain.law.state import Halt
from domain.units import ZERO, Money, UtcNanos

_OF_EVERY_BAR: Final = frozenset({SignalsComputed, BeliefsComputed, QualityAssessed})
"""Events that are of no account here."""


class RunSummary:
    """Counts and sums over everything that was recorded; call it with each batch of events."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self.first_bar: UtcNanos | None = None
        self.last_bar: UtcNanos | None = None
        self.bars = 0
        self.sessions = 0
        self.decisions = 0
        self.actions: Counter[str] = Counter()
        self.skips: Counter[str] = Counter()
        self.candidates: Counter[str] = Counter()
        self.entries = 0
        self.trades = 0
        self.wins = 0
        self.losses = 0
        self.gross = ZERO
        self.fees = ZERO
        self.net = ZERO
        self.max_open_risk = ZERO
        self.max_daily_loss = ZERO
        self.day_loss = ZERO
        self.refusals: Counter[str] = Counter()
        self.kill: tuple[str, str, UtcNanos] | None = None
        self.closed: list[tuple[TradeOpened, TradeClosed]] = []
        self._opened: TradeOpened | None = None

    def __call__(self, events: Sequence[Event]) -> None:
        """Fold a batch of events."""
        for event in events:
            if type(event) not in _OF_EVERY_BAR:
                self._fold(event)

    def _fold(self, event: Event) -> None:
        match event:
            case DecisionMade():
                self._decision(event.record)
            case BarClosed():
                if event.rth and not event.warmup:
                    self._bar(event.bar.open_time)
            case SessionOpened():
                self.sessions += 1
            case OrderSubmitting():
                ticks = abs(event.limit - event.stop_price) * event.qty
                self._risk(self._instrument.tick_value * ticks)
            case TradeOpened():
                self.entries += 1
                self._opened = event
                ticks = event.side * (event.entry_price - event.stop_price) * event.qty
                self._risk(self._instrument.tick_value * ticks)
            case TradeClosed():
                self._closed(event)
            case LawStateChanged():
                self.day_loss = event.state.realised_loss(Halt.DAY)
                self.max_daily_loss = max(self.max_daily_loss, self.day_loss)
            case PermitRefused():
                self.refusals[event.reason] += 1
            case KillTriggered():
                self.kill = self.kill or (event.trigger, event.detail, event.at)
            case FillReceived():
                self.fees = self.fees + self._instrument.fee_per_side * event.fill.qty
            case _:
                pass

    def _bar(self, minute: UtcNanos) -> None:
        self.bars += 1
        self.last_bar = minute
        if self.first_bar is None:
            self.first_bar = minute

    def _decision(self, record: DecisionRecord) -> None:
        self.decisions += 1
        if record.action is Action.SKIP:
            self.actions["SKIP"] += 1
            self.skips[record.reason] += 1
        else:
            self.actions[record.action.value] += 1
        for candidate in record.candidates:
            self.candidates[candidate.template] += 1

    def _risk(self, risk: Money) -> None:
        self.max_open_risk = max(self.max_open_risk, risk)

    def _closed(self, event: TradeClosed) -> None:
        self.trades += 1
        self.wins += event.net > ZERO
        self.losses += event.net < ZERO
        self.gross = self.gross + event.gross
        self.net = self.net + event.net
        if self._opened is not None:
            self.closed.append((self._opened, event))

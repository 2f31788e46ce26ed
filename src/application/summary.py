"""What a run amounts to: a fold of its events (cli.md, `run --json`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from domain.decision import Action
from domain.event import (
    AFTER_TRADE,
    FEE_OF,
    BarClosed,
    DecisionMade,
    Event,
    FillReceived,
    KillTriggered,
    LawStateChanged,
    OrderSubmitting,
    PermitRefused,
    SessionOpened,
    ShadowClosed,
    TradeClosed,
    TradeOpened,
)
from domain.instrument import Instrument
from domain.law.state import Halt
from domain.units import ZERO, Money, Ticks, UtcNanos

_SKIP: Final = Action.SKIP


class RunSummary:
    """Counts and sums over everything that was recorded; call it with each batch of events."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self.first_bar: UtcNanos | None = None
        self.last_bar: UtcNanos | None = None
        self.bars = 0
        self.sessions = 0
        self.decisions = 0
        self.acted: Counter[str] = Counter()
        self.skips: Counter[str] = Counter()
        self.candidates: Counter[str] = Counter()
        self.entries = 0
        self.trades = 0
        self.wins = 0
        self.losses = 0
        self.shadows = 0
        self.gross = ZERO
        self.fees = ZERO
        self.net = ZERO
        self.max_open_risk = ZERO
        self.max_daily_loss = ZERO
        self.day_loss = ZERO
        self.refusals: Counter[str] = Counter()
        self.kill: tuple[str, str, UtcNanos] | None = None
        self.closed: list[tuple[TradeOpened, TradeClosed]] = []
        self._booked: Money | None = None
        self._loose = ZERO
        self._opened: TradeOpened | None = None
        self._of = self._folds()

    @property
    def actions(self) -> Counter[str]:
        """Decisions by what they did."""
        skipped = Counter({"SKIP": sum(self.skips.values())}) if self.skips else Counter[str]()
        return skipped + self.acted

    def __call__(self, events: Sequence[Event]) -> None:
        """Fold a batch of events."""
        of = self._of
        for event in events:
            fold = of.get(type(event))
            if fold is not None:
                fold(event)

    def _folds(self) -> Mapping[type, Callable[[Any], None]]:
        """What takes which event; the others are of no account here."""
        return {
            BarClosed: self._bar,
            DecisionMade: self._decision,
            FillReceived: self._fill,
            KillTriggered: self._kill,
            LawStateChanged: self._law,
            OrderSubmitting: self._submitting,
            PermitRefused: self._refused,
            SessionOpened: self._session,
            ShadowClosed: self._shadow,
            TradeClosed: self._trade_closed,
            TradeOpened: self._trade_opened,
        }

    def _bar(self, event: BarClosed) -> None:
        _, _, bar, warmup, rth = event
        if rth and not warmup:
            self.bars += 1
            self.last_bar = bar.open_time
            if self.first_bar is None:
                self.first_bar = bar.open_time

    def _decision(self, event: DecisionMade) -> None:
        record = event.record
        self.decisions += 1
        if record.action is _SKIP:
            reason = record.reason
            self.skips[reason] = self.skips.get(reason, 0) + 1
        else:
            self.acted[record.action.value] += 1
        for candidate in record.candidates:
            self.candidates[candidate.template] += 1

    def _session(self, event: SessionOpened) -> None:
        self.sessions += 1

    def _shadow(self, event: ShadowClosed) -> None:
        self.shadows += 1

    def _submitting(self, event: OrderSubmitting) -> None:
        self._risk(abs(event.limit - event.stop_price) * event.qty)

    def _trade_opened(self, event: TradeOpened) -> None:
        self.entries += 1
        self._opened = event
        self._loose = ZERO
        self._risk(event.side * (event.entry_price - event.stop_price) * event.qty)

    def _trade_closed(self, event: TradeClosed) -> None:
        self.trades += 1
        self.wins += event.net > ZERO
        self.losses += event.net < ZERO
        self.gross = self.gross + event.gross
        self.net = self.net + event.net
        self._loose = ZERO
        if self._opened is not None:
            self.closed.append((self._opened, event))

    def _law(self, event: LawStateChanged) -> None:
        """The law's sums are right to the cent: what they book beside the trades counts here too.
        A fee's report replaces the contract's, and with it travels what a corrected price moved;
        after a trade comes what its orders executed once it was closed."""
        before, self._booked = self._booked, event.state.net_day
        moved = ZERO if before is None else self._booked - before
        if event.cause.startswith(FEE_OF):
            self.net = self.net + moved
            if moved.units % self._instrument.tick_value.units:
                self.fees = self.fees - moved
            else:  # whole ticks: a price was corrected, and no commission
                self.gross = self.gross + moved
        elif event.cause.startswith(AFTER_TRADE):
            self.net, self.gross = self.net + moved, self.gross + moved + self._loose
            self._loose = ZERO
        self.day_loss = event.state.realised_loss(Halt.DAY)
        self.max_daily_loss = max(self.max_daily_loss, self.day_loss)

    def _refused(self, event: PermitRefused) -> None:
        self.refusals[event.reason] += 1

    def _kill(self, event: KillTriggered) -> None:
        self.kill = self.kill or (event.trigger, event.detail, event.at)

    def _fill(self, event: FillReceived) -> None:
        fee = self._instrument.fee_per_side * event.fill.qty
        self.fees, self._loose = self.fees + fee, self._loose + fee

    def _risk(self, ticks: Ticks) -> None:
        self.max_open_risk = max(self.max_open_risk, self._instrument.tick_value * ticks)

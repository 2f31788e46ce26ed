"""Rebuild a recorded run: tell a fresh core again what was told then, and compare what it says.

No I/O, no clock. A fold is exact because a core has no other inputs than the recorded ones
(events.md 4): whatever it derives from them is derived again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from application import surroundings
from application.day import TradingDay
from application.dealing import UNANSWERED
from application.desk import Outcome
from domain import event as e
from domain.event import Event
from ports.journal import Stored
from ports.recording import Difference, DivergedError, Recording


class Step(NamedTuple):
    """One input told again, the number of its event, and what it brought about."""

    seq: int
    input: Event
    outcome: Outcome


def fold(core: TradingDay, recording: Recording, last: int | None = None) -> Iterator[Step]:
    """Tell `core` the recorded inputs in their order; each step is the same as it was recorded.

    `last` is the seq of the last input to tell, None for all of them.
    Errors: DivergedError at the first difference, and where the record ends too early or holds
    what nothing brings about.
    """
    while entries := recording.pending():
        row, given = entries[-1]
        if given is None:
            row = entries[0].row
            reason = "recorded, but no input brings it about"
            raise DivergedError(Difference(row.seq, row.type, reason, row.payload))
        if isinstance(given, e.RunStarted) and len(entries) == 1:
            core.started(given.mode, given.config_hash, given.at, given.contract)
            recording.started()
            yield Step(row.seq, given, Outcome())
            continue
        outcome = _told(core, given, row)
        if recording.compare(outcome.events) < len(outcome.events):
            missing = type(outcome.events[-1]).__name__
            reason = f"the record ends inside what it brings about: {missing} is missing"
            raise DivergedError(Difference(row.seq, row.type, reason, row.payload))
        yield Step(row.seq, given, outcome)
        if row.seq == last:
            return


def _told(core: TradingDay, given: Event, row: Stored) -> Outcome:
    """Tell one input; whatever stops the core is a difference, for it did not stop then."""
    reason, error = "recorded, but it changes nothing now", None
    try:
        outcome = tell(core, given)
        if outcome.events:
            return outcome
    except Exception as refusal:  # noqa: BLE001 - any of them means that it was never taken
        reason = f"the core does not take it: {type(refusal).__name__}: {refusal}"
        error = refusal
    raise DivergedError(Difference(row.seq, row.type, reason, row.payload)) from error


def tell(core: TradingDay, given: Event) -> Outcome:
    """Give one input to the method of the core that takes it.

    Errors: TypeError for an event that is no input.
    """
    dealing = core.dealing
    match given:
        case e.BarClosed(_, _, bar, warmup):
            return core.warm_up(bar) if warmup else core.bar(bar)
        case e.BarRejected():
            return core.rejected(given)
        case e.OrderReported():
            return dealing.order_event(given.report)
        case e.FillReceived():
            return dealing.fill(given.fill)
        case e.AccountSnapshot():
            return dealing.account(given)
        case e.FeeReported():
            return dealing.fee(given)
        case e.ConnectionChanged():
            return dealing.connection(given.up, given.reason, given.at)
        case e.ReconcileStarted():
            return dealing.truth(given.truth)
        case e.ClockTick():
            return _tick(core, given)
        case e.OperatorCommand():
            return dealing.operator(given.command, given.arguments, given.who, given.at)
        case e.HostState():
            return core.host(given)
        case e.LateSubBar():
            return core.surroundings.late(given)
        case e.StoreBound():
            return dealing.bound(given)
        case e.KillReset():
            return dealing.reset(given.who, given.reason, given.trigger, given.at)
        case _:
            raise TypeError(f"{type(given).__name__} is no input")


def _tick(core: TradingDay, tick: e.ClockTick) -> Outcome:
    """A moment of the clock: its cause says which rules looked at it."""
    if tick.price is not None:
        core.desk.seen_price = tick.price
    match tick.cause:
        case "timer":
            return core.timer(tick.at)
        case "price":
            return core.price(core.desk.seen_price, tick.at)
        case "watch":
            return core.dealing.watch(tick.at)
        case "end":
            return core.end(tick.at)
        case cause if cause == UNANSWERED:
            return core.dealing.unanswered(tick.at)
        case surroundings.SILENT:
            return core.surroundings.silence(tick.at)
        case surroundings.LINK_SLOW | surroundings.LINK_LOST:
            return core.surroundings.link(tick.cause, tick.at)
        case _:
            return core.flatten(tick.cause, tick.at)

"""What ends a live run from outside, and what is said of it; and warnings for the person."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType
from typing import Final

from application.cli.output import ExitCode, say
from application.container import RunContainer
from application.desk import Desk
from application.live_loop import LiveLoop
from domain.instrument import Instrument
from domain.units import SECOND

STOPPING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def signals(loop: LiveLoop) -> Iterator[None]:
    """INT, TERM and HUP end the run flat, the second of them the process; USR1 kills.

    Errors: KeyboardInterrupt at the second signal.
    """

    def heard(number: int, _frame: FrameType | None) -> None:
        if loop.stop_asked:
            raise KeyboardInterrupt
        loop.stop_asked = True
        name = signal.Signals(number).name
        os.write(2, f"tradebot: {name}: ending flat; once more ends at once\n".encode())

    def killed(_number: int, _frame: FrameType | None) -> None:
        loop.kill_asked = "signal USR1"

    before = {s: signal.signal(s, heard) for s in STOPPING}
    before[signal.SIGUSR1] = signal.signal(signal.SIGUSR1, killed)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def interruptible() -> Iterator[None]:
    """Before a run begins each of the signals is an interrupt. Errors: KeyboardInterrupt."""

    def heard(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {s: signal.signal(s, heard) for s in STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def end_of_process(
    latch: Callable[[str, str], None],
) -> tuple[Callable[[str, str], None], Callable[[], None]]:
    """What the watchdog does: latch and tell, then end, whatever the loop is doing."""

    def tell(trigger: str, detail: str) -> None:
        try:
            latch(trigger, detail)
        finally:
            os.write(2, f"tradebot: KILL {trigger}: {detail}; the process ends\n".encode())

    def end() -> None:
        os._exit(ExitCode.KILLED)

    return tell, end


def what_stays(desk: Desk, instrument: Instrument) -> str:
    """What a run leaves behind at the broker that it knows of."""
    if not desk.alive and not desk.expected_position:
        return "the position is flat and no order is working"
    words = [f"position {desk.expected_position}"]
    for group in desk.alive:
        book = group.orders
        if book.stop.working:
            words.append(f"stop at {instrument.tick_size * book.stop_price} stays at the broker")
        elif group.open:
            words.append("NO working stop known: act at the broker")
        if group.working_entry:
            words.append("an entry may still work until it expires at the broker")
    return "; ".join(words)


def flush() -> None:
    """Give what was said to whoever reads it."""
    sys.stdout.flush()
    sys.stderr.flush()


def warn(text: str) -> None:
    """A warning for the person at the terminal."""
    say(f"warning: {text}")


def warn_of_fees(container: RunContainer) -> None:
    """Say so if nobody has confirmed the fee for long."""
    contracts, instrument = container.contracts(), container.instrument()
    today = datetime.fromtimestamp(container.clock().now() / SECOND, UTC).date()
    if contracts.fee_is_stale(instrument, today):
        warn(f"the fee of {instrument.symbol} was last confirmed on {instrument.fee_confirmed}")

"""The guard file beside a live run: written whenever the law's memory has changed (events.md 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from domain.event import (
    Event,
    FillReceived,
    KillCompleted,
    KillReset,
    KillStep,
    KillTriggered,
    LawStateChanged,
    OrderSubmitting,
    SessionOpened,
    StoreBound,
    TradeClosed,
)
from domain.law.restarts import Starts, ended
from domain.law.state import LawState
from domain.units import UtcNanos
from ports.errors import GuardFailure
from ports.event_log import EventLog
from ports.guard import Guard, GuardState, Latch

_WORTH_IT: Final = (
    OrderSubmitting, FillReceived, TradeClosed, LawStateChanged, KillTriggered, KillStep,
    KillCompleted, KillReset, SessionOpened, StoreBound,
)  # fmt: skip
SENT_SHOWN: Final = 20


class GuardKeeper:
    """`application.live.Keeper` on a guard file.

    It never raises: a guard file that fails keeps the law's HOST check from passing, and is told
    in `fault`. `frozen` is a guard that belongs to another store: what it knows of that stays
    until a person binds, and only a latch and the starts are added. `latched` may be called from
    another thread than the rest.
    """

    def __init__(self, guard: Guard, state: GuardState, log: EventLog, frozen: bool) -> None:
        """`state` is what is to stand in the file at this start; it is not written yet."""
        self._guard = guard
        self._state = state
        self._log = log
        self._frozen = frozen
        self._due = False
        self._sent: list[str] = []
        self.fault = ""
        """What is wrong with the file, empty if it could be written last."""

    @property
    def starts(self) -> Starts:
        """The starts that the file knows, this one included."""
        return self._state.starts

    @property
    def latch(self) -> Latch | None:
        """The latch that stands in the file."""
        return self._state.latch

    def adopt(self, log: EventLog, law: LawState, latch: Latch | None) -> None:
        """From now on this is the store's log, and the law's memory."""
        self._log = log
        if not self._frozen:
            self._state = replace(self._state, law=law)
        self._state = replace(self._state, latch=latch)

    def write(self) -> None:
        """Write the file as things stand."""
        self._due = False
        state = self._state
        if not self._frozen:
            state = replace(state, seq=self._log.count, head=self._log.head)
        self._put(state)

    def end(self) -> None:
        """The run ends in order."""
        self._state = replace(self._state, starts=ended(self._state.starts))
        self.write()

    # ---- Keeper

    def recorded(self, events: Sequence[Event]) -> None:
        """Take what the law's memory is made of."""
        for event in events:
            if not isinstance(event, _WORTH_IT):
                continue
            self._due = True
            match event:
                case LawStateChanged(_, law, _) if not self._frozen:
                    self._state = replace(self._state, law=law)
                case KillTriggered(at, trigger, detail) if self._state.latch is None:
                    self._state = replace(self._state, latch=Latch(trigger, detail, at))
                case KillReset():
                    self._state = replace(self._state, latch=None)
                case _:
                    pass

    def settled(self) -> None:
        """Write if something changed that the file has to know."""
        if self._due:
            self.write()

    def latched(self, trigger: str, detail: str, at: UtcNanos) -> None:
        """Latch here, because the store cannot or nobody can ask it."""
        if self._state.latch is None:
            self._state = replace(self._state, latch=Latch(trigger, detail, at))
            self._put(self._state)

    def unrecorded(self, ref: str) -> None:
        """Record an order that only reduces, in the words of the latch."""
        self._sent.append(ref)
        latch = self._state.latch or Latch("STORE_FAILURE", "", 0)
        what = latch.detail.partition("; sent")[0]
        shown = " ".join(self._sent[-SENT_SHOWN:])
        self._state = replace(self._state, latch=latch._replace(detail=f"{what}; sent {shown}"))
        self._put(self._state)

    # ---- inside

    def _put(self, state: GuardState) -> None:
        try:
            self._guard.write(state)
            self.fault = ""
        except GuardFailure as error:
            self.fault = str(error)

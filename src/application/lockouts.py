"""Layer 4 as running state: which lockouts are in force, and until when (decision.md 6)."""

from __future__ import annotations

from typing import Final

from domain.decision_parameters import LockoutParameters
from domain.event import Event, LockoutEnded, LockoutStarted
from domain.frame import Frame
from domain.gates import Locks
from domain.session import Timetable
from domain.units import MINUTE, UtcNanos

VOL_SHOCK: Final = "VOL_SHOCK"
EXECUTION_DANGER: Final = "EXECUTION_DANGER"
NEWS_SHOCK: Final = "NEWS_SHOCK"
FREE: Final = Locks(False, False, False)


class Lockouts:
    """Half-open intervals that a triggering bar starts or extends; dropped at the session's end."""

    def __init__(self, parameters: LockoutParameters) -> None:
        self._p = parameters
        self._quiet = parameters.vol_shock_quiet_minutes * MINUTE
        self._until: dict[str, UtcNanos] = {}
        self.locks = FREE
        """What the gates ask."""

    def session_over(self, at: UtcNanos) -> tuple[Event, ...]:
        """Drop everything."""
        ended = tuple(LockoutEnded(at, kind) for kind in self._until)
        self._until.clear()
        self.locks = FREE
        return ended

    def bar(
        self, frame: Frame, quoted: float | None, t_d: UtcNanos, timetable: Timetable
    ) -> tuple[Event, ...]:
        """Let a closed bar end and start lockouts; its own decision is locked already."""
        p = self._p
        events: list[Event] = []
        if frame.values[2] >= p.vol_shock_atr and frame.reliability(3) == 1.0:
            events.append(self._start(VOL_SHOCK, t_d, p.vol_shock_minutes, "S3"))
        elif (
            frame.tr >= p.vol_shock_range * frame.p30 and t_d > timetable.session.open + self._quiet
        ):
            events.append(self._start(VOL_SHOCK, t_d, p.vol_shock_minutes, "TR"))
        if quoted is not None and quoted >= p.danger_spread:
            events.append(self._start(EXECUTION_DANGER, t_d, p.danger_minutes, "spread"))
        elif frame.slip >= p.danger_slip:
            events.append(self._start(EXECUTION_DANGER, t_d, p.danger_minutes, "slip"))
        if frame.shock:
            events.append(self._start(NEWS_SHOCK, t_d, p.news_minutes, "shock"))
        if not events and not self._until:
            return ()
        until = self._until
        for kind in [k for k, end in until.items() if end <= t_d]:
            del until[kind]
            events.append(LockoutEnded(t_d, kind))
        self.locks = Locks(VOL_SHOCK in until, EXECUTION_DANGER in until, NEWS_SHOCK in until)
        return tuple(events)

    def _start(self, kind: str, t_d: UtcNanos, minutes: int, cause: str) -> LockoutStarted:
        until = t_d + minutes * MINUTE
        self._until[kind] = max(until, self._until.get(kind, until))
        return LockoutStarted(t_d, kind, self._until[kind], cause)

"""Does the market give what we ask for: the execution quality score, EQS (quality.md 2)."""

from __future__ import annotations

import math
from typing import NamedTuple

from domain.quality_parameters import FULL, IncidentKind, QualityParameters
from domain.units import BasisPoints


class Incident(NamedTuple):
    """One incident: its kind and the RTH minute, counted over the log's sessions, it fell in."""

    kind: IncidentKind
    minute: int


class ExecutionQuality:
    """Superposed incidents, each forgiven by halves over RTH minutes.

    A minute index counts the RTH minutes of all sessions opened in the log, missing
    ones included: the lengths of the sessions before this one plus the minutes since
    this open. An incident outside RTH takes the index of the next RTH minute.
    """

    def __init__(self, parameters: QualityParameters) -> None:
        self._rules = {r.kind: (r.p, r.half_life_minutes) for r in parameters.incidents}
        self._least = parameters.incident_weight_min
        self._incidents: list[Incident] = []

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """The incidents still remembered, oldest first: the whole state."""
        return tuple(self._incidents)

    @property
    def remembers(self) -> bool:
        """False while EQS is full because nothing has happened, or all is forgotten."""
        return bool(self._incidents)

    def restore(self, incidents: tuple[Incident, ...]) -> None:
        """Go on from `incidents` of an earlier instance."""
        self._incidents = list(incidents)

    def record(self, kind: IncidentKind, minute_index: int) -> tuple[float, int]:
        """Take an incident, in order of time; returns its penalty p and half-life in minutes."""
        self._incidents.append(Incident(kind, minute_index))
        return self._rules[kind]

    def eqs_bp(self, minute_index: int) -> BasisPoints:
        """EQS at the bar with this index; indexes never go back from call to call."""
        if not self._incidents:
            return FULL
        total = 0.0
        kept: list[Incident] = []
        for incident in self._incidents:
            weight = self._weight(incident, minute_index)
            if weight >= self._least:
                kept.append(incident)
                total += weight
        self._incidents = kept
        score = min(1.0, max(0.0, 1.0 - total))
        return math.floor(FULL * score + 0.5)

    def _weight(self, incident: Incident, minute_index: int) -> float:
        p, half_life = self._rules[incident.kind]
        elapsed = max(0, minute_index - incident.minute)
        weight: float = p * 2.0 ** (-elapsed / half_life)
        return weight

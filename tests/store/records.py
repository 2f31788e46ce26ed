"""Records for the store's tests: a small day whose contents do not matter."""

from __future__ import annotations

from dataclasses import dataclass

from domain.units import MINUTE, UtcNanos
from ports.journal import Journal, JsonValue, Record

OPEN: UtcNanos = 1_381_152_600_000_000_000
CONFIG = "c" * 64


@dataclass
class StepClock:
    """A clock that goes on by a microsecond at each look."""

    time: UtcNanos = OPEN

    def now(self) -> UtcNanos:
        self.time += 1_000
        return self.time


def record(n: int, stream: str = "domain", **payload: JsonValue) -> Record:
    """Event number `n`: a bar, or a heartbeat where `stream` is ops."""
    kind = "BarClosed" if stream == "domain" else "RunStarted"
    return Record(
        type=kind,
        version=1,
        stream=stream,
        session_date="2013-10-07",
        ts_event=OPEN + n * MINUTE,
        key=str(n),
        payload={"n": n, "close": 6700 + n, "x": n * 0.00001, "text": 'é ✓ "q" \n', **payload},
        causation=f"{n:032x}" if n else "",
        correlation=f"d{n}" if n else "",
    )


def day(count: int) -> list[Record]:
    """`count` records; every fifth is of the ops stream."""
    return [record(n, "ops" if n % 5 == 4 else "domain") for n in range(count)]


def append_and_commit(journal: Journal, records: list[Record]) -> None:
    """One step; a conflict shows at the latest when it commits."""
    journal.append(records)
    journal.commit()

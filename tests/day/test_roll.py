"""On a roll the stream begins anew: prices of two contract months are never joined."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from adapters.bars.synthetic import synthetic_days
from adapters.store.canonical import genesis
from adapters.store.memory import MemoryJournal
from adapters.wire.codec import Codec
from adapters.wire.log import JournalLog
from adapters.wire.recording import StoredRecording
from application.day import TradingDay
from application.desk import Outcome, RunFacts
from application.replay import fold
from domain.bar import Bar
from domain.event import DecisionMade, Event, RunStarted, SessionClosed, SessionOpened
from domain.units import MINUTE, Ticks
from frame_bits import bits
from market_builders import contracts, mes, session_on
from trading_floor import CONFIG, StoppedClock, Weekdays, real_engine

DATES = [date(2024, 3, 5), date(2024, 3, 6), date(2024, 3, 7), date(2024, 3, 8)]
SESSIONS = [session_on(day) for day in DATES]
APART: Ticks = 230
"""How far the next month trades above the near one."""
NEAR, NEXT = "MESH4", "MESM4"


def days(above: Ticks = 0) -> list[list[Bar]]:
    """Four sessions of a month that trades so far above the near one."""
    made = synthetic_days(5, mes(), SESSIONS)
    return [
        [
            b._replace(
                open=b.open + above, high=b.high + above, low=b.low + above, close=b.close + above,
                bid=None, ask=None,
            )
            for b in bars
        ]
        for bars in made
    ]  # fmt: skip


class Tape:
    """A core that only observes, and the log of what it said."""

    def __init__(self) -> None:
        self.core = core()
        self.journal = MemoryJournal("MES", CONFIG, StoppedClock())
        self._log = JournalLog(self.journal, CONFIG)
        self.events: list[Event] = []
        self.runs = 0

    def start(self, contract: str) -> None:
        self.runs += 1
        at = self.runs * MINUTE
        run = RunStarted(at, f"run {self.runs}", "OBSERVE", "ibkr", "SIM", CONFIG, "0", "no",
                         contract=contract)  # fmt: skip
        self.core.started(run.mode, run.config_hash, run.at, run.contract)
        self._log.append([run])

    def warm(self, bars: Sequence[Bar]) -> None:
        for bar in bars:
            self._take(self.core.warm_up(bar))

    def play(self, bars: Sequence[Bar]) -> None:
        for bar in bars:
            self._take(self.core.bar(bar))

    def _take(self, outcome: Outcome) -> None:
        self._log.append(outcome.events)
        self.events += outcome.events
        stored = self.journal.count - self.runs
        assert stored == len(self.events), "a natural key was used twice"

    def decided(self, day: date) -> list[object]:
        """What was made of each minute of `day`, to the bit."""
        records = [e.record for e in self.events if isinstance(e, DecisionMade)]
        return [
            (r.decision_id, bits(r.frame), r.candidates, r.dvs_bp)
            for r in records
            if r.decision_id.startswith(day.isoformat())
        ]

    def told_again(self) -> TradingDay:
        self._log.commit()
        again, codec = core(), Codec(CONFIG)
        recording = StoredRecording(self.journal.read(), codec, genesis("MES", CONFIG))
        for _ in fold(again, recording):
            pass
        assert recording.compared == len(self.events)
        return again


def core() -> TradingDay:
    facts = RunFacts("OBSERVE", "SIM", "MES", live=False)
    return TradingDay(contracts(), mes(), facts, real_engine(), Weekdays(), CONFIG)


def fresh(sessions: list[list[Bar]], until: int) -> Tape:
    """A run that has known nothing but this month."""
    tape = Tape()
    tape.start(NEXT)
    for bars in sessions[:until]:
        tape.warm(bars)
    tape.play(sessions[until])
    return tape


@pytest.mark.parametrize(("left_open", "known"), [(False, 0), (True, 0), (True, 1)])
def test_the_next_month_is_judged_as_if_there_had_been_no_other(
    left_open: bool, known: int
) -> None:
    """`known` is the first session that the next month's history still has."""
    near, following = days(), days(APART)
    tape = Tape()
    tape.start(NEAR)
    tape.warm(near[0])
    tape.play(near[1][: 200 if left_open else None])
    tape.start(NEXT)
    for bars in following[known:2]:
        tape.warm(bars)
    tape.play(following[2])
    assert tape.decided(DATES[2]) == fresh(following[known:], 2 - known).decided(DATES[2])
    assert tape.core.desk.reference_close == following[1][-1].close
    assert len([e for e in tape.events if isinstance(e, SessionOpened)]) == 2
    assert [e.session for e in tape.events if isinstance(e, SessionClosed)] == DATES[1:3]
    assert tape.told_again().desk.run.contract == NEXT


def test_the_same_month_goes_on() -> None:
    near = days()
    cut, whole = Tape(), Tape()
    for tape in (cut, whole):
        tape.start(NEAR)
        tape.warm(near[0])
        tape.play(near[1])
        if tape is cut:
            tape.start(NEAR)
            tape.start("")
        tape.play(near[2])
    assert cut.decided(DATES[2]) == whole.decided(DATES[2])


def test_there_and_back_again() -> None:
    near, following = days(), days(APART)
    tape = Tape()
    for contract, past, today in ((NEAR, near, 1), (NEXT, following, 2), (NEAR, near, 3)):
        tape.start(contract)
        for bars in past[:today]:
            tape.warm(bars)
        tape.play(past[today])
    assert tape.decided(DATES[3]) == fresh(near, 3).decided(DATES[3])
    tape.told_again()


def test_without_a_past_the_signals_begin_at_nothing() -> None:
    near, following = days(), days(APART)
    tape = Tape()
    tape.start(NEAR)
    tape.warm(near[0])
    tape.play(near[1])
    tape.start(NEXT)
    tape.play(following[2])
    assert tape.decided(DATES[2]) == fresh(following[2:], 0).decided(DATES[2])
    first = next(b for b in following[2] if b.open_time >= SESSIONS[2].open)
    assert tape.core.desk.reference_close == first.open

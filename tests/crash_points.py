"""A simulated run that dies where a test wants it to, and goes on from what was durable.

`Bench` holds what outlives a process: the rows that were written. Each `life` is a process: a
fresh core, a fresh broker, a fold of the rows, and the rest of the feed. It dies before a given
action: an append, a commit or a call of the broker.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from adapters.fake.broker import FakeBroker
from adapters.fake.recall import Recall
from adapters.store.canonical import genesis
from adapters.store.memory import MemoryJournal
from adapters.wire.log import TOGETHER, JournalLog
from adapters.wire.recording import StoredRecording
from application.day import TradingDay
from application.desk import RunFacts
from application.resume import Extent, Resumption, Retraced, ending_begun
from application.runner import SimulatedRun
from domain.event import Event, RunStarted, RunStopped
from domain.units import MINUTE
from market_builders import contracts, mes
from ports.bars import BarItem
from ports.engine import Engine
from ports.journal import Stored
from trading_floor import CONFIG, START, StoppedClock, Weekdays

CALLS = ("submit", "cancel", "close", "move_stop", "place", "amend", "end_session")
Fuse = Callable[[], None]


class Died(BaseException):
    """The process is no more."""


class Kept(MemoryJournal):
    """A journal that begins with rows of an earlier process."""

    def __init__(self, rows: Sequence[Stored], burn: Fuse, lazy: bool) -> None:
        super().__init__("MES", CONFIG, StoppedClock())
        for row in rows:
            self._rows.append((*row, 0, ""))
            self._payloads[row.event_id] = row.payload
        self._committed = len(rows)
        head = next((r.hash for r in reversed(rows) if r.hash), self._tip.head)
        self._tip = self._tip._replace(seq=len(rows), head=head)
        self._burn, self._lazy = burn, lazy

    def append(self, records: Sequence[Any]) -> None:
        self._burn()
        before = len(self._rows) + len(records)
        super().append(records)
        assert len(self._rows) == before, "a natural key was used twice"
        if not self._lazy:
            super().commit()

    def commit(self, synced: bool = True) -> None:
        self._burn()
        super().commit(synced)


class Bench:
    """`lazy`: only what was committed outlives a process, else whatever was appended."""

    def __init__(self, items: Sequence[BarItem], engine: Callable[[], Engine], lazy: bool) -> None:
        self._items, self._engine, self._lazy = items, engine, lazy
        self.rows: list[Stored] = []
        self.actions = 0
        self.submitted: list[str] = []

    def life(self, dies_before: int | None = None, max_bars: int | None = None) -> bool:
        """Live until the feed ends, True, or until action number `dies_before`, False."""
        self.actions = 0
        journal = Kept(self.rows, self._fuse(dies_before), self._lazy)
        try:
            self._live(journal, max_bars)
        except Died:
            self.rows = list(journal.read())
            return False
        MemoryJournal.commit(journal)
        self.rows = list(journal.read())
        return True

    def _fuse(self, dies_before: int | None) -> Fuse:
        def burn() -> None:
            if self.actions == dies_before:
                raise Died
            self.actions += 1

        return burn

    def _live(self, journal: Kept, max_bars: int | None) -> None:
        facts = RunFacts("PAPER", "FAKE", "MES", False)
        core = TradingDay(contracts(), mes(), facts, self._engine(), Weekdays(), CONFIG)
        broker = FakeBroker(mes(), contracts().execution, START)
        plain = JournalLog(journal, CONFIG, TOGETHER if self._lazy else 1)
        recording = StoredRecording(self.rows, plain.codec, genesis("MES", CONFIG))
        log = Retraced(plain, recording)
        run = SimulatedRun(core, broker, log)
        after = self._go_on(core, broker, run, log, recording)
        burn = journal._burn
        for name in CALLS:
            setattr(broker, name, _burning(getattr(broker, name), burn))
        log.append([RunStarted(len(self.rows), f"run {len(self.rows)}", "PAPER", "fake", "FAKE",
                               CONFIG, "1", "rust")])  # fmt: skip
        later = [i for i in self._items if i.bar.open_time > after]
        run.play(later, max_bars, None)
        stopped = max_bars is not None and run.bars >= max_bars
        run.finish((), flatten=stopped)
        log.append([RunStopped(0, f"run {len(self.rows)}", "end of bars")])
        log.commit()
        self.core, self.broker = core, broker

    def _go_on(
        self,
        core: TradingDay,
        broker: FakeBroker,
        run: SimulatedRun,
        log: Retraced,
        recording: StoredRecording,
    ) -> int:
        if not self.rows:
            log.folded()
            return -1
        seqs = {kind: [r.seq for r in self.rows if r.type == kind] for kind in
                ("RunStarted", "RunStopped", "BarClosed")}  # fmt: skip
        since = max(seqs["RunStopped"], default=0)
        ended = since > max(seqs["RunStarted"])
        first = next((s for s in seqs["RunStarted"] if s > since), 0)
        fold_to = None if ended else max([first, *seqs["BarClosed"]])
        resumption = Resumption(core, run, Recall(broker))
        resumption.fold(recording, Extent(fold_to, since), _nobody)
        rest = recording.rest()
        log.folded()
        begun = ending_begun(rest, core.open_session)
        resumption.take_up()
        if begun and not ended:
            run.finish((), flatten=True)
        last = max(seqs["BarClosed"], default=None)
        return -1 if last is None else self.rows[last - 1].ts_event - MINUTE


def _nobody(_events: Sequence[Event]) -> None:
    pass


def _burning(call: Callable[..., Any], burn: Fuse) -> Callable[..., Any]:
    def burning(*words: Any) -> Any:
        burn()
        return call(*words)

    return burning


def story(rows: Sequence[Stored]) -> list[tuple[str, str]]:
    """What the domain stream tells, apart from which process wrote it."""
    return [(r.event_id, r.hash) for r in rows if r.stream == "domain"]

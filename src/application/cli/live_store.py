"""The store and the guard file of a live run: opened, judged, and held until the run is over."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from application.binding import (
    Owner,
    Start,
    StoreFacts,
    Verdict,
    bound_after,
    latch_found,
    taken_by,
)
from application.binding import start as judged
from application.container import RunContainer, store_url
from application.guarding import GuardKeeper
from application.settings import Settings
from domain.law.restarts import RestartRules, Starts, is_loop, started
from domain.law.state import LawState
from domain.units import MINUTE, UtcNanos
from ports.errors import BadInput, GuardFailure, StoreFailure
from ports.guard import GuardState, KillNote, Latch

if TYPE_CHECKING:
    from adapters.guard.shared import SharedGuard
    from adapters.store.journal import SqlJournal

LOOP_STARTS: Final = 5
LOOP_WINDOW: Final = 30 * MINUTE
LIVE: Final = "LIVE"
_MB: Final = 1_000_000


class LiveStore:
    """An event store open for a live run; see `open_store`. `bind` comes before the first event."""

    def __init__(self, settings: Settings, container: RunContainer) -> None:
        from adapters.store.connect import parse_url, shown
        from adapters.store.journal import open_journal
        from adapters.store.opening import file_of, lock
        from adapters.wire.log import JournalLog

        self._settings, self._container = settings, container
        self.url = store_url(settings)
        try:
            self.path = file_of(self.url)
        except StoreFailure as error:
            raise BadInput("settings", "db", str(error)) from None
        self.name = shown(parse_url(self.url))
        clock, config = container.clock(), container.config_hash()
        self.begun: UtcNanos = clock.now() // 1000 * 1000
        self._lock = lock(self.url, self.begun)
        self.guard: SharedGuard | None = None
        try:
            self.bound, self.store_id, self._law, self._latch = self._look("")
            symbol = container.instrument().symbol
            self.journal: SqlJournal = open_journal(self.url, symbol, config, clock)
            self.log = JournalLog(self.journal, config)
            self.recorded = self.log.count
        except BaseException:
            self._lock.release()
            raise
        if not self.store_id:
            self.bound, self.store_id, self._law, self._latch = self._look("")

    def _look(self, account: str) -> tuple[Owner, str, LawState | None, Latch | None]:
        """Whose store it is, and what it remembers. Errors: BadInput if it is another's."""
        from adapters.store.reading import reading
        from adapters.wire.law_state import law_state

        mode = self._settings.run_mode.value
        with reading(self.url) as found:
            if found is None:
                return Owner(), "", None, None
            who, last = found.identity, found.tip().seq
            payload, latch = found.law(), found.latch()
        bound = Owner(who.adapter, who.account, who.mode)
        asked = Owner(self._settings.adapter.value, account or who.account, mode)
        if bound.account or not last or account:
            reason = taken_by(bound, asked, last)
        else:
            reason = taken_by(bound, asked._replace(account="?"), last)
        if reason:
            raise BadInput("settings", "db", f"{self.name}: {reason}")
        return bound, who.store_id, None if payload is None else law_state(payload), latch

    # ---- whose it is

    def bind(self, account: str) -> Bound:
        """Bind store and guard file to the account with the id `account`.

        Errors: BadInput if the store is another account's, or LIVE needs `db bind`; GuardFailure
        if the guard file is held or cannot be trusted.
        """
        from adapters.guard.file import open_guard
        from adapters.guard.kill_file import KillFile
        from adapters.guard.places import Whose, account_digest, places, refuse_shared
        from adapters.guard.shared import SharedGuard
        from adapters.store.identity import bind

        settings = self._settings
        adapter, mode = settings.adapter.value, settings.run_mode.value
        owner = Owner(adapter, account_digest(adapter, account), mode)
        self._look(owner.account)
        where = places(Whose(*owner), self.path, self.name, settings.state_dir)
        if where.guard is None:
            raise BadInput("settings", "adapter", f"{adapter} has no guard file")
        guard = self.guard = SharedGuard(open_guard(where.guard, self.begun))
        if mode == LIVE:
            for each in (where.guard, self.path):
                if each is not None:
                    refuse_shared(each)
        before = guard.read()
        verdict = judged(mode, owner.account, self._facts(before), before)
        if verdict.start is Start.REFUSED:
            raise BadInput("settings", "db", f"{self.name}: {verdict.reason}")
        bind(self.url, *bound_after(self.bound, owner))
        note = KillFile(where.kill)
        words = note.read()
        frozen = verdict.start is Start.NO_ENTRIES
        known = before if frozen and before is not None else None
        starts = Starts() if before is None else before.starts
        latch = latch_found(self._latch, before, words, self.begun)
        state = known or GuardState(
            owner.account, mode, self.store_id, self.log.count, self.log.head,
            self._container.config_hash(), self._law or LawState(), starts,
        )  # fmt: skip
        state = replace(state, starts=started(starts, self.begun), latch=latch)
        keeper = GuardKeeper(guard, state, self.log, frozen)
        keeper.write()
        return Bound(owner, verdict, keeper, note, starts, latch, where.guard)

    def _facts(self, guard: GuardState | None) -> StoreFacts:
        from adapters.store.reading import reading

        with reading(self.url) as found:
            head = None
            if found is not None and guard is not None:
                head = found.head_at(guard.seq)
            return StoreFacts(self.store_id, self.recorded, head)

    @property
    def latched(self) -> bool:
        """True if the store itself holds a latch."""
        return self._latch is not None

    def free_mb(self, also: Path) -> int:
        """The least space left where store and guard file stand, in MB."""
        folders = [also.parent] if self.path is None else [also.parent, self.path.parent]
        try:
            return min(shutil.disk_usage(folder).free // _MB for folder in folders)
        except OSError:
            return 0

    def close(self) -> None:
        """Commit, close, and let another process have store and guard file."""
        try:
            self.log.close()
        finally:
            if self.guard is not None:
                self.guard.close()
            self._lock.release()


class Bound:
    """A store that is this run's: the verdict on it, its guard file, and what was remembered."""

    def __init__(
        self,
        owner: Owner,
        verdict: Verdict,
        keeper: GuardKeeper,
        note: KillNote,
        starts: Starts,
        latch: Latch | None,
        guard_path: Path,
    ) -> None:
        self.owner, self.verdict, self.keeper, self.note = owner, verdict, keeper, note
        self.starts, self.latch, self.guard_path = starts, latch, guard_path

    def too_many_starts(self, at: UtcNanos, rules: RestartRules) -> bool:
        """RESTART_LOOP: this start is one too many."""
        return is_loop(self.starts, at, rules)

    def remove_note(self) -> None:
        """The kill that was ordered is recorded, so the order goes."""
        try:
            self.note.remove()
        except GuardFailure:
            return  # it stays, and so does the latch that it asked for

"""What `tradebot reset` and `tradebot ack` do: a person's act on a store that no run holds.

The record is told again to a fresh core first, and held against it event by event; the act is
then the core's own, recorded behind what there is, so that a replay tells it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from adapters.guard.kill_file import KillFile
from adapters.store.canonical import genesis
from adapters.store.connect import shown
from adapters.store.identity import bind
from adapters.store.journal import open_journal
from adapters.store.opening import lock
from adapters.store.reading import Identity, StoreReading, reading
from adapters.wire.log import JournalLog
from adapters.wire.recording import StoredRecording
from application.cli.output import ExitCode, give
from application.cli.person import terminal_in_live, typed_reason, who
from application.cli.recorded import as_recorded, recorded_core
from application.cli.standing import places_of, store_of
from application.container import RunContainer, owner_of, store_url
from application.day import TradingDay
from application.desk import Outcome
from application.replay import fold
from application.settings import Adapter, Mode, Settings, load_settings
from domain.law.state import Halt
from domain.units import UtcNanos
from ports.errors import BadInput
from ports.recording import DivergedError

ACKNOWLEDGED = ("month", "statement")


class Act(NamedTuple):
    """Everything at hand for one act: the core as the record left it, the log behind the record,
    the kill files, and the time."""

    core: TradingDay
    log: JournalLog
    notes: tuple[KillFile, ...]
    at: UtcNanos

    def record(self, out: Outcome) -> None:
        """Make durable what the core said; a core that holds nothing asks for nothing."""
        self.log.append(out.events)
        self.log.commit()


def reset_command(given: Mapping[str, object], trigger: str, reason: str) -> ExitCode:
    """Lift a completed kill. Errors: BadInput where the law does not allow it; StoreFailure."""
    words = typed_reason(reason)
    with _acting(given) as act:
        _record_ordered(act)
        law = act.core.desk.law
        if not law.killed:
            raise BadInput("command line", "--trigger", "the kill switch is not latched")
        try:
            out = act.core.dealing.reset(who(), words, trigger.strip(), act.at)
        except ValueError as error:
            raise BadInput("command line", "--trigger", str(error)) from None
        act.record(out)
        pending = act.core.desk.law.reset_pending
    if pending:
        give("reset for the second time in this session: it takes effect when the next one opens")
    else:
        give(f"reset: {trigger.strip()} is lifted; it observes until a decision with clean gates")
    give("counters, halts and streak stay as they were")
    return ExitCode.DONE


def ack_command(given: Mapping[str, object], what: str, reason: str) -> ExitCode:
    """Acknowledge a halted month, or a difference to the broker's statement.

    Errors: BadInput where the law does not allow it; StoreFailure.
    """
    words = typed_reason(reason)
    if what not in ACKNOWLEDGED:
        raise BadInput("command line", "WHAT", f"is {' or '.join(ACKNOWLEDGED)}, got {what!r}")
    with _acting(given) as act:
        law = act.core.desk.law
        if what == "month" and (Halt.MONTH not in law.halts or law.month_acknowledged):
            raise BadInput("command line", "WHAT", "no halted month waits for an acknowledgement")
        loss = law.statement
        if what == "statement" and loss is None:
            reason = "no difference to the broker's statement waits for an acknowledgement"
            raise BadInput("command line", "WHAT", reason)
        act.record(act.core.dealing.operator("ack", f"{what} {words}", who(), act.at))
    if what == "month":
        give("acknowledged: the halt of the month ends with the month")
    else:
        booked = f"a loss of {loss.cents()} USD is booked" if loss else "nothing is booked"
        give(f"acknowledged: the difference to the statement; {booked}")
    return ExitCode.DONE


def _record_ordered(act: Act) -> None:
    """Record the latch that stands in a kill file alone; then the file goes."""
    for note in act.notes:
        words = note.read()
        if words is not None:
            act.record(act.core.dealing.operator("kill", words, who(), act.at))
            note.remove()


@contextmanager
def _acting(given: Mapping[str, object]) -> Iterator[Act]:
    """Take the store's lock, tell its record again, and open the log behind it.

    Errors: BadInput if there is no such store, it is a broker's that this version cannot ask,
    something is open, or store and record disagree; StoreFailure if a run holds it.
    """
    settings = load_settings(given)
    url = store_url(settings)
    store_of(url)
    container = RunContainer(settings=settings)
    with reading(url) as found:
        if found is None:
            _refuse_nothing(url, settings)
        else:
            _refuse_unasked(found, settings)
    held = lock(url, at := container.clock().now())
    try:
        if found is None:
            _begin(url, settings, container)
        with reading(url) as store:
            if store is None:
                raise BadInput("settings", "db", f"{shown(url)}: there is no store any more")
            who_is = store.identity
            journal = open_journal(url, who_is.symbol, who_is.config_hash, container.clock())
            log = JournalLog(journal, who_is.config_hash)
            try:
                core = _told_again(store, url, settings, log)
                _refuse_open(core, url)
                act = Act(core, log, _notes(url, who_is, settings), at)
                if who_is.adapter in ("", Adapter.FAKE.value):
                    yield act
                else:
                    with _with_broker(settings, url, store, act):
                        yield act
            finally:
                log.close()
    finally:
        held.release()


def _notes(url: str, who_is: Identity | None, settings: Settings) -> tuple[KillFile, ...]:
    return tuple(KillFile(where.kill) for where in places_of(url, who_is, settings.state_dir))


def _refuse_nothing(url: str, settings: Settings) -> None:
    """Where there is no store, a kill may have been ordered all the same."""
    terminal_in_live(settings.run_mode)
    if all(note.read() is None for note in _notes(url, None, settings)):
        raise BadInput(
            "settings", "db", f"{shown(url)}: there is no store, and no kill was ordered"
        )
    if settings.adapter is not Adapter.FAKE:
        raise BadInput("settings", "adapter", "a store of a real account begins with `db bind`")


def _begin(url: str, settings: Settings, container: RunContainer) -> None:
    """Begin a store, because a latch that was ordered before there was one needs a place."""
    clock = container.clock()
    open_journal(url, settings.symbol, container.config_hash(), clock).close()
    bind(url, *owner_of(settings))


def _refuse_unasked(store: StoreReading, settings: Settings) -> None:
    """Only a store whose broker can be asked is acted on, in LIVE by a person at a terminal."""
    who_is = store.identity
    terminal_in_live(Mode(who_is.mode) if who_is.mode else settings.run_mode)
    if who_is.adapter not in ("", Adapter.FAKE.value, Adapter.IBKR.value):
        why = (
            f"{who_is.adapter} has to be asked whether it is flat, and is not part of this version"
        )
        raise BadInput("settings", "adapter", why)


@contextmanager
def _with_broker(settings: Settings, url: str, store: StoreReading, act: Act) -> Iterator[None]:
    """Act only while the broker agrees that all is flat; the guard file learns of it."""
    from application.cli.asking import guard_in_step, refuse_unless_flat

    settings = settings.model_copy(update={"db": url, "symbol": store.identity.symbol})
    refuse_unless_flat(settings, store, act.core)
    with guard_in_step(settings, store, act.core, act.log, act.at):
        yield


def _told_again(store: StoreReading, url: str, settings: Settings, log: JournalLog) -> TradingDay:
    """The core as the record left it; the codec of `log` goes on from there as well.

    Errors: BadInput if the record is not what a core makes of it.
    """
    who_is = store.identity
    settings = as_recorded(store, settings)
    beginning = genesis(who_is.symbol, who_is.config_hash)
    recording = StoredRecording(store.events(), log.codec, beginning)
    try:
        core = recorded_core(store, settings, RunContainer(settings=settings))
        for _ in fold(core, recording):
            pass
    except DivergedError as error:
        way_out = "by naming a new store"
        if who_is.adapter not in ("", Adapter.FAKE.value):
            way_out = "by `tradebot db bind`"
        reason = (
            f"{shown(url)}: store and record disagree: {error}; `tradebot replay` shows where, and "
            f"a record that is damaged for good is replaced {way_out}"
        )
        raise BadInput("settings", "db", reason) from error
    if recording.head != store.tip().head:
        raise BadInput("settings", "db", f"{shown(url)}: the chain head is not that of the record")
    return core


def _refuse_open(core: TradingDay, url: str) -> None:
    desk = core.desk
    if desk.alive or desk.expected_position:
        reason = (
            f"{shown(url)}: position {desk.expected_position}, something of ours is open or working"
        )
        raise BadInput("settings", "db", reason)

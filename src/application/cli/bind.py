"""What `tradebot db bind` does: lock, look, keep what there is, renew, record, guard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple
from zoneinfo import ZoneInfo

from application.binding import Owner
from application.cli.asking import ask_today
from application.cli.output import ExitCode, give
from application.cli.person import at_terminal, terminal_in_live, typed_reason, who
from application.container import RunContainer, owner_of, store_url
from application.rebind import (
    MODES,
    Typed,
    assumed_latched,
    bind_refused,
    carried_over,
)
from application.settings import Adapter, Settings, load_settings
from domain.law.restarts import Starts
from domain.law.state import KillState, LawState
from domain.units import DAY, SECOND, ZERO, Money, UtcNanos
from domain.upkeep import StoreBound
from ports.broker import BrokerToday
from ports.calendar import Calendar
from ports.errors import BadInput, StoreFailure
from ports.guard import GuardState, Latch

if TYPE_CHECKING:
    from adapters.guard.file import GuardFile
    from adapters.guard.places import Places

_EXCHANGE: Final = ZoneInfo("America/New_York")
_LONGEST_BREAK: Final = 10
"""Days: no exchange is closed for longer."""


class Act(NamedTuple):
    """A person's act: who, why, and which losses they know of."""

    who: str
    reason: str
    typed: Typed


class Bound(NamedTuple):
    """What came of it; `kept` is where the old store stands, None if there was none."""

    store_id: str
    kept: Path | None
    state: LawState


def bind_command(
    given: Mapping[str, object], reason: str, week: str | None, month: str | None
) -> ExitCode:
    """Check everything that a person may get wrong, ask the broker, then bind.

    Errors: BadInput; BrokerDown, BrokerRefused where the broker cannot be asked; StoreFailure or
    GuardFailure as `bind_store`.
    """
    settings = load_settings(given)
    words = typed_reason(reason)
    if settings.adapter is Adapter.FAKE:
        why = "the fake broker has no account to bind a store to; name a real one"
        raise BadInput("settings", "adapter", why)
    if settings.adapter is not Adapter.IBKR:
        why = (
            f"binding asks the broker for today's executions, and {settings.adapter.value} "
            "is not part of this version"
        )
        raise BadInput("settings", "adapter", why)
    if settings.run_mode.value not in MODES:
        raise BadInput("command line", "--mode", "is PAPER or LIVE; OBSERVE needs no binding")
    if not (settings.account or "").strip():
        raise BadInput("command line", "--account", "needs the exact account id")
    terminal_in_live(settings.run_mode)
    act = Act(who(), words, Typed(_loss("week", week), _loss("month", month)))
    at = RunContainer(settings=settings).clock().now()
    bound = bind_store(settings, act, lambda: ask_today(settings), at)
    _tell(settings, bound)
    return ExitCode.DONE


def _tell(settings: Settings, bound: Bound) -> None:
    """What the law remembers from now on."""
    state, kept = bound.state, bound.kept
    give(f"bound: store {bound.store_id}, {settings.adapter.value}, {settings.run_mode.value}")
    if kept is not None:
        give(f"the old store is kept as it was: {kept}")
    results = (f"{name} {net.cents()}" for name, net in (
        ("today", state.net_day), ("week", state.net_week), ("month", state.net_month)
    ))  # fmt: skip
    give(f"trades today {state.trades_today}; net in USD: {', '.join(results)}")
    if state.killed:
        give(f"the kill switch stays latched by {state.kill_trigger}: `tradebot reset` lifts it")
    give("entries begin with the next session")


def _loss(period: str, text: str | None) -> Money:
    """The amount typed as an option or, at a terminal, when asked."""
    if text is None and at_terminal():
        text = input(f"Lost this {period} in this account, in USD (0 if nothing): ").strip() or "0"
    try:
        loss = Money.parse(text or "0")
    except ValueError as error:
        raise BadInput("command line", f"--{period}-loss", str(error)) from None
    if loss < ZERO:
        raise BadInput("command line", f"--{period}-loss", "a loss is typed without its sign")
    return loss


def bind_store(settings: Settings, act: Act, ask: Callable[[], BrokerToday], at: UtcNanos) -> Bound:
    """Bind the store of `settings` to its account and mode; see `application.rebind`. The broker
    is asked by `ask` once store and guard are held, so that no run can trade behind its answer.

    Until the guard file is written, which comes last, the old one refuses the new store.
    Errors: BadInput if the store is another's; StoreFailure or GuardFailure if a run holds
    them, or they cannot be read, kept or written.
    """
    from adapters.guard.file import open_guard
    from adapters.guard.places import LIVE, Whose, places, refuse_shared
    from adapters.store.connect import shown
    from adapters.store.opening import file_of, lock

    url, owner = store_url(settings), owner_of(settings)
    path = file_of(url)
    where = places(Whose(*owner), path, shown(url), settings.state_dir)
    if where.guard is None:
        raise BadInput("settings", "adapter", f"{owner.adapter} has no guard file to bind with")
    with ExitStack() as stack:
        held = lock(url, at)
        stack.callback(held.release)
        guard = open_guard(where.guard, at)
        stack.callback(lambda: guard.close())
        if owner.mode == LIVE:
            for each in (where.guard, path):
                if each is not None:
                    refuse_shared(each)
        memories = list(_of_store(url, owner))
        before = _of_guard(guard, where)
        memories += before.memories
        container = RunContainer(settings=settings)
        today = _session_date(container.calendar(), at)
        law = container.contracts().constitution
        state = carried_over(tuple(memories), ask(), act.typed, today, law)
        bound, new = _renewed(container, url, owner, StoreBound(
            at, owner.account, owner.mode, state, act.who, act.reason
        ))  # fmt: skip
        if before.bad:  # kept, but only once the store remembers what it may have held
            where.guard.rename(where.guard.with_name(f"{where.guard.name}.bad-{at}"))
            guard.close()
            guard = open_guard(where.guard, at)
        latch = None
        if state.killed:
            latch = before.latch or Latch(state.kill_trigger or "", "carried over by db bind", at)
        guard.write(
            GuardState(
                owner.account, owner.mode, bound.store_id, new.seq, new.head,
                container.config_hash(), state, before.starts, latch,
            )
        )  # fmt: skip
    return bound


def _session_date(calendar: Calendar, at: UtcNanos) -> date:
    """The date of the session that opened last before `at`."""
    for days in range(_LONGEST_BREAK):
        session = calendar.session_at(at - days * DAY)
        if session is not None and session.open <= at:
            return session.date
    return datetime.fromtimestamp(at // SECOND, UTC).astimezone(_EXCHANGE).date()


class _Before(NamedTuple):
    """What guard and kill file remember; `bad` if the guard cannot be read."""

    memories: tuple[LawState, ...]
    starts: Starts = Starts()
    latch: Latch | None = None
    bad: bool = False


class _New(NamedTuple):
    """Where the store ends after the binding."""

    seq: int
    head: str


def _latched(trigger: str) -> LawState:
    return LawState(kill_state=KillState.KILLING, kill_trigger=trigger)


def _of_store(url: str, owner: Owner) -> list[LawState]:
    """What the store remembers. One that cannot be read may hold a latch, so it does."""
    from adapters.store.connect import shown
    from adapters.store.migrate import NotOurs
    from adapters.store.reading import reading
    from adapters.wire.law_state import law_state

    try:
        with reading(url) as found:
            if found is None:
                return []
            who, last = found.identity, found.tip().seq
            payload, latch = found.law(), found.latch()
    except NotOurs:
        raise
    except StoreFailure:
        return [assumed_latched()]
    refused = bind_refused(Owner(who.adapter, who.account, who.mode), owner, last)
    if refused:
        raise BadInput("settings", "db", f"{shown(url)}: {refused}")
    try:
        memories = [] if payload is None else [law_state(payload)]
    except ValueError:
        return [assumed_latched()]
    if latch is not None and not any(memory.killed for memory in memories):
        memories.append(_latched(latch.trigger))
    return memories


def _of_guard(guard: GuardFile, where: Places) -> _Before:
    """What guard and kill file remember. A guard of two bad slots may hold a latch, so it does."""
    from adapters.guard.file import BadSlots
    from adapters.guard.kill_file import KillFile

    words = KillFile(where.kill).read()
    ordered = () if words is None else (_latched("MANUAL"),)
    try:
        state = guard.read()
    except BadSlots:
        return _Before((assumed_latched(), *ordered), bad=True)
    if state is None:
        return _Before(ordered)
    memories = [state.law]
    if state.latch is not None and not state.law.killed:
        memories.append(_latched(state.latch.trigger))
    return _Before((*memories, *ordered), state.starts, state.latch)


def _renewed(
    container: RunContainer, url: str, owner: Owner, event: StoreBound
) -> tuple[Bound, _New]:
    """Keep the old store, give the store its new id and owner, and record the binding."""
    from adapters.store.identity import bind
    from adapters.store.journal import open_journal
    from adapters.store.renewal import renew, set_aside
    from adapters.wire.log import JournalLog

    config_hash, clock = container.config_hash(), container.clock()
    kept = set_aside(url, event.at)
    journal = open_journal(url, container.instrument().symbol, config_hash, clock)
    log = JournalLog(journal, config_hash)
    try:
        store_id = renew(url)
        bind(url, *owner)
        log.append([event])
        log.commit()
        return Bound(store_id, kept, event.state), _New(log.count, log.head)
    finally:
        log.close()

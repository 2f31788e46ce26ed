"""What `tradebot kill` does: latch first, wait for the run to complete it, say how it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from adapters.clock.system import SystemClock
from adapters.guard.file import read_guard
from adapters.guard.kill_file import NO_REASON, KillFile
from adapters.guard.places import default_state_dir, guards_in, kill_of
from adapters.holding.file_hold import held_by
from adapters.store.connect import shown
from adapters.store.opening import holder
from adapters.store.reading import Identity, reading
from application.cli.output import ExitCode, give, say
from application.cli.standing import places_of, store_of
from application.container import DEFAULT_STORE
from application.refusals import KillLatchedError
from application.settings import Adapter, Mode, Settings, load_settings
from domain.law.state import KillState
from ports.errors import BadInput, GuardFailure, PortError, StoreFailure
from ports.guard import Latch
from ports.journal import JsonValue

WAIT_S: Final = 30
"""How long a run is given to complete the sequence."""
_STEP_S: Final = 0.2
_UNVERIFIED: Final = "latched, position NOT verified: act at the broker"


class _Seen(NamedTuple):
    """What a store says of a kill; both None where it cannot be read."""

    latch: Latch | None
    state: JsonValue


class _Target(NamedTuple):
    """One store or guard: its name, its kill files, who runs it, and what is recorded there."""

    name: str
    notes: tuple[KillFile, ...]
    simulated: bool
    process: Callable[[], str | None]
    look: Callable[[], _Seen]
    settings: Settings | None = None
    """What a run on it needs, None where that is not known."""


def kill_command(given: Mapping[str, object], reason: str | None) -> ExitCode:
    """Order a kill of the named store's run, or of every run there may be; see cli.md.

    Errors: BadInput for a URL that is none.
    """
    words = (reason or "").strip() or NO_REASON
    settings = _settings(given)
    codes = [ExitCode.DONE]
    targets = _targets(settings, "db" in given)
    placed = [target for target in targets if _place(target, words)]
    if len(placed) < len(targets):
        codes.append(ExitCode.UNREACHABLE)
    codes += [_complete(target, SystemClock().sleep) for target in placed]
    return max(codes)


def _settings(given: Mapping[str, object]) -> Settings:
    """The settings; wrong ones stop no kill, which then does without them."""
    try:
        return load_settings(given)
    except BadInput as error:
        say(f"warning: {error}; the kill goes on without settings")
        return Settings.model_construct(None, **dict(given))


def _targets(settings: Settings, named: bool) -> list[_Target]:
    """The named store, or the default ones and every guard in the state directory."""
    if named and settings.db is not None:
        return [_store(settings.db, settings)]
    urls = [DEFAULT_STORE] if settings.db is None else [settings.db, DEFAULT_STORE]
    urls += [f"sqlite:///{path}" for path in sorted(Path("var").glob("tradebot-*.db"))]
    folders = {Path("var")}
    try:
        folders.add(settings.state_dir or default_state_dir())
    except BadInput as error:
        say(f"warning: {error}")
    stores = [_store(url, settings) for url in urls]
    known = {note.path.resolve() for store in stores for note in store.notes}
    guards = [path for folder in sorted(folders) for path in guards_in(folder)]
    return stores + [_guard(path) for path in guards if kill_of(path).resolve() not in known]


def _store(url: str, settings: Settings) -> _Target:
    """Errors: BadInput for a URL that is none."""
    store_of(url)
    who: Identity | None = None
    try:
        with reading(url) as found:
            who = None if found is None else found.identity
    except StoreFailure as error:
        say(f"warning: {error}")
    notes = tuple(KillFile(where.kill) for where in places_of(url, who, settings.state_dir))
    simulated = who is None or who.adapter in ("", Adapter.FAKE.value)
    own = None if simulated or who is None else _settings_of(url, who, settings)
    return _Target(shown(url), notes, simulated, lambda: holder(url), lambda: _in_store(url), own)


def _settings_of(url: str, who: Identity, settings: Settings) -> Settings | None:
    """The settings of a run that ends what is ours: in the mode of the store."""
    if who.adapter != Adapter.IBKR.value or who.mode not in (Mode.PAPER, Mode.LIVE):
        return None
    more: dict[str, object] = {
        "adapter": Adapter.IBKR, "mode": Mode(who.mode), "symbol": who.symbol, "db": url,
    }  # fmt: skip
    return settings.model_copy(update=more)


def _guard(path: Path) -> _Target:
    note = path.with_name(f"{path.name}.holder")
    return _Target(
        str(path),
        (KillFile(kill_of(path)),),
        simulated=False,
        process=lambda: held_by(path, note),
        look=lambda: _in_guard(path),
    )


def _in_store(url: str) -> _Seen:
    try:
        with reading(url) as found:
            law = None if found is None else found.law()
            return _Seen(found.latch() if found else None, (law or {}).get("kill_state"))
    except StoreFailure:
        return _Seen(None, None)


def _in_guard(path: Path) -> _Seen:
    try:
        state = read_guard(path)
    except GuardFailure:
        return _Seen(None, None)
    return _Seen(None, None) if state is None else _Seen(state.latch, state.law.kill_state.value)


def _place(target: _Target, words: str) -> bool:
    """Latch by file, in each place; False if none could be made."""
    placed = False
    for note in target.notes:
        try:
            note.place(words)
            placed = True
        except GuardFailure as error:
            say(f"NOT latched: {error}")
    return placed


def _complete(target: _Target, sleep: Callable[[float], float]) -> ExitCode:
    """Wait for the run to record and complete the kill; say what came of it."""
    process = _process(target)
    if process is None:
        return _unattended(target, "no process runs on it")
    say(f"{target.name}: latched; waiting up to {WAIT_S} s for {process} to complete it")
    left = float(WAIT_S)
    while left > 0:
        if _completed(target):
            return ExitCode.DONE
        if _process(target) is None:
            if _completed(target):
                return ExitCode.DONE
            return _unattended(target, "its process ended before it had completed the kill")
        sleep(_STEP_S)
        left -= _STEP_S
    give(f"{target.name}: {process} does not answer: {_UNVERIFIED}")
    return ExitCode.UNREACHABLE


def _completed(target: _Target) -> bool:
    """True, and said, once the latch is recorded and the sequence has verified that all is flat."""
    if not _recorded(target):
        return False
    latch, state = target.look()
    if latch is None or state != KillState.KILLED.value:
        return False
    for note in target.notes:  # of the modes that share the store: it holds the latch now
        with suppress(GuardFailure):
            note.remove()
    give(f"{target.name}: killed: flat, no order works; latched by {latch.trigger}")
    return True


def _process(target: _Target) -> str | None:
    """Who runs it; where that cannot be found out, somebody may."""
    try:
        return target.process()
    except (OSError, StoreFailure):
        return "a process"


def _recorded(target: _Target) -> bool:
    """True once a kill file has gone: the run's own goes when the latch is recorded."""
    try:
        return any(note.read() is None for note in target.notes)
    except GuardFailure:
        return False


def _unattended(target: _Target, why: str) -> ExitCode:
    """Nobody is there to complete the kill."""
    if target.simulated:
        give(f"{target.name}: latched; {why}, and the fake broker holds nothing without it")
        return ExitCode.DONE
    ended = _carried_out(target, why)
    if ended is not None:
        return ended
    give(f"{target.name}: {why}: {_UNVERIFIED}")
    return ExitCode.UNREACHABLE


def _carried_out(target: _Target, why: str) -> ExitCode | None:
    """Carry the sequence out from here; None where the broker cannot be had, or did not end it."""
    if target.settings is None:
        return None
    from application.cli.play_live import finish_kill

    say(f"{target.name}: latched; {why}, so the sequence is carried out from here")
    try:
        finish_kill(target.settings)
    except (PortError, KillLatchedError) as error:
        say(f"{target.name}: {error}")
        return None
    return ExitCode.DONE if _completed(target) else None

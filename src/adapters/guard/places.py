"""Where guard and kill files stand, and who may write there (events.md 5).

LIVE: in the state directory, owner-only, never in the store's folder. PAPER and OBSERVE:
beside the store unless a state directory is set. The fake broker has no guard; its kill
file stands beside the store. A store on a server has no folder: the state directory then.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from ports.errors import BadInput, GuardFailure, GuardUnfit

LIVE: Final = "LIVE"
FAKE: Final = "fake"
GUARD: Final = ".guard"
KILL: Final = ".kill"
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_OTHERS: Final = 0o077


class Places(NamedTuple):
    """Paths of one account and mode; `guard` is None for the fake broker."""

    guard: Path | None
    kill: Path


class Whose(NamedTuple):
    """Whose guard: adapter, digest of the account, and mode."""

    adapter: str
    account: str
    mode: str


def account_digest(adapter: str, account: str) -> str:
    """What stands for an account id wherever it is recorded."""
    return sha256(f"tradebot account|{adapter}|{account}".encode()).hexdigest()


def default_state_dir() -> Path:
    """`~/.local/state/tradebot`.

    Errors: BadInput if this user has no home folder.
    """
    try:
        return Path.home() / ".local" / "state" / "tradebot"
    except RuntimeError:
        raise BadInput("settings", "state-dir", "there is no home folder: name one") from None


def places(whose: Whose, store: Path | None, store_name: str, state_dir: Path | None) -> Places:
    """Where the files of `whose` stand, for a store in the file `store`, or on a server (None)
    where `store_name` is its address without a password.

    Errors: BadInput for a state directory of LIVE that is not absolute or is the store's.
    """
    folder = state_dir if state_dir is not None or store is None else store.parent
    if whose.mode == LIVE:
        folder = _live_folder(state_dir, store)
    elif folder is None:
        folder = default_state_dir()
    if whose.adapter == FAKE:
        if store is not None:
            return Places(None, store.with_name(store.name + KILL))
        name = sha256(store_name.encode()).hexdigest()[:16]
        return Places(None, folder / f"tradebot-{FAKE}-{name}{KILL}")
    name = f"tradebot-{whose.account[:16]}-{whose.mode.lower()}"
    return Places(folder / f"{name}{GUARD}", folder / f"{name}{KILL}")


def kill_of(guard: Path) -> Path:
    """The kill file that belongs to a guard file."""
    return guard.with_suffix(KILL)


def guards_in(folder: Path) -> Iterator[Path]:
    """The guard files in `folder`, in order of their names; none if there is no such folder."""
    yield from sorted(folder.glob(f"*{GUARD}"))


def refuse_shared(path: Path, secret: bool = False) -> None:
    """Make sure that nobody but this user may write `path` and the folder it is in, or, if
    `secret`, so much as read it. What does not exist yet is fine.

    Errors: GuardFailure naming the file and what is wrong.
    """
    for each in (path, path.parent):
        try:
            found = each.stat()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise GuardFailure(f"{each}: {error.strerror}") from error
        mode = stat.S_IMODE(found.st_mode)
        if found.st_uid not in (os.geteuid(), 0):
            raise GuardUnfit(f"{each} belongs to another user: LIVE needs files of its own")
        if mode & _OTHERS_WRITE:
            raise GuardUnfit(
                f"{each} may be written by others (mode {mode:o}): chmod go-w, then look at it"
            )
        if secret and each is path and mode & _OTHERS:
            raise GuardUnfit(f"{each} may be read by others (mode {mode:o}): chmod go-rwx")


def _live_folder(state_dir: Path | None, store: Path | None) -> Path:
    folder = default_state_dir() if state_dir is None else state_dir
    if not folder.is_absolute():
        raise BadInput("settings", "state-dir", f"LIVE needs an absolute path, got {folder}")
    if store is not None and _same(folder, store.parent):
        reason = (
            f"{folder} is the store's folder: what is lost with it would be lost with the store"
        )
        raise BadInput("settings", "state-dir", reason)
    return folder


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()

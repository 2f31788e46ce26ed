"""A guard file: two slots, written in turn, in place and synced, under an exclusive lock.

In place, because that needs no room: it works on a full disk. In turn, because a torn
write then leaves the slot before it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from adapters.guard import codec
from adapters.guard.slots import FILE, ROOM, SLOT, SLOTS, Slot, newer_layout, pack, unpack
from adapters.holding.file_hold import HeldError, take
from domain.units import UtcNanos
from ports.errors import GuardFailure, GuardUnfit
from ports.guard import GuardState

_OWNER_ONLY: Final = 0o600
_FOLDER: Final = 0o700
_LOOKS: Final = 3


class BadSlots(GuardUnfit):
    """Neither slot can be trusted: whether a kill is latched is unknown."""


class GuardFile:
    """`ports.guard.Guard` on a file. Not safe to share between threads."""

    def __init__(self, path: Path, descriptor: int) -> None:
        """Take over the open and locked `descriptor` of `path`; see `open_guard`."""
        self.path = path
        self._descriptor: int | None = descriptor
        self._newest: Slot | None = None
        self._state: GuardState | None = None
        self._damaged = False

    @property
    def damaged(self) -> bool:
        """True if one of the two slots was bad when last read."""
        return self._damaged

    def read(self) -> GuardState | None:
        """What was written last; None if nothing ever was.

        Errors: GuardFailure if neither slot can be trusted.
        """
        try:
            raw = os.pread(self._open_file(), FILE, 0)
        except OSError as error:
            raise GuardFailure(f"guard file {self.path}: {error.strerror}") from error
        slots = unpack(raw)
        self._state = _newest_state(self.path, raw, slots)
        self._newest = max(slots, key=_counter)
        self._damaged = len(slots) < SLOTS
        return self._state

    def write(self, state: GuardState) -> None:
        """Make `state` durable in the slot whose turn it is; a change of the latch in both,
        so that no single bad sector can take it back.

        Errors: GuardFailure; what was written before still stands then.
        """
        content = _fitting(self.path, state)
        if self._newest is None:
            self.read()
        before = self._state.latch if self._state is not None else None
        self._write_slot(content)
        if state.latch != before:
            self._write_slot(content)
        self._state = state

    def _write_slot(self, content: bytes) -> None:
        newest = self._newest
        index = 0 if newest is None else (newest.place + 1) % SLOTS
        counter = 1 if newest is None else newest.counter + 1
        raw = pack(counter, content)
        descriptor = self._open_file()
        try:
            written = os.pwrite(descriptor, raw, index * SLOT)
            if written != SLOT:
                raise GuardFailure(f"guard file {self.path}: wrote {written} of {SLOT} bytes")
            os.fsync(descriptor)
        except OSError as error:
            raise GuardFailure(f"guard file {self.path}: {error.strerror}") from error
        self._newest = Slot(index, counter, content)

    def _open_file(self) -> int:
        if self._descriptor is None:
            raise GuardFailure(f"guard file {self.path}: it is closed")
        return self._descriptor

    def close(self) -> None:
        """Let another process have it; the second time does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def open_guard(path: Path, at: UtcNanos) -> GuardFile:
    """Open the guard file at `path` for this run that starts at `at`, and lock it until
    `close` or the end of the process. A missing one is made, blank, with its folder.

    Errors: GuardFailure naming process and start time of who holds it; or if the file
    cannot be opened, made or locked.
    """
    try:
        while True:
            descriptor = _open_or_make(path)
            try:
                take(descriptor, note_of(path), at)
                there, here = path.stat(), os.fstat(descriptor)
            except BaseException:
                os.close(descriptor)
                raise
            if (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino):
                return GuardFile(path, descriptor)
            os.close(descriptor)  # it was replaced before we had the lock
    except HeldError as error:
        raise GuardFailure(f"guard file {path}: in use by {error}") from None
    except OSError as error:
        raise GuardFailure(f"guard file {path}: {error.strerror}") from error


def read_guard(path: Path) -> GuardState | None:
    """What stands in the guard file at `path`, without a lock, also while a run writes it.

    None if there is none, or nothing was ever written to it.
    Errors: GuardFailure if it cannot be read, or neither slot can be trusted.
    """
    for look in range(_LOOKS):
        try:
            with path.open("rb") as file:
                raw = file.read(FILE)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise GuardFailure(f"guard file {path}: {error.strerror}") from error
        slots = unpack(raw)
        if len(slots) == SLOTS or look == _LOOKS - 1:
            break
    return _newest_state(path, raw, slots)


def note_of(path: Path) -> Path:
    """The file that says who holds the guard file at `path`."""
    return path.with_name(f"{path.name}.holder")


def _newest_state(path: Path, raw: bytes, slots: list[Slot]) -> GuardState | None:
    if newer_layout(raw):
        raise GuardUnfit(f"guard file {path}: a newer program wrote it")
    if not slots:
        raise BadSlots(
            f"guard file {path}: both slots are bad, so whether a kill is latched is unknown; "
            "keep the file, and begin anew with `tradebot db bind`"
        )
    try:
        return codec.decode(max(slots, key=_counter).content)
    except ValueError as error:
        raise GuardUnfit(f"guard file {path}: {error}") from error


def _counter(slot: Slot) -> int:
    return slot.counter


def _fitting(path: Path, state: GuardState) -> bytes:
    """The content for `state`, the words of its latch cut to what a slot takes."""
    content = codec.encode(state)
    latch = state.latch
    if len(content) > ROOM and latch is not None:
        detail = latch.detail
        while detail and len(content) > ROOM:
            # A character takes six bytes at most, so this never cuts too much.
            excess = max(1, (len(content) - ROOM) // 6)
            detail = detail[: len(detail) - excess]
            content = codec.encode(replace(state, latch=latch._replace(detail=detail)))
    if len(content) > ROOM:
        raise GuardFailure(f"guard file {path}: {len(content)} bytes do not fit into {ROOM}")
    return content


def _open_or_make(path: Path) -> int:
    """A descriptor of the file, which is whole from its first moment on."""
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
    with suppress(FileNotFoundError):
        return os.open(path, flags)
    path.parent.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(draft, flags | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
    try:
        blank = b"".join(pack(counter, codec.BLANK) for counter in range(SLOTS))
        if os.write(descriptor, blank) != FILE:
            raise OSError(0, "the blank file could not be written whole")
        os.fsync(descriptor)
        with suppress(FileExistsError):
            os.link(draft, path)  # somebody else may have made it by now
    finally:
        os.close(descriptor)
        draft.unlink(missing_ok=True)
    _sync_folder(path.parent)
    return os.open(path, flags)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

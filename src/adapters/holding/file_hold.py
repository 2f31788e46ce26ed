"""The right to be the only process at a file, held until `release` or the end of the process.

The lock is the operating system's: no number in a file decides anything. The note beside it
only says who holds it.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from adapters.wire.times import rfc3339
from domain.units import UtcNanos

_NOTE_BYTES: Final = 200
_GLANCE: Final = 0.05
"""Seconds: longer than `held_by` looks."""
_ANOTHER: Final = "another process"


class HeldError(Exception):
    """Somebody else holds it; the text names process and start time."""


def take(descriptor: int, note: Path, at: UtcNanos) -> None:
    """Lock the open file `descriptor`, and leave in `note` that we hold it since `at`.

    A note that cannot be written, say on a full disk, costs nobody the lock.
    Errors: HeldError naming the holder.
    """
    if not _locked(descriptor):
        time.sleep(_GLANCE)  # it may only have been looked at
        if not _locked(descriptor):
            raise HeldError(_holder(note))
    with suppress(OSError):
        note.write_text(f"process {os.getpid()}, started {rfc3339(at)}", encoding="utf-8")


def held_by(path: Path, note: Path) -> str | None:
    """Who holds the file at `path`: process and start time; None if nobody does.

    Changes nothing, and keeps nobody from it for longer than a glance.
    Errors: OSError if that cannot be found out.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder(note)
    finally:
        os.close(descriptor)
    return None


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _holder(note: Path) -> str:
    try:
        text = note.read_bytes()[:_NOTE_BYTES].decode(errors="replace").strip()
    except OSError:
        return _ANOTHER
    return text or _ANOTHER

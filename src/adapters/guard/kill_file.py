"""The kill file: an operator's kill from outside the run, by any program that makes a file.

It needs no lock and hardly any space. That it is there is the order; its text is the reason.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from ports.errors import GuardFailure

_TEXT_BYTES: Final = 1000
NO_REASON: Final = "no reason given"


class KillFile:
    """`ports.guard.KillNote` on a path."""

    def __init__(self, path: Path) -> None:
        """`path` from `adapters.guard.places`."""
        self.path = path

    def read(self) -> str | None:
        """The reason, None if the file is not there. Whatever stands at the path counts, also
        what cannot be read.

        Errors: GuardFailure if it cannot be found out whether it is there.
        """
        try:
            os.lstat(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise GuardFailure(f"kill file {self.path}: {error.strerror}") from error
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                raw = os.read(descriptor, _TEXT_BYTES)
            finally:
                os.close(descriptor)
        except OSError as error:
            return f"{NO_REASON} ({error.strerror})"
        return raw.decode(errors="replace").replace("\0", "").strip() or NO_REASON

    def place(self, reason: str) -> None:
        """Order a kill. A file that is there already stays as it is.

        The order stands once this returns; on a full disk its words may be missing.
        Errors: GuardFailure if the file cannot be made.
        """
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            try:
                descriptor = os.open(self.path, flags, 0o600)
            except FileExistsError:
                return
            try:
                with suppress(OSError):
                    os.write(descriptor, reason.encode(errors="replace")[:_TEXT_BYTES])
                with suppress(OSError):
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)
            _sync(self.path.parent)
        except OSError as error:
            raise GuardFailure(f"kill file {self.path}: {error.strerror}") from error

    def remove(self) -> None:
        """Take it away, once the latch is recorded; nothing if it is not there.

        Errors: GuardFailure if it stays.
        """
        try:
            self.path.unlink(missing_ok=True)
            _sync(self.path.parent)
        except FileNotFoundError:
            return
        except OSError as error:
            raise GuardFailure(f"kill file {self.path}: {error.strerror}") from error


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # some file systems cannot sync a folder
            os.fsync(descriptor)
    finally:
        os.close(descriptor)

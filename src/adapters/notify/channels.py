"""The notifier of a live run: a rotating log, standard error, and services behind apprise.

Addresses of services hold secrets, so they appear in no text of this module, and the loggers
of the libraries behind it are silenced: they log addresses.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from adapters.notify.mailbox import Mailbox
from domain.alarm import Level

WAITING: Final = 100
"""Messages that may wait for a channel; one more is dropped."""
LAST_WORDS_S: Final = 5.0
LOG_BYTES, LOG_FILES = 50_000_000, 10
_TIMEOUT_S: Final = 5
_LIBRARIES: Final = ("apprise", "requests", "urllib3")


class Message(NamedTuple):
    """One message on its way."""

    level: Level
    title: str
    text: str


Deliver: TypeAlias = Callable[[Message], bool]


class ChannelNotifier:
    """See ports.notifier. Nothing is imported or opened after the constructor."""

    def __init__(self, log: Path, services: Sequence[str] = (), heartbeat: str = "") -> None:
        """`services` are apprise addresses, `heartbeat` an address that is fetched each minute.

        Errors: ValueError naming the position of an address that is none; OSError for `log`.
        """
        for library in _LIBRARIES:
            logging.getLogger(library).setLevel(logging.CRITICAL + 1)
        self._log = _StrictHandler(
            log, maxBytes=LOG_BYTES, backupCount=LOG_FILES - 1, encoding="utf-8"
        )
        self._boxes = [Mailbox(self._write, WAITING, "log")]
        self._boxes.append(Mailbox(_to_stderr, WAITING, "console"))
        if services:
            self._boxes.append(Mailbox(_services(services), WAITING, "services"))
        self._pulse = Mailbox(_fetcher(heartbeat), 1, "heartbeat") if heartbeat else None

    @property
    def dropped(self) -> int:
        """Messages that a channel did not take."""
        return sum(box.lost for box in self._boxes)

    def send(self, level: Level, title: str, text: str) -> None:
        """Hand a message to every channel."""
        for box in self._boxes:
            box.put(Message(level, title, text))

    def beat(self) -> None:
        """Fetch the heartbeat's address, unless the last fetch still hangs."""
        if self._pulse is not None:
            self._pulse.put(Message(Level.NOTE, "", ""))

    def close(self) -> None:
        """Let what is waiting out."""
        for box in self._boxes:
            box.close(LAST_WORDS_S)
        if self._pulse is not None:
            self._pulse.close(0.1)
        with suppress(OSError):  # what could not be written has been counted
            self._log.close()

    def _write(self, message: Message) -> bool:
        """One line of UTC time, level, title and text."""
        text = f"{_stamp()} {message.level} {message.title}: {message.text}".replace("\n", " | ")
        level = logging.ERROR if message.level is Level.CALL else logging.INFO
        self._log.emit(logging.LogRecord("tradebot", level, "", 0, text, None, None))
        return True


class _StrictHandler(RotatingFileHandler):
    """Raises what the library's own would print: a message that was not written is counted."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # the library's name
        """Let the error of `emit` through."""
        raise


def _to_stderr(message: Message) -> bool:
    line = f"{message.level} {message.title}: {message.text}\n"
    sys.stderr.write(line)
    sys.stderr.flush()
    return True


def _services(addresses: Sequence[str]) -> Deliver:
    """All notification services in one; delivered means that every one of them took it."""
    import apprise

    services = apprise.Apprise()
    for position, address in enumerate(addresses, start=1):
        if not services.add(address):
            raise ValueError(f"alert address {position} of {len(addresses)} is none that is known")
    kinds = {Level.CALL: apprise.NotifyType.FAILURE, Level.NOTE: apprise.NotifyType.INFO}

    def notify(message: Message) -> bool:
        kind = kinds[message.level]
        return bool(services.notify(body=message.text, title=message.title, notify_type=kind))

    return notify


def _fetcher(address: str) -> Deliver:
    """Fetches the heartbeat's address."""
    import requests

    def fetch(_: Message) -> bool:
        return requests.get(address, timeout=_TIMEOUT_S).ok

    return fetch


def _stamp() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

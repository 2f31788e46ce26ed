"""The port through which a person is told; nothing behind it may delay or end the loop."""

from __future__ import annotations

from typing import Protocol

from domain.alarm import Level


class Notifier(Protocol):
    """Takes messages and returns at once; a slow, full or broken channel drops and counts."""

    @property
    def dropped(self) -> int:
        """Messages that reached nobody so far."""

    def send(self, level: Level, title: str, text: str) -> None:
        """Hand over one message; it never raises."""

    def beat(self) -> None:
        """Say that the bot is alive; it never raises."""

    def close(self) -> None:
        """Send what is waiting for some seconds at most, then let go."""

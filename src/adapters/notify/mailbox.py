"""A bounded queue with one worker: what is behind it may hang or fail and harms nobody."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Takes items at once and hands them to `deliver` one by one, in a thread of its own.

    A full box drops the new item and counts it, as it counts what `deliver` answers False for
    or raises on. The thread is a daemon: a hanging delivery does not keep a process alive.
    """

    def __init__(self, deliver: Callable[[T], bool], size: int, name: str) -> None:
        self._deliver = deliver
        self._items: queue.Queue[T | None] = queue.Queue(maxsize=size)
        self._lost = 0
        self._worker = threading.Thread(target=self._work, name=name, daemon=True)
        self._worker.start()

    @property
    def lost(self) -> int:
        """Items that were not delivered."""
        return self._lost

    def put(self, item: T) -> None:
        """Take an item, or drop it; never waits, never raises."""
        try:
            self._items.put_nowait(item)
        except queue.Full:
            self._lost += 1

    def close(self, wait: float) -> None:
        """Deliver what is waiting, for `wait` seconds at most."""
        try:
            self._items.put(None, timeout=wait)
        except queue.Full:
            return
        self._worker.join(wait)

    def _work(self) -> None:
        while (item := self._items.get()) is not None:
            try:
                delivered = self._deliver(item)
            except Exception:  # noqa: BLE001  # whatever a channel does, the bot goes on; it is counted
                delivered = False
            if not delivered:
                self._lost += 1

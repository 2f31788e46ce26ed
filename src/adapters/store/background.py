"""A thread that writes while the run goes on: for feeds that can be fed again.

The database lets go of the interpreter inside a statement only, so a chunk is one statement of two
values (`adapters.store.packed`); a thread that waits for the interpreter is let in soon
(`SWITCH_SECONDS`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Semaphore, Thread
from typing import Final, TypeAlias

from rust_core import Chunk

CHUNK_ROWS: Final = 1_024
"""Rows that are worth a transaction of their own."""
WAITING_CHUNKS: Final = 16
"""Chunks that may wait, 25 MB or so: more than come in while a checkpoint waits for the disk. One
that is slower than the run holds the run up."""
SWITCH_SECONDS: Final = 0.0002
"""How long the writer waits at most for the interpreter, some times a chunk; Python's own 5 ms
would cost as much as the writing."""

Write: TypeAlias = Callable[[Chunk], None]
Job: TypeAlias = "Chunk | Lock | None"


class Background:
    """Writes chunks in the order given, until one fails; that one and all later ones it keeps.

    One thread gives, waits and takes back; `write` runs in the other one, never while `wait`
    has returned and nothing was given since.
    """

    def __init__(self, write: Write) -> None:
        self._write = write
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._room = Semaphore(WAITING_CHUNKS)
        self._kept: list[Chunk] = []
        self._idle = True
        self._interval = sys.getswitchinterval()
        self.failure: BaseException | None = None
        """Why the chunk that failed did; None while all is well."""
        self._thread = Thread(target=self._work, name="journal", daemon=True)
        sys.setswitchinterval(SWITCH_SECONDS)
        self._thread.start()

    def give(self, chunk: Chunk) -> None:
        """Hand over rows that make one transaction."""
        self._room.acquire()
        self._idle = False
        self._jobs.put(chunk)

    def wait(self) -> None:
        """Return when everything given is durable, or something failed."""
        if self._idle:
            return
        done = Lock()
        done.acquire()
        self._jobs.put(done)
        done.acquire()
        self._idle = True

    def take_back(self) -> tuple[list[Chunk], BaseException | None]:
        """After `wait`: the chunks that were not written, in order, and why; then all is well."""
        kept, why = self._kept, self.failure
        self._kept, self.failure = [], None
        return kept, why

    def close(self) -> None:
        """Write what was given, and end the thread."""
        self._jobs.put(None)
        self._thread.join()
        sys.setswitchinterval(self._interval)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            if isinstance(job, Chunk):
                self._take(job)
                self._room.release()
            else:
                job.release()

    def _take(self, chunk: Chunk) -> None:
        if self.failure is None:
            try:
                self._write(chunk)
            except BaseException as why:  # noqa: BLE001 - the giver shall raise it, not this thread
                self._kept = [chunk]
                self.failure = why
        else:
            self._kept.append(chunk)

"""The clock of the program's host, to be set from outside: real time in the days of the gateway."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Final

from forked import SOURCE
from second_gateway.market import STEP, Minute, pieces
from second_gateway.server import Gateway
from second_gateway.stage import Stage
from second_gateway.wire import Fields, Session

_SITE: Final = """
import time
_real = time.time_ns
def _shown():
    with open({path!r}) as moved:
        return _real() + int(moved.read())
time.time_ns = _shown
time.time = lambda: _shown() / 1e9
"""
"""What Python imports first: from then on the program sees the clock of this module."""


class Host:
    """A wall clock beside a monotonic one that nobody can set. The gateway's is never wrong."""

    def __init__(self, folder: Path, gateway: Gateway) -> None:
        self._gateway = gateway
        self._right = gateway.now * 10**9 - time.time_ns()
        self._file = folder / "clock" / "moved"
        self._file.parent.mkdir()
        self.set(0)
        (self._file.parent / "sitecustomize.py").write_text(_SITE.format(path=str(self._file)))
        self.variables = {
            "TRADEBOT_IBKR_CLOCK": "host", "PYTHONPATH": f"{self._file.parent}:{SOURCE}"
        }  # fmt: skip
        gateway.heard_hooks.append(self._tell)

    def set(self, wrong_by: float) -> None:
        """Let the wall clock be wrong by so many seconds from now on."""
        new = self._file.with_suffix(".new")
        new.write_text(str(self._right + int(wrong_by * 10**9)))
        os.replace(new, self._file)

    @property
    def now(self) -> float:
        """The right time, in seconds."""
        return (time.time_ns() + self._right) / 10**9

    async def play(self, stage: Stage, ahead: list[Minute], until: float) -> None:
        """Let the pieces happen as they are due, up to the right time `until`."""
        for piece in (p for minute in ahead for p in pieces(minute)):
            due = piece.start + STEP
            if due <= self._gateway.now or not stage.running:
                continue
            if due > until:
                return
            await asyncio.sleep(max(0.0, due + 0.2 - self.now))
            self._gateway.quote(piece.open - 1, piece.open)
            self._gateway.piece(piece)

    def _tell(self, session: Session, name: str, fields: Fields) -> bool:
        if name != "reqCurrentTime":
            return False
        self._gateway.say(session, 49, 1, int(self.now))
        return True

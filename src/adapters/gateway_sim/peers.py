"""Whether the other end of a loopback connection has read what it was sent."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

_TABLE: Final = Path("/proc/net/tcp")


def unread(ports: Iterable[tuple[int, int]]) -> int | None:
    """Bytes that wait in the receive queues of peers, by (peer's port, our port).

    None where the system has no such table (anything but Linux).
    """
    wanted = set(ports)
    try:
        lines = _TABLE.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return None
    waiting = 0
    for line in lines:
        _, local, remote, _, queues, *_ = line.split()
        ends = (int(local.rpartition(":")[2], 16), int(remote.rpartition(":")[2], 16))
        if ends in wanted:
            waiting += int(queues.partition(":")[2], 16)
    return waiting

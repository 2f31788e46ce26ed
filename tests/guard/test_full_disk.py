"""A disk without room: the guard is written all the same, and a kill can be ordered (H21)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHILD = """
import errno, os, subprocess, sys
from pathlib import Path
from adapters.guard.file import open_guard, read_guard
from adapters.guard.kill_file import KillFile
from guard.states import LATCH, NOON, state
disk = Path(sys.argv[1])
if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]).returncode:
    sys.exit(77)
path = disk / "x.guard"
guard = open_guard(path, NOON)
guard.write(state(1))
try:
    with (disk / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(512))
except OSError as error:
    assert error.errno == errno.ENOSPC
guard.write(state(2))
guard.write(state(3, LATCH))
guard.close()
assert read_guard(path) == state(3, LATCH)
again = open_guard(path, NOON)
assert again.read() == state(3, LATCH)
note = KillFile(disk / "x.kill")
note.place("no room for these words")
assert note.read() is not None
note.remove()
assert note.read() is None
"""


def test_guard_and_kill_file_work_on_a_full_disk(tmp_path: Path) -> None:
    done = subprocess.run(
        ["unshare", "--mount", "--map-root-user", sys.executable, "-c", CHILD, tmp_path],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}"},
        check=False,
    )
    if done.returncode == 77 or "unshare:" in done.stderr:
        pytest.skip(f"no small file system here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr

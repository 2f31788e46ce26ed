"""Calls of the program in processes forked from one where it is imported already.

A start of the interpreter costs more than most of what is called here. Each call is a process of
its own all the same, with its own folder, environment and streams.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver, get_context
from pathlib import Path
from tempfile import TemporaryDirectory

IMPORTED = (
    "application.main",
    "application.cli.commands",
    "application.cli.play",
    "application.cli.standing",
    "adapters.bars.reader",
    "adapters.bars.synthetic",
    "adapters.contracts.loader",
    "adapters.engine.rust",
    "adapters.fake.broker",
    "adapters.store.journal",
    "adapters.wire.log",
    "adapters.wire.recording",
)
SOURCE = Path(__file__).resolve().parents[1] / "src"
TIMEOUT_S = 600
_FORKS = get_context("forkserver")
_FORKS.set_forkserver_preload(list(IMPORTED))


def _ready(path: str) -> None:
    """Start what is forked from: it looks for modules in `path`, and not in this `sys.path`."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = path
    try:
        forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def call(folder: Path, words: Sequence[str], variables: Mapping[str, str]) -> tuple[int, str, str]:
    """The exit code, standard output and standard error of `tradebot` called with `words`."""
    _ready(str(SOURCE))
    with TemporaryDirectory() as kept:
        streams = [Path(kept, name) for name in ("out", "err")]
        process = _FORKS.Process(
            target=_program, args=(str(folder), list(words), dict(variables), *map(str, streams))
        )
        process.start()
        process.join(TIMEOUT_S)
        code = process.exitcode
        if code is None:
            process.kill()
            process.join()
        assert code is not None, f"{words} did not end within {TIMEOUT_S} s"
        return code, *(path.read_text(encoding="utf-8") for path in streams)


def _program(folder: str, words: list[str], variables: dict[str, str], out: str, err: str) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    sys.path[:0] = [p for p in variables["PYTHONPATH"].split(os.pathsep) if p not in sys.path]
    new = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    for stream, (path, flags) in enumerate(((os.devnull, os.O_RDONLY), (out, new), (err, new))):
        opened = os.open(path, flags, 0o600)
        os.dup2(opened, stream)
        os.close(opened)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(
        2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False
    )
    sys.argv = ["tradebot", *words]

    from application.main import main

    code: str | int | None = 0
    try:
        main()
    except SystemExit as end:
        code = end.code
    gc.collect()  # an interpreter that ends lets go of everything; a forked process just exits
    sys.exit(code)

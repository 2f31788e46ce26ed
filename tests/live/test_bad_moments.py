"""Native code that panics, and imports that fail once a run is on its way: flat, latched, told."""

from __future__ import annotations

import signal
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.guard.file import read_guard
from adapters.guard.places import guards_in
from forked import SOURCE
from live_rehearsal import GATEWAY, Rehearsal, real_morning

pytest.importorskip(GATEWAY["TRADEBOT_IBKR_LIBRARY"])

PANIC, BLOCKED = "panic", "no-imports"
"""Files whose presence makes it happen."""
AT_START = """
    import sys
    from importlib.abc import MetaPathFinder
    from importlib.machinery import PathFinder
    from pathlib import Path

    from adapters.engine.rust import RustEngine

    HERE = Path({folder!r})


    class PanicException(BaseException):
        '''As that of native code: no Exception.'''


    def update(self, bar, before=RustEngine.update):
        if (HERE / {panic!r}).exists():
            raise PanicException("index out of bounds")
        return before(self, bar)


    class Blocked(MetaPathFinder):
        def find_spec(self, name, path=None, target=None):
            if (HERE / {blocked!r}).exists():
                raise ImportError(f"{{name}} cannot be had any more")


    RustEngine.update = update
    sys.meta_path.insert(sys.meta_path.index(PathFinder), Blocked())
"""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Rehearsal]:
    """In a trade, so that all that a trade needs has been imported."""
    site = tmp_path / "site"
    site.mkdir()
    text = textwrap.dedent(AT_START)
    text = text.format(folder=str(tmp_path), panic=PANIC, blocked=BLOCKED)
    (site / "sitecustomize.py").write_text(text)
    day, past = real_morning(-70)
    with Rehearsal(tmp_path, day[:25], past) as rehearsal:
        rehearsal.start(PYTHONPATH=f"{site}:{SOURCE}")
        rehearsal.play(lambda: rehearsal.position != 0)
        assert rehearsal.position != 0
        yield rehearsal


def latched(folder: Path) -> str:
    guard = read_guard(next(iter(guards_in(folder / "var"))))
    assert guard is not None
    return "" if guard.latch is None else guard.latch.trigger


def test_a_panic_of_native_code_becomes_a_latch(stage: Rehearsal) -> None:
    (stage.folder / PANIC).touch()
    stage.play()
    done = stage.ended()
    assert done.code == 3, done.err
    assert "KILL LOOP_FAILURE: PanicException: index out of bounds" in done.err
    assert stage.position == 0
    assert latched(stage.folder) == "LOOP_FAILURE"
    assert [row["exit_reason"] for row in stage.events("TradeClosed")] == ["KILL"]


def test_a_kill_needs_no_import(stage: Rehearsal) -> None:
    (stage.folder / BLOCKED).touch()
    sent = len(stage.orders)
    stage.tell(signal.SIGUSR1)
    stage.wait(lambda: len(stage.orders) > sent, 20)
    stage.play()
    done = stage.ended()
    assert done.code == 3, done.err
    assert "cannot be had any more" not in done.err + done.out
    assert stage.position == 0
    assert latched(stage.folder) == "MANUAL"
    assert [row["exit_reason"] for row in stage.events("TradeClosed")] == ["KILL"]


def test_a_day_needs_no_import_once_a_trade_is_on(stage: Rehearsal) -> None:
    (stage.folder / BLOCKED).touch()
    stage.play(lambda: stage.position == 0)
    stage.play(pieces=24)
    stage.tell(signal.SIGTERM)
    stage.play(pieces=12)
    done = stage.ended()
    assert done.code == 130, done.err
    assert "cannot be had any more" not in done.err + done.out
    assert stage.position == 0
    assert latched(stage.folder) == ""

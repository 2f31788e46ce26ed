"""The garbage collector in a run: what was made before is left alone, and all is undone after."""

from __future__ import annotations

import gc
import weakref

import pytest

from application.collector import YOUNG, seldom_collecting


class Node:
    """Keeps itself alive."""

    def __init__(self) -> None:
        self.me = self


def test_a_run_leaves_alone_what_was_made_before_and_still_finds_cycles() -> None:
    old = weakref.ref(Node())
    with seldom_collecting():
        young = weakref.ref(Node())
        assert gc.get_threshold()[0] == YOUNG
        gc.collect()
        assert young() is None
        assert old() is not None
    gc.collect()
    assert old() is None


def test_all_is_as_it_was_after_a_run_that_failed() -> None:
    before = gc.get_threshold()

    def run() -> None:
        with seldom_collecting():
            raise RuntimeError

    with pytest.raises(RuntimeError):
        run()
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)

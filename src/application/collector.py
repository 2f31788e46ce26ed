"""Python's garbage collector while a run goes on."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

YOUNG: Final = 10_000
"""Containers that are made, less those that are gone, before the collector looks for cycles among
them; Python's own number is 700."""


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Let the collector leave alone what was made before, and look at the rest less often.

    It finds cycles only, of which a bar makes none; all else is freed at once. A look at everything
    takes as long as some hundred bars, and comes when it likes: between a price and an order too.
    Afterwards the process is as it was.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(YOUNG, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()

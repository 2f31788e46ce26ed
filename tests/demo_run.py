"""What a run of the demo left behind, for the tests that look at it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from application.cli.demo_checklist import Row
from program import Ended


class Demo(NamedTuple):
    """Where it was run, how it ended, what it recorded, and how a second run with --json ended."""

    folder: Path
    ended: Ended
    rows: list[Row]
    again: Ended

    @property
    def url(self) -> str:
        """The store of the run."""
        return f"sqlite:///{self.folder}/var/tradebot-demo.db"

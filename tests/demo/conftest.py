"""One run of the demo, by the real program, that all tests here look at."""

from __future__ import annotations

import pytest

from adapters.store.reading import reading
from application.cli.demo_checklist import rows_of
from demo_run import Demo
from program import tradebot


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """See `Demo`. The second run goes into a store of its own."""
    folder = tmp_path_factory.mktemp("demo")
    words = ("run", "--demo", "day-in-life")
    ended = tradebot(folder, *words)
    again = tradebot(folder, *words, "--db", "sqlite:///second.db", "--json")
    with reading(f"sqlite:///{folder}/var/tradebot-demo.db") as store:
        assert store is not None, ended.err
        return Demo(folder, ended, rows_of(store.events()), again)

"""Which failures a service may answer with another start, and which it must not."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from application.cli.output import ExitCode, guarded
from ports.errors import BrokerDown, GuardFailure, GuardUnfit, StoreFailure, StoreUnfit
from program import tradebot

STORE = "sqlite:///mine.db"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StoreFailure("in use"), ExitCode.UNREACHABLE),
        (StoreUnfit("another symbol"), ExitCode.BAD_INPUT),
        (GuardFailure("in use"), ExitCode.UNREACHABLE),
        (GuardUnfit("open to others"), ExitCode.BAD_INPUT),
        (BrokerDown("no answer"), ExitCode.UNREACHABLE),
    ],
)
def test_only_what_may_pass_by_itself_is_exit_4(error: Exception, code: ExitCode) -> None:
    def work() -> ExitCode:
        raise error

    assert guarded(work) is code


def _chain(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TRIGGER events_no_update")
        connection.execute(
            "UPDATE events SET hash = replace(hash, substr(hash, 1, 1), 'x') "
            "WHERE seq = (SELECT max(seq) - 5 FROM events WHERE type = 'BarClosed')"
        )


def _pages(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    path.write_bytes(content)


def _revision(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


def _symbol(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE store SET symbol = 'ES'")


@pytest.mark.parametrize(("harm", "code"), [(_chain, 1), (_pages, 1), (_revision, 2), (_symbol, 2)])
def test_a_store_that_stays_unusable_is_not_started_on_again(
    harm: Callable[[Path], None], code: int, tmp_path: Path
) -> None:
    words = ("run", "--db", STORE, "--max-bars", "40")
    assert tradebot(tmp_path, *words).code == 0
    harm(tmp_path / "mine.db")
    done = tradebot(tmp_path, *words)
    assert done.code == code, done.err
    assert "mine.db" in done.err or "event store" in done.err

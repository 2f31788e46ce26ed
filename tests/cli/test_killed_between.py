"""A real process dies between an order sent to the simulated broker and the record of it.

Its journal writes in the background (decision 0006): what was appended when the broker was
called may be lost with the process, or be there without anything that followed. Either way the
next start must end as a run that nobody killed: the broker died too, and its feed is fed again.
"""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from program import environment, tradebot

STORE = "sqlite:///mine.db"
CHILD = """
import os, signal, sys, threading
from adapters.fake.broker import FakeBroker
from adapters.store.background import Background
from adapters.store.journal import SqlJournal

call, number, record = sys.argv[1], int(sys.argv[2]), sys.argv[3]
make, take, send = SqlJournal.__init__, Background._take, getattr(FakeBroker, call)
journals, calls = [], []

def made(self, *given):
    make(self, *given)
    journals.append(self)

def taken(self, chunk):
    if record == "lost" and any("OrderSubmitting" in row for row in chunk.rows()):
        threading.Event().wait()  # a disk that does not come back
    take(self, chunk)

def sent(self, *given):
    send(self, *given)
    calls.append(given)
    if len(calls) == number:
        if record == "written":
            journals[-1].commit()
        os.kill(os.getpid(), signal.SIGKILL)

SqlJournal.__init__, Background._take = made, taken
setattr(FakeBroker, call, sent)
sys.argv = ["tradebot", *sys.argv[4:]]
from application.main import main
main()
"""
WORDS = ("run", "--json", "--db", STORE)


class Whole(NamedTuple):
    """A run that nobody killed: what it says, and what it has recorded."""

    head: str
    rows: list[tuple[object, ...]]


def domain_rows(path: Path) -> list[tuple[object, ...]]:
    query = "SELECT type, natural_key, payload FROM events WHERE stream = 'domain' ORDER BY seq"
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder = tmp_path_factory.mktemp("whole")
    done = tradebot(folder, *WORDS)
    assert done.code == 0, done.err
    return Whole(done.summary["chain_head"], domain_rows(folder / "mine.db"))


def killed(folder: Path, call: str, number: int, record: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, call, str(number), record, *WORDS],
        cwd=folder, env=environment(), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr


def of(rows: list[tuple[object, ...]], kind: str) -> list[tuple[object, ...]]:
    return [row for row in rows if row[0] == kind]


CALLS = [("submit", 1), ("submit", 2), ("close", 1)]
HEARD = {"OrderEvent", "Fill"}


@pytest.mark.parametrize("record", ["lost", "written"])
@pytest.mark.parametrize(("call", "number"), CALLS)
def test_an_order_whose_record_died_with_its_sender_is_not_made_twice(
    call: str, number: int, record: str, whole: Whole, tmp_path: Path
) -> None:
    killed(tmp_path, call, number, record)
    found = domain_rows(tmp_path / "mine.db")
    assert found == whole.rows[: len(found)], "what is there is how the whole run began"
    if record == "lost":
        assert not of(found, "OrderSubmitting")
    else:
        asked = "OrderSubmitting" if call == "submit" else "CommandIssued"
        kinds = [row[0] for row in found]
        after = kinds[len(kinds) - kinds[::-1].index(asked) :]
        assert not HEARD & set(after), "nothing that the broker has said is there"
        assert kinds.count("OrderSubmitting") >= number
    done = tradebot(tmp_path, *WORDS)
    assert done.code == 0, done.err
    assert done.summary["chain_head"] == whole.head
    rows = domain_rows(tmp_path / "mine.db")
    assert rows == whole.rows, "decisions, orders, fills, and the counters of the law"
    refs = [row[1] for row in of(rows, "OrderSubmitting")]
    assert len(refs) == len(set(refs)) == 2
    assert of(rows, "LawStateChanged")
    proof = tradebot(tmp_path, "db", "verify", "--json", "--db", STORE)
    assert (proof.code, proof.summary["chain_head"]) == (0, whole.head)
    assert tradebot(tmp_path, "replay", "--db", STORE).code == 0


def test_a_process_that_is_killed_at_every_order_gets_there_all_the_same(
    whole: Whole, tmp_path: Path
) -> None:
    for record in ("written", "lost", "written"):
        killed(tmp_path, "submit", 1, record)
    assert tradebot(tmp_path, *WORDS).code == 0
    assert domain_rows(tmp_path / "mine.db") == whole.rows

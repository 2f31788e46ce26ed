"""One writer a store: the second is refused, other stores are no business of it, and the right
ends with its holder (issue of two bots on one server included).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from adapters.store.journal import open_journal
from adapters.store.opening import lock
from adapters.store.verify import verify
from ports.errors import StoreFailure
from postgres_server import Server
from store.backends import Backend
from store.records import CONFIG, OPEN, StepClock, day

ROOT = Path(__file__).resolve().parents[2]
HOLDER = """
import sys, time
from adapters.store.opening import lock
from store.records import OPEN
held = lock(sys.argv[1], OPEN)
print("held", flush=True)
time.sleep(600)
"""


def test_a_second_process_is_refused_until_the_first_is_killed(backend: Backend) -> None:
    url = backend.new()
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDER, url],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}"},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    with pytest.raises(StoreFailure, match=rf"in use by process {child.pid}\b.*2013-10-07T13:30:0"):
        lock(url, OPEN)
    lock(backend.new(), OPEN).release()
    os.kill(child.pid, signal.SIGKILL)
    child.stdout.close()
    assert child.wait() == -signal.SIGKILL
    for _ in range(100):  # the server notices a moment later
        try:
            held = lock(url, OPEN)
            break
        except StoreFailure:
            signal.sigtimedwait([], 0.1)
    else:
        pytest.fail("the lock outlived its holder")
    held.release()
    held.release()


def test_within_one_process_it_is_held_once(backend: Backend) -> None:
    url = backend.new()
    first = lock(url, OPEN)
    with pytest.raises(StoreFailure, match=f"process {os.getpid()}"):
        lock(url, OPEN)
    first.release()
    lock(url, OPEN).release()


def test_two_bots_on_one_server_do_not_disturb_each_other(backend: Backend) -> None:
    urls = [backend.new(), backend.new()]
    locks = [lock(url, OPEN) for url in urls]
    journals = [open_journal(url, "MES", CONFIG, StepClock()) for url in urls]
    for n, each in enumerate(day(12)):
        journals[n % 2].append([each])
        journals[n % 2].commit()
    for journal in journals:
        journal.close()
    for held in locks:
        held.release()
    results = [verify(url) for url in urls]
    assert [(result.sound, result.count) for result in results] == [(True, 6), (True, 6)]
    assert results[0].head != results[1].head


def test_two_databases_are_two_stores(postgres: Server) -> None:
    with postgres.connect() as connection:
        connection.execute("CREATE DATABASE other")
    address = make_url(postgres.url("shared_name"))
    urls = [address, address.set(database="other")]
    texts = [url.render_as_string(hide_password=False) for url in urls]
    locks = [lock(text, OPEN) for text in texts]
    for text in texts:
        open_journal(text, "MES", CONFIG, StepClock()).close()
    for held in locks:
        held.release()
    assert [verify(text).count for text in texts] == [0, 0]


def test_a_server_store_in_no_schema_of_its_own_stands_in_the_public_one(postgres: Server) -> None:
    url = f"postgresql://tradebot@/postgres?host={postgres.folder}"
    journal = open_journal(url, "MES", CONFIG, StepClock())
    journal.append(day(2))
    journal.close()
    assert verify(url).count == 2

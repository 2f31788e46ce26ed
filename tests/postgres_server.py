"""A real PostgreSQL server of our own for the tests, on a socket that nobody else sees."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from pwd import getpwnam
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

_FOLDERS = "/usr/lib/postgresql/*/bin"
_PR_SET_PDEATHSIG = 1
_names = count(1)


class NoServer(Exception):
    """Why there can be none here."""


class Server:
    """A running server; every store that a test asks for has a schema of its own in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def url(self, schema: str | None = None) -> str:
        """Address of a store, in a new schema if none is named."""
        name = schema or f"store_{next(_names)}"
        return f"postgresql://tradebot@/postgres?host={self.folder}&schema={name}"

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        """A connection of the tests' own, each statement a transaction."""
        import psycopg

        address = f"host={self.folder} user=tradebot dbname=postgres"
        return psycopg.connect(address, autocommit=True)


def _binaries() -> Path:
    found = [p for p in Path("/").glob(_FOLDERS[1:]) if (p / "initdb").exists()]
    on_path = shutil.which("initdb")
    if on_path:
        found.append(Path(on_path).resolve().parent)
    if not found:
        raise NoServer(f"no PostgreSQL server below {_FOLDERS}: apt-get install postgresql")
    return max(found, key=lambda p: int("".join(filter(str.isdigit, p.parent.name)) or 0))


def _user() -> str | None:
    """Who runs the server: it refuses root. None for ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return getpwnam(name).pw_name
    raise NoServer("a PostgreSQL server refuses to run as root, and there is no other user")


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


@contextmanager
def running_server() -> Iterator[Server]:
    """Start a server, give it, and end it: that process and no other.

    Errors: NoServer with the reason where there can be none.
    """
    if importlib.util.find_spec("psycopg") is None:
        raise NoServer("no driver for PostgreSQL: pip install 'tradebot[postgres]'")
    binaries, user = _binaries(), _user()
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    identity: dict[str, object] = {}
    if user is not None:
        entry = getpwnam(user)
        os.chown(folder, entry.pw_uid, entry.pw_gid)
        identity = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    data, log = folder / "data", folder / "log"
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    try:
        words = [binaries / "initdb", "-D", data, "-U", "tradebot", "-A", "trust", "-E", "UTF8"]
        made = subprocess.run(
            [*words, "--no-sync"],
            capture_output=True,
            text=True,
            cwd="/",
            env=environment,
            check=False,
            **identity,
        )  # type: ignore[call-overload]
        if made.returncode:
            raise NoServer(f"initdb failed: {made.stderr.strip()}")
        options = {"listen_addresses": "", "unix_socket_directories": folder, "fsync": "off"}
        with (
            log.open("wb") as out,
            subprocess.Popen(
                [binaries / "postgres", "-D", data, *(f"--{k}={v}" for k, v in options.items())],
                stdout=out,
                stderr=out,
                cwd="/",
                env=environment,
                preexec_fn=_die_with_parent,
                **identity,
            ) as process,
        ):  # type: ignore[call-overload]
            try:
                server = Server(folder)
                _wait(server, process, log)
                yield server
            finally:
                process.send_signal(signal.SIGQUIT)  # nothing in it is worth a checkpoint
                process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    import psycopg

    end = time.monotonic() + 60
    while True:
        try:
            server.connect().close()
            return
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > end:
                raise NoServer(f"the server does not answer: {log.read_text()}") from error
            time.sleep(0.1)

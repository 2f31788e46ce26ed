"""The gateway on a loopback socket, in a thread of its own for tests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from typing import Any, Final, Self, TypeVar

from adapters.gateway_sim.bars import Bar, Piece
from adapters.gateway_sim.catalogue import arm
from adapters.gateway_sim.codec import BadMessage, Frames, decode, fields_of, frame, negotiate
from adapters.gateway_sim.core import Core, Settings
from adapters.gateway_sim.faults import Rule
from adapters.gateway_sim.log import Entry
from adapters.gateway_sim.session import Session

HOST: Final = "127.0.0.1"
_T = TypeVar("_T")


class Server:
    """Sockets for a `Core`; lives in one event loop."""

    def __init__(self, core: Core, port: int = 0) -> None:
        self.core = core
        self.port = port
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Listen; `port` is the real one afterwards."""
        loop = asyncio.get_running_loop()
        self.core.later = loop.call_later
        self.core.restart = self._restart
        await self._listen()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._connected, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def unsent(self) -> bool:
        """Whether bytes wait in our own buffers."""
        return any(w.transport.get_write_buffer_size() for w in self._writers)

    def pairs(self) -> list[tuple[int, int]]:
        """The two ports of every connection: the peer's, ours."""
        names = [
            (w.get_extra_info("peername"), w.get_extra_info("sockname")) for w in self._writers
        ]
        return [(peer[1], own[1]) for peer, own in names if peer and own]

    def _restart(self, seconds: float) -> None:
        """Hang up on everybody, and listen again `seconds` later."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for session in list(self.core.sessions):
            session.hang_up()
        self.core.restarted()
        loop = asyncio.get_running_loop()
        loop.call_later(seconds, lambda: self._keep(loop.create_task(self._listen())))

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Stop listening and hang up on everybody."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for session in list(self.core.sessions):
            session.hang_up()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._keep(task)
        session = self.core.connect(writer.write, writer.close)
        self._writers.add(writer)
        try:
            await self._talk(session, reader, writer)
        except (OSError, BadMessage, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            self.core.disconnect(session)
            writer.close()

    async def _talk(
        self, session: Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if await reader.readexactly(4) != b"API\0":
            return
        length = int.from_bytes(await reader.readexactly(4), "big")
        if length > 1000:
            return
        session.version = negotiate((await reader.readexactly(length)).decode())
        stamp = self.core.stamp(self.core.clock())
        writer.write(frame([str(session.version), stamp]))
        frames = Frames()
        while data := await reader.read(65536):
            for payload in frames.feed(data):
                if session.closed:
                    return
                self.core.receive(session, decode(fields_of(payload), session.version))
            await writer.drain()


class GatewaySim:
    """A gateway in a thread: `with GatewaySim(bars) as gw:` and connect to `gw.port`.

    Every method may be called from any thread; what touches the gateway runs in its loop.
    """

    def __init__(
        self,
        day: Sequence[Bar],
        warmup: Sequence[Bar] = (),
        settings: Settings | None = None,
        port: int = 0,
    ) -> None:
        self.core = Core(settings or Settings(), list(day), list(warmup))
        self.server = Server(self.core, port)
        self._loop: asyncio.AbstractEventLoop
        self._thread: threading.Thread

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="gateway-sim", daemon=True)
        self._thread.start()
        self.wait(self.server.start)
        return self

    def __exit__(self, *_: object) -> None:
        self.wait(self.server.stop)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    @property
    def host(self) -> str:
        return HOST

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def received(self) -> list[Entry]:
        """What clients sent, so far."""
        return [e for e in list(self.core.log.entries) if e.way == "in"]

    @property
    def heard(self) -> int:
        """How many messages clients have sent, so far."""
        return self.core.log.heard

    @property
    def sent(self) -> list[Entry]:
        """What was written to clients, so far."""
        return [e for e in list(self.core.log.entries) if e.way == "out"]

    def _submit(self, work: Callable[[], Awaitable[_T]]) -> Future[_T]:
        async def run() -> _T:
            return await work()

        return asyncio.run_coroutine_threadsafe(run(), self._loop)

    def wait(self, work: Callable[[], Awaitable[_T]]) -> _T:
        """Run a coroutine function in the gateway's loop and wait for it."""
        return self._submit(work).result(30)

    def call(self, work: Callable[[], _T]) -> _T:
        """Run a plain function in the gateway's loop and wait for it."""

        async def run() -> _T:
            return work()

        return self.wait(run)

    def play(self, steps: int = 1) -> Piece | None:
        """Let the next pieces happen; for callers without an event loop."""

        async def run() -> Piece | None:
            await self._settle()
            return self._steps(steps)

        return self.wait(run)

    def arm(self, name: str, **how: Any) -> Rule:
        """Arm a fault by its name; see `catalogue.arm` for how."""
        return self.call(lambda: arm(self.core, name, **how))

    def disarm(self, rule: Rule) -> None:
        """End a fault."""
        self.call(rule.disarm)

    async def step(self, steps: int = 1) -> Piece | None:
        """Let the next pieces happen; for callers inside an event loop of their own."""

        async def run() -> Piece | None:
            await self._settle()
            return self._steps(steps)

        return await asyncio.wrap_future(self._submit(run))

    async def _settle(self) -> None:
        """Let what clients have already sent come in first."""
        for _ in range(5):
            await asyncio.sleep(0)

    def _steps(self, steps: int) -> Piece | None:
        piece: Piece | None = None
        for _ in range(steps):
            piece = self.core.step()
        return piece

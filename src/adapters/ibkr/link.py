"""The link: a thread of its own in which the library lives, and the way in and out of it.

Connections are made anew for ever, with pauses that grow; each is a new `Session`. What a
session hears leaves through one queue. What the trading thread wants is handed over with a
time of its own.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from adapters.ibkr.contracts import Pinned
from adapters.ibkr.ib_api import Library, Listening, load
from adapters.ibkr.order_ids import OrderIds
from adapters.ibkr.questions import IdInUseError, NotConnectedError, NotSentError
from adapters.ibkr.records import LinkDown, Received, Record, Unreadable
from adapters.ibkr.session import Session
from adapters.ibkr.settings import GatewaySettings
from adapters.ibkr.timekeeping import LinkTime
from adapters.ibkr.watch import Watch
from domain.units import UtcNanos
from ports.errors import BrokerDown, BrokerRefused, PortError

if TYPE_CHECKING:
    from tenacity import RetryCallState

T = TypeVar("T")
_REFUSED_PAUSE = 30.0


class Opened(NamedTuple):
    """What a first connection found."""

    account: str
    pinned: Pinned


class Link:
    """See the module. Everything public but `put` is called by the trading thread."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self._records: deque[Received] = deque()
        self._arrived = threading.Event()
        self._time = LinkTime(settings.clock)
        self._ids = OrderIds()
        self._first: Future[Opened] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._session: Session | None = None
        self._opened: Opened | None = None
        self._epoch = 0
        self._started = 0.0
        self._thread = threading.Thread(target=self._live, name="ibkr-link", daemon=True)

    # ---- the trading thread

    def open(self) -> Opened:
        """Start the thread and wait for the first connection.

        Errors: BrokerRefused, BrokerDown.
        """
        self._started = self._time.steady()
        self._thread.start()
        waits = self._settings.waits
        limit = waits.open_within + waits.id_in_use + 6 * waits.connect
        try:
            return self._first.result(limit)
        except TimeoutError:
            self.close()
            raise BrokerDown("the gateway does not answer in time") from None

    def close(self) -> None:
        """End the link and its thread; nothing at the broker is touched."""
        loop, stop = self._loop, self._stop
        if loop is not None and stop is not None:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(stop.set)
        if self._thread.is_alive():
            self._thread.join(5.0)

    def records(self) -> list[Received]:
        """Everything heard since the last call, oldest first; of an ended connection nothing but
        its end."""
        self._arrived.clear()
        taken: list[Received] = []
        while True:
            try:
                taken.append(self._records.popleft())
            except IndexError:
                return taken

    def wait(self, seconds: float) -> None:
        """Return once something was heard, at latest after `seconds`."""
        if not self._records:
            self._arrived.wait(max(0.0, seconds))

    def wake(self) -> None:
        """Let `wait` return."""
        self._arrived.set()

    @property
    def run_time(self) -> UtcNanos:
        """The time of the run as the link knows it: where the gateway's clock begins."""
        return self._time.now()

    @property
    def up(self) -> bool:
        """True while a connection stands, is in step, and the gateway has its broker."""
        session = self._session
        return session is not None and session.synced and not session.lost.is_set() and (
            session.upstream
        )  # fmt: skip

    def ask(self, question: Callable[[Session], Coroutine[Any, Any, T]], seconds: float) -> T:
        """Put a question to the session. Errors: BrokerDown."""
        loop, session = self._loop, self._session
        if loop is None or session is None or not self.up:
            raise BrokerDown("the link is down")
        future = asyncio.run_coroutine_threadsafe(question(session), loop)
        try:
            return future.result(seconds)
        except TimeoutError:
            future.cancel()
            raise BrokerDown("the gateway does not answer") from None
        except CancelledError:
            raise BrokerDown("the link went down") from None

    def begin(
        self,
        question: Callable[[Session], Coroutine[Any, Any, T]],
        seconds: float,
        told: Callable[[T | None], Record],
    ) -> None:
        """Put a question to the session and wait for nothing: what `told` makes of the answer, of
        None where there is none, is heard like any record."""
        loop, session = self._loop, self._session
        if loop is None or session is None or not self.up:
            self.put(told(None))
            return

        async def ask() -> None:
            answer: T | None = None
            try:
                with suppress(BrokerDown, TimeoutError):
                    answer = await asyncio.wait_for(question(session), seconds)
            finally:
                self.put(told(answer))

        asyncio.run_coroutine_threadsafe(ask(), loop)

    def ask_time(self) -> None:
        """Ask what time it is and wait for nothing: the answer is heard like any record."""
        loop, session = self._loop, self._session
        if loop is None or session is None or not self.up:
            return

        async def ask() -> None:
            with suppress(BrokerDown, TimeoutError):
                await session.ask_time()

        asyncio.run_coroutine_threadsafe(ask(), loop)

    def act(self, action: Callable[[Session], T]) -> T:
        """Let the session do something at once, in one go.

        Errors: NotSentError if it was not begun, BrokerDown if nobody knows whether it was.
        """
        loop, session = self._loop, self._session
        if loop is None or session is None:
            raise NotSentError("the link is down")
        done: Future[T] = Future()

        def go() -> None:
            if not done.set_running_or_notify_cancel():
                return
            try:
                done.set_result(action(session))
            except BaseException as error:  # noqa: BLE001 - it belongs to the caller
                done.set_exception(error)

        try:
            loop.call_soon_threadsafe(go)
        except RuntimeError as error:
            raise NotSentError("the link has ended") from error
        wait = self._settings.waits.order
        try:
            return done.result(wait)
        except TimeoutError:
            if done.cancel():
                raise NotSentError("the link is busy") from None
        try:
            return done.result(wait)
        except TimeoutError:
            raise BrokerDown("the link is stuck in the middle of a request") from None

    # ---- the library's thread

    def put(self, record: Record, epoch: int | None = None) -> None:
        """Hand a record of a connection, this one if none is named, to the trading thread."""
        number = self._epoch if epoch is None else epoch
        self._records.append(Received(number, self._time.host(), record))
        self._arrived.set()

    def _live(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:  # noqa: BLE001 - the trading thread has to hear of it
            self._fail(BrokerDown(f"the link has ended: {type(error).__name__}"))
            self.put(LinkDown(f"the link has ended: {type(error).__name__}"))

    async def _main(self) -> None:
        loop = asyncio.get_running_loop()
        asyncio.set_event_loop(loop)  # what the library finds when it looks for one
        self._stop = asyncio.Event()
        loop.set_exception_handler(self._broken)
        self._loop = loop
        try:
            library = load(self._settings.library)
        except PortError as error:
            self._fail(error)
            return
        listening = Listening(library.name, lambda text: self.put(Unreadable(text)))
        try:
            await self._keep(library)
        finally:
            listening.stop()

    async def _keep(self, library: Library) -> None:
        """Connection after connection, until the end."""
        stop = self._stop
        while stop is not None and not stop.is_set():
            try:
                session = await self._connected(library)
            except (NotConnectedError, PortError) as error:
                if self._opened is None:
                    self._fail(_as_port_error(error))
                    return
                self.put(LinkDown(str(error)))
                await self._nap(_REFUSED_PAUSE)
                continue
            if session is None:
                return
            await self._stand(session)

    async def _connected(self, library: Library) -> Session | None:
        """A session that has started, None at the end."""
        from tenacity import (
            AsyncRetrying,
            retry_if_exception_type,
            wait_exponential,
            wait_random,
        )

        retrying = AsyncRetrying(
            wait=wait_exponential(multiplier=1, max=self._settings.waits.pause_cap)
            + wait_random(0, 0.5),
            retry=retry_if_exception_type(NotConnectedError),
            stop=self._enough,
            sleep=self._nap,
            reraise=True,
        )
        async for attempt in retrying:
            with attempt:
                if self._stop is None or self._stop.is_set():
                    return None
                return await self._attempt(library)
        return None

    def _enough(self, state: RetryCallState) -> bool:
        """The first connection has a time to be made in; later ones are tried for ever, but a
        client id that stays taken is said."""
        waits = self._settings.waits
        error = state.outcome.exception() if state.outcome is not None else None
        spent = state.seconds_since_start or 0.0
        if isinstance(error, IdInUseError):
            return spent >= waits.id_in_use
        if self._stop is not None and self._stop.is_set():
            return True
        return self._opened is None and spent >= waits.open_within

    async def _attempt(self, library: Library) -> Session:
        self._epoch += 1
        epoch = self._epoch
        session = Session(
            library, self._settings, self._ids, self._time, lambda record: self.put(record, epoch)
        )
        known = self._opened
        try:
            pinned = await session.start(
                known.pinned if known else None, known.account if known else None
            )
        except BrokerDown as error:
            session.close()
            raise NotConnectedError(f"not in step with the gateway: {error}") from error
        except BaseException:
            session.close()
            raise
        self._session = session
        self._opened = Opened(session.account, pinned)
        if not self._first.done():
            self._first.set_result(self._opened)
        return session

    async def _stand(self, session: Session) -> None:
        """Watch a session until it is lost or the end has come."""
        stop, opened = self._stop, self._opened
        if stop is None or opened is None:
            return
        watch = Watch(session, self._settings.waits, self._time, opened.pinned)
        ends = [asyncio.ensure_future(session.lost.wait()), asyncio.ensure_future(stop.wait())]
        keepers = [asyncio.ensure_future(watch.heart()), asyncio.ensure_future(watch.data())]
        try:
            done, _ = await asyncio.wait([*ends, *keepers], return_when=asyncio.FIRST_COMPLETED)
            for keeper in done & set(keepers):
                error = keeper.exception()
                if error is not None:
                    session.end(f"the watch failed: {type(error).__name__}")
        finally:
            for task in (*ends, *keepers):
                task.cancel()
            await asyncio.gather(*ends, *keepers, return_exceptions=True)
            reason = session.reason or "closed"
            session.close()
            self._session = None
            self.put(LinkDown(reason))

    async def _nap(self, seconds: float) -> None:
        if self._stop is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), seconds)

    def _broken(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A callback of the loop has failed: if a socket's, something may be lost. What a question
        that nobody waits for any more ends with is of no interest."""
        if "task" in context or "future" in context:
            return
        self.put(Unreadable(f"received data broke the reader: {context.get('message', '')}"))

    def _fail(self, error: BaseException) -> None:
        if not self._first.done():
            self._first.set_exception(error)


def _as_port_error(error: Exception) -> PortError:
    if isinstance(error, PortError):
        return error
    if isinstance(error, IdInUseError):
        return BrokerRefused(f"{error}: is another bot running?")
    return BrokerDown(str(error))

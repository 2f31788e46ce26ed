"""Questions to the gateway: one at a time of each kind, each with a time of its own.

The libraries keep one slot for each kind of answer: a second question would take the first
one's answer away, and the first would wait for ever.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from adapters.ibkr.ib_api import refusal
from ports.errors import BrokerDown

T = TypeVar("T")
_SHARE: Final = 2 / 3
"""Of the messages of a second, those that may be questions."""
_SPAN: Final = 1.05
SLOTS: Final = ("positions", "open", "completed", "executions", "time", "details", "account")


class NotConnectedError(Exception):
    """This attempt to connect came to nothing; another one may."""


class IdInUseError(NotConnectedError):
    """The client id is taken, perhaps by a session of ours that is not quite dead."""


class NotSentError(Exception):
    """Not one byte of it has left, and none will."""


class RefusedRequestError(BrokerDown):
    """The gateway refused one request: `code` and its text."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


class Budget:
    """How many messages may go out in a second: questions leave room, so that an order never
    stands in the library's queue behind them."""

    def __init__(self, messages: int) -> None:
        self._sent: deque[float] = deque(maxlen=int(messages * _SHARE))

    def spend(self, count: int = 1) -> None:
        """So many messages have gone out."""
        now = asyncio.get_running_loop().time()
        self._sent.extend([now] * count)

    async def turn(self) -> None:
        """Wait until a question may be asked, and count it."""
        clock = asyncio.get_running_loop().time
        while len(self._sent) == self._sent.maxlen:
            wait = self._sent[0] + _SPAN - clock()
            if wait <= 0:
                break
            await asyncio.sleep(wait)
        self.spend()


class Questions:
    """The questions of one connection; `seconds` is what each is given by default, `messages`
    how many of any kind go out in one second.
    """

    def __init__(self, lost: asyncio.Event, seconds: float, messages: int) -> None:
        self._lost = lost
        self._seconds = seconds
        self._locks = {slot: asyncio.Lock() for slot in SLOTS}
        self.budget = Budget(messages)
        self._waiting: set[asyncio.Future[Any]] = set()

    async def ask(self, slot: str, begin: Callable[[], Awaitable[T]], seconds: float = 0) -> T:
        """Ask one question; of a slot nobody else asks meanwhile.

        Errors: BrokerDown if it is not answered, RefusedRequestError if it is refused.
        """
        async with self._locks[slot] if slot else asyncio.Lock():
            await self.budget.turn()
            if self._lost.is_set():
                raise BrokerDown("the link is down")
            try:
                future = asyncio.ensure_future(begin())
            except ConnectionError as error:
                raise BrokerDown(str(error)) from error
            self._waiting.add(future)
            try:
                return await asyncio.wait_for(future, seconds or self._seconds)
            except TimeoutError:
                raise BrokerDown(f"the gateway does not answer ({slot or 'request'})") from None
            except asyncio.CancelledError:
                if self._lost.is_set():
                    raise BrokerDown("the link went down") from None
                raise
            except (ConnectionError, OSError) as error:
                raise BrokerDown(str(error)) from error
            except Exception as error:
                refused = refusal(error)
                if refused is None:
                    raise
                raise RefusedRequestError(*refused) from error
            finally:
                self._waiting.discard(future)

    def stop(self) -> None:
        """Let nobody wait any longer: the libraries leave questions open when they disconnect."""
        for future in tuple(self._waiting):
            future.cancel()

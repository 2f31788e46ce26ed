"""The market's port on a gateway."""

from __future__ import annotations

from adapters.ibkr.history import History
from adapters.ibkr.hub import Hub
from adapters.ibkr.records import PastSeen, PiecesSeen
from domain.bar import Bar
from domain.units import DAY, MINUTE, UtcNanos
from ports.market import ContractFacts, MarketItem


class IbkrMarket:
    """See the port. `history` waits for its answers, `waits.history` for each day."""

    name = "ibkr"

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        waits = hub.settings.waits
        self._history = History(hub.settings.instrument, waits.history, waits.paced)

    def open(self) -> ContractFacts:
        """Connect, check, subscribe. Errors: BrokerRefused, BrokerDown."""
        return self._hub.open()

    def now(self) -> UtcNanos:
        """The run's time."""
        return self._hub.clock.now()

    def history(self, since: UtcNanos, until: UtcNanos) -> tuple[Bar, ...]:
        """Closed minutes of the past. Errors: BrokerDown."""
        closed = min(until, self.now() // MINUTE * MINUTE)
        if since >= closed:
            return ()
        history = self._history
        limit = self._patience(since, closed)
        return self._hub.link.ask(lambda s: history.bars(s, since, closed), limit)

    def ask_past(self, since: UtcNanos, until: UtcNanos) -> None:
        """The same without waiting: the answer is an item."""
        history = self._history
        self._hub.link.begin(
            lambda s: history.bars(s, since, until),
            self._rest(since, until),
            lambda bars: PastSeen(since, until, bars),
        )

    def ask_pieces(self, since: UtcNanos, until: UtcNanos) -> None:
        """Pieces of a minute that were missed, without waiting: the answer is an item."""
        history = self._history
        self._hub.link.begin(
            lambda s: history.pieces(s, since, until),
            self._rest(since, until),
            lambda pieces: PiecesSeen(since, until, pieces),
        )

    def _rest(self, since: UtcNanos, until: UtcNanos) -> float:
        """How long an answer may take that nobody waits for: with the pause of a refused pace."""
        return self._history.pacing.left + self._patience(since, until)

    def _patience(self, since: UtcNanos, until: UtcNanos) -> float:
        return self._hub.settings.waits.history * (-(-(until - since) // DAY) + 1)

    def wait(self, seconds: float) -> None:
        """Return as soon as something was heard."""
        self._hub.wait(seconds)

    def ask_time(self) -> None:
        """Let the gateway's clock go on where no bar moves it; nothing on the host's clock."""
        self._hub.ask_time()

    def drain(self) -> tuple[MarketItem, ...]:
        """What has arrived since the last call."""
        return self._hub.items()

    def close(self) -> None:
        """End the link; nothing of ours at the broker is touched."""
        self._hub.link.close()

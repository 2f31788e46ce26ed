"""What stands beside the loop: lines on the screen, alerts, the watchdog, the minute's guard write.

None of it may hold the loop up: lines and messages go through bounded queues.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from adapters.guard.places import default_state_dir
from adapters.notify.channels import ChannelNotifier
from adapters.notify.mailbox import Mailbox
from adapters.watchdog.thread import Watchdog
from application.alarms import AlarmFacts, Alarms
from application.binding import Start, Verdict
from application.cli.live_store import Bound, LiveStore
from application.cli.screen import Screen
from application.container import RunContainer
from application.desk import STATEMENT, Desk
from application.secrets import load_secrets
from application.settings import Settings
from domain.event import Event
from domain.units import MINUTE, UtcNanos
from ports.errors import BadInput
from ports.market import MarketItem, Piece, Trouble, TroubleSeen

LINES: Final = 1_000
LAST_WORDS_S: Final = 5.0
LOG: Final = ".alerts.log"
_TROUBLES: Final = frozenset(kind.value for kind in Trouble)
_OF_THE_RUN: Final = frozenset({"ENDING"})


class LiveWatch:
    """Give it the batches of events, the items of the market, and every second."""

    def __init__(
        self,
        container: RunContainer,
        settings: Settings,
        store: LiveStore,
        bound: Bound,
        account: str,
        screen: Screen,
    ) -> None:
        """Errors: BadInput for channels that are none."""
        from adapters.ibkr.accounts import masked

        self.account = masked(account)
        self._clock = container.clock()
        self._keeper = bound.keeper
        self._box: Mailbox[tuple[str, str]] = Mailbox(_printer(screen), LINES, "screen")
        self._notifier = _notifier(store)
        facts = AlarmFacts(
            settings.run_mode.value,
            settings.symbol,
            self.account,
            container.instrument().fee_per_side,
        )
        self._alarms = Alarms(facts, self._notifier, container.calendar(), store.log)
        self._dog: Watchdog | None = None
        self._written: UtcNanos = 0
        self._faults: set[str] = set()
        self.pieces = 0
        """Pieces of minutes that have arrived."""

    def line(self, text: str, style: str) -> None:
        """One line for the person at the terminal."""
        self._box.put((text, style))

    def __call__(self, events: Sequence[Event]) -> None:
        """Events were recorded."""
        self._alarms(events)

    def item(self, item: MarketItem) -> None:
        """Something has come from the market."""
        if isinstance(item, Piece):
            self.pieces += 1
            self._alarms.heard(item.received)
        elif isinstance(item, TroubleSeen):
            self._alarms.trouble(item)

    def verdict(self, verdict: Verdict, at: UtcNanos) -> None:
        """How the store stands to its guard file, where a person should know."""
        if verdict.start is Start.NEW_GUARD:
            self._alarms.fault("guard file", f"begun anew: {verdict.reason}", at)
            self._alarms.over("guard file", at)

    def month_in_doubt(self, why: str, at: UtcNanos) -> None:
        """Nobody named the contract month, and a person should look at the one proposed."""
        self._alarms.fault("contract month", f"{why}: name it to be sure", at)
        self._alarms.over("contract month", at)

    def second(self, now: UtcNanos, states: dict[str, str], store_failed: str | None) -> None:
        """A second has passed; `states` keep the run from entering."""
        faults = {name: why for name, why in states.items() if name not in _TROUBLES | _OF_THE_RUN}
        if store_failed is not None:
            faults["store"] = store_failed
        if self._keeper.fault:
            faults["guard file"] = self._keeper.fault
        for name, why in faults.items():
            if name not in self._faults:
                self._alarms.fault(name, why or name, now)
        for name in self._faults - faults.keys():
            self._alarms.over(name, now)
        self._faults = set(faults)
        self._alarms.tick(now)
        if self._clock.now() - self._written >= MINUTE:
            self._written = self._clock.now()
            self._keeper.write()

    # ---- the watchdog

    def beat(self) -> None:
        """The loop turns."""
        if self._dog is not None:
            self._dog.beat()

    @contextmanager
    def guarded(self, tell: Callable[[str, str], None], end: Callable[[], None]) -> Iterator[None]:
        """The watchdog watches inside."""
        dog = Watchdog(self._clock.steady, tell, end)
        self._dog = dog
        dog.start()
        try:
            yield
        finally:
            dog.stop()
            self._dog = None

    def close(self, now: UtcNanos) -> None:
        """Let everything be said, for some seconds at most."""
        self._alarms.tick(now)
        self._box.close(LAST_WORDS_S)
        self._notifier.close()


def waiting(desk: Desk) -> dict[str, str]:
    """The state that the law's memory keeps a run from entering in until a person has acted."""
    loss = desk.law.statement
    if loss is None or desk.run.mode == "OBSERVE":
        return {}
    text = (
        f"the broker's statement differs, {loss.cents()} USD to be booked: tradebot ack statement"
    )
    return {STATEMENT: text}


def _printer(screen: Screen) -> Callable[[tuple[str, str]], bool]:
    def show(line: tuple[str, str]) -> bool:
        screen.line(*line)
        return True

    return show


def _notifier(store: LiveStore) -> ChannelNotifier:
    import os

    path = store.path
    log = default_state_dir() / f"tradebot{LOG}" if path is None else _beside(path)
    secrets = load_secrets(os.environ)
    try:
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return ChannelNotifier(log, secrets.services, secrets.heartbeat_url.get_secret_value())
    except ValueError as error:
        raise BadInput("secrets", "ALERT_URLS", str(error)) from None
    except OSError as error:
        raise BadInput("settings", "db", f"{log}: {error.strerror}") from None


def _beside(path: Path) -> Path:
    return path.with_name(path.name + LOG)

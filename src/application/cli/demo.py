"""What `tradebot run --demo day-in-life` does: scripted sessions through the real core."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from adapters.demo.day_in_life import NAME, START_PRICE, scenes
from adapters.demo.engine import ScriptedEngine
from adapters.fake.faulty import FaultyBroker
from adapters.guard.places import account_digest
from adapters.store.connect import shown
from adapters.store.identity import bind
from adapters.store.journal import open_journal
from adapters.store.opening import file_of, keep_previous, lock
from adapters.store.reading import reading
from adapters.wire.log import JournalLog
from application.cli.demo_checklist import Shown, checklist, rows_of
from application.cli.demo_lines import DemoLines
from application.cli.demo_world import DemoWorld, VirtualClock, broken_links, session_of
from application.cli.output import ExitCode, give, say
from application.cli.screen import Screen
from application.container import RunContainer
from application.day import TradingDay
from application.desk import RunFacts
from application.live import LiveRun
from application.settings import Settings, load_settings
from application.version import version
from domain.event import RunStarted, RunStopped
from domain.units import SECOND
from ports.errors import BadInput, StoreFailure

DEMO_STORE: Final = "sqlite:///var/tradebot-demo.db"
ADAPTER: Final = "demo"
WINNER: Final = "2025-05-08-092-MES"
"""The decision of the day's winning trade."""
FIXED: Final[Mapping[str, object]] = {
    "adapter": "fake", "mode": "PAPER", "symbol": "MES", "equity": "10000", "seed": 7,
    "strategies": (),
}  # fmt: skip
"""Settings on which the script depends; neither environment nor settings file changes them."""
ALLOWED: Final = frozenset({"demo", "db", "contracts"})
_INTRO: Final = (
    "A day in the life: signals, prices and one broken link are scripted. Everything that follows",
    "from them is the bot's own: decisions, law, orders, learning, kill, and the event store.",
    "Two trades a day are the law, and a quarantine ends in a later session at the earliest: so",
    "three synthetic sessions make the past, and the fourth is the day. Times are New York's.",
)  # fmt: skip


def demo(options: Mapping[str, object], as_json: bool) -> ExitCode:
    """Play the demo that `options` name into a fresh store; done if everything was shown.

    Errors: BadInput for another name, other options, or a store that holds something;
    StoreFailure.
    """
    if options["demo"] != NAME:
        raise BadInput("command line", "--demo", f"there is {NAME}, not {options['demo']}")
    others = sorted(options.keys() - ALLOWED)
    if others:
        name = f"--{others[0].replace('_', '-')}"
        raise BadInput("command line", name, "means nothing beside --demo, which is a fixed script")
    given = {name: value for name, value in options.items() if name != "demo"}
    settings = load_settings({**given, **FIXED})
    container = RunContainer(settings=settings)
    url = str(given.get("db") or DEMO_STORE)
    try:
        with _store(url, container, afresh="db" not in given) as (log, clock):
            _play(container, log, clock, Screen(on_stderr=as_json, total=0))
            events, head = log.count, log.head
    except KeyboardInterrupt:
        say(f"interrupted; what was played until then is in {shown(url)}")
        return ExitCode.INTERRUPTED
    with reading(url) as store:
        if store is None:
            raise StoreFailure(f"event store {shown(url)}: there is none")
        found = checklist(rows_of(store.events()))
    _tell(found, url, events, head, as_json)
    return verdict(found)


def verdict(found: Sequence[Shown]) -> ExitCode:
    """Done if everything was shown. The kill is part of the script, so it is no failure."""
    return ExitCode.DONE if all(s.seq is not None for s in found) else ExitCode.CHECK_FAILED


@contextmanager
def _store(
    url: str, container: RunContainer, afresh: bool
) -> Iterator[tuple[JournalLog, VirtualClock]]:
    """A new store and the clock of the demo, which stands before the first open.

    Errors: BadInput for a named store that holds events; StoreFailure.
    """
    path = file_of(url)
    first = session_of(container.calendar(), scenes()[0])
    clock = VirtualClock(first.open - SECOND)
    held = lock(url, container.clock().now())
    try:
        if afresh and path is not None:
            keep_previous(path)
        journal = open_journal(
            url, container.instrument().symbol, container.config_hash(), clock, background=True
        )
        log = JournalLog(journal, container.config_hash())
        try:
            if log.count:
                raise BadInput(
                    "command line", "--db", f"{shown(url)} holds events; a demo needs its own"
                )
            bind(url, ADAPTER, account_digest(ADAPTER, ADAPTER), "PAPER")
            yield log, clock
        finally:
            log.close()
    finally:
        held.release()


def _play(container: RunContainer, log: JournalLog, clock: VirtualClock, screen: Screen) -> None:
    """Every scene in its order, recorded as it happens."""
    contracts, instrument = container.contracts(), container.instrument()
    script = scenes()
    sessions = [session_of(container.calendar(), scene) for scene in script]
    settings: Settings = container.settings()
    broker = FaultyBroker(
        instrument, contracts.execution, settings.equity, broken_links(script, sessions)
    )
    core = TradingDay(
        contracts, instrument, RunFacts("PAPER", ADAPTER, instrument.symbol, live=True),
        ScriptedEngine(script), container.calendar(), container.config_hash(),
    )  # fmt: skip
    lines = DemoLines(instrument, screen.line)
    run = LiveRun(core, broker, log, observe=lines)

    world = DemoWorld(core, run, broker, clock, START_PRICE)
    with screen:
        for text in _INTRO:
            screen.line(text, "")
        started = RunStarted(
            clock.now(), NAME, "PAPER", ADAPTER, ADAPTER, container.config_hash(), version(),
            f"{ADAPTER}:{NAME}",
        )  # fmt: skip
        core.started(started.mode, started.config_hash, started.at)
        log.append([started])
        run.take(core.dealing.connection(True, "start", clock.now()))
        for number, (scene, session) in enumerate(zip(script, sessions, strict=True), 1):
            screen.line(f"\n===== {number} of {len(script)}: {scene.title}", "bold")
            world.play(scene, session, lambda words: lines.script(clock.now(), words))
        log.append([RunStopped(clock.now(), NAME, "end of script")])
        log.commit()


def _tell(found: list[Shown], url: str, events: int, head: str, as_json: bool) -> None:
    if as_json:
        shown_things = [{"name": s.name, "seq": s.seq, "evidence": s.evidence} for s in found]
        answer = {"demo": NAME, "store": shown(url), "events": events, "chain_head": head,
                  "shown": shown_things}  # fmt: skip
        give(json.dumps(answer, indent=2))
        return
    give("\nWhat was shown, each with the number of the event that proves it:")
    for s in found:
        proof = "NOT SHOWN" if s.seq is None else f"event {s.seq}: {s.evidence}"
        give(f"  {s.name:<28} {proof}")
    give(f"\n{events} events in {shown(url)}, chain head {head}")
    give("The record bears all of it out:")
    for command in ("db verify", "replay", "journal --trades", f"explain {WINNER}"):
        give(f"  tradebot {command} --db {shown(url)}")

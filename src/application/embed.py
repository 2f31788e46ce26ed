"""What other programs may import of this house, and the only thing: decisions, and templates.

`open_decider` gives a `Decider`: it is fed closed bars, answers each with a `Decision`, and
explains every one. There is no loop, no clock, no broker and no store in it, and it sends nothing:
it is the core of a run in OBSERVE, of which only the advice is taken. `OwnStrategy` is what a
template of one's own begins with. See docs/embedding.md and docs/own-strategy.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from application.settings import EngineName, Mode, Settings
from domain.bar import Bar, broken_rule
from domain.decision import DecisionRecord
from domain.decision_parameters import StopRule, TemplateParameters
from domain.event import AccountSnapshot, DecisionMade, Event, OrderIntentCreated, PermitRefused
from domain.frame import Frame, Regime
from domain.instrument import Instrument
from domain.intent import EntryType, OrderIntent
from domain.management import HOLD, ExitTrade, Hold, Tighten, TradeView
from domain.recent import MarketContext
from domain.strategies.interface import EntryPlan, LearningNote, Rejection, Setup, Strategy
from domain.strategies.own import LEAVE, OwnStrategy
from domain.units import Money, Side, Ticks, UtcNanos
from ports.errors import BadInput, PortError

if TYPE_CHECKING:
    from application.explanation import Record

__all__ = [
    "HOLD", "LEAVE", "BadInput", "Bar", "ClosedBar", "Decider", "Decision", "DecisionRecord",
    "EntryPlan", "EntryType", "ExitTrade", "Frame", "Hold", "LearningNote", "MarketContext",
    "OwnStrategy", "PlannedEntry", "PortError", "Regime", "Rejection", "Setup", "Side", "StopRule",
    "Strategy", "TemplateParameters", "Ticks", "Tighten", "TradeView", "open_decider",
]  # fmt: skip

HOUSE: Final = "tradebot"
_PACKAGES: Final = ("domain", "ports", "application", "adapters")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_OBSERVING: Final = "OBSERVE"
_FORMAT: Final = 1

Price = Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]


class ClosedBar(BaseModel):
    """One closed minute as another program has it: prices in the instrument's own money.

    `open_time` is the minute's beginning and needs an offset. `bid` and `ask` are the closing
    quote, `mean_spread_ticks` the minute's mean spread in ticks; all three may be missing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    open_time: AwareDatetime
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Annotated[int, Field(ge=0)]
    bid: Price | None = None
    ask: Price | None = None
    mean_spread_ticks: Annotated[float | None, Field(ge=0, allow_inf_nan=False)] = None


class PlannedEntry(BaseModel):
    """The bracket that a run would have asked the law for; prices in the instrument's money."""

    model_config = ConfigDict(frozen=True)

    template: str
    side: int
    qty: int
    entry_type: str
    trigger: Decimal | None
    limit: Decimal
    stop: Decimal
    target: Decimal
    expires_at: datetime


class Decision(BaseModel):
    """The one decision of a closed bar. `would_enter` says that every gate passed and that the
    law has nothing against `entry` but that this program only observes."""

    model_config = ConfigDict(frozen=True)

    decision_id: str
    decided_at: datetime
    action: str
    reason: str
    text: str
    would_enter: bool
    entry: PlannedEntry | None


def open_decider(
    *,
    symbol: str = "MES",
    contracts: Path | None = None,
    equity: str = "10000",
    engine: str = "rust",
    strategies: Sequence[str] = (),
    keep_sessions: int = 5,
) -> Decider:
    """A decider for `symbol` under the contracts of a folder, by default the packaged ones.

    `equity` in USD decides the capital tier, `strategies` names templates of one's own to load,
    the last `keep_sessions` sessions can be explained. It reads neither the environment nor
    `tradebot.toml`.
    Errors: BadInput naming what is wrong; RuntimeError beside a stranger's packages.
    """
    _at_home()
    try:
        name, money = EngineName(engine), Money.parse(equity)
    except ValueError as error:
        raise BadInput("open_decider", "engine or equity", str(error)) from None
    if money.units <= 0 or keep_sessions < 1:
        raise BadInput("open_decider", "equity or keep_sessions", "must be positive")
    settings = Settings.model_construct(
        mode=Mode.OBSERVE,
        symbol=symbol,
        contracts=contracts,
        equity=money,
        engine=name,
        strategies=tuple(strategies),
    )
    return Decider(settings, keep_sessions)


class Decider:
    """Closed bars in, decisions out; made by `open_decider`. Not for several threads at once."""

    def __init__(self, settings: Settings, keep_sessions: int) -> None:
        from adapters.store.recent import RecentEvents
        from adapters.wire.log import JournalLog
        from application.container import RunContainer

        container = RunContainer(settings=settings)
        self._contracts = container.contracts()
        self._core = container.core()
        self._config_hash = container.config_hash()
        self._settings = settings
        self.instrument: Instrument = container.instrument()
        """What is decided about."""
        self._events = RecentEvents(settings.symbol, self._config_hash, _NoClock(), keep_sessions)
        self._log = JournalLog(self._events, self._config_hash)
        self._inputs: list[list[Any]] = []
        self._last: UtcNanos = -1
        self._equity = settings.equity
        self._told: Money | None = None
        self.last_record: DecisionRecord | None = None
        """The domain's own record of the last decision."""

    # ---- bars and the account

    def warm_up(self, bars: Iterable[ClosedBar | Bar]) -> None:
        """Feed bars of earlier sessions: they move signals and beliefs, and decide nothing.

        Errors: BadInput for a bar that is none, or not later than the one before it.
        """
        for given in bars:
            bar = self._taken(given)
            self._inputs.append(["warm", *bar])
            self._log.append(self._core.warm_up(bar).events)

    def decide(self, bar: ClosedBar | Bar) -> Decision | None:
        """Feed a closed bar; its decision, None outside regular hours.

        Errors: BadInput for a bar that is none, or not later than the one before it; nothing has
        happened then.
        """
        taken = self._taken(bar)
        if self._told != self._equity:
            self._told = self._equity
            self._tell_equity(taken.open_time)
        self._inputs.append(["bar", *taken])
        out = self._core.bar(taken)
        if out.commands:
            raise RuntimeError(f"a core that observes asked for {out.commands[0]}")
        self._log.append(out.events)
        return self._decision(out.events)

    def equity(self, usd: str) -> None:
        """The account's equity from the next bar on. Errors: BadInput."""
        try:
            money = Money.parse(usd)
        except ValueError as error:
            raise BadInput("equity", "", str(error)) from None
        if money.units <= 0:
            raise BadInput("equity", "", "must be positive")
        self._equity = money

    def _tell_equity(self, at: UtcNanos) -> None:
        self._inputs.append(["equity", str(self._equity)])
        snapshot = AccountSnapshot(at, self._equity, self._equity)
        self._log.append(self._core.dealing.account(snapshot).events)

    def _taken(self, given: ClosedBar | Bar) -> Bar:
        bar = given if isinstance(given, Bar) else self._in_ticks(given)
        band = self.instrument.price_band
        whole = all(type(n) is int for n in bar[:6])
        rule = "holds something that is no whole number" if not whole else None
        rule = rule or broken_rule(bar, band.low, band.high, self.instrument.max_minute_volume)
        if rule is None and bar.open_time <= self._last:
            rule = "is not later than the bar before it"
        if rule is not None:
            raise BadInput("bar", _moment(bar.open_time).isoformat(), rule)
        self._last = bar.open_time
        return bar

    def _in_ticks(self, bar: ClosedBar) -> Bar:
        since = bar.open_time - _EPOCH
        at = (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000
        return Bar(
            at,
            self._ticks(bar.open, at),
            self._ticks(bar.high, at),
            self._ticks(bar.low, at),
            self._ticks(bar.close, at),
            bar.volume,
            None if bar.bid is None else self._ticks(bar.bid, at),
            None if bar.ask is None else self._ticks(bar.ask, at),
            bar.mean_spread_ticks,
        )

    def _ticks(self, price: Decimal, at: UtcNanos) -> Ticks:
        ticks = price / self.instrument.tick_size
        if ticks != int(ticks):
            reason = f"{price} is no multiple of the tick, {self.instrument.tick_size}"
            raise BadInput("bar", _moment(at).isoformat(), reason)
        return int(ticks)

    # ---- what came of it

    def _decision(self, events: Sequence[Event]) -> Decision | None:
        made = next((e.record for e in events if isinstance(e, DecisionMade)), None)
        if made is None:
            return None
        from domain.narrative import tell

        self.last_record = made
        intent = next(
            (e.intent for e in events if isinstance(e, OrderIntentCreated) and not e.intent.shadow),
            None,
        )
        refused = next((e for e in events if isinstance(e, PermitRefused)), None)
        free = refused is not None and all(
            c.passed or (c.id == "MODE" and c.value == _OBSERVING) for c in refused.checks
        )
        return Decision(
            decision_id=made.decision_id,
            decided_at=_moment(made.t_d),
            action=made.action.value,
            reason=made.reason,
            text=tell(made),
            would_enter=free,
            entry=None if intent is None else self._entry(intent),
        )

    def _entry(self, intent: OrderIntent) -> PlannedEntry:
        tick = self.instrument.tick_size
        return PlannedEntry(
            template=intent.template,
            side=intent.side,
            qty=intent.qty,
            entry_type=intent.entry_type.value,
            trigger=None if intent.trigger is None else intent.trigger * tick,
            limit=intent.limit * tick,
            stop=intent.stop_price * tick,
            target=intent.target_price * tick,
            expires_at=_moment(intent.expires_at),
        )

    def explain(self, decision_id: str | None = None) -> str:
        """Why, in plain English, as `tradebot explain` says it; the last decision by default.

        Errors: BadInput for a decision that is not among those kept.
        """
        from application.explanation_text import in_words

        return in_words(self._record(decision_id))

    def explanation(self, decision_id: str | None = None) -> dict[str, Any]:
        """The same as one object ready for JSON, as `tradebot explain --json` gives it.

        Errors: BadInput for a decision that is not among those kept.
        """
        from application.explanation import explanation

        return explanation(self._record(decision_id))

    def _record(self, decision_id: str | None) -> Record:
        from application.cli.explaining import recorded

        return recorded(self._events, decision_id, self._contracts)

    # ---- state

    @property
    def head(self) -> str:
        """The hash chain's head over everything so far: the same for the same inputs."""
        return self._log.head

    def saved(self) -> str:
        """All that it was fed, as JSON: what `restored` rebuilds the same state from."""
        return json.dumps(
            {
                "format": _FORMAT,
                "symbol": self._settings.symbol,
                "config_hash": self._config_hash,
                "head": self.head,
                "inputs": self._inputs,
            },
            separators=(",", ":"),
        )

    def restored(self, state: str) -> None:
        """Bring a fresh decider to where `saved` was called: it is told everything again.

        Errors: BadInput for a state of another program, symbol, contracts or templates, or one
        that does not lead to the same chain head.
        """
        if self._inputs:
            raise BadInput("state", "", "a decider that was fed already cannot be restored")
        try:
            told = json.loads(state)
            same = (told["format"], told["symbol"], told["config_hash"])
            if same != (_FORMAT, self._settings.symbol, self._config_hash):
                raise ValueError("was saved under another symbol, contracts, equity or templates")
            for kind, *fields in told["inputs"]:
                self._again(kind, fields)
            if self.head != told["head"]:
                raise ValueError("does not lead to the state that was saved")
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput("state", "", str(error)) from None

    def _again(self, kind: str, fields: list[Any]) -> None:
        match kind:
            case "warm":
                self.warm_up([Bar(*fields)])
            case "bar":
                self.decide(Bar(*fields))
            case "equity":
                self.equity(*fields)
            case _:
                raise ValueError(f"holds {kind!r}")


class _NoClock:
    """Nothing that is kept here bears the time of its writing."""

    def now(self) -> UtcNanos:
        return 0

    def lap(self) -> float:
        return 0.0


def _moment(at: UtcNanos) -> datetime:
    return _EPOCH + timedelta(microseconds=at // 1_000)


def _at_home() -> None:
    """Refuse to work beside packages of the same names that are a stranger's."""
    for name in _PACKAGES:
        if getattr(import_module(name), "HOUSE", None) != HOUSE:
            raise RuntimeError(f"the package {name!r} that was imported is not tradebot's")

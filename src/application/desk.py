"""The desk: what a trading day holds in its hands between two events.

One mutable object, owned by `TradingDay` and passed to its use cases. All of it is a fold
of the events that went through; nothing here is read from a clock or a file.
"""

from __future__ import annotations

from dataclasses import dataclass

from application.fees import Fees
from application.lessons import Lessons
from application.statement import StatementBook
from application.strategies import outside_of, strategies_of
from domain.candidate import Rules
from domain.command import AmendOrder, Command, MoveStop, PlaceProtection
from domain.contract_set import Contracts
from domain.event import (
    FEE_OF,
    AccountSnapshot,
    CommandIssued,
    Event,
    KillCompleted,
    KillStep,
    KillTriggered,
    LawStateChanged,
    OrderStateChanged,
    StrategyFaulted,
    WouldKill,
)
from domain.gates import law_gates
from domain.instrument import Instrument
from domain.law import state as law_state
from domain.law.state import LawState
from domain.orders import Fill, OrderEvent, OrderRef, ref_of
from domain.session import Session, Timetable
from domain.strategies.noise_filter import NoiseFilter
from domain.trade import Group
from domain.units import MINUTE, SECOND, ZERO, Money, Ticks, UtcNanos


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What does not change while a run lasts. `live` means a feed in real time, `contract` is the
    month that is traded, empty where there are none."""

    mode: str
    account: str
    symbol: str
    live: bool
    contract: str = ""


class Outcome:
    """What one step brings about: events to record first, commands to carry out then."""

    __slots__ = ("commands", "events")

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.commands: list[Command] = []


FOREIGN_ORDER = "FOREIGN_ORDER"
"""An order of somebody else works in our symbol: no entry, and none for the rest of the session."""
STATEMENT = "STATEMENT"
"""The broker's statement differs by more than a person may leave unseen."""
_ALWAYS = frozenset({"POSITION_DESYNC", "UNEXPECTED_POSITION", "STORE_FAILURE", "MANUAL"})
"""Triggers that are no edges: reset or not, they pull the switch whenever they occur."""
_EVEN_OBSERVING = frozenset({"MANUAL", "STATE_CORRUPT", "STORE_FAILURE", "LOOP_FAILURE"})
_PRICED = (MoveStop, PlaceProtection, AmendOrder)


class Desk:
    """Law, group, account and last prices; see the attributes.

    `group` is the bracket that is not settled yet, `past` holds the settled ones of the session:
    a late word about one of them must find it. `reference_close` is what the law's PRICE article
    measures from, `observe_only` the state in force that forbids entries, `strangers` are the
    orders in our symbol that are not ours, as last read. `unread_since` is since when the broker
    has not answered, None while it does; `entries_there` the entries it showed last, since when.
    """

    def __init__(self, contracts: Contracts, instrument: Instrument, run: RunFacts) -> None:
        self.contracts = contracts
        self.instrument = instrument
        self.run = run
        self.outside = outside_of(contracts, instrument)
        self.rules = Rules(
            contracts.constitution,
            contracts.decision,
            contracts.templates,
            (*strategies_of(contracts), *self.outside),
            NoiseFilter(contracts.templates.k5),
            instrument,
        )
        self.lessons = Lessons(contracts.learning, run.mode)
        self.law = LawState()
        self.fees = Fees(instrument)
        self.statement = StatementBook(instrument, self.fees)
        self.law_gates = law_gates(self.law, self.rules.law, self.worst_fee)
        self.group: Group | None = None
        self.past: dict[str, Group] = {}
        self.account: AccountSnapshot | None = None
        self.timetable: Timetable | None = None
        self.observe_only: str | None = None
        self.strangers: tuple[str, ...] = ()
        self.reference_close: Ticks | None = None
        self.last_close: Ticks = 0
        self.seen_price: Ticks = 0
        self.slip_estimate = float("nan")
        self.dvs_bp = 10_000
        self.eqs_bp = 10_000
        self.violations = 0
        self.entry_cancelled_at: UtcNanos | None = None
        self.order_cancelled_at: UtcNanos | None = None
        self.desync_since: UtcNanos | None = None
        self.read_at: UtcNanos = 0
        self.unread_since: UtcNanos | None = None
        self.entries_there: tuple[int, UtcNanos] = (0, 0)
        self.last_fill_at: UtcNanos | None = None
        self.reconciled = not run.live
        self.reconciliations = 0
        """How many reads of the broker were acted on."""
        self.connected = True
        self.link_up_at: UtcNanos = 0
        self.unfit: tuple[str, ...] = ()
        self.hindered: tuple[str, ...] = ()
        self.clock_unfit = False
        self._seen: set[str] = set()
        self._traded_before: set[str] = set()
        self.strangers_told: set[str] = set()  # orders that are not ours, in this session
        self._changes: dict[str, int] = {}

    # ---- templates from outside

    def tell_faults(self, at: UtcNanos, out: Outcome) -> None:
        """Tell of what templates from outside did wrong since it was asked last."""
        for strategy in self.outside:
            fault, strategy.untold = strategy.untold, None
            if fault is not None:
                out.events.append(StrategyFaulted(at, strategy.name, *fault))

    # ---- identity

    def first_time(self, exec_id: str) -> bool:
        """True the first time an execution is seen."""
        if exec_id in self._seen:
            return False
        self._seen.add(exec_id)
        return True

    def first_word(self, word: OrderEvent) -> bool:
        """True the first time a word about an order is heard: a repeated one is one fact, recorded
        once, and so may change nothing either.
        """
        return self.first_time(f"{word.order_ref}|{word.kind.value}|{word.sequence}")

    def seen(self, exec_id: str) -> bool:
        """True if an execution was booked before."""
        return exec_id in self._seen

    def next_number(self, order_ref: str, what: str) -> int:
        """1, 2, ...: the running number of one order's state changes, or of its commands."""
        key = f"{what}|{order_ref}"
        self._changes[key] = self._changes.get(key, 0) + 1
        return self._changes[key]

    def observing(self) -> str | None:
        """Why no entry may be made whatever the law says, None if nothing stands against it."""
        foreign = FOREIGN_ORDER if self.strangers else None
        why = self.observe_only or foreign or (self.hindered[0] if self.hindered else None)
        why = why or ("CLOCK_SKEW" if self.clock_unfit else None)
        why = why or (None if self.law.statement is None else STATEMENT)
        return why or ("OBSERVE" if self.run.mode == "OBSERVE" else None)

    def session_over(self) -> None:
        """Templates from outside begin every session anew, and who is not ours is told of again."""
        self.strangers_told.clear()
        self.statement.due = True
        for strategy in self.outside:
            strategy.session_over()

    def law_opening(self, session: Session) -> LawState:
        """The law's memory as `session` opens: what the last read has shown of its date counts."""
        law = law_state.session_opened(self.law, session.date)
        seen = self.read_at >= session.at(0)
        return law_state.entries_seen(law, *self.entries_there) if seen else law

    def session_begins(self) -> None:
        """Forget what only the session before needed, so that a run of years stays flat in
        memory. Not as it ends: a broker tells its executions again until the day is over.
        """
        self.statement.due = True
        if self.alive:
            return
        self.past.clear()
        self.fees.session_over()
        self.statement.session_over()
        self._seen.clear()
        self._changes.clear()
        self._traded_before.clear()

    def traded_before(self, fill: Fill) -> None:
        """An execution that is booked already, of a bracket that this core does not know: what is
        said of it again changes nothing but its fee.
        """
        ref = ref_of(fill.order_ref)
        if ref is not None and self.first_time(fill.exec_id):
            self._traded_before.add(ref.group)
            self.fees.executed(fill)

    def is_over(self, group: str) -> bool:
        """True for a bracket that was traded to its end before this core."""
        return group in self._traded_before

    def find(self, name: str) -> Group | None:
        """The bracket of that name, settled or not."""
        if self.group is not None and self.group.name == name:
            return self.group
        return self.past.get(name)

    def keep(self, group: Group) -> None:
        """Put the next value of a bracket in its place; one that came alive again is in force."""
        if self.group is not None and self.group.name == group.name:
            self.group = group
        elif self.group is None and not group.settled:
            self.past.pop(group.name, None)
            self.group = group
        else:
            self.past[group.name] = group

    @property
    def alive(self) -> tuple[Group, ...]:
        """Every bracket of which something is open, working or unknown."""
        late = tuple(g for g in self.past.values() if not g.settled)
        return late if self.group is None else (self.group, *late)

    @property
    def expected_position(self) -> int:
        """Signed contracts that the executions of our orders add up to."""
        return sum(g.position for g in self.alive)

    def put_away(self) -> None:
        """Take a settled bracket out of force."""
        group = self.group
        if group is None or not group.settled:
            return
        self.past[group.name] = group
        self.group = next((g for g in self.past.values() if not g.settled), None)
        if self.group is not None:
            del self.past[self.group.name]

    # ---- what is open

    @property
    def flat(self) -> bool:
        """No position, no working or in-doubt order."""
        return self.group is None

    def entry_in_doubt(self, now: UtcNanos) -> bool:
        """An entry was cancelled, and a fill of it may still turn up (execution.md 2)."""
        return self._provisional(self.entry_cancelled_at, now)

    def in_doubt(self, now: UtcNanos) -> bool:
        """An order of ours is not terminal, or cancelled only provisionally (law.md 2)."""
        doubtful = self.group is not None or not self.reconciled or bool(self.alive)
        doubtful = doubtful or self._may_still_arrive(now)
        return doubtful or self._provisional(self.order_cancelled_at, now)

    def _may_still_arrive(self, now: UtcNanos) -> bool:
        """An entry that is nowhere may come until it has expired at the broker."""
        p = self.contracts.execution
        wait = (p.entry_expiry_margin_s + p.settle_s) * SECOND
        lost = (g for g in self.past.values() if g.orders.never_arrived)
        return any(now < g.intent.expires_at + wait for g in lost)

    def _provisional(self, cancelled_at: UtcNanos | None, now: UtcNanos) -> bool:
        if self.run.live:
            return cancelled_at is not None  # until executions have been read since
        wait = self.contracts.execution.settle_s * SECOND
        return cancelled_at is not None and now - cancelled_at < wait

    @property
    def open_worst(self) -> Money:
        """The worst case of what is open."""
        return ZERO if self.group is None else self.group.open_worst(self.fees.at_worst)

    @property
    def worst_fee(self) -> Money:
        """The fee of a side that a worst case reckons with."""
        return self.fees.at_worst.fee_per_side

    @property
    def working_orders(self) -> int:
        """Orders of ours that may still do something; 0 once everything is settled."""
        return 0 if self.group is None or self.group.settled else 1

    def account_at(self, now: UtcNanos) -> AccountSnapshot | None:
        """The account's figures; None while unknown, or, of a live feed, out of date."""
        account = self.account
        if account is None or not self.run.live:
            return account
        stale = self.contracts.decision.equity_stale_minutes * MINUTE
        return account if now - account.at <= stale else None

    # ---- changes that are always told

    def set_law(self, new: LawState, cause: str, at: UtcNanos, out: Outcome) -> None:
        """Adopt the law's next state; tell of it if more than the recovery count changed."""
        if new is self.law:
            return
        told = law_state.differs_in_more_than_recovery(self.law, new)
        self.law = new
        if told:
            self.law_gates = law_gates(new, self.rules.law, self.worst_fee)
            out.events.append(LawStateChanged(at, new, cause))

    def rebook_fee(self, exec_id: str, added: Money, at: UtcNanos, out: Outcome) -> None:
        """Book what a fill, or the report of its fee, has `added` to the sums."""
        if added != ZERO:
            law = law_state.adjusted(self.law, added, self.rules.law)
            self.set_law(law, f"{FEE_OF}{exec_id}: {added}", at, out)
        self.law_gates = law_gates(self.law, self.rules.law, self.worst_fee)

    def state_changed(
        self,
        group: Group,
        ref: OrderRef,
        before: str,
        after: str,
        cause: str,
        at: UtcNanos,
        out: Outcome,
    ) -> None:
        """Record that an order moved."""
        if before == after:
            return
        number = self.next_number(str(ref), "state")
        decision_id = group.intent.decision_id
        out.events.append(
            OrderStateChanged(at, str(ref), before, after, cause, number, decision_id)
        )

    def command(self, what: str, ref: OrderRef, reason: str, order: Command, out: Outcome) -> None:
        """Record a command, then ask for it."""
        group = self.find(ref.group)
        decision_id = "" if group is None else group.intent.decision_id
        number = self.next_number(str(ref), "command")
        price = order.permit.price if isinstance(order, _PRICED) else None
        out.events.append(
            CommandIssued(order.at, str(ref), what, reason, price, number, decision_id)
        )
        out.commands.append(order)

    def latch(self, trigger: str, detail: str, at: UtcNanos, out: Outcome) -> bool:
        """Latch the kill switch; False if it is latched already, or only observed."""
        if self.law.killed:
            self.set_law(law_state.kill_latched(self.law, trigger), f"kill {trigger}", at, out)
            return False
        if trigger == self.law.muted and trigger not in _ALWAYS:
            return False
        if self.run.mode == "OBSERVE" and trigger not in _EVEN_OBSERVING:
            if self.observe_only is None:
                self.observe_only = f"WOULD_KILL {trigger}"
                out.events.append(WouldKill(at, trigger, detail))
            return False
        out.events.append(KillTriggered(at, trigger, detail))
        self.set_law(law_state.kill_latched(self.law, trigger), f"kill {trigger}", at, out)
        return True

    def condition_gone(self, trigger: str, at: UtcNanos, out: Outcome) -> None:
        """The condition of a trigger is false: once reset, it may trigger again from now on."""
        if self.law.muted == trigger:
            law = law_state.condition_gone(self.law, trigger)
            self.set_law(law, f"{trigger} is over", at, out)

    def kill_resumed(self, why: str, at: UtcNanos, out: Outcome) -> None:
        """Take the kill sequence up again."""
        if self.law.kill_state is law_state.KillState.KILLED:
            self.set_law(law_state.kill_resumed(self.law), f"kill resumed: {why}", at, out)
            self.kill_step("resume", at, out)

    def kill_step(self, step: str, at: UtcNanos, out: Outcome) -> None:
        """Record one step of the kill sequence."""
        trigger = self.law.kill_trigger or ""
        number = self.next_number(f"{trigger}|{step}", "kill")
        out.events.append(KillStep(at, trigger, step, number))

    def settle_kill(self, at: UtcNanos, out: Outcome, verified: bool = False) -> None:
        """Complete the kill sequence once nothing of ours is open or working.

        A fresh read has to have `verified` it, where both sides do not agree anyhow.
        """
        if self.run.live and not (self.reconciled or verified):
            return
        if self.law.kill_state is law_state.KillState.KILLING and not self.alive:
            trigger = self.law.kill_trigger or ""
            out.events.append(KillCompleted(at, trigger, True, 0))
            self.set_law(law_state.kill_completed(self.law), "kill completed", at, out)

"""The whole pass of a trading day, one line a stage, left to right; no stage calls back.

`TradingDay` is the core: synchronous, deterministic, without a clock. Every method takes one
thing that happened and returns an `Outcome`: events to record, commands to carry out. The
same inputs in the same order give the same outcomes, which is what replay rests on.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Final

from application.assess import Assess, Assessment
from application.dealing import Dealing
from application.desk import Desk, Outcome, RunFacts
from application.enter import ask_law, facts_of, intent_of, record_answer, submit
from application.hours import Hours
from application.lockouts import Lockouts
from application.manage import Manage
from application.opening import (
    SessionsBefore,
    Totals,
    config_loaded,
    forbidden,
    reference_close,
)
from application.reconcile import Reconcile
from application.shadows import Shadows
from application.supervise import Supervise
from application.surroundings import Surroundings
from domain import decision as decisions
from domain.bar import Bar
from domain.candidate import Candidate, Snapshot, stop_cap, tier_of
from domain.contract_set import Contracts
from domain.decision import DecisionRecord
from domain.decision_parameters import Tier
from domain.event import (
    AccountSnapshot,
    BarClosed,
    BarRejected,
    ClockTick,
    DecisionMade,
    HostState,
    SessionClosed,
)
from domain.frame import Frame
from domain.gates import law_gates
from domain.instrument import Instrument
from domain.law import state as law_state
from domain.law.door import Permit
from domain.law.state import Halt, LawState, limit_of
from domain.recent import MarketContext, Recent
from domain.session import Session, Timetable
from domain.units import MINUTE, ZERO, Ticks, UtcNanos
from ports.calendar import Calendar
from ports.engine import Engine

_LOCKED: Final = law_state.StreakState.LOCKED
_made: Final = tuple.__new__
"""Makes a named tuple of fields that are all there, without the constructor's own call."""


class TradingDay:
    """The core of one run in one instrument.

    `config_hash` stands in the first event of every session. The engine and the calendar are
    compute ports: they answer from what they are given and do nothing.
    """

    def __init__(
        self,
        contracts: Contracts,
        instrument: Instrument,
        run: RunFacts,
        engine: Engine,
        calendar: Calendar,
        config_hash: str,
    ) -> None:
        self.desk = Desk(contracts, instrument, run)
        self._contracts = contracts
        self._calendar = calendar
        self._config_hash = config_hash
        self._assess = Assess(engine, contracts, run.live)
        self._lockouts = Lockouts(contracts.decision.lockouts)
        self._supervise = Supervise(self.desk, self._assess)
        self._manage = Manage(self.desk, self._supervise)
        self._shadows = Shadows(self.desk, self._manage.lines)
        reconcile = Reconcile(self.desk, self._supervise, self._supervise.booking)
        self.dealing = Dealing(self.desk, self._supervise, self._manage, reconcile)
        self._standing_of = self.desk.lessons.standing_of
        self._decide = engine.decider(self.desk.rules)
        sessions = (self.session_at, lambda: self.open_session)
        self.surroundings = Surroundings(
            self.desk, self._assess, self._supervise, self._manage, sessions
        )
        self._hours = Hours(calendar)
        self._recent = Recent()
        self._day: Session | None = None  # the session whose bars the engine is being fed
        self._live = False  # whether that session has had a bar that was not warm-up
        self._over: date | None = None  # the last session that was closed
        self._before = SessionsBefore()
        self._last_session: tuple[Session, Ticks] | None = None
        self._joins = True  # whether the next session's prices follow those of the last one
        self._totals = Totals()
        self._date, self._symbol = "", run.symbol
        self._judged: AccountSnapshot | None = None
        law = contracts.constitution
        self._kill_bp = (law.dvs_kill_bp, law.eqs_kill_bp)
        self._tier_cap: tuple[Tier | None, Ticks] | None = None
        self.frame: Frame | None = None
        """What the engine knew after the last RTH bar."""

    def started(self, mode: str, config_hash: str, at: UtcNanos = 0, contract: str = "") -> None:
        """A process goes on with this core at `at`: from the next session on under its config
        hash, and, with a broker of its own will, not before that was asked afresh."""
        self.surroundings.started(at)
        self.desk.reconciled = not self.desk.run.live
        self.desk.statement.due = True
        self.desk.run = replace(self.desk.run, mode=mode)
        self.desk.lessons.started(mode)
        self._config_hash = config_hash
        self.trades(contract)

    def trades(self, contract: str) -> None:
        """The bars to come are of the month `contract`; empty says nothing. Another month than
        before begins a stream of its own: prices of two months are never joined."""
        was = self.desk.run.contract
        self.desk.run = replace(self.desk.run, contract=contract or was)
        if self.desk.run.contract != was and was:
            self._assess.restart()
            self.frame, self._last_session, self._joins = None, None, False
            if not self._live:
                self._day = None

    def adopt(self, law: LawState, account: AccountSnapshot | None, before: SessionsBefore) -> None:
        """Take over what a run under other contracts, ended in order, has left behind: the law's
        memory, the account, and the sessions it has seen.
        """
        self.desk.law = law
        self.desk.law_gates = law_gates(law, self.desk.rules.law, self.desk.worst_fee)
        self.desk.account = account
        self._before, self._over = before, before.closed

    # ---- time and the feed

    def session_at(self, t: UtcNanos) -> Session | None:
        """The session whose regular hours hold `t`, or None."""
        day = self._day
        if day is not None and day.open <= t < day.close:
            return day
        return self._hours.session_at(t)

    @property
    def open_session(self) -> Session | None:
        """The session that is being traded, None between two."""
        return self._day if self._live else None

    def is_over(self, session: Session) -> bool:
        """True once `session` was closed: what is left of it moves signals, and is not traded."""
        return self._over is not None and session.date <= self._over

    def due(self, until: UtcNanos) -> UtcNanos | None:
        """The earliest instant up to `until` at which `timer` has something to do."""
        return self._manage.due(until)

    def timer(self, now: UtcNanos) -> Outcome:
        """Let the clock's rules run at `now`."""
        out = Outcome()
        self._manage.timer(now, out)
        return out

    def price(self, price: Ticks, now: UtcNanos) -> Outcome:
        """A trade was seen inside a bar that is not closed yet."""
        out = Outcome()
        self.desk.seen_price = price
        self._manage.price_seen(price, now, out)
        return out

    def flatten(self, reason: str, now: UtcNanos) -> Outcome:
        """Cancel entries and close what is open, for `reason`."""
        out = Outcome()
        self._manage.flatten(reason, now, out)
        return out

    def rejected(self, row: BarRejected) -> Outcome:
        """A row of the feed is no bar."""
        out = Outcome()
        out.events.append(row)
        self._assess.reject(row)
        return out

    def host(self, state: HostState) -> Outcome:
        """What is known of the host, the clocks and the broker's own hours (live)."""
        out = self.surroundings.host(state)
        if state.days is not None and state.hours is not None:
            self._hours.told((state.days, state.hours))
            day = self._day
            left = day and self._hours.cut(day)
            if day is not None and self._live and left is not None and left.close < day.close:
                self._day = replace(day, close=left.close, early_close=True)
                self.surroundings.close_early(self._day)
        return out

    def warm_up(self, bar: Bar) -> Outcome:
        """Feed a bar of the past: it moves signals and beliefs, and decides nothing. A minute
        that comes from the past into a session that is being traded was missed by it.
        """
        out = Outcome()
        session, day = self.session_at(bar.open_time), self._day
        another = self._day != session or not self._joins
        if session is not None and day is not None and self._live and another:
            self._close(day.close, out)  # it was left open by a process that died in it
        date = session.date if session else None
        out.events.append(BarClosed(bar.close_time, date, bar, True, session is not None))
        if session is not None:
            if another:
                self._begin(session, None)
            timetable = Timetable.of(session, self._contracts.session)
            if self._live:
                self._assess.back_fill(bar, timetable)
            else:
                self._assess.bar(bar, timetable, warmup=True)
                self.desk.last_close = self.desk.seen_price = bar.close
            self._recent = self._recent.after(bar)
        return out

    def bar(self, bar: Bar) -> Outcome:
        """One accepted minute bar: the whole pass."""
        out, opens = Outcome(), bar.open_time
        session, day, timetable = None, self._day, self.desk.timetable
        if self._live and day is not None and day.open <= opens < day.close:
            session = day
        else:
            session = self.session_at(opens)
            if session is None:
                event = BarClosed(opens + MINUTE, None, bar, warmup=False, rth=False)
                out.events.append(event)
                return out
            if self.is_over(session):
                return self.warm_up(bar)
            self._open(session, bar, out)
            timetable = self.desk.timetable
        if timetable is None:
            timetable = Timetable.of(session, self._contracts.session)
        t_d = opens + MINUTE
        graded = self._assess.bar(bar, timetable, warmup=False)
        out.events.append(_made(BarClosed, (t_d, session.date, bar, False, True)))
        out.events += graded.events
        self._step(bar, t_d, timetable, graded, out)
        if t_d >= session.close:
            self._close(session.close, out)
        return out

    def end(self, now: UtcNanos) -> Outcome:
        """The feed is over: close the session that is still open."""
        out = Outcome()
        if self._live:
            out.events.append(ClockTick(now, self.desk.last_close, "end"))
            self._close(now, out)
        return out

    # ---- one bar

    def _step(
        self, bar: Bar, t_d: UtcNanos, timetable: Timetable, graded: Assessment, out: Outcome
    ) -> None:
        desk = self.desk
        frame, dvs_bp, eqs_bp, _ = graded
        self.frame = frame
        desk.last_close = desk.seen_price = bar.close
        desk.slip_estimate = frame.slip
        desk.dvs_bp, desk.eqs_bp = dvs_bp, eqs_bp
        self._recent = recent = self._recent.after(bar)
        self._totals.bar(bar)
        out.events += self._lockouts.bar(frame, bar.mean_spread_ticks, t_d, timetable)
        if desk.law.streak_state is _LOCKED:
            self._supervise.recovers(dvs_bp, eqs_bp, t_d, out)
        tier, cap = self._tier_and_cap(t_d)
        ctx = _made(MarketContext, (bar, frame, recent, cap))
        flat, action = desk.group is None, None
        flat_before = flat and not (desk.entry_cancelled_at and desk.entry_in_doubt(t_d))
        if not flat or desk.law.muted:  # while flat the day's result moves with fills alone
            self._supervise.check_marked_loss(bar.close, t_d, out)
            action = self._manage.bar(bar, ctx, graded, out)
        if dvs_bp < self._kill_bp[0] or eqs_bp < self._kill_bp[1] or desk.law.muted:
            self._supervise.check_quality(timetable, t_d, out)
        lessons = desk.lessons
        if self._shadows.active:
            self._shadows.bar(bar, ctx, graded, out)
        if lessons.following:
            out.events += lessons.bar(bar, frame.shock)
        index = (bar.open_time - timetable.session.open) // MINUTE
        snap = _made(
            Snapshot,
            (
                f"{self._date}-{index:03d}-{self._symbol}",
                t_d,
                ctx,
                timetable,
                dvs_bp,
                eqs_bp,
                tier,
                desk.law_gates,
                flat_before,
                ZERO if flat else desk.open_worst,
                self._lockouts.locks,
                self._standing_of,
            ),
        )
        record, chosen = self._decide(snap)
        if action is not None:
            record = decisions.managed(record, *action)
        self._totals.decisions += 1
        if desk.law.resting:
            self._supervise.rests(record, t_d, out)
        if chosen is None:
            out.events.append(_made(DecisionMade, (t_d, record)))
        else:
            self._enter(record, chosen, (bar, graded), (tier, timetable), out)
        if desk.outside:
            desk.tell_faults(t_d, out)
        if lessons.quarantined and record.candidates:
            self._shadows.consider(record, bar, graded, out)

    def _tier_and_cap(self, t_d: UtcNanos) -> tuple[Tier | None, Ticks]:
        """The capital tier and the largest stop it allows; worked out anew for new figures."""
        desk = self.desk
        account = desk.account_at(t_d)
        if account is not self._judged or self._tier_cap is None:
            tier = tier_of(account.equity if account else None, self._contracts.decision.tiers)
            cap = stop_cap(tier, self._contracts.constitution, desk.instrument)
            self._judged, self._tier_cap = account, (tier, cap)
        return self._tier_cap

    def _enter(
        self,
        record: DecisionRecord,
        chosen: Candidate,
        seen: tuple[Bar, Assessment],
        frame: tuple[Tier | None, Timetable],
        out: Outcome,
    ) -> None:
        """Ask the law about a chosen candidate, then tell of the decision and what follows."""
        desk, t_d, (bar, graded) = self.desk, record.t_d, seen
        tier, timetable = frame
        intent = intent_of(chosen, record.decision_id, t_d, record.frame, desk)
        # Live, the law looks at the moment at which the bar was there, not at the bar's end.
        now = max(t_d, bar.received_at or t_d) if desk.run.live else t_d
        answer = ask_law(intent, facts_of(intent, desk, timetable, tier, now), desk)
        if not isinstance(answer, Permit):
            record = decisions.refused(record, answer.reason)
        out.events.append(DecisionMade(t_d, record))
        record_answer(intent, answer, t_d, out)
        if isinstance(answer, Permit):
            submit(answer, now, desk, out)
        elif desk.run.mode == "OBSERVE":
            self._shadows.observed(intent, answer, bar, graded)

    # ---- sessions

    def _begin(self, session: Session, expected_from: UtcNanos | None) -> None:
        """Point engine and quality at a new session."""
        if self._day is not None and self.desk.last_close and self._joins:
            self._last_session = (self._day, self.desk.last_close)
        self._joins = True
        self._day = session
        self._date = session.date.isoformat()
        self._live = False
        self._recent = Recent()
        self._assess.open_session(session, expected_from)

    def _open(self, session: Session, first: Bar, out: Outcome) -> None:
        """The first bar of a session that is to be decided on."""
        desk = self.desk
        if self._live:
            self._close(self._day.close if self._day else first.open_time, out)
        expected = self.surroundings.expected_from(session, first)
        if self._day != session:
            self._begin(session, expected)
        else:
            whole = session.open if desk.run.live else first.open_time
            self._assess.go_live(expected or whole)
        self._live, self._totals = True, Totals()
        desk.timetable = Timetable.of(session, self._contracts.session)
        desk.reference_close = reference_close(self._calendar, self._last_session, session, first)
        known = self._calendar.covers(session.open, self._contracts.session.calendar_days_ahead)
        goes_on = self._before.goes_on(session)
        desk.observe_only = forbidden(known, desk.strangers, goes_on)
        loaded = config_loaded(session, self._contracts, desk.instrument, self._config_hash)
        out.events += self._before.opening(session, loaded)
        if goes_on:
            return
        desk.session_begins()
        desk.set_law(desk.law_opening(session), "session opened", session.open, out)
        out.events += desk.lessons.session_opened(session.date, session.open)

    def _close(self, at: UtcNanos, out: Outcome) -> None:
        """Tell of the session's end."""
        desk, day, totals = self.desk, self._day, self._totals
        if day is None:
            return
        out.events.extend(self._assess.close_session())
        out.events.extend(self._lockouts.session_over(at))
        self._supervise.check_flat(at, out)
        self._shadows.session_over(at, out)
        lost, limit = desk.law.realised_loss(Halt.DAY), limit_of(Halt.DAY, desk.rules.law)
        left = limit - lost if lost < limit else ZERO
        out.events.append(
            SessionClosed(
                at,
                day.date,
                totals.bars,
                totals.decisions,
                desk.law.trades_today,
                desk.law.net_day,
                left,
                totals.high,
                totals.low,
                desk.last_close,
            )
        )
        desk.session_over()
        self._live = False
        self._over = day.date

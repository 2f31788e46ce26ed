"""`db bind` forgets nothing: whatever was lost, what any of the others knows is carried (H50)."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.contracts.loader import load_contracts
from adapters.guard.file import open_guard, read_guard
from adapters.guard.kill_file import KillFile
from adapters.guard.places import kill_of
from adapters.guard.slots import FILE
from adapters.store.identity import bind
from adapters.store.journal import open_journal
from adapters.store.opening import lock
from adapters.store.reading import reading
from adapters.store.verify import verify
from adapters.wire.codec import Codec
from adapters.wire.decode_v1 import input_of
from adapters.wire.law_state import law_state
from application.binding import Owner, Start, StoreFacts, start
from application.cli.bind import Act, Bound, bind_store
from application.container import owner_of
from application.rebind import Typed, bind_refused, carried_over
from application.settings import Adapter, Mode, Settings
from domain.event import LawStateChanged, StoreBound
from domain.law.restarts import Starts
from domain.law.state import Halt, LawState, session_opened
from domain.units import HOUR, SECOND, ZERO, Money
from ports.broker import BrokerToday
from ports.errors import BadInput, GuardFailure, StoreFailure
from ports.guard import GuardState, Latch
from store.records import CONFIG, StepClock, record

AT = 1_381_161_600_000_000_000
TODAY = date(2013, 10, 7)
LAW = load_contracts().tightest().constitution
NOTHING = Typed(ZERO, ZERO)
NO_TRADES = BrokerToday(0, ZERO)
LOST = LawState(
    session_date=TODAY,
    trades_today=1,
    sent_today=2,
    net_day=Money.parse("-17.49"),
    net_week=Money.parse("-60"),
    net_month=Money.parse("-149"),
)
ACT = Act("me", "the disk was replaced", NOTHING)

losses = st.integers(0, 2_000_000).map(Money)


@settings(max_examples=200)
@given(
    truth=st.tuples(losses, losses, losses, st.integers(0, 3)),
    memory=st.lists(st.sampled_from(["store", "guard", "typed"]), min_size=1, max_size=6),
)
def test_counters_after_any_sequence_of_bindings_are_at_least_the_true_ones(
    truth: tuple[Money, Money, Money, int], memory: list[str]
) -> None:
    """Each binding loses all but one of the memories; the broker knows today."""
    day, week, month, entries = truth
    true = LawState(
        session_date=TODAY, net_day=-day, net_week=-week, net_month=-month, trades_today=entries
    )
    state = true
    for kept in memory:
        typed = Typed(week, month) if kept == "typed" else NOTHING
        known = () if kept == "typed" else (state,)
        state = carried_over(known, BrokerToday(entries, -day), typed, TODAY, LAW)
        assert state.trades_today >= entries
        for found, least in (
            (state.net_day, true.net_day),
            (state.net_week, true.net_week),
            (state.net_month, true.net_month),
        ):
            assert found <= least
        reached = {
            Halt.DAY: day >= LAW.max_daily_loss,
            Halt.WEEK: week >= LAW.max_weekly_loss,
            Halt.MONTH: month >= LAW.max_monthly_loss,
        }
        assert {halt for halt, is_reached in reached.items() if is_reached} <= set(state.halts)


def test_what_is_typed_lasts_as_long_as_its_period() -> None:
    state = carried_over((), NO_TRADES, Typed(Money.parse("75"), Money.parse("150")), TODAY, LAW)
    assert state.halts == (Halt.DAY, Halt.WEEK, Halt.MONTH)
    assert not state.month_acknowledged
    tomorrow = session_opened(state, TODAY + timedelta(1))
    assert tomorrow.halts == (Halt.WEEK, Halt.MONTH)
    assert session_opened(tomorrow, TODAY + timedelta(7)).halts == (Halt.MONTH,)


def test_entries_begin_with_the_next_session() -> None:
    state = carried_over((), NO_TRADES, NOTHING, TODAY, LAW)
    assert state.halts == (Halt.DAY,)
    assert session_opened(state, TODAY).halts == (Halt.DAY,)
    assert session_opened(state, TODAY + timedelta(1)).halts == ()


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (0, date(2013, 10, 7)),  # noon of a Monday
        (-3, date(2013, 10, 4)),  # before its open: Friday's was the last
        (10, date(2013, 10, 7)),
        (-24, date(2013, 10, 4)),
    ],
)
def test_the_session_that_is_halted_is_the_last_that_opened(
    house: House, hours: int, expected: date
) -> None:
    done = bind_store(house.settings, ACT, lambda: NO_TRADES, AT + hours * HOUR)
    assert done.state.session_date == expected


def test_what_was_bound_is_read_again_as_it_was(house: House) -> None:
    house.trade(LOST)
    done = house.bind()
    with reading(house.url) as found:
        assert found is not None
        row = found.last("StoreBound")
    assert row is not None
    event = input_of(row)
    assert isinstance(event, StoreBound)
    assert event[:3] == (AT, house.owner.account, "PAPER")
    assert event.state == done.state
    assert event[4:] == ("me", "the disk was replaced")


def test_only_its_own_adapter_account_and_mode_bind_a_store() -> None:
    mine = Owner("ibkr", "d1", "PAPER")
    assert bind_refused(mine, mine, 9) == ""
    assert bind_refused(Owner(), mine, 0) == ""
    assert bind_refused(Owner("fake", "d", "PAPER"), mine, 9)
    assert bind_refused(mine, mine._replace(mode="LIVE"), 9)
    assert bind_refused(mine, mine._replace(account="d2"), 9)
    assert bind_refused(mine, mine._replace(mode="OBSERVE"), 9)


class House:
    """A store and a guard of one paper account, in one folder."""

    def __init__(self, folder: Path, mode: Mode = Mode.PAPER) -> None:
        self.folder = folder
        self.store = folder / "data" / "s.db"
        self.state = folder / "state"
        self.settings = Settings(
            adapter=Adapter.IBKR,
            mode=mode,
            account="DU1234567",
            db=self.url,
            state_dir=self.state,
        )
        self.owner = owner_of(self.settings)

    @property
    def url(self) -> str:
        return f"sqlite:///{self.store}"

    @property
    def guard(self) -> Path:
        mode = self.owner.mode.lower()
        return self.state / f"tradebot-{self.owner.account[:16]}-{mode}.guard"

    def trade(self, law: LawState, *kinds: str) -> None:
        """A run that leaves `law`, and then events of these kinds."""
        journal = open_journal(self.url, "MES", CONFIG, StepClock())
        bind(self.url, *self.owner)
        journal.append([record(1), Codec("c").record(LawStateChanged(AT, law, "x"), "")])
        journal.append([record(n + 2)._replace(type=k) for n, k in enumerate(kinds)])
        journal.close()

    def protect(self, law: LawState, latch: Latch | None = None) -> None:
        """The guard as that run leaves it."""
        with reading(self.url) as found:
            assert found is not None
            tip, store_id = found.tip(), found.identity.store_id
        guard = open_guard(self.guard, AT)
        guard.write(
            GuardState(
                self.owner.account, self.owner.mode, store_id, tip.seq, tip.head, CONFIG, law,
                Starts((AT,), clean=False), latch,
            )
        )  # fmt: skip
        guard.close()

    def bind(self, broker: BrokerToday = NO_TRADES) -> Bound:
        return bind_store(self.settings, ACT, lambda: broker, AT)

    def bind_again(self) -> Bound:
        return bind_store(self.settings, ACT, lambda: NO_TRADES, AT + SECOND)

    def verdict(self) -> Start:
        """How a run would start now."""
        guard = read_guard(self.guard)
        with reading(self.url) as found:
            assert found is not None
            head = found.head_at(guard.seq) if guard else None
            facts = StoreFacts(found.identity.store_id, found.tip().seq, head)
        return start(self.owner.mode, self.owner.account, facts, guard).start


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def carried(house: House) -> LawState:
    """What the store says that the law must remember; the guard says the same."""
    with reading(house.url) as found:
        assert found is not None
        payload = found.law()
    guard = read_guard(house.guard)
    assert payload is not None
    assert guard is not None
    state = law_state(payload)
    assert guard.law._replace(good_minutes=0) == state
    return state


def test_a_deleted_store_buys_nothing(house: House) -> None:
    house.trade(LOST)
    house.protect(LOST)
    house.store.unlink()
    open_journal(house.url, "MES", CONFIG, StepClock()).close()
    assert house.verdict() is Start.NEW_GUARD
    done = house.bind()
    assert carried(house) == LOST._replace(halts=(Halt.DAY,))
    assert house.verdict() is Start.GO
    assert verify(house.url).sound
    with reading(house.url) as found:
        assert found is not None
        assert found.identity.store_id == done.store_id
        assert found.identity[-3:] == house.owner


def test_a_lost_guard_and_a_rolled_back_store_cost_only_what_nobody_knows(house: House) -> None:
    house.trade(LOST)
    done = house.bind(BrokerToday(2, Money.parse("-31.20")))
    found = carried(house)
    assert (found.trades_today, found.sent_today) == (2, 2)
    assert found.net_day == Money.parse("-31.20")
    assert found.net_month == LOST.net_month
    assert Halt.DAY in found.halts
    assert done.kept is not None
    assert verify(f"sqlite:///{done.kept}").count == 2, "the old store is kept as it was"


def test_the_store_goes_on_with_its_history_and_a_new_id(house: House) -> None:
    house.trade(LOST)
    house.protect(LOST)
    with reading(house.url) as found:
        assert found is not None
        before = found.identity.store_id
    done = house.bind()
    assert done.store_id != before
    assert verify(house.url).count == 3
    assert house.verdict() is Start.GO


@pytest.mark.parametrize("place", ["store", "guard", "kill file", "bad guard", "broken store"])
def test_a_latch_stays_latched_wherever_it_was(house: House, place: str) -> None:
    house.trade(LOST, *(["KillTriggered"] if place in ("store", "broken store") else []))
    house.protect(LOST, Latch("MARGIN", "low", AT) if place == "guard" else None)
    if place == "kill file":
        KillFile(kill_of(house.guard)).place("stop")
    if place == "bad guard":
        house.guard.write_bytes(bytes(FILE))
    if place == "broken store":
        house.store.write_bytes(b"no database any more" * 500)
    done = house.bind()
    with reading(house.url) as found:
        assert found is not None
        assert found.latch() is not None
    guard = read_guard(house.guard)
    assert guard is not None
    assert guard.latch is not None
    assert guard.law.killed
    assert carried(house).net_month == LOST.net_month
    assert done.kept is not None
    if place == "bad guard":
        assert len(list(house.state.glob("*.bad-*"))) == 1
    again = house.bind_again()
    assert again.state.killed


def test_a_run_that_holds_store_or_guard_keeps_them(house: House) -> None:
    house.trade(LOST)
    held = lock(house.url, AT)
    with pytest.raises(StoreFailure, match="in use by process"):
        house.bind()
    held.release()
    guard = open_guard(house.guard, AT)
    with pytest.raises(GuardFailure, match="in use by process"):
        house.bind()
    guard.close()
    house.bind()


def test_the_store_of_another_is_left_as_it_is(house: House) -> None:
    house.store.parent.mkdir()
    open_journal(house.url, "MES", CONFIG, StepClock()).close()
    bind(house.url, "fake", "d" * 64, "PAPER")
    before = house.store.read_bytes()
    with pytest.raises(BadInput, match="store of fake"):
        house.bind()
    assert house.store.read_bytes() == before


def test_live_wants_a_guard_that_others_cannot_write(tmp_path: Path) -> None:
    house = House(tmp_path, Mode.LIVE)
    house.bind()
    assert house.verdict() is Start.GO
    house.guard.chmod(0o666)
    with pytest.raises(GuardFailure, match="written by others"):
        house.bind_again()

"""What the gateway's executions of today say to `db bind`."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.contracts.loader import load_contracts
from adapters.ibkr.records import ExecSeen, FeeSeen, RawTruth
from adapters.ibkr.today import today_of
from domain.units import ZERO, Money
from ports.broker import BrokerToday
from ports.errors import BrokerDown

MES = load_contracts().tightest().instruments["MES"]
ME = "DU1234567"
NOON = int(datetime(2013, 10, 8, 16, tzinfo=UTC).timestamp()) * 1_000_000_000
HOUR = 3600 * 1_000_000_000
ENTRY, STOP = "20131008-075-MES-E-0a1b", "20131008-075-MES-S-0a1b"
TICK, FEE = MES.tick_value, MES.fee_per_side


def done(
    name: str, side: str, ticks: int, ref: str = "", at: int = NOON, shares: float = 1, con: int = 7
) -> ExecSeen:
    price = float(ticks * MES.tick_size)
    return ExecSeen(
        f"{name}.01", at, ME, con, "MES", "FUT", side, shares, price, 1, 17, 1, 0, ref
    )  # fmt: skip


def today(*executions: ExecSeen, fees: tuple[FeeSeen, ...] = ()) -> BrokerToday:
    return today_of(RawTruth((), (), (), executions, fees, orders_read=True), ME, MES, NOON)


def test_a_day_without_executions_says_nothing() -> None:
    assert today() == BrokerToday(0, ZERO)


def test_a_loss_is_found_whichever_store_made_it() -> None:
    found = today(
        done("a", "BOT", 6600, ENTRY), done("b", "SLD", 6590, STOP),
        fees=(FeeSeen("a.01", 0.85, "USD"), FeeSeen("b.01", 0.9, "USD")),
    )  # fmt: skip
    assert found == BrokerToday(1, -(TICK * 10) - Money.parse("1.75"))


def test_a_fee_that_is_not_known_is_the_contract_s() -> None:
    found = today(done("a", "SLD", 6600, ENTRY), done("b", "BOT", 6612, STOP))
    assert found == BrokerToday(1, -(TICK * 12) - FEE * 2)


def test_what_a_person_has_closed_counts_and_what_a_person_has_won_does_not_help() -> None:
    closed_by_hand = today(done("a", "BOT", 6600, ENTRY), done("b", "SLD", 6590))
    assert closed_by_hand.net == -(TICK * 10) - FEE * 2
    won_by_hand = today(
        done("a", "BOT", 6600, ENTRY), done("b", "SLD", 6590, STOP),
        done("c", "BOT", 6500, at=NOON + 1), done("d", "SLD", 6600, at=NOON + 2),
    )  # fmt: skip
    assert won_by_hand.net == -(TICK * 10) - FEE * 2


def test_a_position_that_is_open_costs_its_fee_only() -> None:
    assert today(done("a", "BOT", 6600, ENTRY)) == BrokerToday(1, -FEE)


def test_months_are_not_matched_with_one_another() -> None:
    assert today(done("a", "BOT", 6600), done("b", "SLD", 6500, con=8)).net == -(FEE * 2)


def test_a_correction_replaces_and_one_to_nothing_takes_back() -> None:
    entry, out = done("a", "BOT", 6600, ENTRY), done("b", "SLD", 6590, STOP)
    dearer = entry._replace(exec_id="a.02", price=float(6601 * MES.tick_size), time=NOON + HOUR)
    assert today(entry, out, dearer).net == -(TICK * 11) - FEE * 2
    assert today(out, dearer, entry).net == -(TICK * 11) - FEE * 2
    taken_back = entry._replace(exec_id="a.02", shares=0.0)
    assert today(entry, taken_back) == BrokerToday(1, ZERO)


def test_other_days_accounts_and_symbols_are_nothing_of_today() -> None:
    entry = done("a", "BOT", 6600, ENTRY)
    assert today(done("a", "BOT", 6600, "20131007-075-MES-E-0a1b", NOON - 24 * HOUR)).net == ZERO
    assert today(entry._replace(account="DU7")) == BrokerToday(0, ZERO)
    assert today(entry._replace(symbol="ES", ref="")).net == ZERO


@pytest.mark.parametrize(
    "wrong",
    [{"side": "?"}, {"shares": 0.5}, {"shares": -1.0}, {"price": 1650.1}, {"price": float("nan")}],
)
def test_an_execution_that_makes_no_sense_is_not_passed_over(wrong: dict[str, object]) -> None:
    broken = done("a", "BOT", 6600, ENTRY)._replace(**wrong)
    with pytest.raises(BrokerDown, match="makes no sense"):
        today(broken)


@given(st.lists(st.tuples(st.sampled_from([1, -1]), st.integers(6500, 6600)), max_size=12))
def test_a_day_that_ended_flat_is_worth_its_cash_flow(fills: list[tuple[int, int]]) -> None:
    open_at_end = sum(side for side, _ in fills)
    closing = [(-1 if open_at_end > 0 else 1, 6550)] * abs(open_at_end)
    whole = [*fills, *closing]
    found = today(
        *(
            done(f"x{n:02}", "BOT" if side > 0 else "SLD", price, at=NOON + n)
            for n, (side, price) in enumerate(whole)
        )
    )
    cash = sum(-side * price for side, price in whole)
    assert found.net == min(ZERO, TICK * cash - FEE * len(whole))

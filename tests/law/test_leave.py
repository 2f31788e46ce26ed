"""Leave to reduce: closing, protecting, tightening and amending, on both sides."""

from __future__ import annotations

import pytest

from domain.errors import PermitForged
from domain.law.door import (
    AmendPermit,
    ExitPermit,
    ProtectPermit,
    TightenPermit,
    authorize_amend,
    authorize_exit,
    authorize_protection,
    authorize_tighten,
    genuine,
)
from domain.orders import OrderRef, Role
from domain.units import Side

GROUP = "20240305-010-MES"
STOP, TARGET, EXIT, ENTRY = (
    OrderRef(GROUP, role) for role in (Role.STOP, Role.TARGET, Role.EXIT, Role.ENTRY)
)
SIDES = [(1, -1), (-1, 1)]


@pytest.mark.parametrize(("position", "side"), [(1, -1), (-1, 1), (3, -1), (-3, 1)])
def test_an_exit_trades_against_the_position(position: int, side: Side) -> None:
    for qty in range(1, abs(position) + 1):
        leave = authorize_exit(EXIT, position, qty)
        assert leave is not None
        assert (leave.ref, leave.side, leave.qty) == (EXIT, side, qty)
        assert genuine(leave, ExitPermit) is leave


@pytest.mark.parametrize(("position", "qty"), [(0, 0), (0, 1), (1, 0), (1, 2), (-1, 2), (2, -1)])
def test_whatever_would_not_only_reduce_is_refused(position: int, qty: int) -> None:
    assert authorize_exit(EXIT, position, qty) is None
    assert authorize_protection(STOP, position, qty, 100) is None
    assert authorize_amend(TARGET, position, 100, 100, qty) is None


@pytest.mark.parametrize(("position", "side"), SIDES)
@pytest.mark.parametrize("ref", [STOP, TARGET])
def test_protection_trades_against_the_position(position: int, side: Side, ref: OrderRef) -> None:
    for size, held in ((1, 1), (1, 2), (2, 2)):
        leave = authorize_protection(ref, position * held, size, 100)
        assert leave is not None
        assert (leave.ref, leave.side, leave.qty, leave.price) == (ref, side, size, 100)
        assert genuine(leave, ProtectPermit) is leave


@pytest.mark.parametrize("ref", [ENTRY, EXIT])
def test_only_stops_and_targets_protect(ref: OrderRef) -> None:
    assert authorize_protection(ref, 1, 1, 100) is None


@pytest.mark.parametrize("side", [1, -1])
def test_a_stop_is_tightened_only(side: Side) -> None:
    leave = authorize_tighten(STOP, side, 100, 100 + side)
    assert leave is not None
    assert (leave.ref, leave.price) == (STOP, 100 + side)
    assert genuine(leave, TightenPermit) is leave
    assert authorize_tighten(STOP, side, 100, 100) is None
    assert authorize_tighten(STOP, side, 100, 100 - side) is None


@pytest.mark.parametrize("side", [1, -1])
def test_a_stop_is_never_amended_away_from_the_market(side: Side) -> None:
    for wanted in (100, 100 + side, 100 + 7 * side):
        leave = authorize_amend(STOP, 2 * side, 100, wanted, 2)
        assert leave is not None
        assert (leave.ref, leave.price, leave.qty) == (STOP, wanted, 2)
        assert genuine(leave, AmendPermit) is leave
    assert authorize_amend(STOP, side, 100, 100 - side, 1) is None
    for wanted in (100 - 9 * side, 100, 100 + 9 * side):
        assert authorize_amend(TARGET, side, 100, wanted, 1) is not None


def test_the_types_are_not_taken_for_one_another() -> None:
    leave = authorize_exit(EXIT, 1, 1)
    with pytest.raises(PermitForged):
        genuine(leave, TightenPermit)


@pytest.mark.parametrize("field", ["ref", "side", "qty"])
def test_leave_is_not_changed(field: str) -> None:
    leave = authorize_exit(EXIT, 1, 1)
    with pytest.raises(PermitForged):
        setattr(leave, field, 2)

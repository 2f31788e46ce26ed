"""Whose an order is, and which group a closing order joins."""

from __future__ import annotations

import pytest

from adapters.ibkr.orders import Plan
from adapters.ibkr.records import OrderFacts
from adapters.ibkr.standing import Life, Standings
from domain.orders import OrderRef, Role

GROUP = "20261118-060-MES"
ENTRY, STOP, TARGET = (OrderRef(GROUP, r) for r in (Role.ENTRY, Role.STOP, Role.TARGET))
EXIT = OrderRef(GROUP, Role.EXIT, 1)


def standings(known: bool = True) -> Standings:
    return Standings("00ff", lambda _: known, 17)


def plan(ref: OrderRef, oca: str = f"{GROUP}-00ff", child: bool = False) -> Plan:
    return Plan(ref, f"{ref}-00ff", -1, 1, "STP", None, 100, "GTC", oca, child=child)


def facts(ref: str, order_id: int = 8, perm: int = 1900, client: int = 17) -> OrderFacts:
    return OrderFacts(
        order_id, client, perm, ref, "DU1", 600, "MES", "FUT", "SELL", "STP", 1.0, 0.0, 25.0,
        "GTC", "", "Submitted", 0.0, 1.0, "", False,
    )  # fmt: skip


def test_an_order_is_ours_by_tag_and_record() -> None:
    assert standings().of(facts(f"{STOP}-00ff")) is not None
    assert standings(known=False).of(facts(f"{STOP}-00ff")) is None  # a store that was lost
    assert standings().of(facts(f"{STOP}-0bad")) is None  # another machine's
    assert standings().of(facts("by hand")) is None


def test_an_order_of_ours_needs_no_record_to_be_known_again() -> None:
    ours = standings(known=False)
    sent = ours.sent(plan(STOP), 8, 17)
    assert ours.of(facts(f"{STOP}-00ff")) is sent
    assert sent.perm_id == 1900


@pytest.mark.parametrize("text", ["", "20261118-0"])
def test_without_its_reference_an_order_is_known_by_the_number_it_was_given(text: str) -> None:
    ours = standings()
    sent = ours.sent(plan(STOP), 8, 17)
    assert ours.of(facts(text)) is sent
    assert ours.not_echoed
    assert ours.of(facts("", order_id=99, perm=1900)) is sent  # and then by its number for life


def test_an_order_id_of_another_life_names_nobody() -> None:  # L-03
    ours = standings()
    sent = ours.sent(plan(STOP), 8, 17)
    ours.of(facts(f"{STOP}-00ff", order_id=8, perm=1900))
    assert ours.of(facts("", order_id=8, perm=2222)) is None
    assert ours.of(facts("", order_id=8, perm=0, client=3)) is None
    other = ours.of(facts(f"{TARGET}-00ff", order_id=8, perm=2222))
    assert other is not None
    assert other is not sent
    assert other.ref == TARGET


def test_a_reference_that_has_two_numbers_is_noticed() -> None:  # L-02
    ours = standings()
    sent = ours.sent(plan(STOP), 8, 17)
    ours.of(facts(f"{STOP}-00ff", order_id=8, perm=1900))
    assert ours.of(facts(f"{STOP}-00ff", order_id=12, perm=2222)) is sent
    assert sent.others == {12}


def test_closing_orders_share_a_group_until_it_is_done() -> None:
    ours = standings()
    first = ours.oca_of(GROUP)
    stop = ours.sent(plan(STOP, first, child=True), 9, 17)
    target = ours.sent(plan(TARGET, first, child=True), 10, 17)
    assert ours.oca_of(GROUP) == first
    ours.group_done(target)
    second = ours.oca_of(GROUP)
    assert second != first
    again = ours.sent(plan(EXIT, second), 11, 17)
    assert again.alone
    assert not stop.alone
    assert ours.left_in_other_groups(GROUP, second) == (stop, target)
    stop.life = Life.OVER
    assert ours.left_in_other_groups(GROUP, second) == (target,)
    assert ours.oca_of("20261118-070-MES") == "20261118-070-MES-00ff"

"""Nothing but a permit of the law's own making opens the door (law.md 2)."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.fake.broker import FakeBroker
from domain.errors import PermitForged, PermitVoid
from domain.intent import OrderIntent
from domain.law import door
from domain.law.door import (
    AmendPermit,
    ExitPermit,
    Permit,
    ProtectPermit,
    TightenPermit,
    authorize_amend,
    authorize_exit,
    authorize_protection,
    authorize_tighten,
)
from domain.orders import OrderRef, Role
from domain.units import SECOND, Money
from law_builders import NOW, granted, intent
from market_builders import contracts, mes

REF = OrderRef("20240305-089-MES", Role.EXIT, 1)
STOP = OrderRef("20240305-089-MES", Role.STOP)
TARGET = OrderRef("20240305-089-MES", Role.TARGET)
ENTRY = OrderRef("20240305-089-MES", Role.ENTRY)


def broker() -> FakeBroker:
    return FakeBroker(mes(), contracts().execution, Money.parse("10000.00"))


def every_kind() -> list[object]:
    made = [
        granted(intent()),
        authorize_exit(REF, 1, 1),
        authorize_tighten(STOP, 1, 10, 11),
        authorize_protection(STOP, 1, 1, 10),
        authorize_amend(STOP, 1, 10, 11, 1),
    ]
    assert None not in made
    return list(made)


@pytest.mark.parametrize("seal", [None, object(), True, "seal"])
def test_no_other_hand_makes_permits(seal: object) -> None:
    with pytest.raises(PermitForged, match=r"^Permit is made by the law alone"):
        Permit(seal, intent(), NOW + SECOND, ())
    with pytest.raises(PermitForged, match=r"^ExitPermit is made by the law alone"):
        ExitPermit(seal, REF, -1, 1)
    with pytest.raises(PermitForged):
        TightenPermit(seal, STOP, 11)
    with pytest.raises(PermitForged):
        ProtectPermit(seal, STOP, -1, 1, 11)
    with pytest.raises(PermitForged):
        AmendPermit(seal, STOP, 11, 1)


@pytest.mark.parametrize("kind", range(5))
def test_no_copy_no_pickle_no_change(kind: int) -> None:
    permit = every_kind()[kind]
    with pytest.raises(PermitForged, match=r"^a permit cannot be copied or stored$"):
        copy.copy(permit)
    with pytest.raises(PermitForged):
        copy.deepcopy(permit)
    with pytest.raises(PermitForged):
        pickle.dumps(permit)
    with pytest.raises(PermitForged):
        permit.qty = 2  # type: ignore[attr-defined]
    with pytest.raises(PermitForged):
        permit.intent = intent(-1)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "base", [Permit, ExitPermit, TightenPermit, ProtectPermit, AmendPermit, door._Sealed]
)
def test_no_subclass(base: type) -> None:
    with pytest.raises(PermitForged, match=r"^the law's permits cannot be subclassed$"):
        type("Forged", (base,), {"__slots__": ()})


def test_a_permit_is_spent_once() -> None:
    permit = granted(intent())
    assert permit.redeem(NOW) == intent()
    with pytest.raises(PermitVoid, match="already used"):
        permit.redeem(NOW)


def test_a_void_permit_is_worth_nothing() -> None:
    permit = granted(intent())
    permit.void()
    with pytest.raises(PermitVoid):
        permit.redeem(NOW)


@pytest.mark.parametrize(
    ("after", "good"), [(0, True), (5 * SECOND - 1, True), (5 * SECOND, False)]
)
def test_a_permit_expires(after: int, good: bool) -> None:
    permit = granted(intent())
    if good:
        assert permit.redeem(NOW + after).side == 1
        return
    with pytest.raises(PermitVoid, match="expired"):
        permit.redeem(NOW + after)


@pytest.mark.parametrize(
    ("field", "value"), [("qty", 5), ("limit", 1), ("stop_price", 1), ("side", -1), ("a14", 9.0)]
)
def test_an_altered_intent_voids_its_permit(field: str, value: object) -> None:
    wanted = intent()
    permit = granted(wanted)
    object.__setattr__(wanted, field, value)
    with pytest.raises(PermitVoid, match="another intent"):
        permit.redeem(NOW)


def test_every_field_is_bound() -> None:
    """Two intents that differ in any one field have different hashes."""
    base = intent()
    seen = {base.hash()}
    for name, value in (
        ("decision_id", "2024-03-05-090-MES"), ("template", "K2"), ("side", -1), ("qty", 2),
        ("trigger", 5), ("limit", 5), ("stop_price", 5), ("target_price", 5), ("stop", 9),
        ("target", 9), ("decided_at", 1), ("expires_at", 1), ("time_stop_min", 1), ("theta_t", 0.5),
        ("level", 1), ("a14", 1.0), ("p0", 0.1), ("edge", 0.1), ("slip_est", 0.1), ("spread", 0.1),
        ("shadow", True), ("snapshot_hash", "1"),
    ):  # fmt: skip
        changed = (
            intent(**{name: value}) if name not in ("side", "stop", "target") else _put(name, value)
        )
        seen.add(changed.hash())
    assert len(seen) == 23


def _put(name: str, value: object) -> OrderIntent:
    made = intent()
    object.__setattr__(made, name, value)
    return made


class LooksLikeAPermit:
    """Everything a broker asks of a permit, without the law."""

    ref, side, qty, price = REF, -1, 1, 10

    def redeem(self, now: int) -> OrderIntent:
        return intent()


def bare(kind: type) -> object:
    """An instance that never went through the constructor."""
    forged = object.__new__(kind)
    for name, value in (
        ("ref", REF),
        ("side", -1),
        ("qty", 1),
        ("price", 10),
        ("intent", intent()),
    ):
        if name in kind.__slots__:
            object.__setattr__(forged, name, value)
    return forged


@pytest.mark.parametrize(
    "forged", [None, "permit", intent(), LooksLikeAPermit(), bare(Permit), bare(ExitPermit),
               bare(TightenPermit)],
    ids=lambda f: type(f).__name__,
)  # fmt: skip
def test_the_broker_takes_nothing_but_permits(forged: object) -> None:
    b = broker()
    with pytest.raises(PermitForged):
        b.submit(forged, NOW)  # type: ignore[arg-type]
    with pytest.raises(PermitForged):
        b.close(forged, "group", NOW)  # type: ignore[arg-type]
    with pytest.raises(PermitForged):
        b.move_stop(forged, NOW)  # type: ignore[arg-type]
    assert b.drain() == ()
    assert b.position().working_orders == 0


def test_the_broker_takes_no_permit_of_another_kind() -> None:
    entry, exit_permit, tighten, protect, amend = every_kind()
    b = broker()
    for wrong in (exit_permit, tighten, protect, amend):
        with pytest.raises(PermitForged, match=f"^{type(wrong).__name__} is no Permit of the law"):
            b.submit(wrong, NOW)  # type: ignore[arg-type]
    for wrong in (entry, tighten, protect, amend):
        with pytest.raises(PermitForged):
            b.close(wrong, "group", NOW)  # type: ignore[arg-type]
    for wrong in (entry, exit_permit, protect, amend):
        with pytest.raises(PermitForged):
            b.move_stop(wrong, NOW)  # type: ignore[arg-type]
    for wrong in (entry, exit_permit, tighten, amend):
        with pytest.raises(PermitForged):
            b.place(wrong, "group", NOW)  # type: ignore[arg-type]
    for wrong in (entry, exit_permit, tighten, protect):
        with pytest.raises(PermitForged):
            b.amend(wrong, NOW)  # type: ignore[arg-type]


def test_a_bare_permit_cannot_be_redeemed() -> None:
    forged = bare(Permit)
    assert isinstance(forged, Permit)
    with pytest.raises(PermitForged):
        forged.redeem(NOW)


@settings(deadline=None)
@given(st.integers(-3, 3), st.integers(-3, 5))
def test_an_exit_only_reduces(position: int, qty: int) -> None:
    permit = authorize_exit(REF, position, qty)
    if permit is None:
        assert position == 0 or not 1 <= qty <= abs(position)
        return
    after = position + permit.side * permit.qty
    assert abs(after) < abs(position)
    assert after * position >= 0  # never through zero


@settings(deadline=None)
@given(st.sampled_from([1, -1]), st.integers(-50, 50), st.integers(-50, 50))
def test_a_stop_is_only_tightened(side: int, current: int, wanted: int) -> None:
    permit = authorize_tighten(STOP, side, current, wanted)
    assert (permit is not None) == (side * (wanted - current) > 0)
    if permit is not None:
        assert permit.price == wanted


@settings(deadline=None)
@given(st.integers(-3, 3), st.integers(-3, 5), st.sampled_from([STOP, TARGET, REF, ENTRY]))
def test_protection_only_reduces(position: int, qty: int, ref: OrderRef) -> None:
    permit = authorize_protection(ref, position, qty, 77)
    lawful = 1 <= qty <= abs(position) and ref.role in (Role.STOP, Role.TARGET)
    assert (permit is not None) is lawful
    if permit is not None:
        assert (permit.ref, permit.qty, permit.price) == (ref, qty, 77)
        assert permit.side == (-1 if position > 0 else 1)


@settings(deadline=None)
@given(
    st.integers(-3, 3),
    st.integers(-1, 4),
    st.integers(-4, 4),
    st.integers(-4, 4),
    st.sampled_from([STOP, TARGET]),
)
def test_an_amended_order_covers_no_more_and_its_stop_never_loosens(
    position: int, qty: int, current: int, wanted: int, ref: OrderRef
) -> None:
    permit = authorize_amend(ref, position, current, wanted, qty)
    looser = wanted < current if position > 0 else wanted > current
    lawful = 1 <= qty <= abs(position) and not (ref.role is Role.STOP and looser)
    assert (permit is not None) is lawful
    if permit is not None:
        assert (permit.ref, permit.price, permit.qty) == (ref, wanted, qty)

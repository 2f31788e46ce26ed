"""The one door: whatever reaches a broker was made here (law.md 2).

`Permit`, `ExitPermit` and `TightenPermit` cannot be made elsewhere: their constructor
asks for a seal that this module keeps to itself, they have no wire form, and they cannot
be copied. The broker port accepts nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NoReturn, TypeVar

from domain.errors import PermitForged, PermitVoid
from domain.intent import OrderIntent
from domain.law import limits, moment
from domain.law.check import Bench, Check, Facts
from domain.law.constitution import Constitution
from domain.orders import OrderRef, Role
from domain.units import SECOND, Side, Ticks, UtcNanos

_SEAL: Final = object()

Article = Callable[[OrderIntent, Bench], Check]
ARTICLES: Final[tuple[Article, ...]] = (
    limits.kill,
    limits.halt,
    limits.position,
    limits.risk,
    limits.stop,
    limits.trades_today,
    limits.spacing,
    limits.daily_loss,
    limits.weekly_loss,
    limits.monthly_loss,
    limits.budget,
    limits.streak,
    limits.entry_type,
    limits.has_bracket,
    limits.no_averaging,
    limits.submissions,
    moment.account,
    moment.sides,
    moment.price,
    moment.distance,
    moment.window,
    moment.ttl,
    moment.margin,
    moment.in_doubt,
    moment.quality,
    moment.host,
    moment.mode,
)
"""Every article, in the order in which a refusal is named."""


class _Sealed:
    """Made by this module alone, never copied, pickled or changed."""

    __slots__ = ("_seal",)

    _seal: object

    def __init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise PermitForged(f"{type(self).__name__} is made by the law alone")
        object.__setattr__(self, "_seal", seal)

    def __init_subclass__(cls) -> None:
        if cls.__module__ != __name__:
            raise PermitForged("the law's permits cannot be subclassed")
        super().__init_subclass__()

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise PermitForged("a permit cannot be changed")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise PermitForged("a permit cannot be copied or stored")


class Permit(_Sealed):
    """Leave to send one entry bracket, once, before it expires.

    `intent_hash` binds it; `checks` are the verdicts it rests on.
    """

    __slots__ = ("_spent", "checks", "expires_at", "intent", "intent_hash")

    intent: OrderIntent
    intent_hash: str
    expires_at: UtcNanos
    checks: tuple[Check, ...]
    _spent: list[bool]

    def __init__(
        self, seal: object, intent: OrderIntent, expires_at: UtcNanos, checks: tuple[Check, ...]
    ) -> None:
        super().__init__(seal)
        put = object.__setattr__
        put(self, "intent", intent)
        put(self, "intent_hash", intent.hash())
        put(self, "expires_at", expires_at)
        put(self, "checks", checks)
        put(self, "_spent", [False])

    def redeem(self, now: UtcNanos) -> OrderIntent:
        """Spend the permit and hand out its intent.

        Errors: PermitForged if it did not come through the door, PermitVoid if it is spent,
        expired or altered.
        """
        genuine(self, Permit)
        if self._spent[0]:
            raise PermitVoid(f"{self.intent.decision_id}: permit already used")
        if now >= self.expires_at:
            raise PermitVoid(f"{self.intent.decision_id}: permit expired")
        if self.intent.hash() != self.intent_hash:
            raise PermitVoid(f"{self.intent.decision_id}: permit is for another intent")
        self._spent[0] = True
        return self.intent

    def void(self) -> None:
        """Take the permit back (a kill, a clock jump); a void permit cannot be redeemed."""
        self._spent[0] = True


class ExitPermit(_Sealed):
    """Leave to close at the market: `side` is the order's, `qty` never more than is open."""

    __slots__ = ("qty", "ref", "side")

    ref: OrderRef
    side: Side
    qty: int

    def __init__(self, seal: object, ref: OrderRef, side: Side, qty: int) -> None:
        super().__init__(seal)
        put = object.__setattr__
        put(self, "ref", ref)
        put(self, "side", side)
        put(self, "qty", qty)


class TightenPermit(_Sealed):
    """Leave to move a stop to `price`, which lies on the winning side of where it was."""

    __slots__ = ("price", "ref")

    ref: OrderRef
    price: Ticks

    def __init__(self, seal: object, ref: OrderRef, price: Ticks) -> None:
        super().__init__(seal)
        put = object.__setattr__
        put(self, "ref", ref)
        put(self, "price", price)


class ProtectPermit(_Sealed):
    """Leave to place a stop or a target that can only reduce: `side` is the order's."""

    __slots__ = ("price", "qty", "ref", "side")

    ref: OrderRef
    side: Side
    qty: int
    price: Ticks

    def __init__(self, seal: object, ref: OrderRef, side: Side, qty: int, price: Ticks) -> None:
        super().__init__(seal)
        put = object.__setattr__
        put(self, "ref", ref)
        put(self, "side", side)
        put(self, "qty", qty)
        put(self, "price", price)


class AmendPermit(_Sealed):
    """Leave to bring a stop or target to its recorded price, for no more than is open."""

    __slots__ = ("price", "qty", "ref")

    ref: OrderRef
    price: Ticks
    qty: int

    def __init__(self, seal: object, ref: OrderRef, price: Ticks, qty: int) -> None:
        super().__init__(seal)
        put = object.__setattr__
        put(self, "ref", ref)
        put(self, "price", price)
        put(self, "qty", qty)


_Kind = TypeVar("_Kind", Permit, ExitPermit, TightenPermit, ProtectPermit, AmendPermit)


def genuine(permit: object, kind: type[_Kind]) -> _Kind:
    """`permit`, if the law made it and it is of `kind`: every broker asks before it acts.

    Errors: PermitForged for anything else, whatever it looks like.
    """
    if type(permit) is not kind or getattr(permit, "_seal", None) is not _SEAL:
        raise PermitForged(f"{type(permit).__name__} is no {kind.__name__} of the law's")
    return permit


@dataclass(frozen=True, slots=True)
class Refusal:
    """Every check's verdict; `reason` is the code of the first that failed."""

    reason: str
    checks: tuple[Check, ...]

    @property
    def failed(self) -> tuple[Check, ...]:
        """The breaches, in the law's order."""
        return tuple(c for c in self.checks if not c.passed)


def authorize(intent: OrderIntent, facts: Facts, law: Constitution) -> Permit | Refusal:
    """Judge `intent` under every article; a refusal names all breaches, the first as its reason."""
    bench = Bench(facts, law)
    checks = tuple(article(intent, bench) for article in ARTICLES)
    for check in checks:
        if not check.passed:
            reason = "OBSERVE_ONLY" if check.id == "MODE" else f"PERMIT_REFUSED_{check.id}"
            return Refusal(reason, checks)
    expires_at = min(facts.now + law.permit_life_s * SECOND, facts.next_bar_close)
    return Permit(_SEAL, intent, expires_at, checks)


def authorize_exit(ref: OrderRef, position: int, qty: int) -> ExitPermit | None:
    """Leave to close `qty` of a signed `position`; None where that would not only reduce it."""
    if not 1 <= qty <= abs(position):
        return None
    return ExitPermit(_SEAL, ref, -1 if position > 0 else 1, qty)


def authorize_tighten(
    ref: OrderRef, side: Side, current: Ticks, wanted: Ticks
) -> TightenPermit | None:
    """Leave to move the stop of a position on `side`; None unless `wanted` is tighter."""
    if side * (wanted - current) <= 0:
        return None
    return TightenPermit(_SEAL, ref, wanted)


def authorize_protection(
    ref: OrderRef, position: int, qty: int, price: Ticks
) -> ProtectPermit | None:
    """Leave to place a stop or target for `qty` of a signed `position`; None where it would not
    only reduce it."""
    if not 1 <= qty <= abs(position) or ref.role not in (Role.STOP, Role.TARGET):
        return None
    return ProtectPermit(_SEAL, ref, -1 if position > 0 else 1, qty, price)


def authorize_amend(
    ref: OrderRef, position: int, current: Ticks, wanted: Ticks, qty: int
) -> AmendPermit | None:
    """Leave to bring a working order to `wanted` for `qty`; None where a stop would move away
    from the market or more would be covered than is open."""
    if not 1 <= qty <= abs(position):
        return None
    if ref.role is Role.STOP and (1 if position > 0 else -1) * (wanted - current) < 0:
        return None
    return AmendPermit(_SEAL, ref, wanted, qty)

"""The broker's port on a gateway: lawful orders out, the broker's words in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from adapters.ibkr.hub import Hub
from adapters.ibkr.orders import Plan, bracket, closing, market_exit, protection
from adapters.ibkr.questions import NotSentError
from adapters.ibkr.session import Session
from adapters.ibkr.standing import Standing
from adapters.ibkr.timekeeping import LinkTime
from domain.errors import PermitVoid
from domain.event import AccountSnapshot
from domain.execution.truth import BrokerTruth
from domain.law.door import (
    AmendPermit,
    ExitPermit,
    Permit,
    ProtectPermit,
    TightenPermit,
    genuine,
)
from domain.orders import OrderRef, Role, group_of
from domain.units import Ticks, UtcNanos
from ports.broker import BrokerPosition, Word
from ports.errors import BrokerDown, BrokerRefused


class IbkrReader:
    """What can be asked of a gateway without any way to send an order."""

    name = "ibkr"

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def read(self, now: UtcNanos) -> BrokerTruth:
        """One whole read. Errors: BrokerDown."""
        return self._hub.read(now)

    def drain(self) -> tuple[Word, ...]:
        """What was said since the last call."""
        return self._hub.words()

    def account(self) -> AccountSnapshot | None:
        """The latest figures, None while they are not known."""
        return self._hub.snapshot()

    def position(self) -> BrokerPosition:
        """The position in the traded month, read afresh. Errors: BrokerDown."""
        qty = self._hub.pinned_position()
        at_work = sum(1 for s in self._hub.desk.standings.all() if s.alive and not s.nowhere)
        return BrokerPosition(qty, at_work)


class IbkrBroker(IbkrReader):
    """The whole port.

    A request that provably left no byte raises PermitVoid, whatever the reason: the link is
    down, the gateway has lost its broker, or requests wait in a queue. BrokerDown is left for
    those of which nobody knows.
    """

    # ---- requests that need leave

    def submit(self, permit: Permit, now: UtcNanos) -> None:
        """Send entry, target and stop in one go; the stop releases all three."""
        intent = genuine(permit, Permit).redeem(now)
        hub, group = self._hub, group_of(intent.decision_id)
        hub.pump()
        refs = [OrderRef(group, role) for role in (Role.ENTRY, Role.TARGET, Role.STOP)]
        if hub.desk.standings.find(refs[0]) is not None:
            return  # one reference, one order
        entry, target, stop = ((ref, hub.desk.wire(ref)) for ref in refs)
        oca = hub.desk.standings.oca_of(group)
        margin = hub.settings.entry_expiry_margin_s
        self._send(bracket(intent, (entry, target, stop), oca, margin))

    def close(self, permit: ExitPermit, group: str, now: UtcNanos) -> None:
        """Send a market order that only reduces."""
        genuine(permit, ExitPermit)
        hub = self._hub
        hub.pump()
        if hub.desk.standings.find(permit.ref) is None:
            oca = hub.desk.standings.oca_of(group)
            self._send((market_exit(permit, hub.desk.wire(permit.ref), oca),))

    def place(self, permit: ProtectPermit, group: str, now: UtcNanos) -> None:
        """Send a stop or a target; a stop that opens a new group ends what is left of the old."""
        genuine(permit, ProtectPermit)
        hub = self._hub
        hub.pump()
        if hub.desk.standings.find(permit.ref) is not None:
            return
        oca = hub.desk.standings.oca_of(group)
        self._send((protection(permit, hub.desk.wire(permit.ref), oca),))
        if permit.ref.role is Role.STOP:
            for left in hub.desk.standings.left_in_other_groups(group, oca):
                if left.oca and hub.cancel(left.order_id):
                    left.asked_cancel = True

    def move_stop(self, permit: TightenPermit, now: UtcNanos) -> None:
        """Move a working stop towards profit; anything else is answered with a cancel reject."""
        genuine(permit, TightenPermit)
        standing = self._changeable(permit.ref)
        if standing is None or standing.price is None:
            return self._no_such(permit.ref)
        if standing.side * (standing.price - permit.price) <= 0:
            return self._no_such(permit.ref)
        return self._change(standing, permit.price, standing.qty)

    def amend(self, permit: AmendPermit, now: UtcNanos) -> None:
        """Bring a working order to the permit's price and quantity."""
        genuine(permit, AmendPermit)
        standing = self._changeable(permit.ref)
        if standing is None:
            return self._no_such(permit.ref)
        filled = self._hub.desk.ledger.filled(str(permit.ref))
        return self._change(standing, permit.price, filled + permit.qty)

    # ---- and the one that needs none

    def cancel(self, ref: OrderRef, now: UtcNanos) -> None:
        """Ask for a cancel under every number that the reference has. Errors: BrokerDown."""
        hub = self._hub
        hub.pump()
        if not hub.link.up:
            raise BrokerDown("the link is down")
        standing = hub.desk.standings.find(ref)
        if standing is None or not standing.order_id:
            return self._no_such(ref)
        for order_id in (standing.order_id, *sorted(standing.others)):
            try:
                hub.link.act(partial(_cancel, order_id))
            except NotSentError as error:
                raise BrokerDown(str(error)) from error
        standing.asked_cancel = True
        return None

    # ---- inside

    def _send(self, plans: Sequence[Plan]) -> None:
        hub = self._hub
        try:
            ids = hub.link.act(lambda s: s.place(plans))
        except NotSentError as error:
            raise PermitVoid(f"{plans[0].ref}: not sent: {error}") from error
        except Exception:
            for plan in plans:
                hub.desk.sent(plan, 0)
            raise
        for plan, order_id in zip(plans, ids, strict=True):
            hub.desk.sent(plan, order_id)

    def _changeable(self, ref: OrderRef) -> Standing | None:
        self._hub.pump()
        if not self._hub.link.up:
            raise BrokerDown("the link is down")
        standing = self._hub.desk.standings.find(ref)
        if standing is None or not standing.alive or not standing.order_id:
            return None
        return standing

    def _change(self, standing: Standing, price: Ticks, qty: int) -> None:
        hub, ref = self._hub, standing.ref
        plan = closing(ref, hub.desk.wire(ref), standing.side, qty, price, standing.oca)
        try:
            hub.link.act(lambda s: s.change(plan, standing.order_id))
        except NotSentError as error:
            raise BrokerDown(f"{ref}: not sent: {error}") from error
        standing.price_was = standing.price
        standing.price, standing.qty, standing.asked_change = price, qty, True

    def _no_such(self, ref: OrderRef) -> None:
        self._hub.desk.unknown_order(ref, LinkTime.host())
        self._hub.wake()


def _cancel(order_id: int, session: Session) -> None:
    session.cancel(order_id)


class ObservingBroker(IbkrReader):
    """The port of an OBSERVE run: there is nothing in it that could send an order."""

    def submit(self, permit: Permit, now: UtcNanos) -> None:
        """Errors: BrokerRefused, always."""
        self._refuse()

    def cancel(self, ref: OrderRef, now: UtcNanos) -> None:
        """Errors: BrokerRefused, always."""
        self._refuse()

    def close(self, permit: ExitPermit, group: str, now: UtcNanos) -> None:
        """Errors: BrokerRefused, always."""
        self._refuse()

    def move_stop(self, permit: TightenPermit, now: UtcNanos) -> None:
        """Errors: BrokerRefused, always."""
        self._refuse()

    def place(self, permit: ProtectPermit, group: str, now: UtcNanos) -> None:
        """Errors: BrokerRefused, always."""
        self._refuse()

    def amend(self, permit: AmendPermit, now: UtcNanos) -> None:
        """Errors: BrokerRefused, always."""
        self._refuse()

    @staticmethod
    def _refuse() -> None:
        raise BrokerRefused("an OBSERVE run sends no order")

"""From records to the broker's words: what the gateway said, each once, in our terms.

Everything here runs in the trading thread. Status comes from messages of the gateway alone,
never from what the library made of an error; positions follow executions.
"""

from __future__ import annotations

from typing import Final

from adapters.ibkr import codes
from adapters.ibkr.codes import OrderMeaning
from adapters.ibkr.executions import ExecutionLedger, UnreadableExecutionError
from adapters.ibkr.orders import Plan
from adapters.ibkr.prices import to_ticks, whole
from adapters.ibkr.records import ApiError, ExecSeen, FeeSeen, OrderFacts
from adapters.ibkr.refs import to_wire
from adapters.ibkr.settings import GatewaySettings
from adapters.ibkr.standing import Life, Standing, Standings
from adapters.ibkr.timekeeping import LinkTime, RunClock
from domain.event import FeeReported
from domain.orders import OrderEvent, OrderEventKind, OrderRef, Role
from domain.units import Ticks, UtcNanos
from ports.broker import Word

_K = OrderEventKind
WORKING: Final = frozenset({"PreSubmitted", "Submitted"})
OVER: Final = {
    "Filled": _K.FILL,
    "Cancelled": _K.CANCEL_ACK,
    "ApiCancelled": _K.CANCEL_ACK,
}
SILENT: Final = frozenset({"", "PendingSubmit", "ApiPending", "PendingCancel"})
INACTIVE: Final = "Inactive"
LOCAL: Final = frozenset({"ValidationError", "ApiUpdate"})
"""States that only a library knows: the order is as it was."""


class Desk:
    """Takes what was heard of orders and executions; `words` is what there is to say of it.

    `doubts` are reasons to ask everything afresh, `unreadable` counts executions that could not
    be read.
    """

    def __init__(self, settings: GatewaySettings, clock: RunClock) -> None:
        self._settings = settings
        self._clock = clock
        self._tick = settings.instrument.tick_size
        self._sequence = 0
        self.account = ""
        self.standings = Standings(settings.store_tag, settings.is_known, settings.client_id)
        self.ledger = ExecutionLedger(settings.instrument, settings.recorded_price)
        self.words: list[Word] = []
        self.doubts: list[str] = []
        self.unreadable: list[str] = []
        self.to_cancel: list[Standing] = []
        self._cancelled_codes: dict[str, float] = {}

    # ---- what we send

    def wire(self, ref: OrderRef) -> str:
        """The reference as it travels."""
        return to_wire(ref, self._settings.store_tag)

    def sent(self, plan: Plan, order_id: int) -> None:
        """An order has left under a number; 0 if nobody knows which."""
        self.standings.sent(plan, order_id, self._settings.client_id, self._clock.now())

    # ---- what is heard

    def status(self, facts: OrderFacts, at: UtcNanos) -> None:
        """A status message; one that an error has brought is no evidence."""
        standing = self.standings.of(facts)
        if standing is None:
            self._foreign(facts)
            return
        if facts.invented or facts.status in LOCAL:
            return
        self._cancelled_codes.pop(str(standing.ref), None)
        filled = whole(facts.filled) or 0
        if facts.status in WORKING:
            standing.life, standing.over = Life.WORKING, None
            kind = _K.PARTIAL if filled else _K.ACK
            self._once(standing, kind, at, facts.status, filled=filled)
        elif facts.status in OVER:
            self._over(standing, OVER[facts.status], facts.status, filled, at)
        elif facts.status == INACTIVE:
            self._inactive(standing, at)
        elif facts.status not in SILENT:
            self._once(standing, _K.UNKNOWN, at, facts.status)

    def shown(self, facts: OrderFacts, at: UtcNanos) -> None:
        """An order as it stands: a price other than ours is told."""
        standing = self.standings.of(facts)
        if standing is None:
            self._foreign(facts)
            return
        price = self.price_of(facts)
        if price is None or price == standing.price:
            if standing.asked_change and price == standing.price:
                standing.asked_change = False
                self._say(standing, _K.OPEN_ORDER, at, "Modified", price=price)
            return
        if standing.asked_change:
            return  # the message may be older than the change
        standing.price = price
        if standing.ref.role is not Role.ENTRY:
            self._say(standing, _K.OPEN_ORDER, at, "Changed", price=price)

    def execution(self, seen: ExecSeen, at: UtcNanos, tell: bool = True) -> None:
        """An execution; `tell` False if only the books are to know it."""
        if seen.account != self.account:
            return
        standing = self.standings.of_execution(seen)
        if standing is None:
            if seen.symbol == self._settings.instrument.symbol and tell:
                self.doubts.append("an execution that is not ours")
            return
        stamp = self._clock.stamp(at)
        sent = standing.sent_at or self._settings.recorded_sent(str(standing.ref))
        try:
            taken = self.ledger.take(seen, standing.ref, stamp, tell, sent)
        except UnreadableExecutionError as error:
            self.unreadable.append(str(error))
            return
        if taken.fill is not None:
            if standing.ref.role is not Role.ENTRY:
                self.standings.group_done(standing)
            if tell:
                self.words.append(taken.fill)
        if taken.requantified:
            self._say(standing, _K.UNKNOWN, at, "an execution was corrected")

    def fee(self, seen: FeeSeen) -> None:
        """A commission report."""
        self.ledger.fee(seen)

    def tell_fees(self, at: UtcNanos) -> None:
        """Say what was newly reported."""
        for exec_id, fee in self.ledger.fees_to_tell():
            self.words.append(FeeReported(self._clock.stamp(at), exec_id, fee))

    def error(self, seen: ApiError, at: UtcNanos) -> bool:
        """An error message; True if it was about an order of ours."""
        standing = self.standings.numbered(seen.req_id)
        if standing is None:
            return False
        meaning, code = codes.about_order(seen.code), seen.code
        fresh = standing.life is Life.SENT
        match meaning:
            case OrderMeaning.NOTE:
                pass
            case OrderMeaning.WAITS:
                if codes.says_next_session(seen.text) and standing.ref.role is Role.ENTRY:
                    self.to_cancel.append(standing)
            case OrderMeaning.CANCELLED:
                if standing.alive:
                    self._cancelled_codes[str(standing.ref)] = LinkTime.steady()
            case OrderMeaning.REFUSED:
                self._refused(standing, code, at)
            case OrderMeaning.REJECTED | OrderMeaning.BAD_PRICE if standing.asked_change:
                self._refused(standing, code, at)
            case OrderMeaning.REJECTED:
                self._reject(standing, code, at)
            case OrderMeaning.BAD_PRICE if fresh:
                self._reject(standing, code, at)
            case OrderMeaning.READ_ONLY if standing.asked_change or standing.asked_cancel:
                self._refused(standing, code, at)
            case OrderMeaning.READ_ONLY if fresh and codes.says_read_only(seen.text):
                self._reject(standing, code, at)
            case _:
                standing.change_in_doubt = standing.asked_change
                self._say(standing, _K.UNKNOWN, at, meaning.name, code=code)
        return True

    def read_at(self, standing: Standing, price: Ticks | None, at: UtcNanos) -> None:
        """A read that was begun after a code nobody knows shows an order: a change that it is
        without was refused by that code (F-58). One that comes all the same is told when shown."""
        if not standing.change_in_doubt:
            return
        standing.change_in_doubt = False
        if standing.asked_change and price == standing.price_was != standing.price:
            self._refused(standing, 0, at)

    def look_again(self, at: UtcNanos, after: float) -> None:
        """A code said that an order was cancelled and no status has followed: say so if it was
        our wish, ask if it was not."""
        now = LinkTime.steady()
        for text, since in tuple(self._cancelled_codes.items()):
            if now - since < after:
                continue
            del self._cancelled_codes[text]
            standing = next((s for s in self.standings.all() if str(s.ref) == text), None)
            if standing is None or not standing.alive:
                continue
            if standing.asked_cancel:
                self._over(standing, _K.CANCEL_ACK, "Cancelled", 0, at, code=202)
            else:
                self._say(standing, _K.UNKNOWN, at, "cancelled?", code=202)

    def unknown_order(self, ref: OrderRef, at: UtcNanos) -> None:
        """A change or a cancel was asked of an order that is not there."""
        self._say(Standing(ref), _K.CANCEL_REJECT, at, "Unknown")

    # ---- inside

    def _over(
        self, standing: Standing, kind: OrderEventKind, status: str, filled: int, at: UtcNanos,
        code: int = 0,
    ) -> None:  # fmt: skip
        unasked = kind is _K.CANCEL_ACK and not standing.asked_cancel
        if unasked and standing.alone and standing.alive:
            self.standings.group_done(standing)
        standing.life = Life.OVER
        standing.over = _K.REJECT if standing.refused and kind is _K.CANCEL_ACK else kind
        standing.asked_change = False
        self._once(standing, standing.over, at, status, filled=filled, code=code)

    def _inactive(self, standing: Standing, at: UtcNanos) -> None:
        """Refused, or held and perhaps to wake: a closing order like that protects nothing."""
        if standing.refused or standing.ref.role is not Role.ENTRY:
            standing.life, standing.over = Life.OVER, _K.REJECT
            self._once(standing, _K.REJECT, at, INACTIVE)
        else:
            self._once(standing, _K.UNKNOWN, at, INACTIVE)

    def _reject(self, standing: Standing, code: int, at: UtcNanos) -> None:
        standing.refused = True
        standing.life, standing.over = Life.OVER, _K.REJECT
        self._once(standing, _K.REJECT, at, "Rejected", code=code)

    def _refused(self, standing: Standing, code: int, at: UtcNanos) -> None:
        """A cancel or a change came to nothing; the order is what it was, or filled."""
        asked = standing.asked_cancel or standing.asked_change
        if standing.asked_change:
            standing.price = standing.price_was
        standing.asked_cancel = standing.asked_change = standing.change_in_doubt = False
        kind = _K.CANCEL_REJECT if asked else _K.UNKNOWN
        self._say(standing, kind, at, "refused", code=code)

    def _foreign(self, facts: OrderFacts) -> None:
        if facts.symbol == self._settings.instrument.symbol and facts.account in (
            "", self.account
        ):  # fmt: skip
            self.doubts.append("an order that is not ours")

    def price_of(self, facts: OrderFacts) -> Ticks | None:
        """What an order waits for: the stop's price or the limit's, None for a market order."""
        if facts.kind == "STP":
            return to_ticks(facts.stop, self._tick)
        return to_ticks(facts.limit, self._tick) if "LMT" in facts.kind else None

    def _once(
        self, standing: Standing, kind: OrderEventKind, at: UtcNanos, status: str,
        filled: int = 0, code: int = 0,
    ) -> None:  # fmt: skip
        """Say it unless it was the last thing said of this order: statuses come again and again."""
        said = (kind, filled)
        if standing.said == said:
            return
        self._say(standing, kind, at, status, filled=filled, code=code)
        standing.said = said

    def _say(
        self, standing: Standing, kind: OrderEventKind, at: UtcNanos, status: str,
        filled: int = 0, code: int = 0, price: Ticks | None = None,
    ) -> None:  # fmt: skip
        standing.said = ()
        self._sequence = max(self._sequence + 1, LinkTime.host() // 1_000)
        self.words.append(
            OrderEvent(
                str(standing.ref), standing.ref.role, kind, self._clock.stamp(at),
                self._sequence, standing.order_id, standing.perm_id, status, code, standing.qty,
                filled, price,
            )
        )  # fmt: skip

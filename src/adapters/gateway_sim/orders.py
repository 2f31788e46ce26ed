"""Orders as the gateway keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from adapters.gateway_sim.bars import SECOND
from adapters.gateway_sim.codec import Message, Value
from adapters.gateway_sim.contracts import ZONE, Quarter

LIVE = ("PreSubmitted", "Submitted", "PendingCancel")
ECHOED = (
    "action",
    "totalQuantity",
    "orderType",
    "lmtPrice",
    "auxPrice",
    "tif",
    "ocaGroup",
    "account",
    "openClose",
    "origin",
    "orderRef",
    "outsideRth",
    "hidden",
    "ocaType",
    "goodTillDate",
    "triggerMethod",
    "allOrNone",
    "displaySize",
)


@dataclass(slots=True)
class Order:
    """One order; prices in ticks, times UTC nanoseconds.

    `held`: a child whose parent has not filled. `born`: the start of the bar in which its
    parent filled, for the rules of that bar. `asked` keeps the request that made it.
    """

    number: int
    client: int
    perm: int
    quarter: Quarter
    asked: Message
    side: int
    qty: int
    kind: str
    limit: int | None
    stop: int | None
    tif: str
    expires: int | None
    ref: str
    oca: str
    account: str
    parent: Order | None = None
    transmitted: bool = False
    held: bool = False
    triggered: bool = False
    status: str = "PendingSubmit"
    filled: int = 0
    paid: int = 0  # sum of ticks times contracts over the fills
    last_price: int = 0
    live_at: int = 0
    born: int | None = None
    done_at: int = 0
    why: str = ""
    children: list[Order] = field(default_factory=list)

    @property
    def left(self) -> int:
        return self.qty - self.filled

    @property
    def live(self) -> bool:
        return self.status in LIVE

    @property
    def average(self) -> Decimal:
        """The average price of the fills."""
        if not self.filled:
            return Decimal("0.0")
        return self.quarter.product.tick * self.paid / self.filled

    def group(self) -> str:
        """The one-cancels-all group: the named one, or the children of one parent."""
        if self.oca:
            return self.oca
        return f"parent {self.parent.perm}" if self.parent is not None else ""

    def waits_for(self) -> str:
        """What `whyHeld` says."""
        if self.why:
            return self.why
        if self.held:
            return "child"
        resting = self.kind in ("STP", "STP LMT") and not self.triggered
        return "trigger" if resting and self.status == "PreSubmitted" else ""

    def words(self) -> dict[str, Value]:
        """The fields of openOrder."""
        values = {name: self.asked.values.get(name) for name in ECHOED}
        return {
            **{name: value for name, value in values.items() if value is not None},
            **self.quarter.block(),
            "orderId": self.number,
            "clientId": self.client,
            "permId": self.perm,
            "parentId": self.parent.number if self.parent is not None else 0,
            "status": self.status,
        }


def expiry(tif: str, until: str, now: int) -> int | None:
    """When an order ends by itself: never for GTC; `ValueError` if `until` cannot be read."""
    if tif == "GTD":
        return _moment(until)
    if tif in ("DAY", ""):
        return session_end(now)
    return None


def session_end(now: int) -> int:
    """The next 16:00 of Chicago after `now`."""
    local = datetime.fromtimestamp(now // SECOND, UTC).astimezone(ZONE)
    day: date = local.date()
    while True:
        end = datetime.combine(day, time(16), ZONE)
        if end > local and day.weekday() < 5:
            return int(end.timestamp()) * SECOND
        day += timedelta(days=1)


def _moment(text: str) -> int:
    """`YYYYMMDD-hh:mm:ss` is UTC; `YYYYMMDD hh:mm:ss [zone]` is of that zone, else Chicago."""
    if "-" in text:
        stamp = datetime.strptime(text, "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC)
    else:
        day, clock, *zone = text.split()
        naive = datetime.strptime(f"{day} {clock}", "%Y%m%d %H:%M:%S")  # noqa: DTZ007
        stamp = naive.replace(tzinfo=ZoneInfo(zone[0]) if zone else ZONE)
    return int(stamp.timestamp()) * SECOND


def moment(text: str, now: int) -> int:
    """The end of a historical request: empty is now."""
    return _moment(text) if text.strip() else now


@dataclass(frozen=True, slots=True)
class Execution:
    """One fill: `price` in ticks, `at` UTC nanoseconds."""

    exec_id: str
    order: Order
    qty: int
    price: int
    at: int
    cumulative: int
    average: Decimal
    fee: Decimal
    profit: Decimal | None
    liquidation: int = 0

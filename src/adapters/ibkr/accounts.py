"""The account: is it ours, and what it is worth (ibkr.md 7, account values)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from adapters.ibkr.prices import number
from adapters.ibkr.records import AccountSeen
from adapters.ibkr.settings import LIVE, PAPER, GatewaySettings
from domain.event import AccountSnapshot
from domain.units import Money, UtcNanos
from ports.errors import BrokerRefused

EQUITY: Final = "NetLiquidation"
AVAILABLE: Final = "AvailableFunds"
EXCESS: Final = "ExcessLiquidity"
BUYING: Final = "BuyingPower"
READY: Final = "AccountReady"
_AMOUNTS: Final = frozenset({EQUITY, AVAILABLE, EXCESS, BUYING})
_CURRENCY: Final = "USD"
_PLACES: Final = Decimal("0.0001")


def check_account(settings: GatewaySettings, offered: Sequence[str], before: str | None) -> str:
    """The account to trade in: the one that was named, or the only one.

    Errors: BrokerRefused if it is not there, there are several, or it is of the wrong kind.
    """
    wanted = before or settings.account
    if wanted is None:
        if len(offered) != 1:
            raise BrokerRefused(f"the gateway offers {len(offered)} accounts: name one")
        wanted = offered[0]
    elif wanted not in offered:
        raise BrokerRefused(f"account {masked(wanted)} is not offered by this gateway")
    check_kind(settings.mode, wanted)
    return wanted


def check_kind(mode: str, account: str) -> None:
    """Errors: BrokerRefused if `account` is not of the kind that `mode` trades in."""
    paper = account.upper().startswith("D")
    if mode == PAPER and not paper:
        raise BrokerRefused(f"account {masked(account)} is no paper account")
    if mode == LIVE and (paper or not account.upper().startswith(("U", "F"))):
        raise BrokerRefused(f"account {masked(account)} is no live account")


def masked(account: str) -> str:
    """An account id as it may be shown: `U1…67`."""
    return f"{account[:2]}…{account[-2:]}" if len(account) > 4 else "…"


class AccountBook:
    """The latest figures of one account in US dollars."""

    def __init__(self) -> None:
        self.account = ""
        self._amounts: dict[str, Decimal | None] = {}
        self._ready = True
        self._at: UtcNanos = 0
        self._fresh = False

    def take(self, row: AccountSeen, at: UtcNanos) -> None:
        """Take one row; those of other accounts, currencies and segments are not ours."""
        if row.account != self.account:
            return
        if row.tag == READY:
            self._ready = row.value.strip().lower() != "false"
            self._fresh = True
        elif row.tag in _AMOUNTS and row.currency == _CURRENCY:
            self._amounts[row.tag] = number(row.value)
            self._at = at
            self._fresh = True

    def forget(self) -> None:
        """A new connection: what was known is out of date."""
        self._amounts.clear()
        self._ready = True
        self._fresh = False

    @property
    def at(self) -> UtcNanos:
        """When an amount was last received, 0 if never."""
        return self._at

    @property
    def known(self) -> bool:
        """True if the gateway vouches for the figures and none of those needed is missing."""
        return self._ready and None not in (
            self._amounts.get(EQUITY), self._amounts.get(AVAILABLE)
        )  # fmt: skip

    def snapshot(self) -> AccountSnapshot | None:
        """Equity and what is free for margin; None while either is unknown.

        A margin call is a negative excess liquidity or buying power, and shows as a negative
        amount; negative available funds alone are none, and show as nothing free.
        """
        equity, available = self._amounts.get(EQUITY), self._amounts.get(AVAILABLE)
        if not self._ready or equity is None or available is None:
            return None
        called = [
            v for v in (self._amounts.get(EXCESS), self._amounts.get(BUYING))
            if v is not None and v < 0
        ]  # fmt: skip
        free = min(called) if called else max(available, Decimal(0))
        return AccountSnapshot(self._at, _money(equity), _money(free))

    def changed(self) -> AccountSnapshot | None:
        """The figures if any row has come since the last call, and they are known."""
        fresh, self._fresh = self._fresh, False
        return self.snapshot() if fresh else None


def _money(value: Decimal) -> Money:
    return Money.parse(value.quantize(_PLACES, rounding=ROUND_FLOOR))

"""Which method of the core takes which word of a broker."""

from __future__ import annotations

from application.day import TradingDay
from application.desk import Outcome
from domain.event import AccountSnapshot, FeeReported
from domain.orders import Fill, OrderEvent
from ports.broker import LinkChanged, Word


def heard(core: TradingDay, word: Word) -> Outcome:
    """Hand one word to the core."""
    dealing = core.dealing
    match word:
        case Fill():
            return dealing.fill(word)
        case OrderEvent():
            return dealing.order_event(word)
        case FeeReported():
            return dealing.fee(word)
        case AccountSnapshot():
            return dealing.account(word)
        case LinkChanged():
            return dealing.connection(word.up, word.reason, word.time)

"""The Protocols through which the use cases meet the outside world."""

HOUSE = "tradebot"

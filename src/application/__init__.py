"""The use cases in the order of a trading day, and the composition root."""

HOUSE = "tradebot"

"""What the bot knows and decides: pure values and functions, standard library only."""

HOUSE = "tradebot"

"""Implementations of the ports: engines, brokers, stores, calendars, files."""

HOUSE = "tradebot"

"""Interactive Brokers: one account, one futures contract, one process (see docs/ibkr.md)."""

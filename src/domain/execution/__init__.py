"""The execution supervisor: a pure state machine of one bracket's orders (execution.md)."""

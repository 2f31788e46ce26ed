"""The guard file: what the law must not forget, outside the store (events.md 5)."""

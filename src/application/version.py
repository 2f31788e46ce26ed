"""Which version of the program this is."""

from __future__ import annotations

from importlib import metadata


def version() -> str:
    """The installed version; `source` where the program runs from a tree that is not installed."""
    try:
        return metadata.version("tradebot")
    except metadata.PackageNotFoundError:
        return "source"

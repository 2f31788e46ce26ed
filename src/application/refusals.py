"""Why a run does not begin, apart from wrong input and failed ports."""

from __future__ import annotations


class KillLatchedError(Exception):
    """The kill switch of the store is set; only a person lifts it."""

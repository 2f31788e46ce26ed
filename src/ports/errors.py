"""Failures of ports, apart from refusals: what an adapter may raise into a use case.

PortError
├── EngineError          a bar or snapshot that no engine can take
├── BadInput             a file, contract or setting that is wrong; names where
│   ├── BadBarFile
│   └── BadContract
├── StoreFailure         the event store refuses a write or does not verify
├── GuardFailure         the guard file is held, bad, shared or cannot be written
├── BrokerDown           nobody knows whether a request arrived
└── BrokerRefused        the broker is there, and is not one that this run may trade with
    └── MonthOver        the named contract month has expired, or is not listed any more
"""

from __future__ import annotations


class PortError(Exception):
    """Anything an adapter reports."""


class EngineError(PortError):
    """A bar or a snapshot that no engine can take; the engine is as it was before."""


class BadInput(PortError):
    """Input a person can mend: the message names the file, the line or field, and the reason."""

    def __init__(self, source: str, where: str, reason: str) -> None:
        super().__init__(f"{source}: {where}: {reason}" if where else f"{source}: {reason}")
        self.source = source
        self.where = where
        self.reason = reason


class BadBarFile(BadInput):
    """A bar file that cannot be read as bars."""


class BadContract(BadInput):
    """A contract file that is wrong, unknown, incomplete or looser than the law allows."""


class StoreFailure(PortError):
    """The event store refused a write, or what it holds does not verify."""


class GuardFailure(PortError):
    """The guard file is held by another process, bad, open to others or cannot be written."""


class BrokerDown(PortError):
    """The link failed: whether the request arrived is unknown."""


class BrokerRefused(PortError):
    """The wrong account, mode, contract or permission, or the client id is in use."""


class MonthOver(BrokerRefused):
    """The contract month that was named has expired or is not listed (any more)."""

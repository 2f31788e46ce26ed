"""Failures of ports, apart from refusals: what an adapter may raise into a use case.

PortError
├── EngineError          a bar or snapshot that no engine can take
├── BadInput             a file, contract or setting that is wrong; names where
│   ├── BadBarFile
│   └── BadContract
├── StoreFailure         the event store refuses a write or does not verify
│   ├── StoreDamaged     what it holds is broken: no other attempt finds it whole
│   └── StoreUnfit       it is another program's, another revision's or another symbol's
├── GuardFailure         the guard file is held, bad, shared or cannot be written
│   └── GuardUnfit       it cannot be trusted: damaged, a newer program's, open to others
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


class StoreDamaged(StoreFailure):
    """What the event store holds is broken. To try again changes nothing: a person has to look."""


class StoreUnfit(StoreFailure):
    """A store that this program, as it is started, can never use: a person named the wrong one."""


class GuardFailure(PortError):
    """The guard file is held by another process, bad, open to others or cannot be written."""


class GuardUnfit(GuardFailure):
    """A guard file that cannot be trusted. To try again changes nothing: a person has to look."""


class BrokerDown(PortError):
    """The link failed: whether the request arrived is unknown."""


class BrokerRefused(PortError):
    """The wrong account, mode, contract or permission, or the client id is in use."""


class MonthOver(BrokerRefused):
    """The contract month that was named has expired or is not listed (any more)."""

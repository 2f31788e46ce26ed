"""What shows that a person acts: a terminal, a typed reason, a name."""

from __future__ import annotations

import os
import pwd
import sys

from application.rebind import reason_refused
from application.settings import Mode
from ports.errors import BadInput


def typed_reason(reason: str) -> str:
    """`reason` without blanks around it.

    Errors: BadInput if it says too little.
    """
    refused = reason_refused(reason)
    if refused:
        raise BadInput("command line", "--reason", refused)
    return reason.strip()


def terminal_in_live(mode: Mode) -> None:
    """Errors: BadInput in LIVE unless a person sits at a terminal."""
    if mode is Mode.LIVE and not at_terminal():
        raise BadInput("command line", "", "in LIVE this is done at a terminal, not from a pipe")


def at_terminal() -> bool:
    """True if what is read is typed."""
    return sys.stdin is not None and sys.stdin.isatty()


def who() -> str:
    """The name of the person's account on this machine."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"

"""Whose store it is, and whether a run may start on it: the rules of events.md 5, pure."""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

from domain.units import UtcNanos
from ports.guard import GuardState, Latch

FAKE: Final = "fake"
LIVE: Final = "LIVE"
OBSERVE: Final = "OBSERVE"
MANUAL: Final = "MANUAL"


class Owner(NamedTuple):
    """Adapter, digest of the account and mode; empty where a store is not bound yet. A store
    that only OBSERVE has used has no mode.
    """

    adapter: str = ""
    account: str = ""
    mode: str = ""


class Start(Enum):
    """How a run may start on a store beside its guard file."""

    GO = "start"
    BIND = "start, and the guard file begins here"
    NEW_GUARD = "start, the guard file begins anew, and a person is told"
    NO_ENTRIES = "protect and exit only, and a person is told: STORE_MISMATCH"
    REFUSED = "refuse: db bind first"


class StoreFacts(NamedTuple):
    """What of a store is compared with its guard: id, number of its last event (0 if new), and
    the chain head at the guard's `seq`, None if the store does not reach so far.
    """

    store_id: str
    seq: int
    head_at_guard: str | None


class Verdict(NamedTuple):
    """How to start, and why, in words for a person."""

    start: Start
    reason: str


def taken_by(bound: Owner, asked: Owner, events: int) -> str:
    """Why the store of `bound`, which holds `events`, is not for a run of `asked`; empty if
    it is. One adapter and account for ever, and PAPER or LIVE; OBSERVE may share it.
    """
    if bound == Owner():
        if events and asked.adapter != FAKE:
            return f"it holds events of no known account, so it is none of {asked.adapter}'s"
        return ""
    if bound.adapter != asked.adapter:
        return f"it is a store of {bound.adapter}, and serves no {asked.adapter} account"
    if bound.account != asked.account:
        return "it is the store of another account"
    if OBSERVE in (asked.mode, bound.mode) or not bound.mode or bound.mode == asked.mode:
        return ""
    return f"it is a store of {bound.mode}, whose results never count in {asked.mode}"


def bound_after(bound: Owner, asked: Owner) -> Owner:
    """Whose the store is once a run of `asked` has opened it: OBSERVE leaves the mode open."""
    mode = bound.mode or ("" if asked.mode == OBSERVE else asked.mode)
    return Owner(asked.adapter, asked.account, mode)


def start(mode: str, account: str, store: StoreFacts, guard: GuardState | None) -> Verdict:
    """The table of events.md 5 for a run in `mode` on the account with digest `account`.

    At a guard of `seq` 0 there is no event whose head could differ, so the id decides.
    """
    live = mode == LIVE
    if guard is None:
        what = "new" if store.seq == 0 else "used before, and its guard file is gone"
        if live:
            return Verdict(Start.REFUSED, f"the store is {what}: `tradebot db bind` first")
        return Verdict(Start.NEW_GUARD if store.seq else Start.BIND, f"the store is {what}")
    reason = _difference(mode, account, store, guard)
    if not reason:
        return Verdict(Start.GO, "the store agrees with its guard file")
    return Verdict(Start.NO_ENTRIES if live else Start.NEW_GUARD, reason)


def _difference(mode: str, account: str, store: StoreFacts, guard: GuardState) -> str:
    if (guard.account, guard.mode) != (account, mode):
        return "the guard file is of another account or mode"
    if guard.store_id != store.store_id:
        return "the store is not the one that the guard file knows: deleted, replaced or new"
    if store.seq < guard.seq:
        return f"the store ends at seq {store.seq}, the guard file knows seq {guard.seq}"
    if guard.seq and store.head_at_guard != guard.head:
        return f"the store has another chain head at seq {guard.seq} than the guard file"
    return ""


def latch_found(
    store: Latch | None, guard: GuardState | None, note: str | None, now: UtcNanos
) -> Latch | None:
    """The kill latch, found in any of its three places; the store's words first.

    `note` is the text of a kill file. Where several hold one, one is enough.
    """
    if store is not None:
        return store
    if guard is not None and guard.latch is not None:
        return guard.latch
    if guard is not None and guard.law.killed:
        return Latch(guard.law.kill_trigger or MANUAL, "recorded in the guard file", now)
    return None if note is None else Latch(MANUAL, note, now)

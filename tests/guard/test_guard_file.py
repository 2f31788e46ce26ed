"""The guard file: in place, in turn, synced, locked, and never mistaken for "no latch"."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.guard import codec
from adapters.guard.file import GuardFile, open_guard, read_guard
from adapters.guard.slots import FILE, ROOM, SLOT, pack
from changing import replace
from domain.law.state import LawState
from guard.states import HURT, LATCH, NOON, state, states
from ports.errors import GuardFailure
from ports.guard import GuardState

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "x.guard"


def written(path: Path, *given_states: GuardState) -> None:
    guard = open_guard(path, NOON)
    for each in given_states:
        guard.write(each)
    guard.close()


def damage(path: Path, slot: int, at: int = 100) -> None:
    raw = bytearray(path.read_bytes())
    raw[slot * SLOT + at] ^= 0x10
    path.write_bytes(raw)


@given(given_state=states)
def test_what_is_encoded_is_what_is_read(given_state: GuardState) -> None:
    found = codec.decode(codec.encode(given_state))
    if given_state.latch is None:
        assert found == given_state
    else:  # what is no text in UTF-8 cannot be kept as it is
        assert found is not None
        assert replace(found, latch=None) == replace(given_state, latch=None)
        assert found.latch is not None
        assert found.latch[::2] == given_state.latch[::2]


def test_every_field_of_the_law_is_kept() -> None:
    fresh = LawState()
    same = [f for f in LawState._fields if getattr(fresh, f) == getattr(HURT, f)]
    assert same == [], "give the worst day a value for these, else nothing is shown"
    found = codec.decode(codec.encode(state(latch=LATCH)))
    assert found == state(latch=LATCH)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{}", b"[]", b"7", b"nul", b"\xff", b'{"seq":1}',
        codec.encode(state()).replace(b'"seq":7', b'"seq":true'),
        codec.encode(state()).replace(b'"seq":7', b'"seq":"7"'),
        codec.encode(state()).replace(b'"seq":7', b'"seq":7,"more":1'),
        codec.encode(state()).replace(b"HALT_DAY", b"HALT_YEAR"),
        codec.encode(state()).replace(b"2013-10-07", b"2013-13-07"),
    ],
)  # fmt: skip
def test_what_is_no_state_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError):
        codec.decode(content)


def test_a_counter_that_an_older_program_did_not_write_has_its_default() -> None:
    older = codec.encode(state()).replace(b'"good_minutes":29,', b"")
    found = codec.decode(older)
    assert found is not None
    assert found.law == HURT._replace(good_minutes=0)


def test_a_new_guard_is_blank_and_of_its_full_size(path: Path) -> None:
    assert read_guard(path) is None
    guard = open_guard(path, NOON)
    assert guard.read() is None
    assert read_guard(path) is None
    assert path.stat().st_size == FILE == 8192
    assert path.stat().st_mode & 0o777 == 0o600
    guard.close()
    guard.close()
    with pytest.raises(GuardFailure, match="closed"):
        guard.read()


def test_the_last_state_is_read_by_the_next_run_and_without_the_lock(path: Path) -> None:
    guard = open_guard(path, NOON)
    for n in range(5):
        guard.write(state(n))
        assert guard.read() == read_guard(path) == state(n)
    guard.close()
    again = open_guard(path, NOON)
    assert again.read() == state(4)
    assert not again.damaged
    again.close()


def test_slots_are_written_in_turn_and_in_place(path: Path) -> None:
    guard = open_guard(path, NOON)
    inode, before = path.stat().st_ino, path.read_bytes()
    changed = []
    for n in range(4):
        guard.write(state(n))
        raw = path.read_bytes()
        changed.append([raw[:SLOT] != before[:SLOT], raw[SLOT:] != before[SLOT:]])
        before = raw
    guard.close()
    assert changed == [[True, False], [False, True], [True, False], [False, True]]
    assert (path.stat().st_ino, path.stat().st_size) == (inode, FILE)


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("slot", [0, 1])
def test_a_torn_write_leaves_the_other_slot(path: Path, slot: int, count: int) -> None:
    written(path, *(state(n) for n in range(count)))
    damage(path, slot)
    guard = open_guard(path, NOON)
    newest = (count - 1) % 2
    left = count - 1 if newest != slot else count - 2
    expected = state(left) if left >= 0 else None
    assert guard.read() == read_guard(path) == expected
    assert guard.damaged
    guard.write(state(50))
    assert guard.read() == state(50)
    assert not guard.damaged
    guard.close()


def test_two_bad_slots_are_an_error_and_stay_as_they_are(path: Path) -> None:
    written(path, state(1, LATCH), state(2, LATCH))
    damage(path, 0)
    damage(path, 1)
    before = path.read_bytes()
    guard = open_guard(path, NOON)
    for act in (guard.read, lambda: guard.write(state(3)), lambda: read_guard(path)):
        with pytest.raises(GuardFailure, match="both slots are bad"):
            act()
    guard.close()
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"no guard at all", b"x" * FILE, bytes(FILE)])
def test_a_file_that_is_no_guard_is_an_error(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(GuardFailure, match="both slots are bad"):
        read_guard(path)


def test_a_latch_and_its_end_survive_the_loss_of_either_slot(path: Path) -> None:
    for latch, other in ((LATCH, None), (None, LATCH)):
        for slot in (0, 1):
            path.unlink(missing_ok=True)
            written(path, state(1, other), state(2, other), state(3, latch))
            damage(path, slot)
            found = read_guard(path)
            assert found is not None
            assert found.latch == latch


@pytest.fixture(scope="module")
def two_states(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A guard file with state 1 in its first slot and state 2 in its second."""
    path = tmp_path_factory.mktemp("two") / "x.guard"
    written(path, state(1, LATCH), state(2, LATCH))
    return path


@settings(max_examples=100, deadline=None)
@given(at=st.integers(0, FILE - 1), mask=st.integers(1, 255))
def test_a_changed_byte_costs_its_slot_alone(two_states: Path, at: int, mask: int) -> None:
    raw = bytearray(two_states.read_bytes())
    raw[at] ^= mask
    copy = two_states.with_name("copy")
    copy.write_bytes(raw)
    newest = read_guard(two_states)
    assert newest == state(2, LATCH)
    slot_of_newest = 0  # a latch is written to both slots, so the second write was the third
    found = read_guard(copy)
    assert found == (state(1, LATCH) if at // SLOT == slot_of_newest else newest)


@settings(max_examples=60, deadline=None)
@given(length=st.integers(0, FILE - 1))
def test_a_file_cut_anywhere_gives_a_state_or_an_error(two_states: Path, length: int) -> None:
    copy = two_states.with_name("cut")
    copy.write_bytes(two_states.read_bytes()[:length])
    if length < SLOT:
        with pytest.raises(GuardFailure):
            read_guard(copy)
    else:
        assert read_guard(copy) == state(2, LATCH)


def test_a_guard_of_a_newer_program_is_not_read_as_an_older_state(path: Path) -> None:
    written(path, state(1), state(2))
    raw = path.read_bytes()
    newer = pack(9, b"{}", version=2)
    path.write_bytes(raw[:SLOT] + newer)
    with pytest.raises(GuardFailure, match="newer program"):
        read_guard(path)
    path.write_bytes(raw[:SLOT] + pack(9, codec.encode(state()).replace(b'"seq"', b'"sequel"')))
    with pytest.raises(GuardFailure, match="newer program"):
        read_guard(path)


def test_long_words_are_cut_and_the_latch_is_kept(path: Path) -> None:
    for character in ("x", "✓", "\0", '"', "\ud800"):
        path.unlink(missing_ok=True)
        written(path, state(1, LATCH._replace(detail=character * 100_000)))
        found = read_guard(path)
        assert found is not None
        assert found.latch is not None
        assert found.latch.trigger == "MANUAL"
        assert len(codec.encode(found)) > ROOM - 10


def test_a_write_that_fails_leaves_what_was_there(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = open_guard(path, NOON)
    guard.write(state(1))

    def refuse(*_: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", refuse)
        with pytest.raises(GuardFailure, match="Input/output error"):
            guard.write(state(2))
    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", lambda *_: 17)
        with pytest.raises(GuardFailure, match="wrote 17 of 4096"):
            guard.write(state(2))
    guard.write(state(3))
    guard.close()
    damage(path, 1)
    assert read_guard(path) == state(1), "the failed writes must not have touched the good slot"


HOLDER = """
import sys, time
from pathlib import Path
from adapters.guard.file import open_guard
from guard.states import NOON, state
guard = open_guard(Path(sys.argv[1]), NOON)
guard.write(state(1))
print("held", flush=True)
n = 1
while True:
    n += 1
    guard.write(state(n))
    print(n, flush=True)
"""


def test_a_second_process_is_refused_and_a_killed_holder_lets_go(path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}"},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    words = rf"in use by process {child.pid}, started 2013-10-07T16:00:00"
    with pytest.raises(GuardFailure, match=words):
        open_guard(path, NOON)
    for _ in range(20):
        assert read_guard(path) is not None, "a reader needs no lock"
    os.kill(child.pid, signal.SIGKILL)
    told = child.stdout.read().split("\n")[:-1]
    child.stdout.close()
    assert child.wait() == -signal.SIGKILL
    guard = open_guard(path, NOON)
    found = guard.read()
    assert found is not None
    assert found.seq >= int(told[-1]), "a write that returned was lost"
    guard.close()


def test_the_lock_holds_within_one_process_and_ends_with_close(path: Path) -> None:
    first = open_guard(path, NOON)
    with pytest.raises(GuardFailure, match=f"process {os.getpid()}"):
        open_guard(path, NOON)
    first.close()
    open_guard(path, NOON).close()


def test_a_holder_without_a_note_is_still_a_holder(path: Path) -> None:
    first = open_guard(path, NOON)
    path.with_name("x.guard.holder").unlink()
    with pytest.raises(GuardFailure, match="in use by another process"):
        open_guard(path, NOON)
    first.close()


def test_a_guard_replaced_while_it_was_waited_for_is_not_the_one_locked(path: Path) -> None:
    first: GuardFile = open_guard(path, NOON)
    path.unlink()
    second = open_guard(path, NOON)
    assert second.read() is None
    first.close()
    second.close()


@pytest.mark.parametrize("kind", ["folder", "link", "under a file"])
def test_what_cannot_be_a_guard_is_named(path: Path, kind: str) -> None:
    path.parent.mkdir()
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to(path.with_name("elsewhere"))
    else:
        path.write_text("x")
        path = path / "x.guard"
    with pytest.raises(GuardFailure, match=r"guard file .*x\.guard: "):
        open_guard(path, NOON)

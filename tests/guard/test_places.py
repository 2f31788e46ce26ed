"""Where guard and kill files stand, and that nobody else may write them in LIVE."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from adapters.guard.places import (
    Whose,
    account_digest,
    default_state_dir,
    guards_in,
    kill_of,
    places,
    refuse_shared,
)
from ports.errors import BadInput, GuardFailure

STORE = Path("/data/shop/s.db")
ACCOUNT = account_digest("ibkr", "U1234567")


def whose(mode: str, adapter: str = "ibkr") -> Whose:
    return Whose(adapter, account_digest(adapter, "U1234567"), mode)


def test_a_digest_stands_for_adapter_and_account() -> None:
    assert len({account_digest(a, b) for a in ("ibkr", "fake") for b in ("U1", "U2")}) == 4
    assert "U1234567" not in ACCOUNT


def test_live_stands_in_the_state_directory_others_beside_the_store(tmp_path: Path) -> None:
    found = {mode: places(whose(mode), STORE, "", None) for mode in ("LIVE", "PAPER", "OBSERVE")}
    guards = [each.guard for each in found.values()]
    assert all(guards)
    assert len(set(guards)) == 3
    assert found["LIVE"].kill.parent == default_state_dir()
    assert found["PAPER"].kill.parent == found["OBSERVE"].kill.parent == STORE.parent
    for each in found.values():
        assert each.guard is not None
        assert kill_of(each.guard) == each.kill
        assert "U1234567" not in str(each)
    for mode in found:
        moved = places(whose(mode), STORE, "", tmp_path)
        assert moved.guard is not None
        assert moved.guard.parent == moved.kill.parent == tmp_path
        assert moved.guard.name == getattr(found[mode].guard, "name", "")


def test_another_account_or_mode_has_another_guard() -> None:
    names = {
        places(Whose("ibkr", account_digest("ibkr", each), "LIVE"), STORE, "", None).guard
        for each in ("U1", "U2", "U3")
    }
    assert len(names) == 3


def test_the_fake_broker_has_a_kill_file_beside_its_store_and_no_guard(tmp_path: Path) -> None:
    for folder in (None, tmp_path):
        found = places(whose("PAPER", "fake"), STORE, "", folder)
        assert found == (None, STORE.with_name("s.db.kill"))


def test_a_store_on_a_server_has_its_files_in_the_state_directory(tmp_path: Path) -> None:
    one = places(whose("PAPER"), None, "postgresql://a/one", None)
    assert one.guard is not None
    assert one.guard.parent == default_state_dir()
    fakes = {
        places(whose("PAPER", "fake"), None, f"postgresql://a/{name}", tmp_path).kill
        for name in ("one", "two")
    }
    assert len(fakes) == 2
    assert {path.parent for path in fakes} == {tmp_path}


@pytest.mark.parametrize("folder", ["state", "/data/shop", "/data/shop/../shop"])
def test_live_refuses_a_relative_folder_and_the_stores_own(folder: str) -> None:
    with pytest.raises(BadInput, match="state-dir"):
        places(whose("LIVE"), STORE, "", Path(folder))
    places(whose("PAPER"), STORE, "", Path(folder))


def test_the_guards_of_a_folder_are_found(tmp_path: Path) -> None:
    assert list(guards_in(tmp_path / "none")) == []
    for name in ("b.guard", "a.guard", "a.kill", "a.guard.holder"):
        (tmp_path / name).touch()
    assert [path.name for path in guards_in(tmp_path)] == ["a.guard", "b.guard"]


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666, 0o700 | 0o022])
@pytest.mark.parametrize("which", ["file", "folder"])
def test_what_others_may_write_is_refused(tmp_path: Path, mode: int, which: str) -> None:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    path = folder / "x.guard"
    path.touch(mode=0o600)
    refuse_shared(path)
    (path if which == "file" else folder).chmod(mode | 0o500)
    with pytest.raises(GuardFailure, match="may be written by others"):
        refuse_shared(path)
    folder.chmod(0o700)


def test_what_others_may_read_is_refused_where_it_is_secret(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.touch(mode=0o644)
    path.chmod(0o644)
    tmp_path.chmod(0o755)
    refuse_shared(path)
    with pytest.raises(GuardFailure, match="may be read by others"):
        refuse_shared(path, secret=True)
    path.chmod(0o600)
    refuse_shared(path, secret=True)
    refuse_shared(tmp_path / "none" / "none")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.guard"
    path.touch(mode=0o600)
    os.chown(path, 12345, -1)
    with pytest.raises(GuardFailure, match="another user"):
        refuse_shared(path)

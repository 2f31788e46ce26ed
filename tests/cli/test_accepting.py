"""LIVE asks a person again when contracts, code or account are not those of the last LIVE run."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.store.identity import bind
from adapters.store.journal import open_journal
from adapters.wire.codec import Codec
from application.cli.accepting import same_as_last
from application.cli.checking import Grade
from application.container import RunContainer, owner_of
from application.settings import Adapter, Mode, Settings
from application.version import version
from changing import replace
from domain.event import RunStarted
from program import tradebot
from store.records import CONFIG, StepClock

NOW = 1_381_161_600_000_000_000


class House:
    """A store of a live account with the runs that are recorded on it."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(
            adapter=Adapter.IBKR,
            mode=Mode.LIVE,
            confirm_live="U1234567",
            db=f"sqlite:///{folder / 's.db'}",
        )
        self.container = RunContainer(settings=self.settings)
        owner = owner_of(self.settings)
        self.last = RunStarted(
            NOW, "r1", "LIVE", "ibkr", owner.account, self.container.config_hash(), version(),
            "rust",
        )  # fmt: skip

    def record(self, *runs: RunStarted) -> None:
        journal = open_journal(self.settings.db or "", "MES", CONFIG, StepClock())
        bind(self.settings.db or "", *owner_of(self.settings))
        codec = Codec("c")
        journal.append([codec.record(run, "") for run in runs])
        journal.close()

    def judged(self, accept: str | None = None) -> tuple[Grade, str]:
        return same_as_last(
            self.container, self.settings.model_copy(update={"accept_config": accept})
        )


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_the_first_live_run_and_one_like_the_last_are_not_asked_about(house: House) -> None:
    assert house.judged()[0] is Grade.PASS
    house.record(house.last._replace(mode="OBSERVE", code_version="0"))
    assert house.judged()[0] is Grade.PASS
    house.record(house.last._replace(run_id="r2"))
    assert house.judged() == (Grade.PASS, "contracts, code version and account as they were")


@pytest.mark.parametrize("field", ["config_hash", "code_version", "account"])
def test_what_differs_is_named_and_accepted_by_its_own_digits_only(
    house: House, field: str
) -> None:
    house.record(house.last._replace(**{field: "0123456789abcdef"}))
    grade, said = house.judged()
    assert grade is Grade.FAIL
    assert f"{field} 0123456789ab is now " in said
    wanted = said.rsplit(" ", 1)[1]
    assert len(wanted) == 12
    assert house.judged(wanted)[0] is Grade.PASS
    assert house.judged(wanted[::-1])[0] is Grade.FAIL


def test_the_digits_change_with_what_they_stand_for(house: House) -> None:
    house.record(house.last._replace(code_version="0"))
    wanted = house.judged()[1].rsplit(" ", 1)[1]
    other = replace(house.container.contracts(), hashes={"k": "v"})
    house.container.contracts.override(other)
    house.container.config_hash.override("f" * 64)
    assert house.judged(wanted)[0] is Grade.FAIL


def test_elsewhere_than_in_live_it_is_refused(tmp_path: Path) -> None:
    done = tradebot(tmp_path, "run", "--accept-config", "0123456789ab")
    assert done.code == 2
    assert "accept-config" in done.err
    assert list(tmp_path.iterdir()) == []

"""No file loosens the law: one step beyond a ceiling is refused, one step inside it loads."""

from __future__ import annotations

import re
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.contracts.loader import load_contracts
from domain.law.constitution import Constitution
from domain.units import Money
from ports.errors import BadContract

# law.md: the loosest value and the smallest step towards looser
LAW = {
    "max_position": ("1", "1"),
    "max_risk": ("15.00", "0.0001"),
    "min_stop_ticks": ("8", "-1"),
    "max_stop_ticks": ("12", "1"),
    "max_trades_per_day": ("2", "1"),
    "min_minutes_between_entries": ("30", "-1"),
    "max_daily_loss": ("30.00", "0.0001"),
    "max_weekly_loss": ("75.00", "0.0001"),
    "max_monthly_loss": ("150.00", "0.0001"),
    "loss_overrun": ("36.00", "0.0001"),
    "max_loss_streak": ("2", "1"),
    "recovery_minutes": ("30", "-1"),
    "probation_trades_per_day": ("1", "1"),
    "dvs_entry_bp": ("8000", "-1"),
    "dvs_hold_bp": ("6000", "-1"),
    "dvs_kill_bp": ("3000", "-1"),
    "eqs_entry_bp": ("7500", "-1"),
    "eqs_hold_bp": ("6000", "-1"),
    "eqs_kill_bp": ("3000", "-1"),
    "opening_block_minutes": ("5", "-1"),
    "last_entry_minutes": ("15", "-1"),
    "flatten_minutes": ("5", "-1"),
    "max_minutes_in_trade": ("60", "1"),
    "max_friction_share": ("0.30", "0.0000000001"),
    "max_submissions_per_day": ("10", "1"),
    "max_distance_from_close": ("0.05", "0.0000000001"),
    "max_distance_atr": ("4.0", "0.0000000001"),
    "max_decision_age_s": ("10", "1"),
    "permit_life_s": ("5", "1"),
    "margin_factor": ("1.5", "-0.0000000001"),
    "min_free_disk_mb": ("500", "-1"),
    "restart_quiet_minutes": ("10", "-1"),
}
# A limit of nothing would be no limit but no bot: refused as well.
NO_ROOM = {"max_position", "probation_trades_per_day"}


def rewrite(path: Path, name: str, value: str, nth: int = 0) -> int:
    """Put `value` in the nth place of `name`; give its line. Money stays quoted."""
    lines = path.read_text().splitlines()
    pattern = re.compile(rf'(\s*(?:- )?{name}: )("?)[^"#\s]+("?)')
    at = [n for n, line in enumerate(lines) if pattern.match(line)][nth]
    lines[at] = pattern.sub(rf"\g<1>\g<2>{value}\g<3>", lines[at])
    path.write_text("\n".join(lines) + "\n")
    return at + 1


def test_the_table_names_every_number_of_the_law() -> None:
    assert set(LAW) == {f.name for f in fields(Constitution)}


@pytest.mark.parametrize("name", LAW)
def test_the_shipped_law_stands_at_its_ceilings(name: str) -> None:
    value = getattr(load_contracts().constitution, name)
    loosest = LAW[name][0]
    if isinstance(value, Money):
        assert value == Money.parse(loosest)
    else:
        assert value == float(loosest)


@pytest.mark.parametrize("name", LAW)
def test_one_step_beyond_is_refused_with_file_line_and_field(folder: Path, name: str) -> None:
    loosest, step = LAW[name]
    file = folder / "constitution.yaml"
    line = rewrite(file, name, str(Decimal(loosest) + Decimal(step)))
    with pytest.raises(BadContract) as caught:
        load_contracts(folder)
    assert caught.value.source == str(file)
    assert caught.value.where == f"line {line}, field {name}"
    assert "the law has a ceiling" in caught.value.reason


@pytest.mark.parametrize("name", sorted(LAW.keys() - NO_ROOM))
def test_one_step_tighter_loads_and_holds(folder: Path, name: str) -> None:
    loosest, step = LAW[name]
    tighter = Decimal(loosest) - Decimal(step)
    rewrite(folder / "constitution.yaml", name, str(tighter))
    value = getattr(load_contracts(folder).constitution, name)
    assert value == (Money.parse(tighter) if isinstance(value, Money) else float(tighter))


@pytest.mark.parametrize("name", sorted(NO_ROOM))
def test_a_limit_of_nothing_is_refused(folder: Path, name: str) -> None:
    rewrite(folder / "constitution.yaml", name, "0")
    with pytest.raises(BadContract, match=f"{name} must be positive"):
        load_contracts(folder)


# Limits of the law that stand in other files, too: file, key, which, looser, tighter.
ELSEWHERE = [
    ("session.yaml", "opening_block_minutes", 0, "4", "6"),
    ("session.yaml", "last_entry_minutes", 0, "14", "16"),
    ("session.yaml", "flatten_minutes", 0, "4", "6"),
    ("session.yaml", "lunch_from", 0, "691", "689"),
    ("session.yaml", "afternoon_from", 0, "809", "811"),
    ("quality.yaml", "dvs_entry", 0, "7999", "8001"),
    ("quality.yaml", "dvs_hold", 0, "5999", "6001"),
    ("quality.yaml", "dvs_kill", 0, "2999", "3001"),
    ("quality.yaml", "eqs_entry", 0, "7499", "7501"),
    ("quality.yaml", "eqs_hold", 0, "5999", "6001"),
    ("quality.yaml", "eqs_kill", 0, "2999", "3001"),
    ("templates.yaml", "min_ticks", 0, "7", "9"),
    *(("templates.yaml", "stop_cap_ticks", k, "13", "11") for k in range(4)),
    *(("templates.yaml", "time_to_live_seconds", k, "91", "89") for k in range(4)),
    ("decision.yaml", "stop_cap_ticks", 0, "11", "9"),
    ("decision.yaml", "stop_cap_ticks", 1, "15", "13"),
    ("decision.yaml", "stop_cap_ticks", 2, "19", "17"),
    ("decision.yaml", "risk_cap", 0, "12.0001", "11.99"),
    ("decision.yaml", "risk_cap", 1, "15.0001", "14.99"),
    ("decision.yaml", "risk_cap", 2, "15.0001", "14.99"),
    ("execution.yaml", "ack_timeout_s", 0, "6", "4"),
    ("execution.yaml", "cancel_timeout_s", 0, "11", "9"),
    ("execution.yaml", "protection_grace_s", 0, "3", "1"),
    ("execution.yaml", "protection_retry_s", 0, "6", "4"),
    ("execution.yaml", "protection_attempts", 0, "3", "1"),
    ("execution.yaml", "flatten_retry_s", 0, "11", "9"),
    ("execution.yaml", "flatten_rounds", 0, "4", "2"),
    ("execution.yaml", "entry_expiry_margin_s", 0, "6", "4"),
    ("execution.yaml", "settle_s", 0, "9", "11"),
]


@pytest.mark.parametrize(("file", "name", "nth", "looser", "tighter"), ELSEWHERE)
def test_limits_of_the_law_in_other_files(
    folder: Path, file: str, name: str, nth: int, looser: str, tighter: str
) -> None:
    line = rewrite(folder / file, name, tighter, nth)
    load_contracts(folder)
    rewrite(folder / file, name, looser, nth)
    with pytest.raises(BadContract, match="ceiling") as caught:
        load_contracts(folder)
    assert caught.value.source == str(folder / file)
    assert caught.value.where.startswith(f"line {line}, field ")
    assert caught.value.where.endswith(name)


def test_a_tier_may_not_start_earlier_with_the_caps_of_later(folder: Path) -> None:
    line = rewrite(folder / "decision.yaml", "equity_from", "2499.99", 1)
    with pytest.raises(BadContract, match="ceiling") as caught:
        load_contracts(folder)
    assert caught.value.where == f"line {line + 2}, field tiers[1].stop_cap_ticks"


def test_of_two_files_the_tighter_holds_in_both(folder: Path) -> None:
    rewrite(folder / "constitution.yaml", "last_entry_minutes", "20")
    rewrite(folder / "constitution.yaml", "dvs_entry_bp", "8200")
    rewrite(folder / "constitution.yaml", "min_stop_ticks", "9")
    rewrite(folder / "session.yaml", "flatten_minutes", "7")
    rewrite(folder / "quality.yaml", "eqs_hold", "6500")
    c = load_contracts(folder)
    assert (c.session.last_entry_minutes, c.constitution.last_entry_minutes) == (20, 20)
    assert (c.session.flatten_minutes, c.constitution.flatten_minutes) == (7, 7)
    assert (c.quality.gates.dvs_entry, c.constitution.dvs_entry_bp) == (8200, 8200)
    assert (c.quality.gates.eqs_hold, c.constitution.eqs_hold_bp) == (6500, 6500)
    assert (c.templates.stop.min_ticks, c.constitution.min_stop_ticks) == (9, 9)


def test_tightening_into_a_contradiction_is_refused(folder: Path) -> None:
    line = rewrite(folder / "constitution.yaml", "last_entry_minutes", "60")
    with pytest.raises(BadContract, match="does not go with the other contracts") as caught:
        load_contracts(folder)
    assert caught.value.source == str(folder / "constitution.yaml")
    assert str(line) in caught.value.where or "flatten_minutes" in caught.value.where

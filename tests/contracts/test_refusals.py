"""What cannot be a contract is refused with file, line, field and reason."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path

import pytest

from adapters.contracts.files import FILES
from adapters.contracts.loader import load_contracts
from adapters.contracts.yaml_reader import Key, Plain, dotted, read_document
from ports.errors import BadContract

TEXT = {"name", "exchange", "rth_calendar", "venue_calendar"}
SHIPPED = Path(__file__).resolve().parents[2] / "contracts"


def places(value: Plain, place: Key = ()) -> list[Key]:
    """Every key of a file, mappings and leaves; list items only through."""
    found: list[Key] = []
    if isinstance(value, dict):
        for key, member in value.items():
            found += [(*place, key), *places(member, (*place, key))]
    if isinstance(value, list):
        for n, member in enumerate(value):
            found += places(member, (*place, n))
    return found


ALL = [(file, place) for file in FILES for place in places(read_document(SHIPPED / file).data)]


def parent(data: Plain, place: Key) -> dict[str, Plain]:
    for step in place[:-1]:
        data = data[step]  # type: ignore[index]
    assert isinstance(data, dict)
    return data


def spoil(path: Path, old: str, new: str) -> int:
    """Replace the only `old`; give the line on which it stood."""
    text = path.read_text()
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path.name}"
    path.write_text(text.replace(old, new))
    return text[: text.index(old)].count("\n") + 1


def refusal(folder: Path) -> BadContract:
    with pytest.raises(BadContract) as caught:
        load_contracts(folder)
    return caught.value


@pytest.mark.parametrize("file", FILES)
def test_every_key_is_needed(folder: Path, file: str) -> None:
    path, original = folder / file, (SHIPPED / file).read_text()
    shipped = read_document(SHIPPED / file).data
    for place in [p for f, p in ALL if f == file]:
        data = copy.deepcopy(shipped)
        del parent(data, place)[place[-1]]  # type: ignore[arg-type]
        path.write_text(json.dumps(data, indent=1))  # JSON is YAML
        error = refusal(folder)
        if place[:1] == ("instruments",) and len(place) == 2:
            assert error.source == str(folder / "fees.yaml"), place
            assert str(place[-1]) in error.where
        else:
            assert error.source == str(path), place
            named = dotted(place) in str(error) or "weights" in error.where
            assert named, f"{dotted(place)} not in {error}"
    path.write_text(original)
    load_contracts(folder)


@pytest.mark.parametrize("file", FILES)
def test_no_other_key_is_known(folder: Path, file: str) -> None:
    path = folder / file
    shipped = read_document(SHIPPED / file).data
    mappings = {p[:-1] for f, p in ALL if f == file}
    for place in sorted(mappings, key=str):
        data = copy.deepcopy(shipped)
        parent(data, (*place, "surprise"))["surprise"] = 1
        path.write_text(json.dumps(data, indent=1))  # JSON is YAML
        error = refusal(folder)
        assert error.source == str(path)
        assert error.where.endswith("surprise"), f"{place}: {error}"


@pytest.mark.parametrize("file", FILES)
def test_every_leaf_of_another_type_is_refused(folder: Path, file: str) -> None:
    path = folder / file
    shipped = read_document(SHIPPED / file).data
    for place in [p for f, p in ALL if f == file]:
        data = copy.deepcopy(shipped)
        wrong: Plain = {} if place[-1] in TEXT else math.nan
        parent(data, place)[place[-1]] = wrong  # type: ignore[index]
        path.write_text(json.dumps(data, indent=1))
        assert refusal(folder).source == str(path), place


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("version", "2", "less than or equal to 1"),
        ("version", "true", "valid integer"),
        ("version", "1.0", "valid integer"),
        ("max_risk", "15.00", "must be quoted"),
        ("max_risk", "true", "must be quoted"),
        ("max_risk", '"14.99999"', "at most 4 decimals"),
        ("max_risk", '"1e1"', "amount of money"),
        ("max_risk", '"NaN"', "amount of money"),
        ("max_risk", '"-1.00"', "must be positive"),
        ("max_stop_ticks", "11.0", "valid integer"),
        ("max_stop_ticks", '"11"', "valid integer"),
        ("max_stop_ticks", "0b11", "valid integer"),
        ("max_stop_ticks", "011", "valid integer"),
        ("max_stop_ticks", "0:11", "valid integer"),
        ("max_stop_ticks", "1_1", "valid integer"),
        ("max_stop_ticks", "yes", "valid integer"),
        ("max_stop_ticks", "true", "valid integer"),
        ("max_stop_ticks", "~", "no value"),
        ("max_stop_ticks", "", "no value"),
        ("max_stop_ticks", "!!int 11", "tags"),
        ("max_stop_ticks", "&a 11", "anchors"),
        ("max_stop_ticks", "9999999999999999999", "too large"),
        ("max_friction_share", ".nan", "valid number"),
        ("max_friction_share", "-.inf", "valid number"),
        ("max_friction_share", "1e999", "too large"),
        ("margin_factor", "1.5\nmargin_factor: 1.5", "duplicate key, first on line"),
    ],
)
def test_values_of_the_law_that_are_none(folder: Path, name: str, value: str, reason: str) -> None:
    path = folder / "constitution.yaml"
    lines = path.read_text().splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith(f"{name}: "))
    lines[at] = f"{name}: {value}"
    path.write_text("\n".join(lines) + "\n")
    error = refusal(folder)
    assert error.source == str(path)
    assert error.where in {f"line {at + 1}, field {name}", f"line {at + 2}, field {name}"}
    assert reason in error.reason


BELIEFS = [
    ("S31: 0.12 ", "S36: 0.12 ", "f1.weights.S36", "no weighable signal: S36"),
    ("S31: 0.12 ", "S0: 0.12 ", "f1.weights.S0", "no weighable signal: S0"),
    ("S31: 0.12 ", "S21: 0.12 ", "f1.weights.S21", "no weighable signal: S21"),
    ("S31: 0.12 ", "s31: 0.12 ", "f1.weights.s31", "names no signal: 's31'"),
    ("S31: 0.12 ", "S031: 0.12 ", "f1.weights.S031", "names no signal"),
    ("S31: 0.12 ", "F1: 0.12 ", "f1.weights.F1", "names no signal"),
    ("S31: 0.12 ", "S31: 0.13 ", "f1.weights", "must sum to 1"),
    ("S31: 0.12 ", "S31: 0.0 ", "f1.weights.S31", "non-zero"),
    ("S27: 0.22", "S1: 0.22", "f5.weights.S1", "EVEN signals only"),
]
SIGNALS = [
    ("S34: {", "S35: {", "centres.S35", "names no even signal: S35"),
    ("S34: {", "S99: {", "centres.S99", "names no even signal: S99"),
    ("hold_bars: 3", "hold_bars: 0", "regime.hold_bars", "at least 1"),
]
QUALITY = [
    ("SLOW_EXIT", "SLOW", "parameters.incidents[2].kind", "SLOW"),
    ("SLOW_EXIT", "ACK_TIMEOUT", "parameters.incidents", "exactly once"),
]
INSTRUMENTS = [
    ('"12.50"', '"12.25"', "instruments.ES.tick_value", "times multiplier"),
    ('"0.00005"', "0.00005", "instruments.6E.tick_size", "must be quoted"),
    ("{low: 4000,", "{low: 100000,", "instruments.6E.price_band.low", "low < high"),
    ('"6E":', "6E/:", "instruments.6E/", "match pattern"),
]
FEES = [
    ('"2.47"', '"0.00"', "fees.6E.fee_per_side", "must be positive"),
    ('47", confirmed: 2026-11-01', '47", confirmed: 2026-02-30', "fees.6E.confirmed", "day"),
    ('47", confirmed: 2026-11-01', '47", confirmed: 20261101', "fees.6E.confirmed", "not a date"),
    ("GBPUSD:", "GBPJPY:", "fees.GBPUSD", "every instrument needs a fee"),
    ("fees:", "fees:\n  GBPJPY: {fee_per_side: 1, confirmed: 2026-11-01}", "fees.GBPJPY", "of no"),
]
DECISION = [
    ("[K1, K2]", "[K1, K5]", "tiers[0].templates[1]", "names no template"),
    ("[K1, K2]", "[K1, K1]", "tiers[0].templates[1]", "one twice"),
    ("name: A", "name: S", "tiers", "differ in name"),
    ("alarm: ", "12: ", "friction", "keys must be text"),
    ("alarm: ", "<<: ", "friction.<<", "unknown key"),
]
OTHERS = [
    ("templates", "[trending, volatile]", "[trending, unknown]", "k4.regimes", "some of"),
    ("learning", "calibration_gap: -", "calibration_gap: ", "calibration_gap", "must lie in"),
]


@pytest.mark.parametrize(
    ("name", "old", "new", "where", "reason"),
    [
        *(("beliefs", *row) for row in BELIEFS),
        *(("signals", *row) for row in SIGNALS),
        *(("quality", *row) for row in QUALITY),
        *(("instruments", *row) for row in INSTRUMENTS),
        *(("fees", *row) for row in FEES),
        *(("decision", *row) for row in DECISION),
        *OTHERS,
    ],
)
def test_refused_with_file_field_and_reason(
    folder: Path, name: str, old: str, new: str, where: str, reason: str
) -> None:
    path = folder / f"{name}.yaml"
    spoil(path, old, new)
    error = refusal(folder)
    assert error.source == str(path)
    assert error.where.endswith(f"field {where}")
    assert reason in str(error)


def test_the_line_is_the_field_s(folder: Path) -> None:
    line = spoil(folder / "beliefs.yaml", "S31: 0.12 ", "S36: 0.12 ")
    assert refusal(folder).where == f"line {line}, field f1.weights.S36"


def test_all_problems_of_a_file_are_told_in_the_order_of_its_lines(folder: Path) -> None:
    second = spoil(folder / "management.yaml", "lock_num: 3", "lock_num: three")
    first = spoil(folder / "management.yaml", "thesis_bad_bars: 2", "thesis_bad_bars: 2.5")
    error = refusal(folder)
    assert error.where == f"line {first}, field thesis_bad_bars"
    assert f"line {second}, field lock_num: " in error.reason


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"# nothing\n", "is empty"),
        (b"--- {}\n--- {}\n", "more than one document"),
        (b"- 1\n- 2\n", "must be a mapping"),
        (b"text\n", "must be a mapping"),
        (b"a: [1, 2\nb: 3\n", "not YAML"),
        (b"a:\n\tb: 1\n", "not YAML"),
        (b"a: *b\n", "anchors and aliases"),
        (b"a: \xff\n", "not UTF-8"),
        (b"a: \x00\n", "not YAML"),
        (b"a: !!python/object/apply:os.getcwd []\n", "tags are not allowed"),
        (b"a: " + b"[" * 100_000, "nested deeper"),
        (b"{" * 100_000, "keys must be text"),
        (b"a: " + b"{a: " * 9, "nested deeper"),
        (b"# " + b"x" * 300_000, "larger than"),
        (b"version: 1\n", "is missing"),
    ],
)
def test_files_that_are_no_contract(folder: Path, content: bytes, reason: str) -> None:
    (folder / "learning.yaml").write_bytes(content)
    error = refusal(folder)
    assert error.source == str(folder / "learning.yaml")
    assert reason in error.reason


def test_a_byte_order_mark_and_dos_line_ends_change_nothing(folder: Path) -> None:
    before = load_contracts(folder)
    path = folder / "learning.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert load_contracts(folder) == before


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_is_refused(folder: Path, file: str) -> None:
    (folder / file).unlink()
    error = refusal(folder)
    assert (error.source, error.reason) == (str(folder / file), "is missing")


@pytest.mark.parametrize("name", ["constitution.yml", "Law.yaml", "extra.YAML", ".hidden.yaml"])
def test_an_unknown_contract_file_is_refused(folder: Path, name: str) -> None:
    (folder / name).write_text("version: 1\n")
    error = refusal(folder)
    assert error.source == str(folder / name)
    assert "unknown contract file" in error.reason


def test_other_files_may_lie_beside(folder: Path) -> None:
    (folder / "README.md").write_text("words")
    load_contracts(folder)


def test_folders_that_are_none(tmp_path: Path, folder: Path) -> None:
    assert "no such contracts folder" in refusal(tmp_path / "nowhere").reason
    assert "cannot be read" in refusal(folder / "fees.yaml").reason
    assert "is missing" in refusal(tmp_path).reason


def test_a_directory_in_place_of_a_file_is_refused(folder: Path) -> None:
    (folder / "fees.yaml").unlink()
    (folder / "fees.yaml").mkdir()
    assert refusal(folder).reason == "is not a file"


def test_comments_order_and_notation_leave_the_hash_a_value_does_not(folder: Path) -> None:
    before = load_contracts(folder)
    path = folder / "constitution.yaml"
    lines = [line.split("#")[0].rstrip() for line in path.read_text().splitlines()]
    path.write_text("\n".join(reversed([line for line in lines if line])) + "\n")
    spoil(path, '"15.00"', "15")
    assert load_contracts(folder) == before
    spoil(path, "max_risk: 15", 'max_risk: "14.9999"')
    after = load_contracts(folder)
    assert after.constitution_hash != before.constitution_hash
    assert after.config_hash({}) != before.config_hash({})
    assert {n for n in FILES if after.hashes[n] != before.hashes[n]} == {"constitution.yaml"}


def test_the_config_hash_covers_the_settings(folder: Path) -> None:
    contracts = load_contracts(folder)
    seven = contracts.config_hash({"symbol": "MES", "seed": 7})
    assert seven == contracts.config_hash({"seed": 7, "symbol": "MES"})
    assert seven != contracts.config_hash({"symbol": "MES", "seed": 8})

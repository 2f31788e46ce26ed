"""What cannot be a contract is refused with file, line, field and reason."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from adapters.contracts.files import FILES
from adapters.contracts.loader import load_contracts
from adapters.contracts.yaml_reader import Key, Plain, dotted, read_document
from ports.errors import BadContract

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


ALL = [
    (file, place) for file in FILES for place in places(read_document(SHIPPED / file).data)
]


def parent(data: Plain, place: Key) -> dict[str, Plain]:
    for step in place[:-1]:
        data = data[step]  # type: ignore[index,call-overload]
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
    for place in [p for f, p in ALL if f == file]:
        data: Plain = yaml.safe_load(yaml.safe_dump(dict(read_document(SHIPPED / file).data)))
        del parent(data, place)[place[-1]]  # type: ignore[arg-type]
        path.write_text(yaml.safe_dump(data, sort_keys=False))
        error = refusal(folder)
        if place[:1] == ("instruments",) and len(place) == 2:
            assert error.source == str(folder / "fees.yaml"), place
            assert place[-1] in error.where
        else:
            assert error.source == str(path), place
            named = dotted(place) in str(error) or "weights" in error.where
            assert named, f"{dotted(place)} not in {error}"
    path.write_text(original)
    load_contracts(folder)


@pytest.mark.parametrize("file", FILES)
def test_no_other_key_is_known(folder: Path, file: str) -> None:
    path = folder / file
    mappings = {p[:-1] for f, p in ALL if f == file}
    for place in sorted(mappings, key=str):
        data: Plain = yaml.safe_load(yaml.safe_dump(dict(read_document(SHIPPED / file).data)))
        parent(data, (*place, "surprise"))["surprise"] = 1
        path.write_text(yaml.safe_dump(data, sort_keys=False))
        error = refusal(folder)
        assert error.source == str(path)
        assert error.where.endswith("surprise"), f"{place}: {error}"


@pytest.mark.parametrize("file", FILES)
def test_every_leaf_of_another_type_is_refused(folder: Path, file: str) -> None:
    path = folder / file
    for place in [p for f, p in ALL if f == file]:
        for wrong in (None, [], {}, ".nan", ".inf", "on", [1]):
            data: Plain = yaml.safe_load(yaml.safe_dump(dict(read_document(SHIPPED / file).data)))
            parent(data, place)[place[-1]] = wrong  # type: ignore[index,assignment]
            text = yaml.safe_dump(data, sort_keys=False).replace("'.nan'", ".nan")
            path.write_text(text.replace("'.inf'", ".inf").replace("'on'", "on"))
            if place[-1] in {"name", "exchange", "rth_calendar", "venue_calendar"}:
                wrong_text = isinstance(wrong, str)
                if wrong_text:
                    continue
            error = refusal(folder)
            assert error.source == str(path), (place, wrong)


@pytest.mark.parametrize(
    ("file", "old", "new", "where", "reason"),
    [
        ("session.yaml", "version: 1", "version: 2", "version", "less than or equal to 1"),
        ("session.yaml", "version: 1", "version: true", "version", "valid integer"),
        ("session.yaml", "version: 1", "version: 1.0", "version", "valid integer"),
        ("constitution.yaml", '"15.00"', "15.00", "max_risk", "must be quoted"),
        ("constitution.yaml", '"15.00"', '"14.99999"', "max_risk", "at most 4 decimals"),
        ("constitution.yaml", '"15.00"', '"1e1"', "max_risk", "amount of money"),
        ("constitution.yaml", '"15.00"', '"NaN"', "max_risk", "amount of money"),
        ("constitution.yaml", '"15.00"', '"-1.00"', "max_risk", "must be positive"),
        ("constitution.yaml", "max_stop_ticks: 12", "max_stop_ticks: 11.0", "max_stop_ticks", "valid integer"),
        ("constitution.yaml", "max_stop_ticks: 12", 'max_stop_ticks: "11"', "max_stop_ticks", "valid integer"),
        ("constitution.yaml", "max_stop_ticks: 12", "max_stop_ticks: 0b11", "max_stop_ticks", "valid integer"),
        ("constitution.yaml", "max_stop_ticks: 12", "max_stop_ticks: 011", "max_stop_ticks", "valid integer"),
        ("constitution.yaml", "max_stop_ticks: 12", "max_stop_ticks: 0:11", "max_stop_ticks", "valid integer"),
        ("constitution.yaml", "max_stop_ticks: 12", "max_stop_ticks: 1_1", "max_stop_ticks", "valid integer"),
        ("constitution.yaml", "max_stop_ticks: 12", "max_stop_ticks: yes", "max_stop_ticks", "valid integer"),
        ("constitution.yaml", "max_stop_ticks: 12", "max_stop_ticks: true", "max_stop_ticks", "valid integer"),
        ("constitution.yaml", "max_stop_ticks: 12", "max_stop_ticks: ~", "max_stop_ticks", "no value"),
        ("constitution.yaml", "max_stop_ticks: 12", "max_stop_ticks:", "max_stop_ticks", "no value"),
        ("constitution.yaml", "max_stop_ticks: 12", "max_stop_ticks: !!int 11", "max_stop_ticks", "tags"),
        ("constitution.yaml", "max_stop_ticks: 12", "max_stop_ticks: &a 11", "max_stop_ticks", "anchors"),
        ("constitution.yaml", "max_stop_ticks: 12", "max_stop_ticks: 9999999999999999999", "max_stop_ticks", "too large"),
        ("constitution.yaml", "max_friction_share: 0.30", "max_friction_share: .nan", "max_friction_share", "valid number"),
        ("constitution.yaml", "max_friction_share: 0.30", "max_friction_share: -.inf", "max_friction_share", "valid number"),
        ("constitution.yaml", "margin_factor: 1.5", "margin_factor: 1e999", "margin_factor", "too large"),
        ("constitution.yaml", "margin_factor: 1.5", "margin_factor: 1.5\nmargin_factor: 1.5", "margin_factor", "duplicate key, first on line"),
        ("constitution.yaml", "margin_factor: 1.5", "12: 1.5", "", "keys must be text"),
        ("constitution.yaml", "margin_factor: 1.5", "<<: {margin_factor: 1.5}", "<<", "unknown key"),
        ("beliefs.yaml", "S31: 0.12 ", "S36: 0.12 ", "f1.weights.S36", "no weighable signal: S36"),
        ("beliefs.yaml", "S31: 0.12 ", "S0: 0.12 ", "f1.weights.S0", "no weighable signal: S0"),
        ("beliefs.yaml", "S31: 0.12 ", "S21: 0.12 ", "f1.weights.S21", "no weighable signal: S21"),
        ("beliefs.yaml", "S31: 0.12 ", "s31: 0.12 ", "f1.weights.s31", "names no signal: 's31'"),
        ("beliefs.yaml", "S31: 0.12 ", "S031: 0.12 ", "f1.weights.S031", "names no signal"),
        ("beliefs.yaml", "S31: 0.12 ", "F1: 0.12 ", "f1.weights.F1", "names no signal"),
        ("beliefs.yaml", "S31: 0.12 ", "S31: 0.13 ", "f1.weights", "must sum to 1"),
        ("beliefs.yaml", "S31: 0.12 ", "S31: 0.0 ", "f1.weights.S31", "non-zero"),
        ("beliefs.yaml", "S27: 0.22", "S1: 0.22", "f5.weights.S1", "even signals"),
        ("signals.yaml", "S34: {", "S35: {", "centres.S35", "names no even signal: S35"),
        ("signals.yaml", "S34: {", "S99: {", "centres.S99", "names no even signal: S99"),
        ("signals.yaml", "hold_bars: 3", "hold_bars: 0", "regime.hold_bars", "at least 1"),
        ("quality.yaml", "kind: SLOW_EXIT", "kind: SLOW", "parameters.incidents[2].kind", "SLOW"),
        ("quality.yaml", "kind: SLOW_EXIT", "kind: ACK_TIMEOUT", "parameters.incidents", "exactly once"),
        ("instruments.yaml", 'tick_value: "12.50"', 'tick_value: "12.25"', "instruments.ES.tick_value", "times multiplier"),
        ("instruments.yaml", 'tick_size: "0.00005"', "tick_size: 0.00005", "instruments.6E.tick_size", "must be quoted"),
        ("instruments.yaml", "{low: 4000, high: 100000}", "{low: 4000, high: 4000}", "instruments.6E.price_band", "low < high"),
        ("fees.yaml", '"2.47"', '"0.00"', "fees.6E.fee_per_side", "must be positive"),
        ("fees.yaml", "2.47\", confirmed: 2026-11-01", "2.47\", confirmed: 2026-02-30", "fees.6E.confirmed", "day"),
        ("fees.yaml", "2.47\", confirmed: 2026-11-01", "2.47\", confirmed: 20261101", "fees.6E.confirmed", "not a date"),
        ("fees.yaml", "GBPUSD:", "GBPJPY:", "fees.GBPUSD", "every instrument needs a fee"),
        ("fees.yaml", "GBPUSD:", "GBPJPY: {fee_per_side: 1, confirmed: 2026-11-01}\n  GBPUSD:", "fees.GBPJPY", "fee of no instrument"),
        ("decision.yaml", "[K1, K2]", "[K1, K5]", "tiers[0].templates[1]", "names no template"),
        ("decision.yaml", "[K1, K2]", "[K1, K1]", "tiers[0].templates[1]", "one twice"),
        ("decision.yaml", "name: A", "name: S", "tiers", "differ in name"),
        ("templates.yaml", "[trending, volatile]", "[trending, unknown]", "k4.regimes", "some of"),
        ("learning.yaml", "calibration_gap: -0.10", "calibration_gap: 0.10", "calibration_gap", "must lie in"),
    ],
)  # fmt: skip
def test_refused_with_file_field_and_reason(
    folder: Path, file: str, old: str, new: str, where: str, reason: str
) -> None:
    spoil(folder / file, old, new)
    error = refusal(folder)
    assert error.source == str(folder / file)
    assert error.where.endswith(where)
    assert reason in error.reason


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

"""Whatever bytes a contract file holds: contracts, or a refusal, and never anything else."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.contracts.files import FILES
from adapters.contracts.loader import load_contracts
from domain.contract_set import Contracts
from ports.errors import BadContract

SHIPPED = Path(__file__).resolve().parents[2] / "contracts"

TOKENS = [
    b"1", b"-1", b"0", b"1e308", b"9" * 30, b".nan", b"~", b"true", b"''", b'"1e400"', b"[]",
    b"{}", b"S1", b"&a", b"*a", b"!!int", b"? ", b": ", b"- ", b"---", b"\n...\n", b"|", b">",
    b"%YAML 1.2\n---\n", b"#", b"@", b"\t", b"\x00", b"\xff", b"\xc2\x85", b"\xe2\x80\xa8",
    b'"0.0000000000001"', b'"999999999999.9999"', b"2026-13-01", b"10000-01-01", b"\r",
]  # fmt: skip


@contextmanager
def contracts_with(file: str, content: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "contracts"
        shutil.copytree(SHIPPED, folder)
        (folder / file).write_bytes(content)
        yield folder


def outcome(file: str, content: bytes) -> Contracts | BadContract:
    with contracts_with(file, content) as folder:
        try:
            return load_contracts(folder)
        except BadContract as error:
            return error


@st.composite
def spoiled(draw: st.DrawFn) -> tuple[str, bytes]:
    file = draw(st.sampled_from(FILES))
    content = (SHIPPED / file).read_bytes()
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        length = draw(st.one_of(st.integers(0, 3), st.integers(0, len(content))))
        piece = draw(st.one_of(st.sampled_from(TOKENS), st.binary(max_size=4)))
        content = content[:start] + piece + content[start + length :]
    return file, content


@settings(max_examples=100, deadline=None)
@given(spoiled())
def test_spoiled_bytes_give_contracts_or_a_refusal(case: tuple[str, bytes]) -> None:
    assert isinstance(outcome(*case), Contracts | BadContract)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(FILES), st.binary(max_size=80))
def test_noise_is_refused(file: str, content: bytes) -> None:
    error = outcome(file, content)
    assert isinstance(error, BadContract)
    assert file in error.source


@st.composite
def other_value(draw: st.DrawFn) -> tuple[str, bytes]:
    """One value replaced by another token, all else left as it is."""
    file = draw(st.sampled_from(FILES))
    lines = (SHIPPED / file).read_bytes().split(b"\n")
    at = draw(st.sampled_from([n for n, line in enumerate(lines) if b": " in line]))
    key = lines[at].split(b": ")[0]
    number = st.floats().map(lambda x: repr(x).encode())
    token = draw(st.one_of(st.sampled_from(TOKENS), number))
    lines[at] = key + b": " + token
    return file, b"\n".join(lines)


@settings(max_examples=100, deadline=None)
@given(other_value())
def test_other_values_give_contracts_or_a_refusal_of_the_law_s_making(
    case: tuple[str, bytes],
) -> None:
    loaded = outcome(*case)
    if isinstance(loaded, Contracts):
        law = loaded.constitution
        assert law.max_risk.units <= 150_000
        assert law.max_stop_ticks <= 12
        assert loaded.session.flatten_minutes >= 5
        assert loaded.quality.gates.dvs_entry >= 8000
        assert loaded.engine_parameters(loaded.instruments["MES"]).max_risk_usd <= 15.0

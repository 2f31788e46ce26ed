"""Arguments before the parser sees them: the default command, options that take many files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.cli.arguments import prepared


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", "run"),
        ("--adapter fake", "run --adapter fake"),
        ("--bars a", "run --bars a"),
        ("--bars a b c --json", "run --bars a --bars b --bars c --json"),
        ("run --bars a b --warmup c d", "run --bars a --bars b --warmup c --warmup d"),
        ("signals --out o --bars a b", "signals --out o --bars a --bars b"),
        ("run --bars=a b --seed 3", "run --bars=a --bars b --seed 3"),
        ("run --json --bars a", "run --json --bars a"),
        ("run --seed 3 stray", "run --seed 3 stray"),
        ("run --bars a -- b c", "run --bars a -- b c"),
        ("run --bars", "run --bars"),
        ("--help", "--help"),
        ("--version", "--version"),
        ("bogus", "bogus"),
        ("db verify", "db verify"),
    ],
)
def test_says_what_the_parser_understands(line: str, expected: str) -> None:
    assert prepared(line.split()) == expected.split()


names = st.text("abc./*", min_size=1, max_size=6)


@given(st.lists(names, min_size=1), st.lists(names, min_size=1))
def test_every_file_keeps_its_option_and_its_place(bars: list[str], warmup: list[str]) -> None:
    words = prepared(["run", "--bars", *bars, "--warmup", *warmup])
    pairs = list(zip(words[1::2], words[2::2], strict=True))
    assert pairs == [("--bars", b) for b in bars] + [("--warmup", w) for w in warmup]


@given(st.lists(st.sampled_from(["run", "--bars", "--warmup", "--json", "a", "b"])))
def test_what_is_prepared_stays_as_it_is(argv: list[str]) -> None:
    once = prepared(["run", *argv])
    doubled = [w for i, w in enumerate(once) if not (w == "--bars" and once[i + 1 : i + 2] == [w])]
    assert prepared(doubled) == doubled

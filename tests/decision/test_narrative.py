"""Plain English: one golden sentence for every reason code, kept in golden/sentences.txt.

`PYTHONPATH=src:tests python tests/decision/test_narrative.py` renews the file; read the difference.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from domain.candidate import label
from domain.decision import Action, DecisionRecord, decide, managed, refused
from domain.gates import boolean
from domain.law.door import ARTICLES
from domain.narrative import MAX_LENGTH, SENTENCES, tell
from gate_cases import FAILING, decided
from market_builders import at, frame, recent_of, rules, snapshot
from setups import Scene, stretched

GOLDEN = Path(__file__).parent / "golden" / "sentences.txt"
T = at(11, 0)
EXITS = (
    "KILL", "EOD", "HARD_TIME", "DVS_HOLD", "THESIS_INVALID", "STRUCTURE_LOST", "TIME_STOP",
    "VOL_EXIT", "STOP", "OPERATOR",
)  # fmt: skip
REFUSALS = (
    "KILL", "HALT", "L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8", "L9", "L10", "L15", "L16",
    "L17", "L19", "ACCOUNT", "SIDES", "PRICE", "DISTANCE", "WINDOW", "TTL", "MARGIN", "IN_DOUBT",
    "QUALITY", "HOST",
)  # fmt: skip


def entered() -> DecisionRecord:
    return decide(snapshot(stretched().seen(1, T), T), rules())[0]


def conflicting() -> DecisionRecord:
    """Both sides stand: the record as it is left by the rule of one side."""
    record = entered()
    (c,) = record.candidates
    refusal = boolean("one_side", 8, False, "CONFLICTING_SETUPS", label(c.template, c.side))
    gates = tuple(refusal if g.id == "one_side" else g for g in c.gates)
    c = c._replace(gates=gates)
    return record._replace(
        action=Action.SKIP, reason="CONFLICTING_SETUPS", primary=c, candidates=(c,),
        gates=(*record.gates[:15], *gates), counterfactual=None,
    )  # fmt: skip


@cache
def records() -> dict[str, DecisionRecord]:
    """One record for every reason code there is."""
    found = {reason: decided(**changes) for changes, reason in FAILING.values()}
    quiet = Scene(frame(), recent_of([0] * 2, [0] * 2, [0] * 2))
    told = entered()
    found |= {
        "NO_SETUP": decided(scene=quiet),
        "ALL_GATES_PASSED": told,
        "CONFLICTING_SETUPS": conflicting(),
        "STOP_EXCEEDS_RISK_BUDGET": decided(scene=stretched(19, 60.0)),
        "STRATEGY_FAULT": decided(scene=stretched(19, 60.0))._replace(reason="STRATEGY_FAULT"),
        "MISSING_REQUIRED_SIGNAL": decided(equity=None),
        "OBSERVE_ONLY": refused(told, "OBSERVE_ONLY"),
        "HOLD": managed(told, Action.HOLD, "IN_POSITION"),
        "MODIFY": managed(told, Action.MODIFY, "IN_POSITION"),
        "both sides": decided(scene=stretched(effective=0.6))._replace(side=0),
    }
    found |= {f"EXIT {r}": managed(told, Action.EXIT, r) for r in EXITS}
    found |= {f"PERMIT_REFUSED_{r}": refused(told, f"PERMIT_REFUSED_{r}") for r in REFUSALS}
    return found


def golden() -> dict[str, str]:
    lines = GOLDEN.read_text(encoding="utf-8").splitlines()
    return dict(line.split(" | ", 1) for line in lines if line)


@pytest.mark.parametrize("name", sorted(records()))
def test_sentence(name: str) -> None:
    record = records()[name]
    assert tell(record) == golden()[name]


def test_the_golden_file_names_nothing_else() -> None:
    assert set(golden()) == set(records())


def test_every_reason_code_has_a_sentence_and_a_golden_one() -> None:
    assert len(REFUSALS) == len(ARTICLES) - 1  # the mode's refusal is OBSERVE_ONLY
    assert set(SENTENCES) <= set(golden())


def test_no_code_and_no_raw_number_of_a_float_reaches_the_reader() -> None:
    for name, text in golden().items():
        assert len(text) <= MAX_LENGTH
        assert "nan" not in text.split(), name
        if not name.startswith("PERMIT"):
            assert "_" not in text, name


def test_length_is_capped() -> None:
    record = entered()
    (c,) = record.candidates
    long = c._replace(template="K" * 500)
    assert len(tell(record._replace(primary=long))) == MAX_LENGTH


if __name__ == "__main__":
    GOLDEN.write_text(
        "".join(f"{name} | {tell(record)}\n" for name, record in sorted(records().items())),
        encoding="utf-8",
    )

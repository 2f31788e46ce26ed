"""`tradebot research gates` and `null`, against what the record itself holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gateway_fixture import data_file
from program import Ended, tradebot

DB = "sqlite:///watched.db"
DAYS = ("07", "08", "09", "10")


class Studied(NamedTuple):
    """Days that were only observed: the record, the study of it, and the study's own words."""

    folder: Path
    events: list[dict[str, Any]]
    gates: dict[str, Any]
    told: Ended


@pytest.fixture(scope="module")
def studied(tmp_path_factory: pytest.TempPathFactory) -> Studied:
    files = [data_file(f"ES_1m_2013-10-{day}.csv.gz") for day in DAYS]
    folder = tmp_path_factory.mktemp("gates")
    ran = tradebot(folder, "--mode", "OBSERVE", "--bars", *files, "--db", DB, "--json")
    assert ran.code == 0, ran.err
    exported = tradebot(folder, "db", "export", "--db", DB)
    study = tradebot(folder, "research", "gates", "--db", DB, "--json")
    assert study.code == 0, study.err
    events = [json.loads(line) for line in exported.out.splitlines()]
    return Studied(folder, events, study.summary, tradebot(folder, "research", "gates", "--db", DB))


def of(studied: Studied, kind: str) -> list[dict[str, Any]]:
    return [event["payload"] for event in studied.events if event["type"] == kind]


def test_what_observing_alone_kept_out_is_what_was_followed_in_shadow(studied: Studied) -> None:
    """The record holds shadow trades of just these: both ways must come to the same money."""
    nets = [float(p["net"]) for p in of(studied, "ShadowClosed") if p["why"] == "OBSERVE_ONLY"]
    found = studied.gates["gates"]["OBSERVE_ONLY"]
    assert len(nets) >= 2
    assert found["filled"] == len(nets)
    assert float(found["mean_net_usd"]) == pytest.approx(sum(nets) / len(nets), abs=5e-5)
    assert found["won"] == sum(net > 0 for net in nets)


def test_it_follows_what_one_gate_alone_has_refused(studied: Studied) -> None:
    """At least once for a gate that was ever alone, and never oftener than it was."""
    alone: dict[str, int] = {}
    for decision in of(studied, "DecisionMade"):
        above = [g["id"] for g in decision["gates"] if not g["candidate"] and not g["pass"]]
        for candidate in decision["candidates"]:
            failed = above + candidate["failed"]
            if candidate["p_lb"] is not None and len(failed) == 1:
                alone[failed[0]] = alone.get(failed[0], 0) + 1
    found = {reason: f["kept_out"] for reason, f in studied.gates["gates"].items()}
    found.pop("OBSERVE_ONLY")
    assert 1 <= found["EDGE_SCORE_BELOW_THETA"] <= alone["score"]
    assert len(found) == len(alone)
    assert sum(found.values()) <= sum(alone.values())


def test_a_person_reads_the_same_figures_and_nothing_is_recorded(studied: Studied) -> None:
    assert studied.told.code == 0
    assert studied.told.out.startswith("OBSERVE: what each gate alone kept out")
    for reason, figures in studied.gates["gates"].items():
        line = next(x for x in studied.told.out.splitlines() if x.startswith(f"{reason} "))
        assert line.split()[1:3] == [str(figures["kept_out"]), str(figures["filled"])]
    again = tradebot(studied.folder, "db", "export", "--db", DB)
    assert [json.loads(line) for line in again.out.splitlines()] == studied.events


def test_without_a_store_it_says_so(tmp_path: Path) -> None:
    done = tradebot(tmp_path, "research", "gates", "--db", "sqlite:///none.db")
    assert (done.code, done.out) == (4, "")
    assert "none.db" in done.err


def test_the_null_stands_beside_what_was_followed_in_shadow(studied: Studied) -> None:
    """Played again, the recorded days come to the shadow trades of the record."""
    found = tradebot(studied.folder, "research", "null", "--db", DB, "--shuffles", "1", "--json")
    assert found.code == 0, found.err
    by_template: dict[str, list[float]] = {}
    for payload in of(studied, "ShadowClosed"):
        by_template.setdefault(payload["template"], []).append(payload["r_gross"])
    assert by_template
    null = found.summary["OBSERVE"]
    for template, values in by_template.items():
        real = null[template]["real"]
        assert real["trades"] == len(values)
        assert real["mean_r"] == pytest.approx(sum(values) / len(values), abs=1e-8)
    assert {t for t in null if null[t]["real"]["trades"]} == set(by_template)
    (shuffled,) = zip(*(null[template]["shuffled"] for template in null), strict=True)
    assert [each["mean_r"] for each in shuffled] != [null[t]["real"]["mean_r"] for t in null]
    reported = tradebot(studied.folder, "report", "--null", "1", "--db", DB, "--json")
    assert reported.summary["modes"]["OBSERVE"]["null"] == null


def test_a_number_of_shuffles_that_is_none_is_refused(studied: Studied) -> None:
    done = tradebot(studied.folder, "research", "null", "--db", DB, "--shuffles", "0")
    assert done.code == 2
    assert "--shuffles: is 1 to 100, got 0" in done.err

"""What a signal does at each state of a trade: flat within seconds; the second one leaves at once.

`TRADEBOT_TEST_FULL=1` tries each signal at each state.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest

from adapters.gateway_sim.bars import SECOND
from live_rehearsal import GATEWAY, Rehearsal, real_morning

pytest.importorskip(GATEWAY["TRADEBOT_IBKR_LIBRARY"])

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FULL = bool(os.environ.get("TRADEBOT_TEST_FULL"))
FLAT_WITHIN = 10 * SECOND


def entry_works(stage: Rehearsal) -> bool:
    return stage.count("placeOrder") > 0 and stage.position == 0


def in_a_trade(stage: Rehearsal) -> bool:
    return stage.position != 0


def is_flat(stage: Rehearsal) -> bool:
    return len(stage.events("DecisionMade")) >= 2


State = Callable[[Rehearsal], bool]
STATES: tuple[State, ...] = (is_flat, entry_works, in_a_trade)
CASES = list(product(SIGNALS, STATES) if FULL else zip(SIGNALS, STATES, strict=True))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Rehearsal]:
    day, past = real_morning(-70)
    with Rehearsal(tmp_path, day[:25], past) as rehearsal:
        rehearsal.start()
        yield rehearsal


def reach(stage: Rehearsal, state: State) -> None:
    stage.play(lambda: state(stage))
    assert state(stage)


def working(stage: Rehearsal) -> list[str]:
    """Kinds of the orders that work at the gateway."""
    return sorted(stage.gw.call(lambda: [o.kind for o in stage.gw.core.broker.live()]))


@pytest.mark.parametrize(("number", "state"), CASES)
def test_a_signal_leaves_nothing_open(
    stage: Rehearsal, number: signal.Signals, state: State
) -> None:
    reach(stage, state)
    at = stage.gw.core.market.now
    held, sent = stage.position, len(stage.orders)
    stage.tell(number)
    if state is not is_flat:
        stage.wait(lambda: len(stage.orders) > sent, 20)
    while held and stage.position:
        stage.play(pieces=1)
    assert stage.gw.core.market.now - at <= FLAT_WITHIN
    stage.play(pieces=12)
    done = stage.ended()
    assert done.code == 130, done.err
    assert f"{number.name}: ending flat" in done.err
    assert (stage.position, working(stage)) == (0, [])
    s = done.summary
    assert (s["position"], s["working_orders"], s["law"]["violations"]) == (0, 0, 0)
    assert [row["exit_reason"] for row in stage.events("TradeClosed")] == ["OPERATOR"] * bool(held)


@pytest.mark.parametrize("number", SIGNALS if FULL else SIGNALS[:1])
def test_the_second_signal_leaves_the_stop_where_it_is(
    stage: Rehearsal, number: signal.Signals
) -> None:
    reach(stage, in_a_trade)
    stage.tell(number)
    sent = len(stage.orders)
    stage.wait(lambda: len(stage.orders) > sent, 20)
    stage.tell(number)
    done = stage.ended()
    assert done.code == 130, done.err
    assert "stays at the broker" in done.err
    assert abs(stage.position) == 1
    assert "STP" in working(stage)

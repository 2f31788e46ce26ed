"""The shipped contracts hold the numbers of the spec."""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.contracts.loader import contracts_folder, load_contracts
from domain.contract_set import EVEN, Contracts
from domain.units import Money


@pytest.fixture(scope="module")
def shipped() -> Contracts:
    return load_contracts()


def test_the_default_folder_is_the_repository_s() -> None:
    assert contracts_folder() == Path(__file__).resolve().parents[2] / "contracts"


@pytest.mark.parametrize(
    ("symbol", "tick", "value", "multiplier", "fee", "margin", "spread", "grid", "band"),
    [
        ("MES", "0.25", "1.25", "5", "0.62", "1500", 1, 40, (400, 200_000)),
        ("ES", "0.25", "12.50", "50", "2.25", "25000", 1, 40, (400, 200_000)),
        ("MNQ", "0.25", "0.50", "2", "0.62", "3500", 2, 200, (400, 200_000)),
        ("6E", "0.00005", "6.25", "125000", "2.47", "2700", 1, 100, (4_000, 100_000)),
    ],
)
def test_instruments(
    shipped: Contracts,
    symbol: str,
    tick: str,
    value: str,
    multiplier: str,
    fee: str,
    margin: str,
    spread: int,
    grid: int,
    band: tuple[int, int],
) -> None:
    i = shipped.instruments[symbol]
    assert i.symbol == symbol
    assert (i.tick_size, i.multiplier) == (Decimal(tick), Decimal(multiplier))
    assert (i.tick_value, i.fee_per_side) == (Money.parse(value), Money.parse(fee))
    assert i.initial_margin == Money.parse(margin)
    assert (i.typical_spread_ticks, i.round_grid_ticks) == (spread, grid)
    assert (i.price_band.low, i.price_band.high) == band
    assert (i.exchange, i.currency, i.max_minute_volume) == ("CME", "USD", 10_000_000)
    assert (i.rth_calendar, i.venue_calendar) == ("XNYS", "CMES")


def test_only_the_micro_contract_may_trade_live(shipped: Contracts) -> None:
    assert [s for s, i in shipped.instruments.items() if i.live_enabled] == ["MES"]
    assert set(shipped.instruments) == {"MES", "ES", "MNQ", "NQ", "6E", "SPY", "GBPUSD"}


def test_a_fee_is_stale_after_180_days_and_not_on_the_180th(shipped: Contracts) -> None:
    mes = shipped.instruments["MES"]
    assert mes.fee_confirmed == date(2026, 11, 1)
    assert not shipped.fee_is_stale(mes, date(2027, 4, 30))
    assert shipped.fee_is_stale(mes, date(2027, 5, 1))


def test_windows(shipped: Contracts) -> None:
    s = shipped.session
    assert (s.mid_morning_from, s.lunch_from, s.afternoon_from) == (630, 690, 810)
    assert (s.opening_block_minutes, s.last_entry_minutes, s.flatten_minutes) == (5, 15, 5)


# beliefs.md 2: a, b, sigma(b), lambda, dvs_min, eqs_min
BELIEFS = [
    (8.0, -1.1, 0.250, 0.60, 0.80, 0.75),
    (7.5, -1.1, 0.250, 0.40, 0.85, 0.80),
    (6.0, -1.1, 0.250, 0.30, 0.85, 0.80),
    (7.5, -1.1, 0.250, 0.65, 0.80, 0.75),
    (5.0, 0.4, 0.599, 0.80, 0.60, 0.60),
    (5.0, -1.2, 0.231, 0.70, 0.60, 0.60),
]


@pytest.mark.parametrize("k", range(6))
def test_belief_constants(shipped: Contracts, k: int) -> None:
    belief = shipped.beliefs.all()[k]
    a, b, at_zero, decay, dvs_min, eqs_min = BELIEFS[k]
    assert (belief.a, belief.b, belief.decay) == (a, b, decay)
    assert (belief.dvs_min, belief.eqs_min) == (dvs_min, eqs_min)
    assert round(1 / (1 + math.exp(-belief.b)), 3) == at_zero
    assert 1 / (1 + math.exp(-(belief.a + belief.b))) < 0.9995


@pytest.mark.parametrize("k", range(6))
def test_full_favourable_evidence_is_one(shipped: Contracts, k: int) -> None:
    weights = shipped.beliefs.all()[k].weights
    evidence = sum(w * math.copysign(1.0, w) for w in weights.values())
    assert evidence / sum(abs(w) for w in weights.values()) == 1.0
    assert math.isclose(sum(abs(w) for w in weights.values()), 1.0, abs_tol=1e-12)


def test_weights_that_are_easy_to_mistype(shipped: Contracts) -> None:
    f1, f2, f3, f4, f5, f6 = (b.weights for b in shipped.beliefs.all())
    assert f1[1] == -0.34
    assert f1[33] == -0.10
    assert f2[31] == 0.36
    assert f3[10] == -0.03
    assert f4[34] == -0.03
    assert f5[27] == 0.22
    assert f5[18] == -0.10
    assert f6[35] == 0.15
    assert [len(w) for w in (f1, f2, f3, f4, f5, f6)] == [11, 11, 9, 12, 8, 7]


def test_every_even_signal_has_its_centre(shipped: Contracts) -> None:
    assert shipped.centres.keys() == EVEN
    third = 1 / 3
    assert (shipped.centres[3].centre, shipped.centres[3].scale) == (third, third)
    assert (shipped.centres[26].centre, shipped.centres[26].scale) == (0.125, 0.875)


@pytest.mark.parametrize(
    ("name", "belief", "stability", "time_stop", "theta", "lookback", "buffer", "target"),
    [
        ("k1", 0.65, 0.12, 30, 0.18, 5, 2, (6, 5)),
        ("k2", 0.65, 0.25, 25, 0.30, 4, 2, (8, 5)),
        ("k3", 0.65, 0.25, 20, 0.25, 4, 2, (9, 5)),
        ("k4", 0.65, 0.12, 40, 0.50, 3, 1, (2, 1)),
    ],
)
def test_templates(
    shipped: Contracts,
    name: str,
    belief: float,
    stability: float,
    time_stop: int,
    theta: float,
    lookback: int,
    buffer: int,
    target: tuple[int, int],
) -> None:
    k = getattr(shipped.templates, name)
    assert k.enabled
    assert (k.min_belief, k.max_stability, k.theta_t) == (belief, stability, theta)
    assert (k.time_stop_minutes, k.time_to_live_seconds) == (time_stop, 90)
    assert (k.stop_lookback, k.stop_buffer, k.stop_cap_ticks) == (lookback, buffer, 12)
    assert (k.target_num, k.target_den) == target


def test_tiers(shipped: Contracts) -> None:
    rows = [
        (t.name, str(t.equity_from), t.templates, t.stop_cap_ticks, str(t.risk_cap))
        for t in shipped.decision.tiers
    ]
    assert rows == [
        ("S", "0.0000", ("K1", "K2"), 10, "12.0000"),
        ("A", "2500.0000", ("K1", "K2", "K3"), 14, "15.0000"),
        ("B", "7500.0000", ("K1", "K2", "K3", "K4"), 18, "15.0000"),
    ]


def test_decision_numbers(shipped: Contracts) -> None:
    d = shipped.decision
    assert (d.theta.base, d.theta.floor, d.theta.ceiling) == (0.03, 0.02, 0.40)
    assert d.theta.volatility_low == 0.7 / 3
    assert (d.friction.pessimism, d.friction.alarm) == (1.25, Money.parse("9.00"))
    shares = (
        d.score.uncertainty_dvs,
        d.score.uncertainty_eqs,
        d.score.uncertainty_stability,
        d.score.uncertainty_belief,
    )
    assert sum(shares) == pytest.approx(1.0)
    assert (d.lockouts.vol_shock_minutes, d.lockouts.danger_minutes) == (60, 30)
    assert d.lockouts.news_minutes == 45


def test_engine_parameters_carry_the_instrument(shipped: Contracts) -> None:
    p = shipped.engine_parameters(shipped.instruments["MNQ"])
    assert (p.tick_value, p.fee_per_side, p.round_grid_ticks) == (0.5, 0.62, 200)
    assert (p.friction_pessimism, p.max_risk_usd) == (1.25, 15.0)
    assert p.typical_spread_ticks == 2

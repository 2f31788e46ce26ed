"""Articles about the order itself and the moment it is sent (law.md 2)."""

from __future__ import annotations

from domain.intent import OrderIntent
from domain.law.check import Bench, Check
from domain.units import SECOND


def account(intent: OrderIntent, bench: Bench) -> Check:
    """ACCOUNT: account and symbol are the run's."""
    f = bench.facts
    symbol = intent.decision_id[15:]
    passed = f.account == f.run_account and symbol == f.symbol == f.instrument.symbol
    return Check("ACCOUNT", passed, symbol, f.symbol)


def sides(intent: OrderIntent, bench: Bench) -> Check:
    """SIDES: the stop on the losing side of the limit, the target on the winning side."""
    s = intent.side
    passed = (
        s in (1, -1)
        and s * (intent.limit - intent.stop_price) > 0
        and s * (intent.target_price - intent.limit) > 0
    )
    return Check("SIDES", passed, str(s), "stop < limit < target")


def price(intent: OrderIntent, bench: Bench) -> Check:
    """PRICE: inside the band, and near enough to the reference close for exchange limits."""
    f = bench.facts
    prices = [intent.limit, intent.stop_price, intent.target_price]
    if intent.trigger is not None:
        prices.append(intent.trigger)
    band = f.instrument.price_band
    limit = f"{band.low}..{band.high}"
    if f.reference_close is None:
        return Check("PRICE", False, "no reference close", limit)
    # Compared in whole parts per million: no rounding can let a price just beyond pass.
    most = round(bench.law.max_distance_from_close * 1_000_000) * f.reference_close
    passed = all(
        band.low <= p <= band.high and abs(p - f.reference_close) * 1_000_000 <= most
        for p in prices
    )
    return Check("PRICE", passed, ",".join(str(p) for p in prices), limit)


def distance(intent: OrderIntent, bench: Bench) -> Check:
    """DISTANCE: the limit lies within a few ATRs of the last trade."""
    f = bench.facts
    away = abs(intent.limit - f.last_price)
    most = bench.law.max_distance_atr * max(f.a14, 1.0)
    return Check("DISTANCE", away <= most, str(away), f"{most:.4f}")


def window(intent: OrderIntent, bench: Bench) -> Check:
    """WINDOW: the moment lies outside every no-entry window, in a tradable phase."""
    t = bench.facts.timetable
    now = bench.facts.now
    passed = t.session.open <= now < t.session.close and t.entry_window_open(now)
    return Check("WINDOW", passed, t.phase(now).name, "entry window")


def ttl(intent: OrderIntent, bench: Bench) -> Check:
    """TTL: the entry dies before the last-entry window ends, and the decision is fresh."""
    f = bench.facts
    age = f.now - intent.decided_at
    passed = (
        0 <= age <= bench.law.max_decision_age_s * SECOND
        and f.now < intent.expires_at < f.timetable.session.close
    )
    return Check("TTL", passed, f"{age / SECOND:.3f} s", f"{bench.law.max_decision_age_s} s")


def margin(intent: OrderIntent, bench: Bench) -> Check:
    """MARGIN: equity is known and the free margin covers the initial margin with a buffer."""
    f = bench.facts
    need = f.initial_margin.units * bench.law.margin_factor * intent.qty
    if f.equity is None or f.free_margin is None:
        return Check("MARGIN", False, "unknown", f"{need / 10_000:.2f}")
    return Check("MARGIN", f.free_margin.units >= need, str(f.free_margin), f"{need / 10_000:.2f}")


def in_doubt(intent: OrderIntent, bench: Bench) -> Check:
    """IN_DOUBT: every order of ours is settled."""
    return Check("IN_DOUBT", not bench.facts.in_doubt, str(bench.facts.in_doubt), "False")


def quality(intent: OrderIntent, bench: Bench) -> Check:
    """QUALITY (L11, L12): both scores at their entry gates now."""
    f, law = bench.facts, bench.law
    passed = f.dvs_bp >= law.dvs_entry_bp and f.eqs_bp >= law.eqs_entry_bp
    return Check(
        "QUALITY", passed, f"{f.dvs_bp}/{f.eqs_bp}", f"{law.dvs_entry_bp}/{law.eqs_entry_bp}"
    )


def host(intent: OrderIntent, bench: Bench) -> Check:
    """HOST: the machine is fit to trade (a live feed only; simulated hosts are always fit)."""
    return Check("HOST", bench.facts.host_fit, str(bench.facts.host_fit), "True")


def mode(intent: OrderIntent, bench: Bench) -> Check:
    """The mode: PAPER or LIVE, no observe-only state in force, and not a shadow."""
    why = bench.facts.observe_only or ("shadow intent" if intent.shadow else None)
    return Check("MODE", why is None, why or "may send", "may send")

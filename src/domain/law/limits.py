"""Articles L1 to L19 as they bind a new entry (law.md 1 and 2)."""

from __future__ import annotations

from domain.intent import EntryType, OrderIntent
from domain.law.check import Bench, Check
from domain.law.state import Halt, limit_of, streak_allows
from domain.units import MINUTE, ZERO, Money


def worst_case(stop: int, qty: int, tick_value: Money, fee_per_side: Money) -> Money:
    """What a trade can lose: the ticks to its stop, at least none, plus round-trip fees."""
    return (tick_value * max(stop, 0) + fee_per_side * 2) * qty


def kill(intent: OrderIntent, bench: Bench) -> Check:
    """KILL: no kill is latched, and the last reset has been followed by a clean decision."""
    state = bench.facts.law_state
    free = not (state.killed or state.muted or state.resting)
    told = state.kill_trigger or state.muted or ("reset" if state.resting else "none")
    return Check("KILL", free, told, "none")


def halt(intent: OrderIntent, bench: Bench) -> Check:
    """HALT: no halt of a day, week or month is in force."""
    halts = bench.facts.law_state.halts
    return Check("HALT", not halts, ",".join(h.value for h in halts) or "none", "none")


def position(intent: OrderIntent, bench: Bench) -> Check:
    """L1: position, working entries and this one together stay within one contract."""
    f = bench.facts
    total = abs(f.position) + f.working_entry_qty + intent.qty
    passed = intent.qty >= 1 and total <= bench.law.max_position
    return Check("L1", passed, str(total), str(bench.law.max_position))


def risk(intent: OrderIntent, bench: Bench) -> Check:
    """L2: the stop's money stays within the law's and the tier's risk."""
    f, law = bench.facts, bench.law
    limit = law.max_risk if f.tier_risk_cap is None else min(law.max_risk, f.tier_risk_cap)
    at_risk = f.instrument.tick_value * (intent.stop * intent.qty)
    return Check("L2", at_risk <= limit and f.tier_risk_cap is not None, str(at_risk), str(limit))


def stop(intent: OrderIntent, bench: Bench) -> Check:
    """L3: the stop is neither closer than the least nor wider than the cap."""
    cap = min(bench.law.max_stop_ticks, bench.facts.stop_cap_ticks)
    least = bench.law.min_stop_ticks
    return Check("L3", least <= intent.stop <= cap, str(intent.stop), f"{least}..{cap}")


def trades_today(intent: OrderIntent, bench: Bench) -> Check:
    """L4: entries filled today."""
    done, most = bench.facts.law_state.trades_today, bench.law.max_trades_per_day
    return Check("L4", done < most, str(done), str(most))


def spacing(intent: OrderIntent, bench: Bench) -> Check:
    """L5: time since the last entry fill."""
    last = bench.facts.law_state.last_entry
    least = bench.law.min_minutes_between_entries
    if last is None:
        return Check("L5", True, "none", f"{least} min")
    elapsed = bench.facts.now - last
    return Check("L5", elapsed >= least * MINUTE, f"{elapsed / MINUTE:.3f} min", f"{least} min")


def _loss(article: str, period: Halt, bench: Bench) -> Check:
    lost, limit = bench.facts.law_state.realised_loss(period), limit_of(period, bench.law)
    return Check(article, lost < limit, str(lost), str(limit))


def daily_loss(intent: OrderIntent, bench: Bench) -> Check:
    """L6: the day's realised loss."""
    return _loss("L6", Halt.DAY, bench)


def weekly_loss(intent: OrderIntent, bench: Bench) -> Check:
    """L7: the week's realised loss."""
    return _loss("L7", Halt.WEEK, bench)


def monthly_loss(intent: OrderIntent, bench: Bench) -> Check:
    """L8: the month's realised loss."""
    return _loss("L8", Halt.MONTH, bench)


def tightest_budget(used: Money, bench: Bench) -> tuple[Money, Money]:
    """`(used, limit)` of the period with the least room for `used` more; ties day, week, month."""
    state = bench.facts.law_state
    best: tuple[Money, Money] | None = None
    for period in Halt:
        total = state.realised_loss(period) + used
        limit = limit_of(period, bench.law)
        if best is None or limit - total < best[1] - best[0]:
            best = (total, limit)
    return best or (used, ZERO)


def budget(intent: OrderIntent, bench: Bench) -> Check:
    """L9: losses, open worst case and this trade's fit into day, week and month."""
    f = bench.facts
    new = worst_case(intent.stop, intent.qty, f.instrument.tick_value, f.instrument.fee_per_side)
    used, limit = tightest_budget(f.open_worst + new, bench)
    return Check("L9", used <= limit, str(used), str(limit))


def streak(intent: OrderIntent, bench: Bench) -> Check:
    """L10: losing streak and probation."""
    state = bench.facts.law_state
    value = f"{state.streak} {state.streak_state.value}"
    return Check("L10", streak_allows(state, bench.law), value, str(bench.law.max_loss_streak))


def entry_type(intent: OrderIntent, bench: Bench) -> Check:
    """L15: LIMIT or STOP-LIMIT, the latter with a trigger on the way to its limit."""
    if intent.entry_type is EntryType.LIMIT:
        passed = intent.trigger is None
    else:
        passed = intent.trigger is not None and intent.side * (intent.limit - intent.trigger) >= 0
    return Check("L15", passed, intent.entry_type.value, "LIMIT, STOP-LIMIT")


def has_bracket(intent: OrderIntent, bench: Bench) -> Check:
    """L16: the children lie where the distances say, neither of them missing."""
    passed = (
        intent.stop > 0
        and intent.target > 0
        and intent.stop_price == intent.limit - intent.side * intent.stop
        and intent.target_price == intent.limit + intent.side * intent.target
    )
    return Check("L16", passed, f"{intent.stop_price}/{intent.target_price}", "stop and target")


def no_averaging(intent: OrderIntent, bench: Bench) -> Check:
    """L17: no entry while in a position."""
    return Check("L17", bench.facts.position == 0, str(bench.facts.position), "0")


def submissions(intent: OrderIntent, bench: Bench) -> Check:
    """L19: entry orders sent today, filled or not."""
    sent, most = bench.facts.law_state.sent_today, bench.law.max_submissions_per_day
    return Check("L19", sent < most, str(sent), str(most))

"""The textbook entry and, for every gate, what makes it fail just beyond its number."""

from __future__ import annotations

from domain.candidate import Snapshot
from domain.decision import DecisionRecord, decide
from domain.gates import Locks
from domain.law.state import KillState, LawState, StreakState
from domain.learning import Standing, Status
from domain.units import MINUTE, Money
from market_builders import TUESDAY, at, beliefs, rules, snapshot
from setups import Scene, stretched, sweep

T = at(11, 0)


def moment(**changes: object) -> Snapshot:
    """The textbook K1 long at 11:00 on a Tuesday, changed as told."""
    t_d = changes.pop("t_d", T)
    scene = changes.pop("scene", stretched())
    assert isinstance(t_d, int)
    assert isinstance(scene, Scene)
    return snapshot(scene.seen(1, t_d), t_d, **changes)


def decided(**changes: object) -> DecisionRecord:
    return decide(moment(**changes), rules())[0]


def memory(**changes: object) -> LawState:
    return LawState(session_date=TUESDAY)._replace(**changes)


def lost(field: str, text: str) -> dict[str, object]:
    return {"state": memory(**{field: -Money.parse(text)})}


FAILING = {
    "kill": ({"state": memory(kill_state=KillState.KILLED)}, "KILL_SWITCH_ACTIVE"),
    "flat": ({"flat": False}, "IN_POSITION"),
    "trades_today": ({"state": memory(trades_today=2)}, "MAX_TRADES_REACHED"),
    "spacing": ({"state": memory(last_entry=T - 30 * MINUTE + 10**6)}, "COOLDOWN_ACTIVE"),
    "streak": (
        {"state": memory(streak=2, streak_state=StreakState.LOCKED)}, "CONSECUTIVE_LOSS_LOCKOUT",
    ),
    "daily_loss": (lost("net_day", "30.00"), "DAILY_LOSS_LIMIT"),
    "weekly_loss": (lost("net_week", "75.00"), "WEEKLY_LOSS_LIMIT"),
    "monthly_loss": (lost("net_month", "150.00"), "MONTHLY_LOSS_LIMIT"),
    "dvs": ({"dvs_bp": 7999}, "DVS_TOO_LOW"),
    "eqs": ({"eqs_bp": 7499}, "EQS_TOO_LOW"),
    "session": ({"t_d": at(16, 0)}, "SESSION_NOT_TRADABLE"),
    "window": ({"t_d": at(15, 45)}, "SESSION_WINDOW_BLOCK"),
    "vol_shock": ({"locks": Locks(True, False, False)}, "VOL_SHOCK_LOCKOUT"),
    "execution_danger": ({"locks": Locks(False, True, False)}, "SPREAD_SLIPPAGE_LOCKOUT"),
    "news_shock": ({"locks": Locks(False, False, True)}, "NEWS_LOCKOUT"),
    "tier": ({"scene": sweep(), "equity": "2499.99"}, "TEMPLATE_NOT_ALLOWED_BY_TIER"),
    "plan": ({"scene": stretched(to_value=13.9)}, "TARGET_TOO_CLOSE"),
    "budget": (lost("net_day", "15.02"), "RISK_BUDGET_EXHAUSTED"),
    "belief": ({"scene": stretched(effective=0.649999999)}, "BELIEF_TOO_LOW"),
    "stability": (
        {"scene": stretched().with_frame(stability=(0.120000001,) * 11)}, "STABILITY_NOT_MET",
    ),
    "thesis": ({"scene": stretched().with_frame(thesis=0.229999999)}, "THESIS_TOO_WEAK"),
    "noise": (
        {"scene": stretched().with_frame(effective=beliefs(0.25, f1_long=0.78, f5=0.599999999))},
        "NOISE_VETO",
    ),
    "learning": (
        {"standing": Standing(Status.QUARANTINED, 1.0, 0.0, 0.0)}, "STRATEGY_QUARANTINED",
    ),
    "friction_share": ({"scene": stretched().with_frame(slip=4.81)}, "FRICTION_TOO_HIGH"),
    "score": ({"scene": stretched().with_frame(spread=2.0, slip=1.5)}, "EDGE_SCORE_BELOW_THETA"),
}  # fmt: skip

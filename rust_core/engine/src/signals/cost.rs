//! S25 to S28, quality and cost. Meaning: `src/domain/signals/cost.py`.

use crate::arithmetic::{clamp, float, larger, smaller};
use crate::bar::{CLOSE, OPENING};
use crate::contributions::Board;
use crate::now::Now;

/// What friction and the fills need beside the signals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cost {
    /// Spread that friction used, in ticks.
    pub(crate) spread: f64,
    /// S26's estimate and its model part, in ticks.
    pub(crate) slip: Option<(f64, f64)>,
}

/// Put S25 to S28 down.
#[inline(always)]
pub(crate) fn update(now: &Now<'_>, out: &mut Board<'_>) -> Cost {
    let p = &now.p.signals;
    let bar = now.bar;
    let proxy = |s: f64| clamp((larger(s, 1.0) - 1.0) / p.spread_scale, 0.0, 1.0);
    match bar.spread {
        Some(quoted) => out.put(25, Some(proxy(quoted))),
        None => {
            if let Some(roll) = now.closes.roll(p) {
                out.put_fallback(25, proxy(roll));
            }
        }
    }
    let typical = float(now.p.typical_spread_ticks);
    let spread = bar.spread.map_or(typical, |quoted| larger(quoted, 1.0));
    let slip = out.get(3).map(|atr| {
        let model = slip_model(now, atr, bar.spread.unwrap_or(typical));
        let slip = smaller(larger(model, bar.realised_slip), p.slip_max);
        out.put(26, Some(slip / p.slip_max));
        (slip, model)
    });
    out.put(27, Some(float(bar.dvs_bp) / 10_000.0));
    if let Some((slip, _)) = slip {
        let q = now.p;
        let friction = q.friction_pessimism
            * (2.0 * q.fee_per_side + q.tick_value * (0.5 * 1.0 * spread + slip));
        out.put(28, Some(clamp(friction / q.max_risk_usd / p.friction_share, 0.0, 1.0)));
    }
    Cost { spread, slip }
}

/// Expected adverse slippage of one stop or market fill, in ticks, without our own record.
#[inline(always)]
fn slip_model(now: &Now<'_>, atr: f64, spread: f64) -> f64 {
    let p = &now.p.signals;
    let step = |on: bool, by: f64| if on { by } else { 0.0 };
    let model = p.slip_base
        + step(atr > p.slip_atr_1, p.slip_atr_1_step)
        + step(atr > p.slip_atr_2, p.slip_atr_2_step)
        + step(spread >= p.slip_spread_1, p.slip_spread_1_step)
        + step(spread >= p.slip_spread_2, p.slip_spread_2_step);
    match now.bar.phase {
        OPENING => model * p.slip_opening_factor,
        CLOSE => model * p.slip_close_factor,
        _ => model,
    }
}

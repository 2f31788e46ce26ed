//! K1 to K4: what each looks for on a side, and how it would enter (decision.md 2).

use tradebot_engine::arithmetic::{float, q9};

use crate::market::{CHOPPY, KEEP, Market, TRENDING, UNKNOWN, VOLATILE, highest, lowest};
use crate::rules::{Rules, Template};

/// A template saw its pattern; `level` is the structure level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setup {
    /// Which one.
    pub template: Template,
    /// +1 or -1.
    pub side: i64,
    /// In ticks, if it has one.
    pub level: Option<i64>,
}

/// How to enter, prices and distances in ticks; a trigger makes it a stop-limit entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Entry {
    pub trigger: Option<i64>,
    pub limit: i64,
    pub need: i64,
    pub stop: i64,
    pub target: i64,
}

/// Why a setup cannot be traded, and the structural need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The law's corridor is too narrow for the stop.
    TooWide(i64),
    /// The target does not pay for the risk.
    TargetTooClose(i64),
}

const SIDES: [i64; 2] = [1, -1];

const fn bits<const N: usize>(numbers: [u32; N]) -> u64 {
    let (mut all, mut n) = (0, 0);
    while n < N {
        all |= 1 << (numbers[n] - 1);
        n += 1;
    }
    all
}

/// Every setup of both sides, in the order K1 to K4, long before short.
pub fn detect_all(m: &Market, rules: &Rules, mut found: impl FnMut(Setup)) {
    if m.bars < rules.min_bars || m.regime == UNKNOWN || m.a14.is_nan() || !m.whole {
        return;
    }
    for &template in &rules.templates {
        for side in SIDES {
            let setup = match template {
                Template::K1 => vwap_reversion(m, rules, side),
                Template::K2 => failed_break(m, rules, side),
                Template::K3 => sweep_reversal(m, rules, side),
                Template::K4 => momentum(m, rules, side),
            };
            if let Some(setup) = setup {
                found(setup);
            }
        }
    }
}

/// False for NaN too.
fn reaches(x: f64, least: f64) -> bool {
    x >= least
}

fn against(m: &Market, side: f64, least: f64) -> bool {
    m.regime == TRENDING && side * m.s(5) <= -least
}

fn vwap_reversion(m: &Market, rules: &Rules, side: i64) -> Option<Setup> {
    let (rule, s) = (&rules.k1, float(side));
    if !reaches(-s * m.s(1), rule.stretch) || m.regime == VOLATILE {
        return None;
    }
    if !m.has(bits([1, 5, 8])) || s * m.s(8) < 0.0 || against(m, s, rule.against_trend) {
        return None;
    }
    Some(Setup { template: Template::K1, side, level: None })
}

fn failed_break(m: &Market, rules: &Rules, side: i64) -> Option<Setup> {
    let rule = &rules.k2;
    if m.regime == VOLATILE || !m.has(bits([5])) {
        return None;
    }
    let first = KEEP - 1 - rule.break_closes;
    let since = &m.closes[first..KEEP - 1];
    let (before, close) = (m.closes[first - 1], m.closes[KEEP - 1]);
    // Inside before, beyond at one of the closes since, and back inside now.
    let (low, high) = if side > 0 {
        (lowest(since) + 1, before.min(close - 1))
    } else {
        (before.max(close + 1), highest(since) - 1)
    };
    if low > high {
        return None;
    }
    let extreme = m.adverse(side, rule.extent_bars);
    let far = q9(rule.extent_atr * m.a14);
    let (mut best, mut best_extent) = (None, 0);
    for level in m.levels_of(side).filter(|level| (low..=high).contains(level)) {
        let extent = side * (level - extreme);
        if extent >= rule.extent_ticks && extent > best_extent && float(extent) >= far {
            (best, best_extent) = (Some(level), extent);
        }
    }
    let level = best.filter(|_| !against(m, float(side), rule.against_trend))?;
    Some(Setup { template: Template::K2, side, level: Some(level) })
}

fn sweep_reversal(m: &Market, rules: &Rules, side: i64) -> Option<Setup> {
    let rule = &rules.k3;
    let swept = reaches(float(side) * m.s(31), rule.sweep_score);
    if !swept || m.regime == CHOPPY || !m.has(bits([31])) {
        return None;
    }
    let extreme = m.adverse(side, rule.sweep_bars);
    let inside = &m.closes[KEEP - rule.inside_closes..];
    let beyond = if side > 0 { lowest(inside) } else { highest(inside) };
    let close = m.closes[KEEP - 1];
    // Swept, reclaimed, and no close beyond it.
    let fits = |level: i64| {
        side * (level - extreme) >= 1 && side * (close - level) > 0 && side * (level - beyond) < 1
    };
    let level = m.levels_of(side).find(|&level| fits(level))?;
    Some(Setup { template: Template::K3, side, level: Some(level) })
}

fn momentum(m: &Market, rules: &Rules, side: i64) -> Option<Setup> {
    let (rule, s) = (&rules.k4, float(side));
    if (m.regime != TRENDING && m.regime != VOLATILE) || !m.has(bits([5, 6, 12, 22, 33])) {
        return None;
    }
    let broke = s * m.s(6) > 0.0 || s * m.s(22) > 0.0;
    if !broke || !reaches(s * m.s(5), rule.structure) || s * m.s(12) < rule.body {
        return None;
    }
    let late = s * m.s(33) >= rule.lateness;
    (!late).then_some(Setup { template: Template::K4, side, level: None })
}

/// How a setup would be entered.
///
/// # Errors
/// Why it cannot be.
pub fn plan(m: &Market, rules: &Rules, setup: &Setup) -> Result<Entry, Refused> {
    let (side, p) = (setup.side, &rules.plans[setup.template.index()]);
    let (trigger, limit) = match setup.template {
        Template::K1 | Template::K2 => (None, m.close),
        Template::K3 | Template::K4 => {
            let trigger = m.favourable(side) + side;
            (Some(trigger), trigger + side * p.stop_limit_offset)
        }
    };
    let need = side * (limit - m.adverse(side, p.stop_lookback)) + p.stop_buffer;
    let cap = m.cap.min(p.stop_cap_ticks);
    let stop = stop_within(need, cap, m.a14, rules).ok_or(Refused::TooWide(need))?;
    let multiple = rounded_up(stop, p.target_num, p.target_den);
    let target = if setup.template == Template::K1 {
        let to_value = whole(q9(-float(side) * m.dev).floor());
        let target = to_value.min(rules.k1.target_max_stops * stop);
        if target < multiple {
            return Err(Refused::TargetTooClose(need));
        }
        target
    } else {
        multiple
    };
    Ok(Entry { trigger, limit, need, stop, target })
}

/// The stop for a structural `need` under `cap`, None if the law's corridor is too narrow.
fn stop_within(need: i64, cap: i64, a14: f64, rules: &Rules) -> Option<i64> {
    let rule = &rules.stop;
    if cap < rule.min_ticks || rule.need_multiple_den * need > rule.need_multiple_num * cap {
        return None;
    }
    if a14 > q9(rule.atr_multiple * float(cap)) {
        return None;
    }
    Some(need.max(rule.min_ticks).min(cap))
}

/// `ceil(stop * num / den)` in integers; all are positive.
fn rounded_up(stop: i64, num: i64, den: i64) -> i64 {
    -(-stop * num).div_euclid(den)
}

/// Whole ticks of a number that is whole; beyond the range of prices it saturates, NaN is none.
#[allow(clippy::cast_possible_truncation)]
fn whole(x: f64) -> i64 {
    x as i64
}

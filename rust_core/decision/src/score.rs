//! Edge, uncertainty and cost of a candidate in R, and the threshold theta (decision.md 4 and 5).

use tradebot_engine::arithmetic::{float, q9};

use crate::beta::Quantiles;
use crate::market::Market;
use crate::python;
use crate::rules::{Rules, Scoring, Threshold};
use crate::templates::Entry;

/// What learning says about a candidate.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)]
pub struct Standing {
    pub quarantined: bool,
    pub multiplier: f64,
    pub successes: f64,
    pub failures: f64,
}

/// The parts of a score on the 1e-9 grid; friction in USD, the rest in R or shares.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)]
pub struct Score {
    pub b: f64,
    pub p0: f64,
    pub a_d: f64,
    pub b_d: f64,
    pub p_lb: f64,
    pub edge: f64,
    pub uncertainty: f64,
    pub friction: f64,
    pub multiplier: f64,
    pub cost: f64,
    pub score: f64,
}

/// The threshold's base and modifiers in R.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)]
pub struct Theta {
    pub base: f64,
    pub tod: f64,
    pub dow: f64,
    pub vol: f64,
    pub range: f64,
    pub conflict: f64,
    pub crowd: f64,
}

/// What the day of the week asks for, and the phase as `domain.session.Phase` numbers it.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)]
pub struct Calendar {
    pub phase: usize,
    pub monday: bool,
    pub friday: bool,
    /// The late hours of a Friday.
    pub late: bool,
}

impl Theta {
    /// The parts that do not depend on the candidate.
    #[must_use]
    pub fn of(p: &Threshold, m: &Market, when: Calendar) -> Self {
        let (s3, s4) = (m.s(3), m.s(4));
        let dow = if when.monday {
            p.monday
        } else if when.friday {
            if when.late { p.friday_late } else { p.friday }
        } else {
            0.0
        };
        let vol = if s3 < p.volatility_low {
            p.volatility_low_add
        } else if s3 > p.volatility_high {
            p.volatility_high_add
        } else {
            0.0
        };
        let range = if s4 < p.range_low {
            p.range_low_add
        } else if s4 > p.range_high {
            p.range_high_add
        } else {
            0.0
        };
        let tod = p.by_phase.get(when.phase).copied().unwrap_or(0.0);
        Self { base: p.base, tod, dow, vol, range, conflict: 0.0, crowd: 0.0 }
    }

    /// With the likelihood of a crowd on the candidate's side, and the largest of those that
    /// contradict its template; the rival side comes later.
    #[must_use]
    pub fn of_candidate(self, p: &Threshold, crowd: f64, against: f64) -> Self {
        let conflict = against >= p.conflict_likelihood || crowd >= p.conflict_crowd;
        let late = crowd > p.crowd_from;
        Self {
            conflict: if conflict { p.conflict_add } else { 0.0 },
            crowd: if late { q9(p.crowd_slope * (crowd - p.crowd_from)) } else { 0.0 },
            ..self
        }
    }

    /// The sum in the order of the fields, clamped.
    #[must_use]
    pub fn total(&self, p: &Threshold) -> f64 {
        let summed =
            self.base + self.tod + self.dow + self.vol + self.range + self.conflict + self.crowd;
        q9(python::min(python::max(summed, p.floor), p.ceiling))
    }
}

/// Estimated cost of the round trip in USD, None while S26 is not ready.
#[must_use]
pub fn friction(m: &Market, rules: &Rules, entry: &Entry) -> Option<f64> {
    let f = &rules.friction;
    let crossings =
        if entry.trigger.is_none() { f.limit_crossings } else { f.stop_limit_crossings };
    let ticks = 0.5 * f64::from(crossings) * m.spread + m.slip;
    let cost = q9(f.pessimism * (2.0 * f.fee_usd + f.tick_usd * ticks));
    (!cost.is_nan()).then_some(cost)
}

/// Win probability before data.
fn prior(effective: f64, b: f64, p: &Scoring) -> f64 {
    let share = python::min(python::max(effective, p.likelihood_min), p.likelihood_max);
    let odds = share / (1.0 - share);
    let root = odds.sqrt();
    let moved = (1.0 / b) * (root * root.sqrt());
    python::min(python::max(moved / (1.0 + moved), p.p0_min), p.p0_max)
}

/// Edge minus uncertainty minus cost, in multiples of the initial risk.
///
/// `belief` is (effective, stability), `quality` (DVS, EQS) in basis points. None where there is
/// no quantile.
pub fn score(
    entry: &Entry,
    cost_usd: f64,
    belief: (f64, f64),
    quality: (i64, i64),
    standing: &Standing,
    rules: &Rules,
    quantiles: &mut Quantiles,
) -> Option<Score> {
    let (p, (effective, stability), (dvs, eqs)) = (&rules.score, belief, quality);
    let b = float(entry.target) / float(entry.stop);
    let p0 = prior(effective, b, p);
    let p_lb = quantiles.of(
        p.pseudo_trades * p0 + standing.successes,
        p.pseudo_trades * (1.0 - p0) + standing.failures,
    )?;
    let edge = p_lb * b - (1.0 - p_lb);
    let uncertainty = p.uncertainty_scale
        * (p.uncertainty_dvs * (1.0 - float(dvs) / 10_000.0)
            + p.uncertainty_eqs * (1.0 - float(eqs) / 10_000.0)
            + p.uncertainty_stability * python::min(1.0, stability / p.stability_scale)
            + p.uncertainty_belief * (1.0 - effective));
    let risk = float(entry.stop) * rules.friction.tick_usd;
    let cost = standing.multiplier * cost_usd / risk;
    Some(Score {
        b: q9(b),
        p0: q9(p0),
        a_d: q9(standing.successes),
        b_d: q9(standing.failures),
        p_lb: q9(p_lb),
        edge: q9(edge),
        uncertainty: q9(uncertainty),
        friction: cost_usd,
        multiplier: q9(standing.multiplier),
        cost: q9(cost),
        score: q9(edge - uncertainty - cost),
    })
}

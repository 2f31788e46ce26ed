//! What comes of a bar's candidates: the choice, the likeliest, the reason, what would have
//! flipped it (decision.md 7 and 8).

use tradebot_engine::arithmetic::q9;

use crate::gates::{Cmp, Gate, Id, Kind};
use crate::judge::{Judged, score_gate};
use crate::rules::{Rules, Scales};
use crate::templates::Refused;

/// The nearest miss, or for an entry the gate closest to refusing; `gate` counts them from 0 on.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)]
pub struct Counterfactual {
    pub gate: u8,
    pub value: Option<f64>,
    pub threshold: Option<f64>,
    pub delta: Option<f64>,
    pub flips: bool,
    pub others: usize,
}

/// Why a bar was skipped, where a candidate's gate says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// No template saw its setup.
    NoSetup,
    /// A candidate passed everything.
    AllPassed,
    /// A gate could not be evaluated.
    Missing,
    /// The gate of that number.
    Gate(u8),
    /// The stop does not fit.
    TooWide,
    /// The target does not pay.
    TargetTooClose,
}

/// The choice among candidates, by their place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// The one that is entered.
    pub chosen: Option<usize>,
    /// The one a skip is about.
    pub likeliest: Option<usize>,
    /// Its side; 0 when the two sides tie exactly.
    pub side: i64,
    /// Unless a gate of the whole market gives it.
    pub reason: Reason,
    /// See there.
    pub counterfactual: Option<Counterfactual>,
}

/// Settle the sides and choose, unless a gate of the whole market has blocked the bar; `market`
/// are those gates.
pub fn weigh(judged: &mut [Judged], market: &[Gate], blocked: bool, rules: &Rules) -> View {
    if !blocked {
        settle_sides(judged, rules);
    }
    let chosen = if blocked { None } else { choose(judged) };
    let (likeliest, side) = match chosen {
        Some(n) => (chosen, judged[n].setup.side),
        None => primary_of(judged),
    };
    let counterfactual = likeliest.filter(|_| side != 0).and_then(|n| {
        let own = market.iter().chain(&judged[n].gates);
        if chosen.is_some() {
            closest_to_refusing(own, &rules.scales)
        } else {
            nearest_miss(own, &rules.scales)
        }
    });
    let reason = if chosen.is_some() {
        Reason::AllPassed
    } else {
        likeliest.map_or(Reason::NoSetup, |n| reason_of(judged, n, side))
    };
    View { chosen, likeliest, side, reason, counterfactual }
}

fn both_pass(judged: &[Judged]) -> bool {
    let stands = |side: i64| judged.iter().any(|c| c.setup.side == side && c.passes());
    judged.len() > 1 && stands(1) && stands(-1)
}

/// The mutual conflict: raise theta once, refuse both sides if both stand.
fn settle_sides(judged: &mut [Judged], rules: &Rules) {
    if !both_pass(judged) {
        return;
    }
    for c in judged.iter_mut() {
        let Some(score) = c.score else { continue };
        if c.passes() && c.theta.conflict == 0.0 {
            c.theta.conflict = rules.theta.conflict_add;
            c.total = c.theta.total(&rules.theta);
            c.answer(score_gate(Some(score.score), c.total));
        }
    }
    if !both_pass(judged) {
        return;
    }
    for c in judged.iter_mut() {
        if c.passes() {
            c.answer(Gate::boolean(Id::OneSide, false));
        }
    }
}

/// The passing candidate with the largest surplus; ties go to the earlier template.
fn choose(judged: &[Judged]) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (n, c) in judged.iter().enumerate().filter(|(_, c)| c.passes()) {
        let surplus = c.surplus();
        if best.is_none_or(|(_, most)| surplus > most) {
            best = Some((n, surplus));
        }
    }
    best.map(|(n, _)| n)
}

/// The candidate a skip is about, and its side: 0 when the two sides tie exactly.
fn primary_of(judged: &[Judged]) -> (Option<usize>, i64) {
    let Some(fewest) = judged.iter().map(Judged::failures).min() else {
        return (None, 0);
    };
    let of_few = || judged.iter().enumerate().filter(|(_, c)| c.failures() == fewest);
    let most = of_few().map(|(_, c)| c.surplus()).fold(f64::NEG_INFINITY, f64::max);
    let mut best = of_few().filter(|(_, c)| c.surplus() == most);
    let Some((first, c)) = best.next() else {
        return (None, 0);
    };
    let twin = best.any(|(_, other)| other.setup.template == c.setup.template);
    (Some(first), if twin { 0 } else { c.setup.side })
}

/// The first failing gate of the primary candidate; of two sides that tie, the first common one.
fn reason_of(judged: &[Judged], primary: usize, side: i64) -> Reason {
    let first = &judged[primary];
    let failed = || (0..first.gates.len()).filter(|&n| !first.gates[n].passed);
    let common = |&n: &usize| {
        let twins = judged.iter().filter(|c| c.setup.template == first.setup.template);
        let reason = why(first, n);
        twins.into_iter().all(|c| !c.gates[n].passed && why(c, n) == reason)
    };
    let shared = if side == 0 { failed().find(common) } else { None };
    shared.or_else(|| failed().next()).map_or(Reason::NoSetup, |n| why(first, n))
}

/// The code that the failure of a candidate's gate number `n` gives.
fn why(c: &Judged, n: usize) -> Reason {
    let gate = &c.gates[n];
    match c.plan {
        _ if gate.missing => Reason::Missing,
        Err(Refused::TooWide(_)) if gate.id == Id::Plan as u8 => Reason::TooWide,
        Err(Refused::TargetTooClose(_)) if gate.id == Id::Plan as u8 => Reason::TargetTooClose,
        _ => Reason::Gate(gate.id),
    }
}

fn scale(kind: Kind, scales: &Scales) -> f64 {
    match kind {
        Kind::Minutes => scales.minutes,
        Kind::Usd => scales.usd,
        Kind::Count => scales.count,
        Kind::Fraction | Kind::Boolean => scales.fraction,
    }
}

fn measured(gate: &Gate) -> bool {
    gate.kind != Kind::Boolean && gate.value.is_some() && gate.threshold.is_some()
}

/// True where a gate's own figures would let it pass: it failed for something else.
fn number_passes(gate: &Gate) -> bool {
    let (Some(value), Some(threshold)) = (gate.value, gate.threshold) else {
        return false;
    };
    match gate.cmp {
        Cmp::AtLeast => value >= threshold,
        Cmp::AtMost => value <= threshold,
        Cmp::Below => value < threshold,
        Cmp::Is => false,
    }
}

/// The threshold of a gate, for a strict one the last value that would have passed.
fn last_passing(gate: &Gate) -> Option<f64> {
    let threshold = gate.threshold?;
    if gate.cmp != Cmp::Below {
        return Some(threshold);
    }
    Some(q9(threshold - if gate.kind == Kind::Count { 1.0 } else { 0.01 }))
}

/// How far a value lies from the threshold, in units of the gate's scale.
fn shortfall(gate: &Gate, scales: &Scales) -> f64 {
    let unit = scale(gate.kind, scales);
    if let (true, Some(margin)) = (gate.cmp != Cmp::Below, gate.margin) {
        return q9(margin.abs() / unit);
    }
    match (gate.value, last_passing(gate)) {
        (Some(value), Some(threshold)) => q9(q9((threshold - value).abs()) / unit),
        _ => f64::INFINITY,
    }
}

fn told(gate: &Gate, flips: bool, others: usize) -> Counterfactual {
    let (value, threshold) = (gate.value, last_passing(gate));
    let delta = value.zip(threshold).map(|(value, threshold)| q9(threshold - value));
    Counterfactual { gate: gate.id, value, threshold, delta, flips, others }
}

/// The first of those with the smallest shortfall.
fn nearest<'a>(gates: impl Iterator<Item = &'a Gate>, scales: &Scales) -> Option<&'a Gate> {
    let mut best: Option<(&Gate, f64)> = None;
    for gate in gates {
        let short = shortfall(gate, scales);
        if best.is_none_or(|(_, least)| short < least) {
            best = Some((gate, short));
        }
    }
    best.map(|(gate, _)| gate)
}

/// Of the failed gates the nearest to passing; the first in order where none has a number.
fn nearest_miss<'a>(
    gates: impl Iterator<Item = &'a Gate> + Clone,
    scales: &Scales,
) -> Option<Counterfactual> {
    let failed = gates.filter(|g| !g.passed);
    let others = failed.clone().count().checked_sub(1)?;
    let numeric = failed.clone().filter(|g| measured(g) && !number_passes(g));
    if let Some(gate) = nearest(numeric, scales) {
        return Some(told(gate, others == 0, others));
    }
    let first = failed.clone().next()?;
    let (value, threshold) = (first.value, first.threshold);
    Some(Counterfactual { gate: first.id, value, threshold, delta: None, flips: false, others })
}

/// Of the passed gates with a number, the one with the smallest normalised margin.
fn closest_to_refusing<'a>(
    gates: impl Iterator<Item = &'a Gate>,
    scales: &Scales,
) -> Option<Counterfactual> {
    nearest(gates.filter(|g| g.passed && measured(g)), scales).map(|g| told(g, true, 0))
}

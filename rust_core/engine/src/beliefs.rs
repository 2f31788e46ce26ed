//! Beliefs F1 to F6, eleven values a bar. Meaning: `src/domain/beliefs.py`.

use serde::{Deserialize, Serialize};

use crate::arithmetic::{Maths, clamp, float, smaller};
use crate::bar::{Bar, PHASES};
use crate::frame::{BELIEFS, BeliefValues, SIGNALS, Values};
use crate::parameters::{ODD, Parameters};

/// Index of F5 among the six kinds: the one without a side.
const SIDELESS: usize = 4;
/// Where F4 long stands among the eleven values; F4 short follows.
const THESIS: usize = 6;
/// All eleven values are ready.
const ALL: u16 = (1 << BELIEFS) - 1;

/// What the beliefs carry from bar to bar: likelihood and stability, unrounded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Carried {
    likelihood: Lanes,
    stability: Lanes,
}

/// One number for each of the eleven values, and one to make the lanes even.
type Lanes = [f64; LANES];
const LANES: usize = 12;
/// What every signal weighs in every value; the short side of an ODD signal has its weight negated.
type Weights = [Lanes; SIGNALS];

/// Weights times reliabilities for one set of ready signals: what changes only with that set.
#[derive(Debug, Clone)]
struct Cover {
    ready: u64,
    fallback: u64,
    weights: Weights,
    /// Sums of the covered weights, 1 where nothing is covered.
    total: Lanes,
    coverage: Lanes,
    reliability: Lanes,
    holds: u16,
}

/// Phase factor times quality factors, for one phase and one pair of scores.
#[derive(Debug, Clone)]
struct Applicability {
    key: (u8, i64, i64),
    lanes: Lanes,
}

/// The parameters of the eleven values, side by side.
#[derive(Debug, Clone)]
struct Table {
    a: Lanes,
    b: Lanes,
    decay: Lanes,
    phase: [Lanes; PHASES],
    dvs_min: Lanes,
    eqs_min: Lanes,
}

/// How an EVEN signal becomes signed evidence; an ODD one is evidence as it is.
#[derive(Debug, Clone, Copy)]
struct Scale {
    signal: usize,
    centre: f64,
    width: f64,
}

/// The belief tables laid out for the hot path; no state of the stream lives here.
#[derive(Debug, Clone)]
pub(crate) struct Beliefs {
    maths: Maths,
    scales: Vec<Scale>,
    weights: Weights,
    table: Table,
    coverage_least: f64,
    coverage_min: f64,
    reliability_floor: f64,
    stability_alpha: f64,
    fallback_reliability: f64,
    cover: Cover,
    applicability: Applicability,
}

impl Beliefs {
    pub(crate) fn of(p: &Parameters, maths: Maths) -> Self {
        let mut weights = [[0.0; LANES]; SIGNALS];
        for (k, belief) in p.beliefs.all().into_iter().enumerate() {
            for (number, w) in &belief.weights {
                let signs = if ODD.contains(number) { [1.0, -1.0] } else { [1.0, 1.0] };
                for (slot, sign) in slots(k).zip(signs) {
                    weights[usize::from(*number) - 1][slot] = sign * w;
                }
            }
        }
        let shared = &p.beliefs;
        let mut new = Self {
            maths,
            scales: scales(p, &weights),
            weights,
            table: Table::of(p),
            coverage_least: shared.coverage_min - shared.coverage_tolerance,
            coverage_min: shared.coverage_min,
            reliability_floor: shared.reliability_floor,
            stability_alpha: shared.stability_alpha,
            fallback_reliability: p.signals.fallback_reliability,
            cover: Cover::new(0, 0),
            applicability: Applicability { key: (0, 0, 0), lanes: [0.0; LANES] },
        };
        new.cover_again(0, 0);
        new
    }

    /// The maths library of this engine.
    #[inline(always)]
    pub(crate) fn maths(&self) -> &Maths {
        &self.maths
    }

    /// What a session begins with: the likelihood at zero evidence.
    pub(crate) fn opened(&self) -> Carried {
        let mut likelihood = [0.0; LANES];
        for (l, b) in likelihood[..BELIEFS].iter_mut().zip(&self.table.b) {
            *l = self.maths.sigma(*b);
        }
        Carried { likelihood, stability: [0.0; LANES] }
    }

    /// One bar of the pipeline: evidence, likelihood, stability, effective value.
    #[inline(always)]
    pub(crate) fn update(
        &mut self,
        carried: &mut Carried,
        signals: &Values,
        bar: &Bar,
        out: &mut BeliefValues,
    ) {
        if self.cover.ready != signals.ready || self.cover.fallback != signals.fallback {
            self.cover_again(signals.ready, signals.fallback);
        }
        let key = (bar.phase, bar.dvs_bp, bar.eqs_bp);
        if self.applicability.key != key {
            self.applicability = self.table.applicability(key);
        }
        let (cover, table) = (&self.cover, &self.table);
        let (app, alpha) = (&self.applicability.lanes, self.stability_alpha);
        let evidence = cover.evidence(&contributions(&self.scales, &signals.x));
        let mut lraw = [0.0; LANES];
        for k in 0..BELIEFS {
            lraw[k] = self.maths.sigma(table.a[k] * evidence[k] + table.b[k]);
        }
        let (before, unrest) = (&carried.likelihood, &carried.stability);
        let (mut l, mut st, mut eff) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
        for k in 0..LANES {
            l[k] = (1.0 - table.decay[k]) * lraw[k] + table.decay[k] * before[k];
            st[k] = alpha * (l[k] - before[k]).abs() + (1.0 - alpha) * unrest[k];
            eff[k] = l[k] * app[k] * cover.reliability[k];
        }
        out.evidence.copy_from_slice(&evidence[..BELIEFS]);
        out.lraw.copy_from_slice(&lraw[..BELIEFS]);
        out.likelihood.copy_from_slice(&l[..BELIEFS]);
        out.stability.copy_from_slice(&st[..BELIEFS]);
        out.effective.copy_from_slice(&eff[..BELIEFS]);
        out.coverage.copy_from_slice(&cover.coverage[..BELIEFS]);
        out.ready = cover.holds;
        if cover.holds != ALL {
            self.hold_back(carried, out);
        }
        carried.likelihood[..BELIEFS].copy_from_slice(&out.likelihood);
        carried.stability[..BELIEFS].copy_from_slice(&out.stability);
        out.thesis = (1.0 + out.likelihood[THESIS] - out.likelihood[THESIS + 1]) / 2.0;
    }

    /// Leave the values that are not ready where they were.
    #[cold]
    fn hold_back(&self, carried: &Carried, out: &mut BeliefValues) {
        for k in 0..BELIEFS {
            if self.cover.holds >> k & 1 == 0 {
                out.lraw[k] = f64::NAN;
                out.likelihood[k] = carried.likelihood[k];
                out.stability[k] = carried.stability[k];
                out.effective[k] = 0.0;
            }
        }
    }

    /// Work out what changes with the set of ready signals.
    #[cold]
    fn cover_again(&mut self, ready: u64, fallback: u64) {
        let cover = &mut self.cover;
        (cover.ready, cover.fallback, cover.holds) = (ready, fallback, 0);
        let (mut total, mut whole) = ([0.0; LANES], [0.0; LANES]);
        for (signal, weights) in self.weights.iter().enumerate() {
            let r = if ready >> signal & 1 == 0 {
                0.0
            } else if fallback >> signal & 1 == 1 {
                self.fallback_reliability
            } else {
                1.0
            };
            for slot in 0..LANES {
                cover.weights[signal][slot] = weights[slot] * r;
                total[slot] += weights[slot].abs() * r;
                whole[slot] += weights[slot].abs();
            }
        }
        let (floor, least) = (self.reliability_floor, self.coverage_min);
        for slot in 0..BELIEFS {
            let coverage = total[slot] / whole[slot];
            let above = (1.0 - floor) * (coverage - least) / (1.0 - least);
            cover.total[slot] = if total[slot] == 0.0 { 1.0 } else { total[slot] };
            cover.coverage[slot] = coverage;
            cover.reliability[slot] = smaller(floor + above, 1.0);
            cover.holds |= u16::from(coverage >= self.coverage_least) << slot;
        }
    }
}

impl Cover {
    fn new(ready: u64, fallback: u64) -> Self {
        let (weights, one, zero) = ([[0.0; LANES]; SIGNALS], [1.0; LANES], [0.0; LANES]);
        Self { ready, fallback, weights, total: one, coverage: zero, reliability: zero, holds: 0 }
    }

    /// Weighted means of the contributions, each summed in ascending signal number.
    ///
    /// Signals that a belief does not weigh add 0 times their contribution: no bit changes.
    #[inline(always)]
    fn evidence(&self, phi: &[f64; SIGNALS]) -> Lanes {
        let mut sums = [0.0; LANES];
        for (weights, phi) in self.weights.iter().zip(phi) {
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += weight * phi;
            }
        }
        for (sum, total) in sums.iter_mut().zip(&self.total) {
            *sum /= total;
        }
        sums
    }
}

/// The EVEN signals that some belief weighs.
fn scales(p: &Parameters, weights: &Weights) -> Vec<Scale> {
    let weighed = |k: usize| weights[k].iter().any(|w| *w != 0.0);
    p.centres
        .iter()
        .map(|(number, c)| (usize::from(*number).wrapping_sub(1), number, c))
        .filter(|(signal, number, _)| *signal < SIGNALS && !ODD.contains(number))
        .filter(|(signal, _, _)| weighed(*signal))
        .map(|(signal, _, c)| Scale { signal, centre: c.centre, width: c.scale })
        .collect()
}

/// phi of every signal for the long side; 0 where the signal is not ready.
#[inline(always)]
fn contributions(scales: &[Scale], x: &[f64; SIGNALS]) -> [f64; SIGNALS] {
    let mut phi = x.map(|x| if x.is_nan() { 0.0 } else { x });
    for Scale { signal, centre, width } in scales {
        let held = clamp((x[*signal] - centre) / width, -1.0, 1.0);
        phi[*signal] = if x[*signal].is_nan() { 0.0 } else { held };
    }
    phi
}

impl Table {
    #[cold]
    fn applicability(&self, key: (u8, i64, i64)) -> Applicability {
        let (phase, dvs, eqs) = (&self.phase[usize::from(key.0)], float(key.1), float(key.2));
        let (dvs, eqs) = (dvs / 10_000.0, eqs / 10_000.0);
        let mut lanes = [0.0; LANES];
        for (k, lane) in lanes.iter_mut().enumerate() {
            *lane = phase[k]
                * smaller(dvs / self.dvs_min[k], 1.0)
                * smaller(eqs / self.eqs_min[k], 1.0);
        }
        Applicability { key, lanes }
    }

    fn of(p: &Parameters) -> Self {
        let zero = [0.0; LANES];
        let phase = [zero; PHASES];
        let (dvs_min, eqs_min) = ([1.0; LANES], [1.0; LANES]);
        let mut new = Self { a: zero, b: zero, decay: zero, phase, dvs_min, eqs_min };
        for (k, belief) in p.beliefs.all().into_iter().enumerate() {
            let f = &belief.phase;
            let factors = [0.0, f.opening, f.mid_morning, f.lunch, f.afternoon, f.close, 0.0, 0.0];
            for slot in slots(k) {
                new.a[slot] = belief.a;
                new.b[slot] = belief.b;
                new.decay[slot] = belief.decay;
                new.dvs_min[slot] = belief.dvs_min;
                new.eqs_min[slot] = belief.eqs_min;
                for (phase, factor) in new.phase.iter_mut().zip(factors) {
                    phase[slot] = factor;
                }
            }
        }
        new
    }
}

/// Where the sides of kind `k` stand among the eleven values: long, then short.
#[inline(always)]
fn slots(k: usize) -> std::ops::Range<usize> {
    let from = 2 * k - usize::from(k > SIDELESS);
    from..from + if k == SIDELESS { 1 } else { 2 }
}

#[cfg(test)]
mod tests {
    use super::slots;

    #[test]
    fn the_eleven_values_stand_in_order() {
        let all: Vec<usize> = (0..6).flat_map(slots).collect();
        assert_eq!(all, (0..11).collect::<Vec<_>>());
        assert_eq!((slots(3), slots(4), slots(5)), (6..8, 8..9, 9..11));
    }
}

//! Beliefs F1 to F6, eleven values a bar. Meaning: `src/domain/beliefs.py`.

use serde::{Deserialize, Serialize};

use crate::arithmetic::{Maths, clamp, float, smaller};
use crate::bar::{Bar, PHASES};
use crate::frame::{BELIEFS, BeliefValues, SIGNALS, Values};
use crate::parameters::{ODD, Parameters};

const KINDS: usize = 6;
/// Index of F5 among the six kinds: the one without a side.
const SIDELESS: usize = 4;
/// Where F4 long stands among the eleven values; F4 short follows.
const THESIS: usize = 6;
/// All eleven values are ready.
const ALL: u16 = (1 << BELIEFS) - 1;

/// What the beliefs carry from bar to bar: likelihood and stability, unrounded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Carried {
    likelihood: [f64; BELIEFS],
    stability: [f64; BELIEFS],
}

/// One number for each of the eleven values, and one to make the lanes even.
type Lanes = [f64; LANES];
const LANES: usize = 12;
/// One number for each signal, and one to make the lanes even.
type PerSignal = [f64; SIGNALS + 1];

/// A weighed signal of one belief: its weight for the long and for the short side.
#[derive(Debug, Clone, Copy)]
struct Term {
    signal: usize,
    weights: [f64; 2],
}

/// Weights times reliabilities for one set of ready signals: what changes only with that set.
#[derive(Debug, Clone, Default)]
struct Cover {
    ready: u64,
    fallback: u64,
    terms: Vec<Term>,
    total: [f64; KINDS],
    coverage: [f64; BELIEFS],
    reliability: Lanes,
    holds: u16,
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

/// How every signal becomes evidence: held within `limit` of `(x - centre) / scale`.
///
/// An ODD signal has centre 0, scale 1 and no limit, so it passes unchanged; its sign for the
/// short side is in the weights.
#[derive(Debug, Clone)]
struct Scales {
    centre: PerSignal,
    scale: PerSignal,
    limit: PerSignal,
}

/// The belief tables laid out for the hot path; no state of the stream lives here.
#[derive(Debug, Clone)]
pub(crate) struct Beliefs {
    maths: Maths,
    scales: Scales,
    terms: Vec<Term>,
    /// Where the terms of each kind begin; one more for the end.
    starts: [usize; KINDS + 1],
    table: Table,
    coverage_least: f64,
    coverage_min: f64,
    reliability_floor: f64,
    stability_alpha: f64,
    fallback_reliability: f64,
    cover: Cover,
}

impl Beliefs {
    pub(crate) fn of(p: &Parameters, maths: Maths) -> Self {
        let mut terms = Vec::new();
        let mut starts = [0; KINDS + 1];
        for (k, belief) in p.beliefs.all().into_iter().enumerate() {
            for (number, w) in &belief.weights {
                let short = if ODD.contains(number) { -w } else { *w };
                terms.push(Term { signal: usize::from(*number) - 1, weights: [*w, short] });
            }
            starts[k + 1] = terms.len();
        }
        let shared = &p.beliefs;
        let mut new = Self {
            maths,
            scales: Scales::of(p),
            terms,
            starts,
            table: Table::of(p),
            coverage_least: shared.coverage_min - shared.coverage_tolerance,
            coverage_min: shared.coverage_min,
            reliability_floor: shared.reliability_floor,
            stability_alpha: shared.stability_alpha,
            fallback_reliability: p.signals.fallback_reliability,
            cover: Cover::default(),
        };
        new.cover = new.covered(0, 0);
        new
    }

    /// The maths library of this engine.
    #[inline]
    pub(crate) fn maths(&self) -> &Maths {
        &self.maths
    }

    /// What a session begins with: the likelihood at zero evidence.
    pub(crate) fn opened(&self) -> Carried {
        let mut likelihood = [0.0; BELIEFS];
        for (l, b) in likelihood.iter_mut().zip(&self.table.b) {
            *l = self.maths.sigma(*b);
        }
        Carried { likelihood, stability: [0.0; BELIEFS] }
    }

    /// One bar of the pipeline: evidence, likelihood, stability, effective value.
    #[inline]
    pub(crate) fn update(
        &mut self,
        carried: &mut Carried,
        signals: &Values,
        bar: &Bar,
        out: &mut BeliefValues,
    ) {
        if self.cover.ready != signals.ready || self.cover.fallback != signals.fallback {
            self.cover = self.covered(signals.ready, signals.fallback);
        }
        let (cover, table) = (&self.cover, &self.table);
        out.evidence = self.evidence(&self.scales.contributions(&signals.x));
        out.coverage = cover.coverage;
        out.ready = cover.holds;
        let (dvs, eqs) = (float(bar.dvs_bp) / 10_000.0, float(bar.eqs_bp) / 10_000.0);
        let phase = &table.phase[usize::from(bar.phase)];
        let alpha = self.stability_alpha;
        for k in 0..BELIEFS {
            out.lraw[k] = self.maths.sigma(table.a[k] * out.evidence[k] + table.b[k]);
        }
        for k in 0..BELIEFS {
            let before = carried.likelihood[k];
            let app = phase[k]
                * smaller(dvs / table.dvs_min[k], 1.0)
                * smaller(eqs / table.eqs_min[k], 1.0);
            let l = (1.0 - table.decay[k]) * out.lraw[k] + table.decay[k] * before;
            out.likelihood[k] = l;
            out.stability[k] = alpha * (l - before).abs() + (1.0 - alpha) * carried.stability[k];
            out.effective[k] = l * app * cover.reliability[k];
        }
        if cover.holds != ALL {
            self.hold_back(carried, out);
        }
        carried.likelihood = out.likelihood;
        carried.stability = out.stability;
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

    /// Weighted means of the contributions, in ascending signal number; 0 if nothing is covered.
    #[inline]
    fn evidence(&self, phi: &PerSignal) -> [f64; BELIEFS] {
        let mut evidence = [0.0; BELIEFS];
        for k in 0..KINDS {
            let (mut long, mut short) = (0.0, 0.0);
            for term in &self.cover.terms[self.starts[k]..self.starts[k + 1]] {
                long += term.weights[0] * phi[term.signal];
                short += term.weights[1] * phi[term.signal];
            }
            let total = self.cover.total[k];
            let (long, short) =
                if total == 0.0 { (0.0, 0.0) } else { (long / total, short / total) };
            let at = slots(k);
            evidence[at.end - 1] = short;
            evidence[at.start] = long;
        }
        evidence
    }

    #[cold]
    fn covered(&self, ready: u64, fallback: u64) -> Cover {
        let reliability = |signal: usize| {
            if ready >> signal & 1 == 0 {
                0.0
            } else if fallback >> signal & 1 == 1 {
                self.fallback_reliability
            } else {
                1.0
            }
        };
        let mut cover = Cover { ready, fallback, terms: self.terms.clone(), ..Cover::default() };
        for term in &mut cover.terms {
            term.weights = term.weights.map(|w| w * reliability(term.signal));
        }
        for k in 0..KINDS {
            let (mut total, mut whole) = (0.0, 0.0);
            for term in &self.terms[self.starts[k]..self.starts[k + 1]] {
                total += term.weights[0].abs() * reliability(term.signal);
                whole += term.weights[0].abs();
            }
            let coverage = total / whole;
            let floor = self.reliability_floor;
            let above = (1.0 - floor) * (coverage - self.coverage_min) / (1.0 - self.coverage_min);
            cover.total[k] = total;
            for slot in slots(k) {
                cover.coverage[slot] = coverage;
                cover.reliability[slot] = smaller(floor + above, 1.0);
                cover.holds |= u16::from(coverage >= self.coverage_least) << slot;
            }
        }
        cover
    }
}

impl Scales {
    fn of(p: &Parameters) -> Self {
        let (zero, one) = ([0.0; SIGNALS + 1], [1.0; SIGNALS + 1]);
        let limit = [f64::INFINITY; SIGNALS + 1];
        let mut new = Self { centre: zero, scale: one, limit };
        for (number, c) in &p.centres {
            let k = usize::from(*number) - 1;
            if k < SIGNALS && !ODD.contains(number) {
                (new.centre[k], new.scale[k], new.limit[k]) = (c.centre, c.scale, 1.0);
            }
        }
        new
    }

    /// phi of every signal for the long side; 0 where the signal is not ready.
    #[inline]
    fn contributions(&self, x: &[f64; SIGNALS]) -> PerSignal {
        let mut phi = [0.0; SIGNALS + 1];
        phi[..SIGNALS].copy_from_slice(x);
        for (k, phi) in phi.iter_mut().enumerate() {
            let limit = self.limit[k];
            let held = clamp((*phi - self.centre[k]) / self.scale[k], -limit, limit);
            *phi = if phi.is_nan() { 0.0 } else { held };
        }
        phi
    }
}

impl Table {
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
#[inline]
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

//! Beliefs F1 to F6, eleven values a bar. Meaning: `src/domain/beliefs.py`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::arithmetic::{Maths, float, smaller};
use crate::bar::PHASES;
use crate::contributions::{Contributions, Places};
use crate::frame::{BELIEFS, BeliefValues, LANES, Lanes, SIGNALS, lane};
use crate::parameters::{ODD, Parameters};

/// Index of F5 among the six kinds: the one without a side.
const SIDELESS: usize = 4;
/// Lane of F4 long; F4 short follows.
const THESIS: usize = 6;
/// All eleven values are ready.
const ALL: u16 = (1 << BELIEFS) - 1;

/// What the beliefs carry from bar to bar: likelihood and stability, unrounded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Carried {
    likelihood: Lanes,
    stability: Lanes,
}

/// Lanes that take their terms together: what two kinds weigh.
const GROUP: usize = 4;
const GROUPS: usize = LANES / GROUP;
/// Where a group without a further term looks: a contribution of 0.
const NOTHING: u8 = u8::MAX;

/// The `n`th signal that each group weighs, in ascending number, and what it weighs there; the
/// short side of an ODD signal has its weight negated.
#[derive(Debug, Clone, PartialEq)]
struct Term {
    signal: [u8; GROUPS],
    weights: Lanes,
}

/// Weights times reliabilities for one set of ready signals: what changes only with that set.
#[derive(Debug, Clone)]
struct Cover {
    ready: u64,
    fallback: u64,
    terms: Vec<Term>,
    /// Sums of the covered weights, 1 where nothing is covered.
    total: Lanes,
    coverage: Lanes,
    reliability: Lanes,
    holds: u16,
}

/// What the beliefs read of a bar beside the contributions of its signals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    /// Which signals are ready, and which of them stand on a fallback, as in `Values`.
    pub(crate) ready: u64,
    pub(crate) fallback: u64,
    pub(crate) key: Key,
}

/// A phase, and the scores of data and execution.
pub(crate) type Key = (u8, i64, i64);

/// Phase factor times quality factors, for one phase and one pair of scores.
#[derive(Debug, Clone)]
struct Applicability {
    key: Key,
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

/// The belief tables laid out for the hot path; no state of the stream lives here.
#[derive(Debug, Clone)]
pub(crate) struct Beliefs {
    maths: Maths,
    contributions: Contributions,
    terms: Vec<Term>,
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
        let (shared, terms) = (&p.beliefs, terms(p));
        let mut new = Self {
            maths,
            contributions: Contributions::of(p),
            cover: Cover::new(terms.clone()),
            terms,
            table: Table::of(p),
            coverage_least: shared.coverage_min - shared.coverage_tolerance,
            coverage_min: shared.coverage_min,
            reliability_floor: shared.reliability_floor,
            stability_alpha: shared.stability_alpha,
            fallback_reliability: p.signals.fallback_reliability,
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

    /// Signals that were found elsewhere, without their contributions.
    #[inline(always)]
    pub(crate) fn hear(&mut self, signals: &[f64; SIGNALS], ready: u64) {
        self.contributions.hear(signals, ready);
    }

    /// What the signals need of this engine's tables.
    #[inline(always)]
    pub(crate) fn for_signals(&mut self) -> (&Maths, &mut Contributions) {
        (&self.maths, &mut self.contributions)
    }

    /// What a session begins with: the likelihood at zero evidence.
    pub(crate) fn opened(&self) -> Carried {
        let likelihood = self.table.b.map(|b| self.maths.sigma(b));
        Carried { likelihood, stability: [0.0; LANES] }
    }

    /// One bar of the pipeline: evidence, likelihood, stability, effective value.
    #[inline(always)]
    pub(crate) fn update<const FUSED: bool>(
        &mut self,
        carried: &mut Carried,
        Asked { ready, fallback, key }: Asked,
        out: &mut BeliefValues<LANES>,
    ) {
        if self.cover.ready != ready || self.cover.fallback != fallback {
            self.cover_again(ready, fallback);
        }
        if self.applicability.key != key {
            self.applicability = self.table.applicability(key);
        }
        let (cover, table) = (&self.cover, &self.table);
        let (app, alpha) = (&self.applicability.lanes, self.stability_alpha);
        let evidence = cover.evidence(self.contributions.phi());
        let mut x = [0.0; LANES];
        for k in 0..LANES {
            x[k] = table.a[k] * evidence[k] + table.b[k];
        }
        let lraw = self.maths.sigmas::<LANES, FUSED>(&x);
        let (before, unrest) = (&carried.likelihood, &carried.stability);
        let (mut l, mut st, mut eff) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
        for k in 0..LANES {
            l[k] = (1.0 - table.decay[k]) * lraw[k] + table.decay[k] * before[k];
            st[k] = alpha * (l[k] - before[k]).abs() + (1.0 - alpha) * unrest[k];
            eff[k] = l[k] * app[k] * cover.reliability[k];
        }
        (out.evidence, out.lraw) = (evidence, lraw);
        (out.coverage, out.effective) = (cover.coverage, eff);
        (out.likelihood, out.stability) = (l, st);
        out.ready = cover.holds;
        if cover.holds != ALL {
            self.hold_back(carried, out);
        }
        (carried.likelihood, carried.stability) = (out.likelihood, out.stability);
        out.thesis = (1.0 + out.likelihood[THESIS] - out.likelihood[THESIS + 1]) / 2.0;
    }

    /// Leave the values that are not ready where they were.
    #[cold]
    fn hold_back(&self, carried: &Carried, out: &mut BeliefValues<LANES>) {
        for value in 0..BELIEFS {
            if self.cover.holds >> value & 1 == 0 {
                let lane = lane(value);
                out.lraw[lane] = f64::NAN;
                out.likelihood[lane] = carried.likelihood[lane];
                out.stability[lane] = carried.stability[lane];
                out.effective[lane] = 0.0;
            }
        }
    }

    /// Work out what changes with the set of ready signals.
    #[cold]
    fn cover_again(&mut self, ready: u64, fallback: u64) {
        let cover = &mut self.cover;
        (cover.ready, cover.fallback, cover.holds) = (ready, fallback, 0);
        let mut reliability: Places = [0.0; 256];
        for (signal, r) in reliability[..SIGNALS].iter_mut().enumerate() {
            let stands = if fallback >> signal & 1 == 1 { self.fallback_reliability } else { 1.0 };
            *r = if ready >> signal & 1 == 1 { stands } else { 0.0 };
        }
        let (mut total, mut whole) = ([0.0; LANES], [0.0; LANES]);
        for (term, covered) in self.terms.iter().zip(&mut cover.terms) {
            for lane in 0..LANES {
                let r = reliability[usize::from(term.signal[lane / GROUP])];
                covered.weights[lane] = term.weights[lane] * r;
                total[lane] += term.weights[lane].abs() * r;
                whole[lane] += term.weights[lane].abs();
            }
        }
        let (floor, least) = (self.reliability_floor, self.coverage_min);
        for value in 0..BELIEFS {
            let lane = lane(value);
            let coverage = total[lane] / whole[lane];
            let above = (1.0 - floor) * (coverage - least) / (1.0 - least);
            cover.total[lane] = if total[lane] == 0.0 { 1.0 } else { total[lane] };
            cover.coverage[lane] = coverage;
            cover.reliability[lane] = smaller(floor + above, 1.0);
            cover.holds |= u16::from(coverage >= self.coverage_least) << value;
        }
    }
}

impl Cover {
    fn new(terms: Vec<Term>) -> Self {
        let (one, zero) = ([1.0; LANES], [0.0; LANES]);
        let (ready, fallback, holds) = (0, 0, 0);
        Self { ready, fallback, terms, total: one, coverage: zero, reliability: zero, holds }
    }

    /// Weighted means of the contributions, each summed in ascending signal number.
    ///
    /// Signals that a kind does not weigh, or a group that has no further term, add 0 times a
    /// number: no bit changes.
    #[inline(always)]
    fn evidence(&self, phi: &Places) -> Lanes {
        let mut sums = [0.0; LANES];
        for term in &self.terms {
            for lane in 0..LANES {
                sums[lane] += term.weights[lane] * phi[usize::from(term.signal[lane / GROUP])];
            }
        }
        for (sum, total) in sums.iter_mut().zip(&self.total) {
            *sum /= total;
        }
        sums
    }
}

/// The terms of all groups side by side.
fn terms(p: &Parameters) -> Vec<Term> {
    let mut terms: Vec<Term> = Vec::new();
    for (group, kinds) in p.beliefs.all().chunks(GROUP / 2).enumerate() {
        let numbers: BTreeSet<u8> =
            kinds.iter().flat_map(|kind| kind.weights.keys().copied()).collect();
        for (n, number) in numbers.into_iter().enumerate() {
            if n == terms.len() {
                terms.push(Term { signal: [NOTHING; GROUPS], weights: [0.0; LANES] });
            }
            terms[n].signal[group] = number - 1;
            for (k, kind) in kinds.iter().enumerate() {
                let weight = kind.weights.get(&number).copied().unwrap_or(0.0);
                let (long, sideless) = (GROUP * group + 2 * k, 2 * group + k == SIDELESS);
                let against = if ODD.contains(&number) { -weight } else { weight };
                terms[n].weights[long] = weight;
                terms[n].weights[long + 1] = if sideless { 0.0 } else { against };
            }
        }
    }
    terms
}

impl Table {
    #[cold]
    fn applicability(&self, key: Key) -> Applicability {
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
            for slot in [2 * k, 2 * k + 1] {
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

//! Beliefs F1 to F6, eleven values a bar. Meaning: `src/domain/beliefs.py`.

use serde::{Deserialize, Serialize};

use crate::arithmetic::{clamp, float, sigma, smaller};
use crate::bar::{Bar, PHASES};
use crate::frame::{BELIEFS, BeliefValues, SIGNALS, Values};
use crate::parameters::{BeliefParameters, CATEGORICAL, ODD, Parameters};

const KINDS: usize = 6;
/// Index of F5 among the six kinds: the one without a side.
const SIDELESS: usize = 4;
/// Where F4 long stands among the eleven values; F4 short follows.
const THESIS: usize = 6;

/// What the beliefs carry from bar to bar: likelihood and stability, unrounded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Carried {
    likelihood: [f64; BELIEFS],
    stability: [f64; BELIEFS],
}

/// How a signal becomes evidence.
#[derive(Debug, Clone, Copy)]
enum Evidence {
    /// The value itself, negated for the short side.
    Odd,
    /// Signed distance from a centre, the same for both sides.
    Even { centre: f64, scale: f64 },
}

#[derive(Debug, Clone, Copy)]
struct Term {
    signal: usize,
    weight: f64,
}

/// Weights times reliabilities for one set of ready signals: what changes only with that set.
#[derive(Debug, Clone, Default)]
struct Cover {
    ready: u64,
    fallback: u64,
    weighted: Vec<f64>,
    total: [f64; KINDS],
    coverage: [f64; KINDS],
    reliability: [f64; KINDS],
    holds: [bool; KINDS],
}

#[derive(Debug, Clone)]
struct Kind {
    from: usize,
    to: usize,
    weight: f64,
    a: f64,
    b: f64,
    decay: f64,
    phase: [f64; PHASES],
    dvs_min: f64,
    eqs_min: f64,
}

/// The belief tables laid out for the hot path; no state of the stream lives here.
#[derive(Debug, Clone)]
pub(crate) struct Beliefs {
    evidence: Vec<(usize, Evidence)>,
    terms: Vec<Term>,
    kinds: [Kind; KINDS],
    coverage_least: f64,
    coverage_min: f64,
    reliability_floor: f64,
    stability_alpha: f64,
    fallback_reliability: f64,
    cover: Cover,
}

impl Beliefs {
    pub(crate) fn of(p: &Parameters) -> Self {
        let mut terms = Vec::new();
        let kinds = p.beliefs.all().map(|belief| Kind::of(belief, &mut terms));
        let evidence = (1..=SIGNALS)
            .filter(|k| terms.iter().any(|t| t.signal == k - 1))
            .filter_map(|k| Some((k - 1, evidence_of(u8::try_from(k).ok()?, p)?)))
            .collect();
        let shared = &p.beliefs;
        let mut new = Self {
            evidence,
            terms,
            kinds,
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

    /// What a session begins with: the likelihood at zero evidence.
    pub(crate) fn opened(&self) -> Carried {
        let mut likelihood = [0.0; BELIEFS];
        for (k, kind) in self.kinds.iter().enumerate() {
            for slot in slots(k) {
                likelihood[slot] = sigma(kind.b);
            }
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
        let (long, short) = self.contributions(signals);
        let quality = (float(bar.dvs_bp) / 10_000.0, float(bar.eqs_bp) / 10_000.0);
        out.ready = 0;
        for (k, kind) in self.kinds.iter().enumerate() {
            let app = kind.phase[usize::from(bar.phase)]
                * smaller(quality.0 / kind.dvs_min, 1.0)
                * smaller(quality.1 / kind.eqs_min, 1.0);
            let (up, down) = self.evidence(k, &long, &short);
            for (slot, e) in slots(k).zip([up, down]) {
                out.evidence[slot] = e;
                out.coverage[slot] = self.cover.coverage[k];
                let before = carried.likelihood[slot];
                if self.cover.holds[k] {
                    let lraw = sigma(kind.a * e + kind.b);
                    let l = (1.0 - kind.decay) * lraw + kind.decay * before;
                    let alpha = self.stability_alpha;
                    let st = alpha * (l - before).abs() + (1.0 - alpha) * carried.stability[slot];
                    (carried.likelihood[slot], carried.stability[slot]) = (l, st);
                    out.lraw[slot] = lraw;
                    out.effective[slot] = l * app * self.cover.reliability[k];
                    out.ready |= 1 << slot;
                } else {
                    out.lraw[slot] = f64::NAN;
                    out.effective[slot] = 0.0;
                }
            }
        }
        out.likelihood = carried.likelihood;
        out.stability = carried.stability;
        out.thesis = (1.0 + out.likelihood[THESIS] - out.likelihood[THESIS + 1]) / 2.0;
    }

    /// phi of every weighed signal for the long and the short side; 0 where not ready.
    #[inline]
    fn contributions(&self, signals: &Values) -> ([f64; SIGNALS], [f64; SIGNALS]) {
        let (mut long, mut short) = ([0.0; SIGNALS], [0.0; SIGNALS]);
        for (k, evidence) in &self.evidence {
            let x = signals.x[*k];
            if x.is_nan() {
                continue;
            }
            (long[*k], short[*k]) = match evidence {
                Evidence::Odd => (x, -x),
                Evidence::Even { centre, scale } => {
                    let phi = clamp((x - centre) / scale, -1.0, 1.0);
                    (phi, phi)
                }
            };
        }
        (long, short)
    }

    /// Weighted mean of the contributions, both sides at once; terms that are not ready weigh 0.
    #[inline]
    fn evidence(&self, k: usize, long: &[f64; SIGNALS], short: &[f64; SIGNALS]) -> (f64, f64) {
        let (from, to) = (self.kinds[k].from, self.kinds[k].to);
        let (mut up, mut down) = (0.0, 0.0);
        for (term, weighted) in self.terms[from..to].iter().zip(&self.cover.weighted[from..to]) {
            up += weighted * long[term.signal];
            down += weighted * short[term.signal];
        }
        let total = self.cover.total[k];
        if total == 0.0 { (0.0, 0.0) } else { (up / total, down / total) }
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
        let weighted = self.terms.iter().map(|t| t.weight * reliability(t.signal)).collect();
        let mut cover = Cover { ready, fallback, weighted, ..Cover::default() };
        for (k, kind) in self.kinds.iter().enumerate() {
            let mut total = 0.0;
            for term in &self.terms[kind.from..kind.to] {
                total += term.weight.abs() * reliability(term.signal);
            }
            let coverage = total / kind.weight;
            let floor = self.reliability_floor;
            let above = (1.0 - floor) * (coverage - self.coverage_min) / (1.0 - self.coverage_min);
            cover.total[k] = total;
            cover.coverage[k] = coverage;
            cover.reliability[k] = smaller(floor + above, 1.0);
            cover.holds[k] = coverage >= self.coverage_least;
        }
        cover
    }
}

impl Kind {
    fn of(belief: &BeliefParameters, terms: &mut Vec<Term>) -> Self {
        let from = terms.len();
        let mut weight = 0.0;
        for (number, w) in &belief.weights {
            terms.push(Term { signal: usize::from(*number) - 1, weight: *w });
            weight += w.abs();
        }
        let f = &belief.phase;
        Self {
            from,
            to: terms.len(),
            weight,
            a: belief.a,
            b: belief.b,
            decay: belief.decay,
            phase: [0.0, f.opening, f.mid_morning, f.lunch, f.afternoon, f.close, 0.0, 0.0],
            dvs_min: belief.dvs_min,
            eqs_min: belief.eqs_min,
        }
    }
}

/// Where the sides of kind `k` stand among the eleven values: long, then short.
#[inline]
fn slots(k: usize) -> std::ops::Range<usize> {
    let from = 2 * k - usize::from(k > SIDELESS);
    from..from + if k == SIDELESS { 1 } else { 2 }
}

fn evidence_of(number: u8, p: &Parameters) -> Option<Evidence> {
    if ODD.contains(&number) {
        Some(Evidence::Odd)
    } else if CATEGORICAL.contains(&number) {
        None
    } else {
        p.centres.get(&number).map(|c| Evidence::Even { centre: c.centre, scale: c.scale })
    }
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

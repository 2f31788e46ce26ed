//! A candidate: a template that saw its setup on one side, and its gates (decision.md 6).

use tradebot_engine::arithmetic::{float, q9};

use crate::beta::Quantiles;
use crate::gates::{Cmp, Gate, Id, Kind, OWN};
use crate::market::Market;
use crate::rules::{Rules, Template};
pub use crate::score::Standing;
use crate::score::{Score, Theta, friction, score};
use crate::templates::{Entry, Refused, Setup, plan};

/// Units of money in a USD.
const UNITS: f64 = 10_000.0;

/// What a decision asks beside the market.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// DVS and EQS in basis points.
    pub quality: (i64, i64),
    /// Templates that the capital tier allows, by index; None while equity is unknown.
    pub allowed: Option<[bool; 4]>,
    /// Worst case in use and limit of the period with the least room, in units of money.
    pub budget: (i64, i64),
    /// What a side costs at worst, in units of money.
    pub fee: i64,
    /// The parts of theta that do not depend on the candidate.
    pub theta: Theta,
}

/// A judged setup, with everything measured about it.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Judged {
    pub setup: Setup,
    pub plan: Result<Entry, Refused>,
    pub effective: f64,
    pub stability: f64,
    pub thesis: f64,
    pub score: Option<Score>,
    pub theta: Theta,
    pub total: f64,
    pub gates: [Gate; OWN],
}

impl Judged {
    /// How many of its own gates failed.
    #[must_use]
    pub fn failures(&self) -> usize {
        self.gates.iter().filter(|g| !g.passed).count()
    }

    /// True if none did.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.gates.iter().all(|g| g.passed)
    }

    /// Score minus theta in R; minus infinity where there is no score.
    #[must_use]
    pub fn surplus(&self) -> f64 {
        self.score.map_or(f64::NEG_INFINITY, |s| q9(s.score - self.total))
    }

    /// Put another answer in a gate's place.
    pub fn answer(&mut self, gate: Gate) {
        self.gates[usize::from(gate.id) - crate::gates::GLOBAL] = gate;
    }
}

/// The gate of the score.
#[must_use]
pub fn score_gate(score: Option<f64>, theta: f64) -> Gate {
    match score {
        Some(score) => Gate::at_least(Id::Score, score, theta, Kind::Fraction),
        None => Gate::unknown(Id::Score, Cmp::AtLeast, Some(theta), Kind::Fraction),
    }
}

/// Evaluate every candidate gate of one setup; the rival side's conflict comes later.
///
/// # Errors
/// In words, for a prior without a quantile.
pub fn judge(
    m: &Market,
    rules: &Rules,
    when: &Moment,
    setup: Setup,
    standing: &Standing,
    quantiles: &mut Quantiles,
) -> Result<Judged, String> {
    let long = setup.side > 0;
    let own = setup.template.belief(long);
    let (effective, stability) = (m.effective[own], m.stability[own]);
    let thesis = if long { m.thesis } else { q9(1.0 - m.thesis) };
    let plan = plan(m, rules, &setup);
    let crowd = m.likelihood[9 + usize::from(!long)];
    let theta = when.theta.of_candidate(&rules.theta, crowd, rival(m, setup.template, !long));
    let total = theta.total(&rules.theta);
    let cost = plan.ok().and_then(|entry| friction(m, rules, &entry));
    let score = match (plan, cost) {
        (Ok(entry), Some(cost)) => {
            let belief = (effective, stability);
            let found = score(&entry, cost, belief, when.quality, standing, rules, quantiles);
            Some(found.ok_or_else(|| format!("no quantile for a belief of {effective}"))?)
        }
        _ => None,
    };
    let p = &rules.plans[setup.template.index()];
    let [belief, still] = if m.belief_ready >> own & 1 == 1 {
        [
            Gate::at_least(Id::Belief, effective, p.least_belief, Kind::Fraction),
            Gate::at_most(Id::Stability, stability, p.most_stability, Kind::Fraction),
        ]
    } else {
        [
            Gate::unknown(Id::Belief, Cmp::AtLeast, Some(p.least_belief), Kind::Fraction),
            Gate::unknown(Id::Stability, Cmp::AtMost, Some(p.most_stability), Kind::Fraction),
        ]
    };
    let for_it = if m.knows_momentum() {
        Gate::at_least(Id::Thesis, thesis, p.least_thesis, Kind::Fraction)
    } else {
        Gate::unknown(Id::Thesis, Cmp::AtLeast, Some(p.least_thesis), Kind::Fraction)
    };
    let gates = [
        match when.allowed {
            Some(allowed) => Gate::boolean(Id::Tier, allowed[setup.template.index()]),
            None => Gate::unknown(Id::Tier, Cmp::Is, None, Kind::Boolean),
        },
        Gate::boolean(Id::Plan, plan.is_ok()),
        budget(plan.ok(), rules, when),
        belief,
        still,
        for_it,
        noise(m, rules),
        Gate::boolean(Id::Learning, !standing.quarantined),
        share(plan.ok(), cost, rules),
        score_gate(score.map(|s| s.score), total),
        Gate::boolean(Id::OneSide, true),
    ];
    Ok(Judged { setup, plan, effective, stability, thesis, score, theta, total, gates })
}

/// The largest likelihood on the other side of a belief that contradicts the template.
fn rival(m: &Market, template: Template, long: bool) -> f64 {
    let of = |template: Template| m.likelihood[template.belief(long)];
    if template == Template::K4 {
        let first = of(Template::K1);
        crate::python::max(crate::python::max(first, of(Template::K2)), of(Template::K3))
    } else {
        of(Template::K4)
    }
}

/// Losses, what is open and this trade's worst case in the period with the least room.
fn budget(entry: Option<Entry>, rules: &Rules, when: &Moment) -> Gate {
    let Some(entry) = entry else {
        return Gate::unknown(Id::Budget, Cmp::AtMost, None, Kind::Usd);
    };
    let (used, limit) = when.budget;
    let worst = rules.tick_units * entry.stop.max(0) + 2 * when.fee;
    Gate::at_most(Id::Budget, float(used + worst) / UNITS, float(limit) / UNITS, Kind::Usd)
}

fn noise(m: &Market, rules: &Rules) -> Gate {
    match m.tradeability() {
        Some(value) => Gate::at_least(Id::Noise, value, rules.least_noise, Kind::Fraction),
        None => Gate::unknown(Id::Noise, Cmp::AtLeast, Some(rules.least_noise), Kind::Fraction),
    }
}

fn share(entry: Option<Entry>, cost: Option<f64>, rules: &Rules) -> Gate {
    let most = rules.friction.most_share;
    let (Some(entry), Some(cost)) = (entry, cost) else {
        return Gate::unknown(Id::FrictionShare, Cmp::AtMost, Some(most), Kind::Fraction);
    };
    let share = q9(cost / (float(entry.target) * rules.friction.tick_usd));
    let gate = Gate::at_most(Id::FrictionShare, share, most, Kind::Fraction);
    Gate { passed: gate.passed && cost <= rules.friction.alarm_usd, ..gate }
}

//! A gate's answer as numbers (decision.md 6); names and reasons are looked up by its id.

use tradebot_engine::arithmetic::q9;

/// Gates in the order of the page: 15 of the whole market, then 11 of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)] // named as on the page
pub enum Id {
    Tier = 15,
    Plan = 16,
    Budget = 17,
    Belief = 18,
    Stability = 19,
    Thesis = 20,
    Noise = 21,
    Learning = 22,
    FrictionShare = 23,
    Score = 24,
    OneSide = 25,
}

/// Gates of the whole market.
pub const GLOBAL: usize = 15;
/// Gates of a candidate.
pub const OWN: usize = 11;

/// How a value is held against its threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Cmp {
    Is,
    AtLeast,
    AtMost,
    Below,
}

/// The unit of a gate's figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    Boolean,
    Fraction,
    Minutes,
    Usd,
    Count,
}

/// One gate's answer. `id` counts the gates from 0 on; `missing` says that it could not be
/// evaluated, whatever its own reason would be.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)]
pub struct Gate {
    pub id: u8,
    pub value: Option<f64>,
    pub cmp: Cmp,
    pub threshold: Option<f64>,
    pub passed: bool,
    pub margin: Option<f64>,
    pub missing: bool,
    pub kind: Kind,
}

impl Gate {
    /// A gate without a number.
    #[must_use]
    pub fn boolean(id: Id, passed: bool) -> Self {
        let (value, threshold, margin) = (None, None, None);
        let (id, cmp, kind) = (id as u8, Cmp::Is, Kind::Boolean);
        Self { id, value, cmp, threshold, passed, margin, missing: false, kind }
    }

    /// Passes iff value >= threshold.
    #[must_use]
    pub fn at_least(id: Id, value: f64, threshold: f64, kind: Kind) -> Self {
        let (margin, passed) = (q9(value - threshold), value >= threshold);
        Self::measured(id, Cmp::AtLeast, (value, threshold), (passed, margin), kind)
    }

    /// Passes iff value <= threshold.
    #[must_use]
    pub fn at_most(id: Id, value: f64, threshold: f64, kind: Kind) -> Self {
        let (margin, passed) = (q9(threshold - value), value <= threshold);
        Self::measured(id, Cmp::AtMost, (value, threshold), (passed, margin), kind)
    }

    fn measured(id: Id, cmp: Cmp, figures: (f64, f64), answer: (bool, f64), kind: Kind) -> Self {
        let ((value, threshold), (passed, margin)) = (figures, answer);
        let (value, threshold, margin) = (Some(value), Some(threshold), Some(margin));
        Self { id: id as u8, value, cmp, threshold, passed, margin, missing: false, kind }
    }

    /// A gate that could not be evaluated: it fails closed, without a value.
    #[must_use]
    pub fn unknown(id: Id, cmp: Cmp, threshold: Option<f64>, kind: Kind) -> Self {
        let (value, margin) = (None, None);
        Self { id: id as u8, value, cmp, threshold, passed: false, margin, missing: true, kind }
    }
}

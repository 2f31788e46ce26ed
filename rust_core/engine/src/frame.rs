//! What the engine knows after one bar.

use crate::arithmetic::{q9, q9_all};

/// Number of signals.
pub const SIGNALS: usize = 35;
/// Number of belief values: F1 to F4 and F6 for both sides, F5 for none.
pub const BELIEFS: usize = 11;
/// Values of one row: the signals, then the likelihoods.
pub const ROW: usize = SIGNALS + BELIEFS;

/// Signal values by number, NaN and bit clear where not ready.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Values {
    /// S1 to S35 at index number - 1.
    pub x: [f64; SIGNALS],
    /// Bit number - 1 is set where the signal is ready.
    pub ready: u64,
    /// Bit number - 1 is set where a ready signal stands on a fallback.
    pub fallback: u64,
}

impl Default for Values {
    fn default() -> Self {
        Self { x: [f64::NAN; SIGNALS], ready: 0, fallback: 0 }
    }
}

impl Values {
    /// Put down signal `number`, none where it is not ready.
    #[inline(always)]
    pub(crate) fn put(&mut self, number: usize, value: Option<f64>) {
        if let Some(x) = value {
            self.x[number - 1] = x;
            self.ready |= 1 << (number - 1);
        }
    }

    /// Put down a ready signal that stands on a fallback.
    #[inline(always)]
    pub(crate) fn put_fallback(&mut self, number: usize, value: f64) {
        self.put(number, Some(value));
        self.fallback |= 1 << (number - 1);
    }

    /// Signal `number`, none where it is not ready.
    #[inline(always)]
    #[must_use]
    pub fn get(&self, number: usize) -> Option<f64> {
        (self.ready >> (number - 1) & 1 == 1).then(|| self.x[number - 1])
    }
}

/// The eleven values of every step of the belief pipeline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BeliefValues {
    /// Weighted evidence E.
    pub evidence: [f64; BELIEFS],
    /// Likelihood before the decay blend, NaN where not ready.
    pub lraw: [f64; BELIEFS],
    /// Likelihood L.
    pub likelihood: [f64; BELIEFS],
    /// Stability, low is stable.
    pub stability: [f64; BELIEFS],
    /// Likelihood times applicability times reliability, 0 where not ready.
    pub effective: [f64; BELIEFS],
    /// Share of the weights that is covered by ready signals.
    pub coverage: [f64; BELIEFS],
    /// Bit k is set where value k is ready.
    pub ready: u16,
    /// The thesis T(+1).
    pub thesis: f64,
}

impl Default for BeliefValues {
    fn default() -> Self {
        let zero = [0.0; BELIEFS];
        Self {
            evidence: zero,
            lraw: [f64::NAN; BELIEFS],
            likelihood: zero,
            stability: zero,
            effective: zero,
            coverage: zero,
            ready: 0,
            thesis: 0.5,
        }
    }
}

/// Everything about one bar; unrounded until [`Frame::rounded`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// S1 to S35.
    pub signals: Values,
    /// The beliefs.
    pub beliefs: BeliefValues,
    /// Held regime class.
    pub regime: u8,
    /// Regime class of this bar alone.
    pub regime_raw: u8,
    /// Efficiency ratio, NaN while not ready.
    pub er20: f64,
    /// ATR14 with its floor, in ticks, NaN while not ready.
    pub a14: f64,
    /// True range in ticks.
    pub tr: i64,
    /// ATR30 before this bar with its floor, in ticks, NaN while not ready.
    pub p30: f64,
    /// Close minus session VWAP in ticks, NaN while undefined.
    pub dev: f64,
    /// The spread that friction used, in ticks.
    pub spread: f64,
    /// S26's estimate in ticks, NaN while not ready.
    pub slip: f64,
    /// Its model part in ticks, NaN while not ready.
    pub slip_model: f64,
    /// The shock signature.
    pub shock: bool,
    /// Received bars of this session.
    pub bars_in_session: usize,
    /// Support levels (a), (b), (c), then resistance levels.
    pub levels: [Option<i64>; 6],
}

impl Default for Frame {
    fn default() -> Self {
        Self {
            signals: Values::default(),
            beliefs: BeliefValues::default(),
            regime: 0,
            regime_raw: 0,
            er20: f64::NAN,
            a14: f64::NAN,
            tr: 0,
            p30: f64::NAN,
            dev: f64::NAN,
            spread: f64::NAN,
            slip: f64::NAN,
            slip_model: f64::NAN,
            shock: false,
            bars_in_session: 0,
            levels: [None; 6],
        }
    }
}

impl Frame {
    /// Write the signals, then the likelihoods, on the 1e-9 grid; `row` has [`ROW`] places.
    #[inline(always)]
    pub fn write_row(&self, row: &mut [f64]) {
        let (signals, likelihood) = row.split_at_mut(SIGNALS);
        q9_all(&self.signals.x, signals);
        q9_all(&self.beliefs.likelihood, likelihood);
    }

    /// The same frame with every float on the 1e-9 grid.
    #[inline(always)]
    #[must_use]
    pub fn rounded(&self) -> Self {
        let mut out = *self;
        q9_all(&self.signals.x, &mut out.signals.x);
        let (from, to) = (&self.beliefs, &mut out.beliefs);
        q9_all(&from.evidence, &mut to.evidence);
        q9_all(&from.lraw, &mut to.lraw);
        q9_all(&from.likelihood, &mut to.likelihood);
        q9_all(&from.stability, &mut to.stability);
        q9_all(&from.effective, &mut to.effective);
        q9_all(&from.coverage, &mut to.coverage);
        to.thesis = q9(from.thesis);
        out.er20 = q9(self.er20);
        out.a14 = q9(self.a14);
        out.p30 = q9(self.p30);
        out.dev = q9(self.dev);
        out.spread = q9(self.spread);
        out.slip = q9(self.slip);
        out.slip_model = q9(self.slip_model);
        out
    }
}

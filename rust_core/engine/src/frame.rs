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
    /// Signal `number`, none where it is not ready.
    #[inline(always)]
    #[must_use]
    pub fn get(&self, number: usize) -> Option<f64> {
        (self.ready >> (number - 1) & 1 == 1).then(|| self.x[number - 1])
    }
}

/// Values of every step of the belief pipeline: the eleven, or all [`LANES`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BeliefValues<const N: usize = BELIEFS> {
    /// Weighted evidence E.
    pub evidence: [f64; N],
    /// Likelihood before the decay blend, NaN where not ready.
    pub lraw: [f64; N],
    /// Likelihood L.
    pub likelihood: [f64; N],
    /// Stability, low is stable.
    pub stability: [f64; N],
    /// Likelihood times applicability times reliability, 0 where not ready.
    pub effective: [f64; N],
    /// Share of the weights that is covered by ready signals.
    pub coverage: [f64; N],
    /// Bit k is set where value k of the eleven is ready.
    pub ready: u16,
    /// The thesis T(+1).
    pub thesis: f64,
}

impl<const N: usize> Default for BeliefValues<N> {
    fn default() -> Self {
        let zero = [0.0; N];
        Self {
            evidence: zero,
            lraw: [f64::NAN; N],
            likelihood: zero,
            stability: zero,
            effective: zero,
            coverage: zero,
            ready: 0,
            thesis: 0.5,
        }
    }
}

/// Two numbers for each of the six kinds, long and short; the second of F5 means nothing.
pub const LANES: usize = 12;
pub(crate) type Lanes = [f64; LANES];
/// The lane that means nothing.
const NOTHING: usize = 9;

/// The lane of one of the eleven values.
#[inline(always)]
pub(crate) fn lane(value: usize) -> usize {
    value + usize::from(value >= NOTHING)
}

/// The eleven values of twelve lanes, on the 1e-9 grid.
#[inline(always)]
fn rounded<const FUSED: bool>(lanes: &Lanes, into: &mut [f64; BELIEFS]) {
    let mut all = [0.0; LANES];
    q9_all::<FUSED, LANES>(lanes, &mut all);
    into[..NOTHING].copy_from_slice(&all[..NOTHING]);
    into[NOTHING..].copy_from_slice(&all[NOTHING + 1..]);
}

/// Write signals, then likelihoods, on the 1e-9 grid.
#[inline(always)]
pub(crate) fn write_row<const FUSED: bool>(
    signals: &[f64; SIGNALS],
    likelihood: &Lanes,
    row: &mut [f64; ROW],
) {
    let (first, second) = row.split_at_mut(SIGNALS);
    if let (Some(first), Some(second)) = (first.first_chunk_mut(), second.first_chunk_mut()) {
        q9_all::<FUSED, SIGNALS>(signals, first);
        rounded::<FUSED>(likelihood, second);
    }
}

/// Everything about one bar. The engine leaves it with all [`LANES`] of the beliefs and unrounded;
/// [`Frame::rounded`] makes the one that others see.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame<const N: usize = BELIEFS> {
    /// S1 to S35.
    pub signals: Values,
    /// The beliefs.
    pub beliefs: BeliefValues<N>,
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

impl<const N: usize> Default for Frame<N> {
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

impl Frame<LANES> {
    /// Write the signals, then the likelihoods, on the 1e-9 grid.
    #[inline(always)]
    pub fn write_row<const FUSED: bool>(&self, row: &mut [f64; ROW]) {
        write_row::<FUSED>(&self.signals.x, &self.beliefs.likelihood, row);
    }

    /// The same frame with every float on the 1e-9 grid.
    #[inline(always)]
    #[must_use]
    pub fn rounded(&self) -> Frame {
        self.rounded_as::<false>()
    }

    /// [`Frame::rounded`] in the form of [`crate::Engine::update_as`].
    #[inline(always)]
    #[must_use]
    pub fn rounded_as<const FUSED: bool>(&self) -> Frame {
        let Values { ready, fallback, .. } = self.signals;
        let mut signals = Values { ready, fallback, ..Values::default() };
        q9_all::<FUSED, SIGNALS>(&self.signals.x, &mut signals.x);
        let (from, mut beliefs) = (&self.beliefs, BeliefValues::default());
        rounded::<FUSED>(&from.evidence, &mut beliefs.evidence);
        rounded::<FUSED>(&from.lraw, &mut beliefs.lraw);
        rounded::<FUSED>(&from.likelihood, &mut beliefs.likelihood);
        rounded::<FUSED>(&from.stability, &mut beliefs.stability);
        rounded::<FUSED>(&from.effective, &mut beliefs.effective);
        rounded::<FUSED>(&from.coverage, &mut beliefs.coverage);
        beliefs.ready = from.ready;
        beliefs.thesis = q9(from.thesis);
        Frame {
            signals,
            beliefs,
            regime: self.regime,
            regime_raw: self.regime_raw,
            er20: q9(self.er20),
            a14: q9(self.a14),
            tr: self.tr,
            p30: q9(self.p30),
            dev: q9(self.dev),
            spread: q9(self.spread),
            slip: q9(self.slip),
            slip_model: q9(self.slip_model),
            shock: self.shock,
            bars_in_session: self.bars_in_session,
            levels: self.levels,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BELIEFS, LANES, lane, rounded};
    use crate::arithmetic::count;

    #[test]
    fn the_eleven_values_stand_in_order_and_the_other_side_of_f5_is_left_out() {
        let lanes: [f64; LANES] = std::array::from_fn(count);
        let all: [f64; BELIEFS] = std::array::from_fn(|value| count(lane(value)));
        let mut values = [0.0; BELIEFS];
        rounded::<false>(&lanes, &mut values);
        assert_eq!(values, all);
        assert_eq!(all, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 11.0]);
    }
}

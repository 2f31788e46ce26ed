//! The sweep levels and S31. Meaning: `src/domain/signals/crowd.py`.

use serde::{Deserialize, Serialize};

use crate::arithmetic::{float, larger, smaller};
use crate::now::Now;
use crate::parameters::SignalParameters;
use crate::window::{Extent, Ring};

/// Bars of the test window, and the extremes of the bars before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Levels {
    bars: Ring<(i64, i64)>,
    test: Extent,
    before: Extent,
}

/// Support levels (a), (b), (c), or the resistance levels.
pub(crate) type Three = [Option<i64>; 3];

impl Levels {
    pub(crate) fn of(p: &SignalParameters) -> Self {
        Self {
            bars: Ring::of(p.level_test_bars),
            test: Extent::of(p.level_test_bars),
            before: Extent::of(p.level_lookback),
        }
    }

    pub(crate) fn close_session(&mut self) {
        self.test.clear();
        self.before.clear();
    }

    /// Take one bar in.
    #[inline(always)]
    pub(crate) fn update(&mut self, now: &Now<'_>) -> (Three, Three) {
        let p = &now.p.signals;
        if now.has(p.level_test_bars + 1) {
            let (low, high) = self.bars.back(p.level_test_bars - 1);
            self.before.push(low, high);
        }
        self.bars.push((now.bar.prices.low, now.bar.prices.high));
        self.test.push(now.bar.prices.low, now.bar.prices.high);
        let extreme = self.before.get().filter(|_| now.has(p.level_extreme_min_bars));
        // Level (b) needs S22, and so ATR14.
        let opening =
            now.opening.filter(|_| now.a14.is_some() && now.has(p.level_opening_min_bars));
        let prior = now.prior.map(|prior| (prior.low, prior.high));
        let levels = [extreme, opening, prior];
        (
            levels.map(|level| level.map(|(low, _)| low)),
            levels.map(|level| level.map(|(_, high)| high)),
        )
    }

    /// S31: how well a sweep of a level within the test window was taken back.
    #[inline(always)]
    pub(crate) fn sweep(&self, now: &Now<'_>, support: &Three, resistance: &Three) -> Option<f64> {
        let p = &now.p.signals;
        let a14 = now.a14?;
        if !now.has(p.level_extreme_min_bars) {
            return None;
        }
        let (low, high) = self.test.get()?;
        let close = now.bar.prices.close;
        Some(
            reversal(1, support, low, close, a14, p)
                - reversal(-1, resistance, high, close, a14, p),
        )
    }

    pub(crate) fn fits(&self, other: &Self) -> bool {
        self.bars.fits(&other.bars)
            && self.test.fits(&other.test)
            && self.before.fits(&other.before)
    }
}

/// The best sweep of one side: `extreme` went beyond a level, `close` came back; 0 if none did.
#[inline(always)]
fn reversal(
    side: i64,
    levels: &Three,
    extreme: i64,
    close: i64,
    a14: f64,
    p: &SignalParameters,
) -> f64 {
    let weights = [p.level_extreme_weight, p.level_opening_weight, p.level_prior_weight];
    let mut best = 0.0;
    for (level, weight) in levels.iter().zip(weights) {
        let Some(level) = level else { continue };
        let (depth, reclaim) = (side * (level - extreme), side * (close - level));
        if depth >= 1 && reclaim > 0 {
            let swept = smaller(float(depth) / a14, 1.0);
            let taken = smaller(float(reclaim) / (p.sweep_reclaim_share * a14), 1.0);
            best = larger(best, weight * (swept * taken).sqrt());
        }
    }
    best
}

//! The sweep levels and S31. Meaning: `src/domain/signals/crowd.py`.

use serde::{Deserialize, Serialize};

use crate::arithmetic::{float, larger, smaller};
use crate::now::Now;
use crate::parameters::SignalParameters;
use crate::window::{Extreme, Ring};

/// Bars of the test window, and the extremes of the bars before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Levels {
    lows: Ring<i64>,
    highs: Ring<i64>,
    lowest: Extreme,
    highest: Extreme,
}

/// Support levels (a), (b), (c), or the resistance levels.
pub(crate) type Three = [Option<i64>; 3];

impl Levels {
    pub(crate) fn of(p: &SignalParameters) -> Self {
        Self {
            lows: Ring::of(p.level_test_bars),
            highs: Ring::of(p.level_test_bars),
            lowest: Extreme::lowest(p.level_lookback),
            highest: Extreme::highest(p.level_lookback),
        }
    }

    pub(crate) fn close_session(&mut self) {
        self.lowest.clear();
        self.highest.clear();
    }

    /// Take one bar in; `opening` is the opening range while S22 is ready.
    #[inline(always)]
    pub(crate) fn update(&mut self, now: &Now<'_>, opening: Option<(i64, i64)>) -> (Three, Three) {
        let p = &now.p.signals;
        if now.i > p.level_test_bars {
            self.lowest.push(self.lows.back(p.level_test_bars - 1));
            self.highest.push(self.highs.back(p.level_test_bars - 1));
        }
        self.lows.push(now.bar.prices.low);
        self.highs.push(now.bar.prices.high);
        let extreme = now.i >= p.level_extreme_min_bars;
        let opening = opening.filter(|_| now.i >= p.level_opening_min_bars);
        let support = [
            self.lowest.get().filter(|_| extreme),
            opening.map(|(low, _)| low),
            now.prior.map(|prior| prior.low),
        ];
        let resistance = [
            self.highest.get().filter(|_| extreme),
            opening.map(|(_, high)| high),
            now.prior.map(|prior| prior.high),
        ];
        (support, resistance)
    }

    /// S31: how well a sweep of a level within the test window was taken back.
    #[inline(always)]
    pub(crate) fn sweep(&self, now: &Now<'_>, support: &Three, resistance: &Three) -> Option<f64> {
        let p = &now.p.signals;
        let a14 = now.a14?;
        if now.i < p.level_extreme_min_bars {
            return None;
        }
        let (mut low, mut high) = (self.lows.back(0), self.highs.back(0));
        for k in 1..p.level_test_bars.min(now.i) {
            low = low.min(self.lows.back(k));
            high = high.max(self.highs.back(k));
        }
        let close = now.bar.prices.close;
        Some(
            reversal(1, support, low, close, a14, p)
                - reversal(-1, resistance, high, close, a14, p),
        )
    }

    pub(crate) fn fits(&self, other: &Self) -> bool {
        self.lows.fits(&other.lows)
            && self.highs.fits(&other.highs)
            && self.lowest.fits(&other.lowest)
            && self.highest.fits(&other.highest)
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

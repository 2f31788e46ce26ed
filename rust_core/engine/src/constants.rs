//! What follows from the parameters alone, worked out once.

use crate::arithmetic::count;
use crate::parameters::SignalParameters;
use crate::signals::crowd::HERDING_MIN_BARS;

/// Roots and weights that the signals would otherwise work out every bar.
#[derive(Debug, Clone)]
pub(crate) struct Constants {
    /// S2: by the number of values in the window.
    pub(crate) lines: Vec<Line>,
    /// S3: weight of a new value in the long mean.
    pub(crate) seasonal_alpha: f64,
    /// S11 and S33: square roots of their windows.
    pub(crate) micro_trend_root: f64,
    pub(crate) late_root: f64,
    /// No signal asks whether a session has more bars than this.
    pub(crate) settled_bars: usize,
}

/// What a least-squares slope through L equidistant values needs beside them.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// `k - (L-1)/2` for each k.
    pub(crate) weights: Vec<f64>,
    /// `L * (L*L - 1) / 12`.
    pub(crate) square: f64,
    /// Square root of L.
    pub(crate) root: f64,
}

impl Constants {
    pub(crate) fn of(p: &SignalParameters) -> Self {
        Self {
            lines: (0..=p.vwap_slope_window).map(Line::of).collect(),
            seasonal_alpha: 2.0 / (count(p.seasonal_fallback_span) + 1.0),
            micro_trend_root: count(p.micro_trend_bars).sqrt(),
            late_root: count(p.late_window).sqrt(),
            settled_bars: settled_bars(p),
        }
    }
}

impl Line {
    fn of(l: usize) -> Self {
        let middle = (count(l) - 1.0) / 2.0;
        let weights = (0..l).map(|k| count(k) - middle).collect();
        let square = count(l * (l * l).saturating_sub(1)) / 12.0;
        Self { weights, square, root: count(l).sqrt() }
    }
}

fn settled_bars(p: &SignalParameters) -> usize {
    [
        p.vwap_z_min_bars,
        p.structure_min_bars,
        p.structure_window + 2,
        p.breakout_min_bars,
        p.micro_trend_bars + 1,
        p.level_test_bars + 1,
        p.level_extreme_min_bars,
        p.level_opening_min_bars,
        p.late_window,
        HERDING_MIN_BARS,
    ]
    .into_iter()
    .fold(0, usize::max)
}

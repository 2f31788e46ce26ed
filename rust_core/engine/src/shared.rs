//! Quantities that several signals share: ranges, volumes, VWAP, closes, the session itself.

use serde::{Deserialize, Serialize};

use crate::arithmetic::{clamp, float, larger, wide};
use crate::bar::Prices;
use crate::parameters::{ShockParameters, SignalParameters};
use crate::window::Ring;

/// Wilder's mean: that of the first `n` values, then `(mean * (n - 1) + value) / n`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Wilder {
    n: u32,
    seen: u32,
    value: f64,
}

impl Wilder {
    pub(crate) fn of(n: usize) -> Self {
        Self { n: u32::try_from(n).unwrap_or(u32::MAX), seen: 0, value: 0.0 }
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, value: f64) {
        let n = f64::from(self.n);
        if self.seen < self.n {
            self.value += value;
            self.seen += 1;
            if self.seen == self.n {
                self.value /= n;
            }
        } else {
            self.value = (self.value * (n - 1.0) + value) / n;
        }
    }

    #[inline(always)]
    pub(crate) fn get(&self) -> Option<f64> {
        (self.seen == self.n).then_some(self.value)
    }
}

/// The volumes of the stream: exact sums for the z-score and for the slope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Volumes {
    ring: Ring<i64>,
    seen: usize,
    sum: i64,
    squares: i128,
    slope_sum: i64,
    slope_moment: i64,
}

impl Volumes {
    pub(crate) fn of(p: &SignalParameters) -> Self {
        let ring = Ring::of(p.volume_window.max(p.volume_slope_window) + 1);
        Self { ring, seen: 0, sum: 0, squares: 0, slope_sum: 0, slope_moment: 0 }
    }

    /// z of a coming volume against the window of earlier ones.
    #[inline(always)]
    pub(crate) fn z(&self, volume: i64, p: &SignalParameters) -> Option<f64> {
        if self.seen < p.volume_window {
            return None;
        }
        let n = int(p.volume_window);
        let mu = float(self.sum) / float(n);
        let (n, sum) = (i128::from(n), i128::from(self.sum));
        let var = larger(wide(n * self.squares - sum * sum) / wide(n * n), 0.0);
        let sd = larger(larger(var.sqrt(), p.volume_sd_share * mu), p.volume_sd_floor);
        Some(clamp((float(volume) - mu) / sd, -p.volume_z_clip, p.volume_z_clip))
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, volume: i64, p: &SignalParameters) {
        let n = p.volume_slope_window;
        if self.seen < n {
            self.slope_moment += int(self.seen) * volume;
            self.slope_sum += volume;
        } else {
            let oldest = self.ring.back(n - 1);
            self.slope_moment += int(n - 1) * volume - (self.slope_sum - oldest);
            self.slope_sum += volume - oldest;
        }
        self.sum += volume;
        self.squares += square(volume);
        if self.seen >= p.volume_window {
            let oldest = self.ring.back(p.volume_window - 1);
            self.sum -= oldest;
            self.squares -= square(oldest);
        }
        self.ring.push(volume);
        self.seen = (self.seen + 1).min(p.volume_window.max(n));
    }

    /// S14: slope of the last volumes, the current one included, by their mean.
    #[inline(always)]
    pub(crate) fn slope(&self, p: &SignalParameters) -> Option<f64> {
        let n = int(p.volume_slope_window);
        if self.seen < p.volume_slope_window {
            return None;
        }
        if self.slope_sum == 0 {
            return Some(0.0);
        }
        let numerator = 2 * i128::from(self.slope_moment) - i128::from((n - 1) * self.slope_sum);
        let slope = wide(numerator) / float(n * (n * n - 1) / 6);
        let mean = float(self.slope_sum) / float(n);
        Some(clamp(p.volume_slope_gain * slope / mean, -1.0, 1.0))
    }

    pub(crate) fn fits(&self, other: &Self) -> bool {
        self.ring.fits(&other.ring)
    }
}

/// What the session VWAP says about the current bar, in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Value {
    /// Three times the session's reference price.
    pub(crate) r3: i64,
    /// Three times VWAP minus `r3`.
    pub(crate) m3: f64,
    /// Volume-weighted standard deviation.
    pub(crate) sdv: f64,
}

impl Value {
    /// `close` minus VWAP.
    #[inline(always)]
    pub(crate) fn deviation(&self, close: i64) -> f64 {
        (float(3 * close - self.r3) - self.m3) / 3.0
    }
}

/// Session VWAP by exact sums about the session's first typical price.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Vwap {
    r3: i64,
    volume: i64,
    moment: i128,
    squares: i128,
}

impl Vwap {
    pub(crate) fn opened(first: &Prices) -> Self {
        Self { r3: first.high + first.low + first.close, ..Self::default() }
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, bar: &Prices) {
        let d = i128::from(bar.high + bar.low + bar.close - self.r3);
        let weighted = i128::from(bar.volume) * d;
        self.volume += bar.volume;
        self.moment += weighted;
        self.squares += weighted * d;
    }

    #[inline(always)]
    pub(crate) fn get(&self) -> Option<Value> {
        if self.volume == 0 {
            return None;
        }
        let volume = float(self.volume);
        let m3 = wide(self.moment) / volume;
        let sdv = (larger(wide(self.squares) / volume - m3 * m3, 0.0) / 9.0).sqrt();
        Some(Value { r3: self.r3, m3, sdv })
    }
}

/// In-session closes and exact sums over their changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Closes {
    ring: Ring<i64>,
    changes: usize,
    path: i64,
    shock_sum: i64,
    shock_squares: i128,
    roll_sum: i64,
    roll_pairs: i128,
}

impl Closes {
    pub(crate) fn of(p: &SignalParameters, shock: &ShockParameters) -> Self {
        let reach =
            p.efficiency_window.max(p.roll_window).max(p.micro_trend_bars).max(shock.window);
        let ring = Ring::of(reach + 2);
        let (path, shock_sum, shock_squares, roll_sum, roll_pairs) = (0, 0, 0, 0, 0);
        Self { ring, changes: 0, path, shock_sum, shock_squares, roll_sum, roll_pairs }
    }

    /// Begin a session with its first close.
    pub(crate) fn open(&mut self, close: i64) {
        self.ring.push(close);
        (self.changes, self.path, self.shock_sum, self.roll_sum) = (0, 0, 0, 0);
        (self.shock_squares, self.roll_pairs) = (0, 0);
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, close: i64, p: &SignalParameters, shock: &ShockParameters) {
        self.ring.push(close);
        self.changes += 1;
        let (m, new) = (self.changes, self.change(0));
        self.path += new.abs();
        if m > p.efficiency_window {
            self.path -= self.change(p.efficiency_window).abs();
        }
        self.shock_sum += new;
        self.shock_squares += square(new);
        if m > shock.window {
            let old = self.change(shock.window);
            self.shock_sum -= old;
            self.shock_squares -= square(old);
        }
        self.roll_sum += new;
        if m > 1 {
            self.roll_pairs += product(new, self.change(1));
        }
        if m > p.roll_window {
            let old = self.change(p.roll_window);
            self.roll_sum -= old;
            self.roll_pairs -= product(old, self.change(p.roll_window - 1));
        }
    }

    #[inline(always)]
    fn change(&self, k: usize) -> i64 {
        self.ring.back(k) - self.ring.back(k + 1)
    }

    /// Close `k` bars ago.
    #[inline(always)]
    pub(crate) fn back(&self, k: usize) -> i64 {
        self.ring.back(k)
    }

    /// Share of the path that was progress, over the last in-session changes.
    #[inline(always)]
    pub(crate) fn efficiency(&self, p: &SignalParameters) -> Option<f64> {
        let k = self.changes.min(p.efficiency_window);
        if k < p.efficiency_min {
            return None;
        }
        if self.path == 0 {
            return Some(0.0);
        }
        Some(float((self.back(0) - self.back(k)).abs()) / float(self.path))
    }

    /// Population standard deviation of the last changes.
    #[inline(always)]
    pub(crate) fn deviation(&self, shock: &ShockParameters) -> Option<f64> {
        let n = self.changes.min(shock.window);
        if n < shock.min_changes {
            return None;
        }
        let (n, sum) = (i128::from(int(n)), i128::from(self.shock_sum));
        let var = larger(wide(n * self.shock_squares - sum * sum) / wide(n * n), 0.0);
        Some(var.sqrt())
    }

    /// Roll's estimate of the spread in ticks, from the covariance of neighbouring changes.
    #[inline(always)]
    pub(crate) fn roll(&self, p: &SignalParameters) -> Option<f64> {
        let m = self.changes.min(p.roll_window);
        if m < p.roll_min {
            return None;
        }
        let n = float(int(m - 1));
        let later = float(self.roll_sum - self.change(m - 1)) / n;
        let earlier = float(self.roll_sum - self.change(0)) / n;
        let covariance = wide(self.roll_pairs) / n - later * earlier;
        Some(2.0 * larger(-covariance, 0.0).sqrt())
    }

    pub(crate) fn fits(&self, other: &Self) -> bool {
        self.ring.fits(&other.ring)
    }
}

/// The session's own extremes and its opening range.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) bars: usize,
    pub(crate) first_open: i64,
    high: i64,
    low: i64,
    opening_high: i64,
    opening_low: i64,
    opening_bars: usize,
    opening_formed: bool,
}

impl Session {
    #[inline(always)]
    pub(crate) fn push(&mut self, bar: &Prices, minute: u16, p: &SignalParameters) {
        if self.bars == 0 {
            self.first_open = bar.open;
            (self.high, self.low) = (bar.high, bar.low);
        }
        self.high = self.high.max(bar.high);
        self.low = self.low.min(bar.low);
        self.bars += 1;
        if usize::from(minute) >= p.opening_minutes {
            self.opening_formed = true;
        } else if self.opening_bars == 0 {
            (self.opening_high, self.opening_low) = (bar.high, bar.low);
            self.opening_bars = 1;
        } else {
            self.opening_high = self.opening_high.max(bar.high);
            self.opening_low = self.opening_low.min(bar.low);
            self.opening_bars += 1;
        }
    }

    /// Low and high of the opening range, once it is formed of enough bars.
    #[inline(always)]
    pub(crate) fn opening(&self, p: &SignalParameters) -> Option<(i64, i64)> {
        let usable = self.opening_formed && self.opening_bars >= p.opening_min_bars;
        usable.then_some((self.opening_low, self.opening_high))
    }

    /// This session as the prior one of the next, if it has enough bars.
    pub(crate) fn as_prior(&self, close: i64, value: Option<Value>) -> Prior {
        Prior { high: self.high, low: self.low, close, value }
    }
}

/// What is kept of the previous session.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Prior {
    pub(crate) high: i64,
    pub(crate) low: i64,
    pub(crate) close: i64,
    pub(crate) value: Option<Value>,
}

/// A count as an integer of the sums; counts are bounded by the windows.
#[inline(always)]
pub(crate) fn int(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

#[inline(always)]
fn square(x: i64) -> i128 {
    product(x, x)
}

#[inline(always)]
fn product(x: i64, y: i64) -> i128 {
    i128::from(x) * i128::from(y)
}

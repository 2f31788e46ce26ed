//! S1 to S12, price structure and volatility. Meaning: `src/domain/signals/structure.py`.

use serde::{Deserialize, Serialize};

use crate::arithmetic::{clamp, float, larger};
use crate::constants::Line;
use crate::contributions::Board;
use crate::now::Now;
use crate::parameters::SignalParameters;
use crate::shared::int;
use crate::signals::seasonal::{Ratio, Seasonal};
use crate::window::{Extent, Ring, Trail};

/// What S1 to S12 remember.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Structure {
    seasonal: Seasonal,
    vwaps: Trail,
    steps: Ring<i8>,
    ups: i64,
    downs: i64,
    last: (i64, i64),
    range: Extent,
}

impl Structure {
    pub(crate) fn of(p: &SignalParameters) -> Self {
        Self {
            seasonal: Seasonal::of(p),
            vwaps: Trail::of(p.vwap_slope_window),
            steps: Ring::of(p.structure_window),
            ups: 0,
            downs: 0,
            last: (0, 0),
            range: Extent::of(p.breakout_window),
        }
    }

    /// Forget the session; `counts` says whether it was long enough to leave slot means.
    pub(crate) fn close_session(&mut self, counts: bool) {
        self.seasonal.close_session(counts);
        (self.ups, self.downs) = (0, 0);
        self.vwaps.clear();
        self.range.clear();
    }

    /// Take one bar in; returns ATR14 against its reference.
    #[inline(always)]
    pub(crate) fn update(&mut self, now: &Now<'_>, out: &mut Board<'_>) -> Option<Ratio> {
        let p = &now.p.signals;
        let bar = &now.bar.prices;
        let (range, a14) = (bar.high - bar.low, now.a14);
        if now.has(p.vwap_z_min_bars) {
            out.put(1, now.zv.map(|zv| zv / p.vwap_z_clip));
        }
        out.put(2, self.vwap_slope(now));
        let ratio =
            self.seasonal.update(now.atr_mid, now.bar.minute, now.constants.seasonal_alpha, p);
        match ratio {
            None => {}
            Some(Ratio { value, fallback }) => {
                let x = clamp(value, 0.0, p.ratio_clip) / p.ratio_clip;
                if fallback { out.put_fallback(3, x) } else { out.put(3, Some(x)) }
            }
        }
        if let (Some(short), Some(a30)) = (now.atr_short, now.a30) {
            out.put(4, Some(clamp(short / a30 - p.compression_offset, 0.0, 1.0)));
        }
        out.put(5, self.trend(now));
        out.put(6, self.breakout(now));
        let wicks = (bar.open.min(bar.close) - bar.low) - (bar.high - bar.open.max(bar.close));
        out.put(7, Some(float(wicks) / larger(now.tr, 1.0)));
        let location = float(2 * bar.close - bar.high - bar.low);
        out.put(8, Some(if range == 0 { 0.0 } else { location / float(range) }));
        out.put(9, gap(now));
        out.put(10, prior_value(now));
        if let (Some(a14), true) = (a14, now.has(p.micro_trend_bars + 1)) {
            let change = float(bar.close - now.closes.back(p.micro_trend_bars));
            out.put(11, Some(clamp(change / (a14 * now.constants.micro_trend_root), -1.0, 1.0)));
        }
        if let Some(a14) = a14 {
            let body = float(bar.close - bar.open);
            out.put(12, Some(clamp(body / a14, -p.body_clip, p.body_clip) / p.body_clip));
        }
        ratio
    }

    /// S2: least-squares slope of the session VWAP, evaluated directly, oldest first.
    #[inline(always)]
    fn vwap_slope(&mut self, now: &Now<'_>) -> Option<f64> {
        let p = &now.p.signals;
        self.vwaps.push(now.value?.m3 / 3.0);
        let (all, a30) = (self.vwaps.all(), now.a30?);
        let (l, oldest) = (all.len(), *all.first()?);
        if l < p.vwap_slope_min {
            return None;
        }
        let Line { weights, square, root } = &now.constants.lines[l];
        let slope = weighted_sum(weights, all, oldest) / square;
        Some(clamp(slope * root / a30, -1.0, 1.0))
    }

    /// S5: higher highs with higher lows against lower lows with lower highs.
    #[inline(always)]
    fn trend(&mut self, now: &Now<'_>) -> Option<f64> {
        let p = &now.p.signals;
        let (high, low) = (now.bar.prices.high, now.bar.prices.low);
        if now.has(2) {
            let up = high > self.last.0 && low > self.last.1;
            let down = high < self.last.0 && low < self.last.1;
            if now.has(p.structure_window + 2) {
                let old = self.steps.back(p.structure_window - 1);
                self.ups -= i64::from(old > 0);
                self.downs -= i64::from(old < 0);
            }
            self.steps.push(i8::from(up) - i8::from(down));
            self.ups += i64::from(up);
            self.downs += i64::from(down);
        }
        self.last = (high, low);
        let share = float(self.ups - self.downs)
            / float((self.ups + self.downs).max(int(p.structure_min_count)));
        now.has(p.structure_min_bars).then_some(share)
    }

    /// S6: how far the close lies beyond the range of the bars before it.
    #[inline(always)]
    fn breakout(&mut self, now: &Now<'_>) -> Option<f64> {
        let p = &now.p.signals;
        let bar = &now.bar.prices;
        let range = self.range.get();
        self.range.push(bar.low, bar.high);
        let ((low, high), a14) = (range?, now.a14?);
        let d = beyond(bar.close, low, high);
        let x = clamp(float(d) / a14, -p.breakout_clip, p.breakout_clip) / p.breakout_clip;
        now.has(p.breakout_min_bars).then_some(x)
    }

    pub(crate) fn fits(&self, other: &Self) -> bool {
        self.seasonal.fits(&other.seasonal)
            && self.vwaps.fits(&other.vwaps)
            && self.steps.fits(&other.steps)
            && self.range.fits(&other.range)
    }
}

/// Sum over k of `weights[k] * (y_k - y_0)`, oldest first.
///
/// The products are made some at a time and added one by one: the order is that of the formula.
#[inline(always)]
fn weighted_sum(weights: &[f64], all: &[f64], oldest: f64) -> f64 {
    const STEP: usize = 8;
    let mut sum = 0.0;
    let (weights, last_weights) = weights.split_at(weights.len() / STEP * STEP);
    let (all, last) = all.split_at(weights.len());
    for (weights, ys) in weights.chunks_exact(STEP).zip(all.chunks_exact(STEP)) {
        let mut products = [0.0; STEP];
        for ((product, weight), y) in products.iter_mut().zip(weights).zip(ys) {
            *product = weight * (y - oldest);
        }
        for product in products {
            sum += product;
        }
    }
    for (weight, y) in last_weights.iter().zip(last) {
        sum += weight * (y - oldest);
    }
    sum
}

/// Signed distance of `close` beyond a range, 0 inside it.
#[inline(always)]
pub(crate) fn beyond(close: i64, low: i64, high: i64) -> i64 {
    if close > high {
        close - high
    } else if close < low {
        close - low
    } else {
        0
    }
}

/// S9: the session gap that is still unfilled.
#[inline(always)]
fn gap(now: &Now<'_>) -> Option<f64> {
    let prior = now.prior?;
    let gap = now.session.first_open - prior.close;
    if gap == 0 {
        return Some(0.0);
    }
    let range = float((prior.high - prior.low).max(1));
    let open = float(now.bar.prices.close - prior.close) / float(gap);
    Some(clamp(float(gap) / range, -1.0, 1.0) * clamp(open, 0.0, 1.0))
}

/// S10: deviation from the prior session's final VWAP.
#[inline(always)]
fn prior_value(now: &Now<'_>) -> Option<f64> {
    let (value, a14) = (now.prior?.value?, now.a14?);
    let clip = now.p.signals.vwap_z_clip;
    let deviation = value.deviation(now.bar.prices.close);
    Some(clamp(deviation / larger(value.sdv, a14), -clip, clip) / clip)
}

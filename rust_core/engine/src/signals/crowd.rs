//! S29 to S35, crowd and bias. Meaning: `src/domain/signals/crowd.py`.

use serde::{Deserialize, Serialize};

use crate::arithmetic::{clamp, float, larger, smaller};
use crate::contributions::Board;
use crate::now::Now;
use crate::parameters::SignalParameters;
use crate::shared::int;
use crate::signals::levels::{Levels, Three};
use crate::window::Extent;

/// What S29 to S35 remember.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Crowd {
    levels: Levels,
    late: Extent,
    run: i64,
}

impl Crowd {
    pub(crate) fn of(p: &SignalParameters) -> Self {
        Self { levels: Levels::of(p), late: Extent::of(p.late_window), run: 0 }
    }

    pub(crate) fn close_session(&mut self) {
        self.levels.close_session();
        self.late.clear();
        self.run = 0;
    }

    /// Take one bar in; returns the support and the resistance levels.
    #[inline(always)]
    pub(crate) fn update(&mut self, now: &Now<'_>, out: &mut Board<'_>) -> (Three, Three) {
        out.put(29, fomo(now, out));
        out.put(30, panic(now, out));
        let (support, resistance) = self.levels.update(now);
        out.put(31, self.levels.sweep(now, &support, &resistance));
        out.put(32, round_number(now));
        out.put(33, self.late_entry(now));
        if let (Some(zv), Some(z), Some(_)) = (now.zv, now.z, out.get(1)) {
            let p = &now.p.signals;
            let at_value = now.maths.exp(-zv.abs() / p.auction_vwap_scale);
            out.put(34, Some(at_value * now.maths.exp(-z.abs() / p.auction_volume_scale)));
        }
        out.put(35, self.herding(now, out.get(14)));
        (support, resistance)
    }

    /// S33: how far the close has run from the other end of the last bars.
    #[inline(always)]
    fn late_entry(&mut self, now: &Now<'_>) -> Option<f64> {
        let p = &now.p.signals;
        let bar = &now.bar.prices;
        self.late.push(bar.low, bar.high);
        let ((low, high), a14) = (self.late.get()?, now.a14?);
        let unit = a14 * now.constants.late_root;
        let extended =
            |run: i64| clamp(float(run) / unit - p.late_offset, 0.0, p.late_span) / p.late_span;
        let x = extended(bar.close - low) - extended(high - bar.close);
        now.has(p.late_window).then_some(x)
    }

    /// S35: run of closes in one direction, heavier while volume rises.
    #[inline(always)]
    fn herding(&mut self, now: &Now<'_>, volume_slope: Option<f64>) -> Option<f64> {
        let p = &now.p.signals;
        if now.has(2) {
            let d = (now.bar.prices.close - now.closes.back(1)).signum();
            self.run = if self.run * d > 0 { self.run + d } else { d };
        }
        let slope = volume_slope?;
        let herd = clamp(float(self.run) / float(int(p.herding_run)), -1.0, 1.0);
        let weight = p.herding_base + (1.0 - p.herding_base) * clamp(slope, 0.0, 1.0);
        now.has(HERDING_MIN_BARS).then_some(herd * weight)
    }

    pub(crate) fn fits(&self, other: &Self) -> bool {
        self.levels.fits(&other.levels) && self.late.fits(&other.late)
    }
}

/// Two changes are the shortest run that can be told from a single step.
pub(crate) const HERDING_MIN_BARS: usize = 3;

/// S29: an extended rise on volume that is chased, minus the same for a fall.
#[inline(always)]
fn fomo(now: &Now<'_>, out: &Board<'_>) -> Option<f64> {
    let p = &now.p.signals;
    let (trend, stretch, volume) = (out.get(11)?, out.get(1)?, out.get(13)?);
    let side = |s: f64| {
        now.maths.cbrt(
            clamp(s * trend, 0.0, 1.0)
                * clamp(p.fomo_vwap_gain * s * stretch, 0.0, 1.0)
                * clamp((volume + 1.0) / 2.0, 0.0, 1.0),
        )
    };
    Some(side(1.0) - side(-1.0))
}

/// S30: wide range, heavy volume and a large body together.
#[inline(always)]
fn panic(now: &Now<'_>, out: &Board<'_>) -> Option<f64> {
    let p = &now.p.signals;
    let (p30, z, body) = (now.p30?, now.z?, out.get(12)?);
    let range = clamp(now.tr / p30 - 1.0, 0.0, p.panic_range_clip) / p.panic_range_clip;
    Some(now.maths.cbrt(range * clamp(z, 0.0, p.volume_z_clip) / p.volume_z_clip * body.abs()))
}

/// S32: nearness of the close to a multiple of the round grid.
#[inline(always)]
fn round_number(now: &Now<'_>) -> Option<f64> {
    let p = &now.p.signals;
    let (grid, a14) = (now.p.round_grid_ticks, now.a14?);
    let rest = now.bar.prices.close.rem_euclid(grid);
    let radius = smaller(larger(a14, p.round_radius_min), float(grid) * p.round_radius_share);
    Some(clamp(1.0 - float(rest.min(grid - rest)) / radius, 0.0, 1.0))
}

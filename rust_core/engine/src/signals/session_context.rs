//! S21 to S24, session context. Meaning: `src/domain/signals/session_context.py`.

use crate::arithmetic::{clamp, float};
use crate::bar::{CLOSE, LUNCH};
use crate::contributions::Board;
use crate::now::Now;
use crate::signals::structure::beyond;

/// Put S21 to S24 down.
#[inline(always)]
pub(crate) fn update(now: &Now<'_>, out: &mut Board<'_>) {
    let p = &now.p.signals;
    out.put(21, Some(f64::from(now.bar.phase)));
    if let (Some((low, high)), Some(a14)) = (now.opening, now.a14) {
        let d = float(beyond(now.bar.prices.close, low, high));
        let clip = p.opening_break_clip;
        out.put(22, Some(clamp(d / a14, -clip, clip) / clip));
    }
    let Some(z) = now.z else { return };
    if let Some(atr) = out.get(3) {
        let void = now.bar.phase == LUNCH && atr < p.lunch_void_atr && z < 0.0;
        out.put(23, Some(if void { 1.0 } else { 0.0 }));
    }
    if let (Some(zv), Some(_)) = (now.zv, out.get(1)) {
        let magnet = now.bar.phase == CLOSE;
        out.put(24, Some(if magnet { now.maths.sigma(z - zv.abs()) } else { 0.0 }));
    }
}

//! S13 to S20, volume and participation. Meaning: `src/domain/signals/participation.py`.

use serde::{Deserialize, Serialize};

use crate::arithmetic::{clamp, count, float, larger};
use crate::contributions::Board;
use crate::now::Now;
use crate::parameters::SignalParameters;
use crate::window::Median;

/// What S13 to S20 remember.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Participation {
    efforts: Median,
    run: usize,
}

impl Participation {
    pub(crate) fn of(p: &SignalParameters) -> Self {
        Self { efforts: Median::of(p.effort_window), run: 0 }
    }

    /// Take one bar in.
    #[inline(always)]
    pub(crate) fn update(&mut self, now: &Now<'_>, out: &mut Board<'_>) {
        let p = &now.p.signals;
        let flag = |on: bool| if on { 1.0 } else { 0.0 };
        out.put(13, now.z.map(|z| z / p.volume_z_clip));
        out.put(14, now.volumes.slope(p));
        let effort = self.effort(now);
        out.put(15, effort);
        let Some(z) = now.z else { return };
        if let Some(p30) = now.p30 {
            let expansion = clamp((now.tr / p30) * larger(z, 0.0), 0.0, p.expansion_clip);
            out.put(16, Some(expansion / p.expansion_clip));
        }
        self.run = if z > p.high_volume_z { (self.run + 1).min(p.high_volume_run) } else { 0 };
        out.put(19, Some(count(self.run) / count(p.high_volume_run)));
        let Some(p14) = now.p14 else { return };
        out.put(17, Some(flag(now.tr > p.climax_range * p14 && z > p.climax_z)));
        out.put(18, Some(flag(now.tr < p.quiet_range * p14 && z < p.quiet_z)));
        if let Some(effort) = effort {
            let weight = p.participation_effort_weight;
            out.put(20, Some(now.maths.sigma(z + (now.tr / p14 - 1.0) - weight * (effort - 0.5))));
        }
    }

    /// S15: body per volume against its median over earlier bars with volume.
    #[inline(always)]
    fn effort(&mut self, now: &Now<'_>) -> Option<f64> {
        let p = &now.p.signals;
        let bar = &now.bar.prices;
        let ready = self.efforts.len() >= p.effort_min;
        if bar.volume == 0 {
            return ready.then_some(0.5);
        }
        let body = float((bar.close - bar.open).abs());
        let effort = (body + p.effort_body_offset) / (float(bar.volume) + p.effort_volume_offset);
        let median = if ready { self.efforts.get() } else { None };
        self.efforts.push(effort);
        let r = effort / median?;
        Some(r / (1.0 + r))
    }

    pub(crate) fn fits(&self, other: &Self) -> bool {
        self.efforts.fits(&other.efforts)
    }
}

//! S3's reference: the usual ATR14 of this time of day. Meaning: `src/domain/signals/structure.py`.

use serde::{Deserialize, Serialize};

use crate::arithmetic::{count, larger};
use crate::bar::SESSION_MINUTES;
use crate::parameters::SignalParameters;
use crate::window::Median;

/// ATR14 by slot of the day, and its long mean for slots without history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Seasonal {
    slots: Vec<Slot>,
    long_mean: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Slot {
    history: Median,
    sum: f64,
    bars: usize,
}

/// ATR14 against its reference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ratio {
    pub(crate) value: f64,
    pub(crate) fallback: bool,
}

impl Seasonal {
    pub(crate) fn of(p: &SignalParameters) -> Self {
        let slot = Slot { history: Median::of(p.seasonal_sessions), sum: 0.0, bars: 0 };
        let n = usize::from(SESSION_MINUTES).div_ceil(p.seasonal_slot_minutes);
        Self { slots: vec![slot; n], long_mean: None }
    }

    /// End a session: keep the mean of every slot that has bars, if the session counts.
    pub(crate) fn close_session(&mut self, counts: bool) {
        for slot in &mut self.slots {
            if counts && slot.bars > 0 {
                slot.history.push(slot.sum / count(slot.bars));
            }
            (slot.sum, slot.bars) = (0.0, 0);
        }
    }

    /// Take one bar's ATR14 in and compare it with the sessions before this one.
    #[inline(always)]
    pub(crate) fn update(
        &mut self,
        atr: Option<f64>,
        minute: u16,
        alpha: f64,
        p: &SignalParameters,
    ) -> Option<Ratio> {
        let atr = atr?;
        let mean = match self.long_mean {
            None => atr,
            Some(mean) => mean + alpha * (atr - mean),
        };
        self.long_mean = Some(mean);
        let slot = &mut self.slots[usize::from(minute) / p.seasonal_slot_minutes];
        slot.sum += atr;
        slot.bars += 1;
        let known = slot.history.len() >= p.seasonal_min_sessions;
        let usual = if known { slot.history.get() } else { None };
        let reference = larger(usual.unwrap_or(mean), p.atr_floor_ticks);
        Some(Ratio { value: atr / reference, fallback: usual.is_none() })
    }

    pub(crate) fn fits(&self, other: &Self) -> bool {
        self.slots.len() == other.slots.len()
            && self.slots.iter().zip(&other.slots).all(|(a, b)| a.history.fits(&b.history))
    }
}

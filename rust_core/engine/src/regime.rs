//! Regime classes, raw and held. Meaning: `src/domain/signals`, section 5 of the specification.

use serde::{Deserialize, Serialize};

use crate::parameters::RegimeParameters;

/// Not enough history.
pub const UNKNOWN: u8 = 0;
/// ATR far above its usual level.
pub const VOLATILE: u8 = 1;
/// Efficient and structured.
pub const TRENDING: u8 = 2;
/// Inefficient without compression.
pub const CHOPPY: u8 = 3;
/// None of the others.
pub const RANGE: u8 = 4;

/// What the raw class is made of; none while anything is not ready.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Evidence {
    pub(crate) ratio: f64,
    pub(crate) efficiency: f64,
    pub(crate) structure: f64,
    pub(crate) compression: f64,
}

/// The class of one bar alone, first match.
#[inline(always)]
pub(crate) fn raw(evidence: Option<Evidence>, p: &RegimeParameters) -> u8 {
    let Some(e) = evidence else { return UNKNOWN };
    if e.ratio >= p.volatile_ratio {
        VOLATILE
    } else if e.efficiency >= p.trending_efficiency && e.structure.abs() >= p.trending_structure {
        TRENDING
    } else if e.efficiency < p.choppy_efficiency && e.compression >= p.choppy_compression {
        CHOPPY
    } else {
        RANGE
    }
}

/// The held class: slow to change, quick to alarm.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Held {
    class: u8,
    candidate: u8,
    bars: u32,
}

impl Held {
    /// Take the raw class of the next bar in and return the held one.
    #[inline(always)]
    pub(crate) fn update(&mut self, raw: u8, p: &RegimeParameters) -> u8 {
        if raw == self.class {
            self.bars = 0;
        } else if self.class == UNKNOWN || raw == VOLATILE || raw == UNKNOWN {
            (self.class, self.bars) = (raw, 0);
        } else {
            self.bars = if self.bars > 0 && raw == self.candidate { self.bars + 1 } else { 1 };
            self.candidate = raw;
            if self.bars >= p.hold_bars {
                (self.class, self.bars) = (raw, 0);
            }
        }
        self.class
    }
}

#[cfg(test)]
mod tests {
    use super::{CHOPPY, Held, RANGE, TRENDING, UNKNOWN, VOLATILE};
    use crate::parameters::RegimeParameters;

    fn held(raws: &[u8]) -> Vec<u8> {
        let p = RegimeParameters {
            volatile_ratio: 1.8,
            trending_efficiency: 0.35,
            trending_structure: 0.2,
            choppy_efficiency: 0.15,
            choppy_compression: 0.45,
            hold_bars: 3,
        };
        let mut held = Held::default();
        raws.iter().map(|raw| held.update(*raw, &p)).collect()
    }

    #[test]
    fn leaves_unknown_at_once_and_switches_on_the_third_bar() {
        let got = held(&[UNKNOWN, RANGE, CHOPPY, CHOPPY, CHOPPY, RANGE]);
        assert_eq!(got, [UNKNOWN, RANGE, RANGE, RANGE, CHOPPY, CHOPPY]);
    }

    #[test]
    fn another_class_restarts_and_the_held_class_clears_the_count() {
        let got =
            held(&[RANGE, CHOPPY, CHOPPY, TRENDING, CHOPPY, CHOPPY, RANGE, CHOPPY, CHOPPY, CHOPPY]);
        assert_eq!(got, [RANGE, RANGE, RANGE, RANGE, RANGE, RANGE, RANGE, RANGE, RANGE, CHOPPY]);
    }

    #[test]
    fn alarms_at_once_and_calms_down_on_the_third_bar() {
        let got = held(&[RANGE, VOLATILE, RANGE, RANGE, RANGE, UNKNOWN]);
        assert_eq!(got, [RANGE, VOLATILE, VOLATILE, VOLATILE, RANGE, UNKNOWN]);
    }
}

//! The current bar with everything shared already worked out: what each signal reads.

use crate::arithmetic::Maths;
use crate::bar::Bar;
use crate::constants::Constants;
use crate::parameters::Parameters;
use crate::shared::{Closes, Prior, Session, Value, Volumes};

/// One bar in its context; an option is none while its quantity is not ready.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now<'a> {
    pub(crate) p: &'a Parameters,
    pub(crate) constants: &'a Constants,
    pub(crate) maths: &'a Maths,
    pub(crate) bar: &'a Bar,
    /// Received bars of the session, this one included.
    pub(crate) i: usize,
    /// True range in ticks, uncapped.
    pub(crate) tr: f64,
    /// ATR5 of this bar.
    pub(crate) atr_short: Option<f64>,
    /// ATR14 of this bar.
    pub(crate) atr_mid: Option<f64>,
    /// ATR14 and ATR30 of this bar, with the floor.
    pub(crate) a14: Option<f64>,
    pub(crate) a30: Option<f64>,
    /// The same before this bar.
    pub(crate) p14: Option<f64>,
    pub(crate) p30: Option<f64>,
    /// Volume z-score against earlier bars.
    pub(crate) z: Option<f64>,
    /// Session VWAP.
    pub(crate) value: Option<Value>,
    /// Close minus session VWAP.
    pub(crate) dev: Option<f64>,
    /// That deviation in sigmas.
    pub(crate) zv: Option<f64>,
    /// Efficiency ratio.
    pub(crate) er: Option<f64>,
    /// Low and high of the opening range.
    pub(crate) opening: Option<(i64, i64)>,
    /// Nothing is missing any more, see [`Now::settle`].
    pub(crate) settled: bool,
    pub(crate) prior: Option<&'a Prior>,
    pub(crate) session: &'a Session,
    pub(crate) closes: &'a Closes,
    pub(crate) volumes: &'a Volumes,
}

impl<'a> Now<'a> {
    /// True if the session has at least `bars` bars.
    #[inline(always)]
    pub(crate) fn has(&self, bars: usize) -> bool {
        self.settled || self.i >= bars
    }

    /// The same where nothing is missing, as on most bars of a day.
    ///
    /// The signals are compiled a second time for it: without a question whether something is
    /// ready, since the answer can be seen here.
    #[inline(always)]
    pub(crate) fn settle(&self) -> Option<Now<'a>> {
        if self.i < self.constants.settled_bars {
            return None;
        }
        Some(Now {
            settled: true,
            atr_short: Some(self.atr_short?),
            atr_mid: Some(self.atr_mid?),
            a14: Some(self.a14?),
            a30: Some(self.a30?),
            p14: Some(self.p14?),
            p30: Some(self.p30?),
            z: Some(self.z?),
            value: Some(self.value?),
            dev: Some(self.dev?),
            zv: Some(self.zv?),
            er: Some(self.er?),
            opening: Some(self.opening?),
            prior: Some(self.prior?),
            ..*self
        })
    }
}

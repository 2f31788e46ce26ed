//! The current bar with everything shared already worked out: what each signal reads.

use crate::arithmetic::Maths;
use crate::bar::Bar;
use crate::parameters::Parameters;
use crate::shared::{Closes, Prior, Session, Value, Volumes};

/// One bar in its context; an option is none while its quantity is not ready.
#[derive(Debug)]
pub(crate) struct Now<'a> {
    pub(crate) p: &'a Parameters,
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
    pub(crate) prior: Option<&'a Prior>,
    pub(crate) session: &'a Session,
    pub(crate) closes: &'a Closes,
    pub(crate) volumes: &'a Volumes,
}

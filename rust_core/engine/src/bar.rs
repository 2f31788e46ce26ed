//! The input of one bar, checked before anything is touched.

use crate::error::EngineError;

/// Prices beyond this many ticks are refused: exact sums are sized for it.
pub const MAX_PRICE: i64 = (1 << 31) - 1;
/// Volumes beyond this are refused: exact sums are sized for it.
pub const MAX_VOLUME: i64 = 1 << 40;
/// Spreads and slippages beyond this many ticks are refused.
pub const MAX_TICKS: f64 = 1e6;
/// The most minutes a session can have: a day.
pub const SESSION_MINUTES: u16 = 1440;
/// The whole of a quality score.
pub const FULL_QUALITY: i64 = 10_000;

/// Phase code of the first hour.
pub const OPENING: u8 = 1;
/// Phase code of the middle of the day.
pub const LUNCH: u8 = 3;
/// Phase code of the last hour.
pub const CLOSE: u8 = 5;
/// Number of phase codes.
pub const PHASES: usize = 8;
/// Phase codes lie below this.
const PHASE_LIMIT: i64 = 8;

/// Open, high, low and close in ticks, and the volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prices {
    /// Open in ticks.
    pub open: i64,
    /// High in ticks.
    pub high: i64,
    /// Low in ticks.
    pub low: i64,
    /// Close in ticks.
    pub close: i64,
    /// Contracts traded.
    pub volume: i64,
}

impl Prices {
    /// # Errors
    /// The prices contradict one another, or a number is beyond what exact sums are sized for.
    #[inline(always)]
    pub fn check(&self) -> Result<(), EngineError> {
        if self.is_sound() { Ok(()) } else { Err(self.fault()) }
    }

    /// All demands at once, without a branch for each.
    #[inline(always)]
    #[allow(clippy::needless_bitwise_bool)]
    fn is_sound(&self) -> bool {
        let Self { open, high, low, close, volume } = *self;
        (low >= -MAX_PRICE)
            & (high <= MAX_PRICE)
            & (low <= open.min(close))
            & (open.max(close) <= high)
            & (0..=MAX_VOLUME).contains(&volume)
    }

    /// The first demand that is not met.
    #[cold]
    fn fault(self) -> EngineError {
        let Self { open, high, low, close, volume } = self;
        for (name, was) in [("high", high), ("low", low)] {
            if !(-MAX_PRICE..=MAX_PRICE).contains(&was) {
                return EngineError::PriceOutOfRange { name, was, limit: MAX_PRICE };
            }
        }
        if high < low {
            return EngineError::HighBelowLow { high, low };
        }
        for (name, was) in [("open", open), ("close", close)] {
            if was < low || was > high {
                return EngineError::OutsideBar { name, was, low, high };
            }
        }
        EngineError::VolumeOutOfRange { was: volume, limit: MAX_VOLUME }
    }
}

/// One accepted bar of regular trading hours as the caller hands it over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BarInput {
    /// Prices in ticks and volume.
    pub prices: Prices,
    /// Phase code of the bar's open, 0..7.
    pub phase: i64,
    /// Minutes from the open to the bar's open.
    pub minute: i64,
    /// True on the first received bar of a session.
    pub session_start: bool,
    /// Quoted mean spread in ticks.
    pub spread: Option<f64>,
    /// Data validity in basis points.
    pub dvs_bp: i64,
    /// Execution quality in basis points.
    pub eqs_bp: i64,
    /// Exponential mean of our own adverse slippage, in ticks.
    pub realised_slip: f64,
}

/// A bar that passed every check; only [`BarInput::checked`] makes one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    pub(crate) prices: Prices,
    pub(crate) phase: u8,
    pub(crate) minute: u16,
    pub(crate) session_start: bool,
    pub(crate) spread: Option<f64>,
    pub(crate) dvs_bp: i64,
    pub(crate) eqs_bp: i64,
    pub(crate) realised_slip: f64,
}

impl BarInput {
    /// # Errors
    /// Any field is impossible; the variant names it.
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // both were checked
    #[allow(clippy::needless_bitwise_bool)] // all demands at once, without a branch for each
    pub fn checked(&self) -> Result<Bar, EngineError> {
        let spread = self.spread.unwrap_or(0.0);
        let sound = self.prices.is_sound()
            & (0..PHASE_LIMIT).contains(&self.phase)
            & (0..i64::from(SESSION_MINUTES)).contains(&self.minute)
            & (0..=FULL_QUALITY).contains(&self.dvs_bp)
            & (0..=FULL_QUALITY).contains(&self.eqs_bp)
            & (0.0..=MAX_TICKS).contains(&spread)
            & (0.0..=MAX_TICKS).contains(&self.realised_slip);
        if !sound {
            return Err(self.fault());
        }
        Ok(Bar {
            prices: self.prices,
            phase: self.phase as u8,
            minute: self.minute as u16,
            session_start: self.session_start,
            spread: self.spread,
            dvs_bp: self.dvs_bp,
            eqs_bp: self.eqs_bp,
            realised_slip: self.realised_slip,
        })
    }

    /// The first demand that is not met.
    #[cold]
    fn fault(self) -> EngineError {
        if !self.prices.is_sound() {
            return self.prices.fault();
        }
        if !(0..PHASE_LIMIT).contains(&self.phase) {
            return EngineError::NoPhase { was: self.phase };
        }
        if !(0..i64::from(SESSION_MINUTES)).contains(&self.minute) {
            let limit = i64::from(SESSION_MINUTES) - 1;
            return EngineError::MinuteOutsideSession { was: self.minute, limit };
        }
        for (name, was) in [("dvs_bp", self.dvs_bp), ("eqs_bp", self.eqs_bp)] {
            if !(0..=FULL_QUALITY).contains(&was) {
                return EngineError::NoBasisPoints { name, was };
            }
        }
        let spread = self.spread.unwrap_or(0.0);
        let spread_is_sound = (0.0..=MAX_TICKS).contains(&spread);
        let (name, was) = if spread_is_sound {
            ("realised_slip", self.realised_slip)
        } else {
            ("spread", spread)
        };
        EngineError::NoTicks { name, was, limit: MAX_TICKS }
    }
}

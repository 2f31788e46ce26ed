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
        let Self { open, high, low, close, volume } = *self;
        for (name, was) in [("high", high), ("low", low)] {
            if !(-MAX_PRICE..=MAX_PRICE).contains(&was) {
                return Err(EngineError::PriceOutOfRange { name, was, limit: MAX_PRICE });
            }
        }
        if high < low {
            return Err(EngineError::HighBelowLow { high, low });
        }
        for (name, was) in [("open", open), ("close", close)] {
            if was < low || was > high {
                return Err(EngineError::OutsideBar { name, was, low, high });
            }
        }
        if !(0..=MAX_VOLUME).contains(&volume) {
            return Err(EngineError::VolumeOutOfRange { was: volume, limit: MAX_VOLUME });
        }
        Ok(())
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
    pub fn checked(&self) -> Result<Bar, EngineError> {
        self.prices.check()?;
        let phase = match u8::try_from(self.phase) {
            Ok(code) if usize::from(code) < PHASES => code,
            _ => return Err(EngineError::NoPhase { was: self.phase }),
        };
        let minute = match u16::try_from(self.minute) {
            Ok(minute) if minute < SESSION_MINUTES => minute,
            _ => {
                let limit = i64::from(SESSION_MINUTES) - 1;
                return Err(EngineError::MinuteOutsideSession { was: self.minute, limit });
            }
        };
        for (name, was) in [("dvs_bp", self.dvs_bp), ("eqs_bp", self.eqs_bp)] {
            if !(0..=FULL_QUALITY).contains(&was) {
                return Err(EngineError::NoBasisPoints { name, was });
            }
        }
        ticks("spread", self.spread.unwrap_or(0.0))?;
        ticks("realised_slip", self.realised_slip)?;
        Ok(Bar {
            prices: self.prices,
            phase,
            minute,
            session_start: self.session_start,
            spread: self.spread,
            dvs_bp: self.dvs_bp,
            eqs_bp: self.eqs_bp,
            realised_slip: self.realised_slip,
        })
    }
}

fn ticks(name: &'static str, was: f64) -> Result<(), EngineError> {
    if (0.0..=MAX_TICKS).contains(&was) {
        Ok(())
    } else {
        Err(EngineError::NoTicks { name, was, limit: MAX_TICKS })
    }
}

//! A `domain.recent.MarketContext` as the decision reads it.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use tradebot_decision::Market;
use tradebot_decision::market::{F5, KEEP};

/// Fields of `domain.frame.Frame`.
const FRAME: usize = 24;
const SIGNALS: usize = 35;
/// The signals that templates and thresholds look at.
const LOOKED_AT: [usize; 10] = [1, 3, 4, 5, 6, 8, 12, 22, 31, 33];

fn floats<const N: usize>(tuple: &Bound<'_, PyAny>) -> PyResult<[f64; N]> {
    let tuple = tuple.cast::<PyTuple>()?;
    if tuple.len() != N {
        return Err(PyValueError::new_err(format!("a frame needs {N} values there")));
    }
    let mut all = [0.0; N];
    for (place, number) in all.iter_mut().zip(tuple.iter_borrowed()) {
        *place = number.extract()?;
    }
    Ok(all)
}

fn levels(tuple: &Bound<'_, PyAny>) -> PyResult<[Option<i64>; 6]> {
    let mut all = [None; 6];
    for (place, level) in all.iter_mut().zip(tuple.cast::<PyTuple>()?.iter_borrowed()) {
        *place = level.extract()?;
    }
    Ok(all)
}

/// The last bars, the newest last; false if fewer are remembered than may be.
fn last(tuple: &Bound<'_, PyAny>, into: &mut [i64; KEEP]) -> PyResult<bool> {
    let tuple = tuple.cast::<PyTuple>()?;
    if tuple.len() != KEEP {
        return Ok(false);
    }
    for (place, price) in into.iter_mut().zip(tuple.iter_borrowed()) {
        *place = price.extract()?;
    }
    Ok(true)
}

/// The market of a context (bar, frame, recent, cap).
pub(crate) fn market_of(ctx: &Bound<'_, PyTuple>) -> PyResult<Market> {
    let frame = ctx.get_item(1)?;
    let frame = frame.cast::<PyTuple>()?;
    if frame.len() != FRAME {
        return Err(PyValueError::new_err("a frame has other fields"));
    }
    let at = |place: usize| frame.get_item(place);
    let seen = at(0)?;
    let seen = seen.cast::<PyTuple>()?;
    if seen.len() != SIGNALS {
        return Err(PyValueError::new_err("a frame needs 35 signals"));
    }
    let mut signals = [f64::NAN; SIGNALS];
    for number in LOOKED_AT {
        signals[number - 1] = seen.get_borrowed_item(number - 1)?.extract()?;
    }
    let mut effective = [f64::NAN; 11];
    effective[F5] = at(20)?.cast::<PyTuple>()?.get_borrowed_item(F5)?.extract()?;
    let recent = ctx.get_item(2)?;
    let recent = recent.cast::<PyTuple>()?;
    let mut market = Market {
        signals,
        ready: at(1)?.extract()?,
        regime: at(3)?.extract()?,
        a14: at(6)?.extract()?,
        dev: at(9)?.extract()?,
        spread: at(10)?.extract()?,
        slip: at(11)?.extract()?,
        bars: at(14)?.extract()?,
        levels: levels(&at(15)?)?,
        likelihood: [f64::NAN; 11],
        stability: [f64::NAN; 11],
        effective,
        belief_ready: at(22)?.extract()?,
        thesis: at(23)?.extract()?,
        close: ctx.get_item(0)?.cast::<PyTuple>()?.get_item(4)?.extract()?,
        highs: [0; KEEP],
        lows: [0; KEEP],
        closes: [0; KEEP],
        whole: false,
        cap: ctx.get_item(3)?.extract()?,
    };
    market.whole = last(&recent.get_item(0)?, &mut market.highs)?
        && last(&recent.get_item(1)?, &mut market.lows)?
        && last(&recent.get_item(2)?, &mut market.closes)?;
    Ok(market)
}

/// Read the beliefs of the context, which only a bar with a setup is asked for.
pub(crate) fn believe(market: &mut Market, ctx: &Bound<'_, PyTuple>) -> PyResult<()> {
    let frame = ctx.get_item(1)?;
    let frame = frame.cast::<PyTuple>()?;
    market.likelihood = floats(&frame.get_item(18)?)?;
    market.stability = floats(&frame.get_item(19)?)?;
    market.effective = floats(&frame.get_item(20)?)?;
    Ok(())
}

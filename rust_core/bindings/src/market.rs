//! A `domain.recent.MarketContext` as the decision reads it.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use tradebot_decision::Market;
use tradebot_decision::market::KEEP;

use crate::numbers::floats;

/// Fields of `domain.frame.Frame`.
const FRAME: usize = 24;

fn levels(tuple: &Bound<'_, PyAny>) -> PyResult<[Option<i64>; 6]> {
    let mut all = [None; 6];
    for (place, level) in all.iter_mut().zip(tuple.cast::<PyTuple>()?.iter_borrowed()) {
        *place = level.extract()?;
    }
    Ok(all)
}

/// Read the highs, lows and closes of the last bars, unless fewer are remembered than may be.
fn remember(recent: &Bound<'_, PyAny>, market: &mut Market) -> PyResult<()> {
    let bars = recent.cast::<PyTuple>()?.get_borrowed_item(0)?;
    let bars = bars.cast::<PyTuple>()?;
    if bars.len() != KEEP {
        return Ok(());
    }
    for (k, bar) in bars.iter_borrowed().enumerate() {
        let bar = bar.cast::<PyTuple>()?;
        let price = |place: usize| bar.get_borrowed_item(place)?.extract();
        (market.highs[k], market.lows[k], market.closes[k]) = (price(2)?, price(3)?, price(4)?);
    }
    market.whole = true;
    Ok(())
}

/// The market of a context (bar, frame, recent, cap).
pub(crate) fn market_of(ctx: &Bound<'_, PyTuple>) -> PyResult<Market> {
    let frame = ctx.get_item(1)?;
    let frame = frame.cast::<PyTuple>()?;
    if frame.len() != FRAME {
        return Err(PyValueError::new_err("a frame has other fields"));
    }
    let at = |place: usize| frame.get_item(place);
    let mut market = Market {
        signals: floats(&at(0)?)?,
        ready: at(1)?.extract()?,
        regime: at(3)?.extract()?,
        a14: at(6)?.extract()?,
        dev: at(9)?.extract()?,
        spread: at(10)?.extract()?,
        slip: at(11)?.extract()?,
        bars: at(14)?.extract()?,
        levels: levels(&at(15)?)?,
        likelihood: floats(&at(18)?)?,
        stability: floats(&at(19)?)?,
        effective: floats(&at(20)?)?,
        belief_ready: at(22)?.extract()?,
        thesis: at(23)?.extract()?,
        close: ctx.get_item(0)?.cast::<PyTuple>()?.get_item(4)?.extract()?,
        highs: [0; KEEP],
        lows: [0; KEEP],
        closes: [0; KEEP],
        whole: false,
        cap: ctx.get_item(3)?.extract()?,
    };
    remember(&ctx.get_item(2)?, &mut market)?;
    Ok(market)
}

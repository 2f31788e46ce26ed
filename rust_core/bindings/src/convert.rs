//! Python tuples to bars, frames and rows to Python tuples.

use pyo3::prelude::{Bound, IntoPyObject, PyAny, PyAnyMethods, PyResult, PyTupleMethods, Python};
use pyo3::types::{PyFloat, PyTuple};
use tradebot_engine::{BarInput, Frame, Prices, ROW};

use crate::error::BarError;

/// Fields of a bar tuple.
const FIELDS: usize = 12;

/// A bar from a tuple in the field order of `domain.frame.BarInput`.
#[inline]
pub(crate) fn bar_of(bar: &Bound<'_, PyTuple>) -> PyResult<BarInput> {
    if bar.len() != FIELDS {
        let text = format!("a bar has {FIELDS} fields, got {}", bar.len());
        return Err(BarError::new_err(text));
    }
    let spread = bar.get_borrowed_item(8)?;
    Ok(BarInput {
        prices: Prices {
            open: bar.get_borrowed_item(0)?.extract()?,
            high: bar.get_borrowed_item(1)?.extract()?,
            low: bar.get_borrowed_item(2)?.extract()?,
            close: bar.get_borrowed_item(3)?.extract()?,
            volume: bar.get_borrowed_item(4)?.extract()?,
        },
        phase: bar.get_borrowed_item(5)?.extract()?,
        minute: bar.get_borrowed_item(6)?.extract()?,
        session_start: bar.get_borrowed_item(7)?.extract()?,
        spread: if spread.is_none() { None } else { Some(spread.extract()?) },
        dvs_bp: bar.get_borrowed_item(9)?.extract()?,
        eqs_bp: bar.get_borrowed_item(10)?.extract()?,
        realised_slip: bar.get_borrowed_item(11)?.extract()?,
    })
}

/// The row of a frame as a tuple of floats.
#[inline]
pub(crate) fn row_tuple<'py>(py: Python<'py>, frame: &Frame) -> PyResult<Bound<'py, PyTuple>> {
    let mut row = [0.0; ROW];
    frame.write_row(&mut row);
    PyTuple::new(py, row)
}

/// A whole frame as a tuple in the field order of `domain.frame.Frame`.
pub(crate) fn frame_tuple<'py>(py: Python<'py>, frame: &Frame) -> PyResult<Bound<'py, PyTuple>> {
    let frame = frame.rounded();
    let (signals, beliefs) = (&frame.signals, &frame.beliefs);
    let floats =
        |xs: &[f64]| PyTuple::new(py, xs.iter().map(|x| PyFloat::new(py, *x))).map(Bound::into_any);
    let float = |x: f64| PyFloat::new(py, x).into_any();
    PyTuple::new(
        py,
        [
            floats(&signals.x)?,
            signals.ready.into_pyobject(py)?.into_any(),
            signals.fallback.into_pyobject(py)?.into_any(),
            frame.regime.into_pyobject(py)?.into_any(),
            frame.regime_raw.into_pyobject(py)?.into_any(),
            float(frame.er20),
            float(frame.a14),
            frame.tr.into_pyobject(py)?.into_any(),
            float(frame.p30),
            float(frame.dev),
            float(frame.spread),
            float(frame.slip),
            float(frame.slip_model),
            frame.shock.into_pyobject(py)?.to_owned().into_any(),
            frame.bars_in_session.into_pyobject(py)?.into_any(),
            levels(py, &frame.levels)?,
            floats(&beliefs.evidence)?,
            floats(&beliefs.lraw)?,
            floats(&beliefs.likelihood)?,
            floats(&beliefs.stability)?,
            floats(&beliefs.effective)?,
            floats(&beliefs.coverage)?,
            beliefs.ready.into_pyobject(py)?.into_any(),
            float(beliefs.thesis),
        ],
    )
}

fn levels<'py>(py: Python<'py>, levels: &[Option<i64>; 6]) -> PyResult<Bound<'py, PyAny>> {
    let [a, b, c, d, e, f] = *levels;
    Ok((a, b, c, d, e, f).into_pyobject(py)?.into_any())
}

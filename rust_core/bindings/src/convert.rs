//! Python tuples to bars, frames and rows to Python tuples.

use pyo3::prelude::{
    Bound, IntoPyObject, Py, PyAny, PyAnyMethods, PyResult, PyTupleMethods, Python,
};
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

/// The two floats that a third of all values are, made once: sharing them is cheaper than
/// making them.
pub(crate) struct Constants {
    zero: Py<PyFloat>,
    one: Py<PyFloat>,
}

impl Constants {
    pub(crate) fn new(py: Python<'_>) -> Self {
        Self { zero: PyFloat::new(py, 0.0).unbind(), one: PyFloat::new(py, 1.0).unbind() }
    }

    /// `x` as a Python float; values on the grid have no negative zero.
    #[inline]
    fn float<'py>(&self, py: Python<'py>, x: f64) -> Bound<'py, PyFloat> {
        if x == 0.0 {
            self.zero.bind(py).clone()
        } else if x == 1.0 {
            self.one.bind(py).clone()
        } else {
            PyFloat::new(py, x)
        }
    }

    #[inline]
    fn tuple<'py>(&self, py: Python<'py>, xs: &[f64]) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, xs.iter().map(|x| self.float(py, *x)))
    }

    /// The row of a frame as a tuple of floats.
    #[inline]
    pub(crate) fn row<'py>(&self, py: Python<'py>, frame: &Frame) -> PyResult<Bound<'py, PyTuple>> {
        let mut row = [0.0; ROW];
        frame.write_row(&mut row);
        self.tuple(py, &row)
    }

    /// A whole frame as a tuple in the field order of `domain.frame.Frame`.
    pub(crate) fn frame<'py>(
        &self,
        py: Python<'py>,
        frame: &Frame,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let frame = frame.rounded();
        let (signals, beliefs) = (&frame.signals, &frame.beliefs);
        let floats = |xs: &[f64]| self.tuple(py, xs).map(Bound::into_any);
        let float = |x: f64| self.float(py, x).into_any();
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
}

fn levels<'py>(py: Python<'py>, levels: &[Option<i64>; 6]) -> PyResult<Bound<'py, PyAny>> {
    let [a, b, c, d, e, f] = *levels;
    Ok((a, b, c, d, e, f).into_pyobject(py)?.into_any())
}

//! Python tuples to bars, frames and rows to Python tuples.

use pyo3::prelude::{Bound, IntoPyObject, PyAny, PyResult, PyTupleMethods, Python};
use pyo3::types::{PyFloat, PyTuple};
use tradebot_engine::{BELIEFS, BarInput, Frame, Prices};

use crate::error::BarError;
use crate::named::Named;
use crate::numbers::Numbers;

/// Fields of a bar tuple.
const FIELDS: usize = 12;

/// A bar from a tuple in the field order of `domain.frame.BarInput`.
#[inline]
pub(crate) fn bar_of(bar: &Bound<'_, PyTuple>) -> PyResult<BarInput> {
    if bar.len() != FIELDS {
        let text = format!("a bar has {FIELDS} fields, got {}", bar.len());
        return Err(BarError::new_err(text));
    }
    let mut fields = bar.iter_borrowed();
    let mut next = || fields.next().ok_or_else(|| BarError::new_err("a bar lost a field"));
    Ok(BarInput {
        prices: Prices {
            open: next()?.extract()?,
            high: next()?.extract()?,
            low: next()?.extract()?,
            close: next()?.extract()?,
            volume: next()?.extract()?,
        },
        phase: next()?.extract()?,
        minute: next()?.extract()?,
        session_start: next()?.extract()?,
        spread: next()?.extract()?,
        dvs_bp: next()?.extract()?,
        eqs_bp: next()?.extract()?,
        realised_slip: next()?.extract()?,
    })
}

/// A rounded frame in the field order of `domain.frame.Frame`: of class `kind`, else a tuple.
pub(crate) fn frame_tuple<'py>(
    py: Python<'py>,
    frame: &Frame,
    kind: Option<&Named>,
) -> PyResult<Bound<'py, PyTuple>> {
    let (signals, beliefs) = (&frame.signals, &frame.beliefs);
    let floats = |xs: [f64; BELIEFS]| Bound::new(py, Numbers::from(xs)).map(Bound::into_any);
    let float = |x: f64| PyFloat::new(py, x).into_any();
    let fields = [
        Bound::new(py, Numbers::from(signals.x))?.into_any(),
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
        floats(beliefs.evidence)?,
        floats(beliefs.lraw)?,
        floats(beliefs.likelihood)?,
        floats(beliefs.stability)?,
        floats(beliefs.effective)?,
        floats(beliefs.coverage)?,
        beliefs.ready.into_pyobject(py)?.into_any(),
        float(beliefs.thesis),
    ];
    match kind {
        Some(kind) => kind.make(py, fields),
        None => PyTuple::new(py, fields),
    }
}

fn levels<'py>(py: Python<'py>, levels: &[Option<i64>; 6]) -> PyResult<Bound<'py, PyAny>> {
    let [a, b, c, d, e, f] = *levels;
    Ok((a, b, c, d, e, f).into_pyobject(py)?.into_any())
}

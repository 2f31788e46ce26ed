//! `SignalEngine`: the engine as a Python class.

use numpy::{PyArray2, PyArrayMethods, PyReadonlyArray1, PyUntypedArrayMethods};
use pyo3::prelude::{Bound, Py, PyAny, PyResult, Python, pyclass, pymethods};
use pyo3::types::{PyBytes, PyTuple};
use tradebot_engine::arithmetic::float;
use tradebot_engine::{Columns, Engine, Parameters, Prices, ROW};

use crate::convert::{bar_of, frame_tuple};
use crate::error::{ColumnError, to_py};
use crate::maths::platform;
use crate::named::Named;
use crate::rows::Rows;
use crate::step::Step;

/// Signals, beliefs and regime of one stream of bars.
#[pyclass(name = "SignalEngine", module = "rust_core._native")]
pub(crate) struct PySignalEngine {
    engine: Engine,
    step: Step,
    frames: Option<Named>,
    rows: Rows,
}

#[pymethods]
impl PySignalEngine {
    #[new]
    #[pyo3(signature = (parameters_json, /, *, portable = false))]
    fn py_new(py: Python<'_>, parameters_json: &str, portable: bool) -> PyResult<Self> {
        let parameters = Parameters::from_json(parameters_json).map_err(to_py)?;
        let engine = Engine::new(parameters, platform()?);
        Ok(Self { engine, step: Step::new(portable), rows: Rows::new(py)?, frames: None })
    }

    /// From here on frames are of `kind`, a class of named tuples, instead of plain tuples.
    #[pyo3(name = "frames_as", signature = (kind, /))]
    fn py_frames_as(&mut self, kind: &Bound<'_, PyAny>) -> PyResult<()> {
        self.frames = Some(Named::of(kind)?);
        Ok(())
    }

    /// One bar in; S1 to S35, then the eleven likelihoods out.
    #[pyo3(name = "update", signature = (bar, /))] // too short to be worth releasing the GIL
    fn py_update<'py>(
        &mut self,
        py: Python<'py>,
        bar: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let bar = bar_of(bar)?;
        let mut row = [0.0; ROW];
        self.step.row(&mut self.engine, &bar, &mut row).map_err(to_py)?;
        self.rows.tuple(py, &row)
    }

    /// One bar in; the whole frame out, in the field order of `domain.frame.Frame`.
    #[pyo3(name = "frame", signature = (bar, /))]
    fn py_frame<'py>(
        &mut self,
        py: Python<'py>,
        bar: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let bar = bar_of(bar)?;
        let frame = self.step.frame(&mut self.engine, &bar).map_err(to_py)?;
        frame_tuple(py, &frame, self.frames.as_ref())
    }

    /// As `frame`, unless the bar's true range is more than `multiple` times ATR30, or `floor` if
    /// that is larger, without the shock signature: then None, and the bar is not consumed.
    #[pyo3(name = "calm_frame", signature = (bar, multiple, floor, /))]
    fn py_calm_frame<'py>(
        &mut self,
        py: Python<'py>,
        bar: &Bound<'py, PyTuple>,
        multiple: f64,
        floor: f64,
    ) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let bar = bar_of(bar)?;
        let probe = self.engine.probe(&bar.prices, bar.session_start).map_err(to_py)?;
        let reach = probe.atr_long.map(|atr| multiple * if atr > floor { atr } else { floor });
        if reach.is_some_and(|reach| float(probe.tr) > reach) && !probe.shock {
            return Ok(None);
        }
        let frame = self.step.frame(&mut self.engine, &bar).map_err(to_py)?;
        frame_tuple(py, &frame, self.frames.as_ref()).map(Some)
    }

    /// True range, ATR30 before the bar (NaN while not ready) and shock signature of a coming bar.
    #[pyo3(name = "probe", signature = (open, high, low, close, volume, session_start, /))]
    fn py_probe(
        &self,
        open: i64,
        high: i64,
        low: i64,
        close: i64,
        volume: i64,
        session_start: bool,
    ) -> PyResult<(i64, f64, bool)> {
        let prices = Prices { open, high, low, close, volume };
        let probe = self.engine.probe(&prices, session_start).map_err(to_py)?;
        Ok((probe.tr, probe.atr_long.unwrap_or(f64::NAN), probe.shock))
    }

    /// Whole columns in, one row a bar out; all of it or nothing. The GIL is released.
    #[expect(clippy::too_many_arguments)] // one column for each field of a bar
    #[pyo3(name = "run", signature = (
        open, high, low, close, volume, phase, minute, session_start, spread, dvs_bp, eqs_bp,
        realised_slip, out = None
    ))]
    fn py_run<'py>(
        &mut self,
        py: Python<'py>,
        open: &Bound<'py, PyAny>,
        high: &Bound<'py, PyAny>,
        low: &Bound<'py, PyAny>,
        close: &Bound<'py, PyAny>,
        volume: &Bound<'py, PyAny>,
        phase: &Bound<'py, PyAny>,
        minute: &Bound<'py, PyAny>,
        session_start: &Bound<'py, PyAny>,
        spread: &Bound<'py, PyAny>,
        dvs_bp: &Bound<'py, PyAny>,
        eqs_bp: &Bound<'py, PyAny>,
        realised_slip: &Bound<'py, PyAny>,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Py<PyArray2<f64>>> {
        let open = column::<i64>("open", "int64", open)?;
        let high = column::<i64>("high", "int64", high)?;
        let low = column::<i64>("low", "int64", low)?;
        let close = column::<i64>("close", "int64", close)?;
        let volume = column::<i64>("volume", "int64", volume)?;
        let phase = column::<u8>("phase", "uint8", phase)?;
        let minute = column::<i64>("minute", "int64", minute)?;
        let session_start = column::<bool>("session_start", "bool", session_start)?;
        let spread = column::<f64>("spread", "float64", spread)?;
        let dvs_bp = column::<i64>("dvs_bp", "int64", dvs_bp)?;
        let eqs_bp = column::<i64>("eqs_bp", "int64", eqs_bp)?;
        let realised_slip = column::<f64>("realised_slip", "float64", realised_slip)?;
        let columns = Columns {
            open: open.as_slice()?,
            high: high.as_slice()?,
            low: low.as_slice()?,
            close: close.as_slice()?,
            volume: volume.as_slice()?,
            phase: phase.as_slice()?,
            minute: minute.as_slice()?,
            session_start: session_start.as_slice()?,
            spread: spread.as_slice()?,
            dvs_bp: dvs_bp.as_slice()?,
            eqs_bp: eqs_bp.as_slice()?,
            realised_slip: realised_slip.as_slice()?,
        };
        let rows = match out {
            Some(given) => rows_of(given, columns.open.len())?,
            None => PyArray2::zeros(py, [columns.open.len(), ROW], false),
        };
        {
            let mut places = rows.try_readwrite().map_err(|e| refused("out", &e.to_string()))?;
            let places = places.as_slice_mut()?;
            let (engine, step) = (&mut self.engine, self.step);
            py.detach(|| step.run(engine, &columns, places)).map_err(to_py)?;
        }
        Ok(rows.unbind())
    }

    /// `exp` and `cbrt` of `x` as this engine works them out.
    #[pyo3(name = "maths", signature = (x, /))]
    fn py_maths(&self, x: f64) -> (f64, f64) {
        let maths = self.engine.maths();
        (maths.exp(x), maths.cbrt(x))
    }

    /// The whole state, versioned.
    #[pyo3(name = "snapshot")]
    fn py_snapshot<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.engine.snapshot().map(|bytes| PyBytes::new(py, &bytes)).map_err(to_py)
    }

    /// Go on from a snapshot made with the same parameters.
    #[pyo3(name = "restore", signature = (state, /))]
    fn py_restore(&mut self, state: &[u8]) -> PyResult<()> {
        self.engine.restore(state).map_err(to_py)
    }
}

/// Borrow a column without a copy; another type, shape or layout is an error that names it.
fn column<'py, T: numpy::Element>(
    name: &str,
    dtype: &str,
    given: &Bound<'py, PyAny>,
) -> PyResult<PyReadonlyArray1<'py, T>> {
    let array = given
        .cast::<numpy::PyArray1<T>>()
        .map_err(|_| refused(name, &format!("a one-dimensional array of {dtype} is needed")))?;
    if !array.is_c_contiguous() {
        return Err(refused(name, "a contiguous array is needed"));
    }
    array.try_readonly().map_err(|e| refused(name, &e.to_string()))
}

fn rows_of<'py>(given: &Bound<'py, PyAny>, n: usize) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let array = given
        .cast::<PyArray2<f64>>()
        .map_err(|_| refused("out", "a two-dimensional array of float64 is needed"))?;
    if !array.is_c_contiguous() || array.shape() != [n, ROW] {
        return Err(refused("out", &format!("a contiguous array of shape ({n}, {ROW}) is needed")));
    }
    Ok(array.clone())
}

fn refused(name: &str, why: &str) -> pyo3::PyErr {
    ColumnError::new_err(format!("{name}: {why}"))
}

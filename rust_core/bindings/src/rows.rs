//! One row of floats as a Python tuple, in memory that nobody else sees any more.

use pyo3::prelude::{Bound, Py, PyAnyMethods, PyResult, Python};
use pyo3::types::PyTuple;
use pyo3::{PyErr, ffi};
use tradebot_engine::ROW;

/// The last two rows that were handed out.
///
/// Forty-six floats and their tuple cost more to make and to throw away than half of the signals.
/// Who takes a row in the place of the one before has dropped the one before that: then it is
/// written over, as `zip` and `enumerate` of Python do with their tuples. A row, or a float of
/// one, that anybody still holds is left alone and a new one made.
#[derive(Debug)]
pub(crate) struct Rows {
    kept: [Py<PyTuple>; 2],
    turn: usize,
    reuse: bool,
}

impl Rows {
    pub(crate) fn new(py: Python<'_>) -> PyResult<Self> {
        let empty = || PyTuple::new(py, [0.0; ROW]).map(Bound::unbind);
        Ok(Self { kept: [empty()?, empty()?], turn: 0, reuse: may_reuse(py)? })
    }

    /// `row` as a tuple.
    #[inline]
    pub(crate) fn tuple<'py>(
        &mut self,
        py: Python<'py>,
        row: &[f64; ROW],
    ) -> PyResult<Bound<'py, PyTuple>> {
        self.turn ^= 1;
        let kept = self.kept[self.turn].bind(py);
        // SAFETY: `kept` is a reference to a live object; its count is only read.
        let ours_alone = unsafe { ffi::Py_REFCNT(kept.as_ptr()) } == 1;
        if self.reuse && ours_alone {
            write_over(kept, row)?;
            return Ok(kept.clone());
        }
        let new = PyTuple::new(py, row)?;
        self.kept[self.turn] = new.clone().unbind();
        Ok(new)
    }
}

/// True where a tuple has no hash of its own (3.14 and later) and one thread runs at a time.
fn may_reuse(py: Python<'_>) -> PyResult<bool> {
    let sys = py.import("sys")?;
    let name: String = sys.getattr("implementation")?.getattr("name")?.extract()?;
    let free_threaded = sys.getattr("abiflags")?.extract::<String>()?.contains('t');
    Ok(name == "cpython" && !free_threaded && py.version_info() < (3, 14))
}

/// Put `row` in the place of what `tuple`, which is ours alone, holds.
#[inline]
fn write_over(tuple: &Bound<'_, PyTuple>, row: &[f64; ROW]) -> PyResult<()> {
    for (k, x) in (0..).zip(row) {
        // SAFETY: the tuple was made by `Rows` of ROW floats, k is below ROW, the interpreter is
        // held. The one reference to the tuple is ours, so a float with one reference is reached
        // by nobody but this function; a float caches nothing of its value.
        unsafe {
            let float = ffi::PyTuple_GET_ITEM(tuple.as_ptr(), k);
            if ffi::Py_REFCNT(float) == 1 {
                (*float.cast::<ffi::PyFloatObject>()).ob_fval = *x;
            } else {
                let new = ffi::PyFloat_FromDouble(*x);
                if new.is_null() {
                    return Err(PyErr::fetch(tuple.py()));
                }
                ffi::PyTuple_SET_ITEM(tuple.as_ptr(), k, new);
                ffi::Py_DECREF(float);
            }
        }
    }
    Ok(())
}

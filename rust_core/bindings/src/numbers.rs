//! `Numbers`: a row of floats that become Python objects only where somebody looks at one.
//!
//! A frame has a hundred and one of them; to make, to read and to throw away so many objects
//! costs a bar more than its signals do, and most of them nobody but the record looks at.

use pyo3::exceptions::{PyIndexError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyIterator, PySlice, PyTuple};
use tradebot_engine::{BELIEFS, SIGNALS};

/// A sequence of floats that never changes; like the tuple of them, and equal to it.
#[pyclass(name = "Numbers", module = "rust_core._native", frozen, sequence)]
pub(crate) struct Numbers {
    row: Row,
}

/// A row of either length that a frame has.
enum Row {
    Signals([f64; SIGNALS]),
    Beliefs([f64; BELIEFS]),
}

impl From<[f64; SIGNALS]> for Numbers {
    fn from(row: [f64; SIGNALS]) -> Self {
        Self { row: Row::Signals(row) }
    }
}

impl From<[f64; BELIEFS]> for Numbers {
    fn from(row: [f64; BELIEFS]) -> Self {
        Self { row: Row::Beliefs(row) }
    }
}

impl Numbers {
    /// The numbers themselves.
    #[inline]
    pub(crate) fn all(&self) -> &[f64] {
        match &self.row {
            Row::Signals(row) => row,
            Row::Beliefs(row) => row,
        }
    }

    fn tuple<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.all())
    }
}

/// The floats of `row`, which is `Numbers` or a tuple: `N` of them.
///
/// # Errors
/// `TypeError` for anything else, `ValueError` for another length.
pub(crate) fn floats<const N: usize>(row: &Bound<'_, PyAny>) -> PyResult<[f64; N]> {
    let wrong = || PyValueError::new_err(format!("a frame needs {N} values there"));
    if let Ok(row) = row.cast_exact::<Numbers>() {
        return row.get().all().try_into().map_err(|_| wrong());
    }
    let row = row.cast::<PyTuple>()?;
    if row.len() != N {
        return Err(wrong());
    }
    let mut all = [0.0; N];
    for (place, number) in all.iter_mut().zip(row.iter_borrowed()) {
        *place = number.extract()?;
    }
    Ok(all)
}

#[pymethods]
impl Numbers {
    #[new]
    #[pyo3(signature = (numbers, /))]
    fn py_new(numbers: &Bound<'_, PyAny>) -> PyResult<Self> {
        let numbers: Vec<f64> = numbers.extract()?;
        if let Ok(row) = <[f64; SIGNALS]>::try_from(numbers.as_slice()) {
            return Ok(row.into());
        }
        let row = <[f64; BELIEFS]>::try_from(numbers.as_slice()).map_err(|_| {
            let n = numbers.len();
            PyValueError::new_err(format!("{SIGNALS} or {BELIEFS} numbers are needed, got {n}"))
        })?;
        Ok(row.into())
    }

    fn __len__(&self) -> usize {
        self.all().len()
    }

    fn __getitem__<'py>(
        &self,
        py: Python<'py>,
        key: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if key.is_instance_of::<PySlice>() {
            return self.tuple(py)?.as_any().get_item(key);
        }
        let Ok(place) = key.extract::<isize>() else {
            return Err(PyTypeError::new_err("indices must be integers or slices"));
        };
        let all = self.all();
        let place = if place < 0 { place.checked_add_unsigned(all.len()) } else { Some(place) };
        let place = place.and_then(|place| usize::try_from(place).ok());
        match place.and_then(|place| all.get(place)) {
            Some(number) => Ok(number.into_pyobject(py)?.into_any()),
            None => Err(PyIndexError::new_err("index out of range")),
        }
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.tuple(py)?.try_iter()
    }

    fn __eq__(slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        if slf.as_any().is(other) {
            return Ok(true);
        }
        match other.cast_exact::<Self>() {
            Ok(other) => Ok(slf.get().all() == other.get().all()),
            Err(_) => slf.get().tuple(slf.py())?.eq(other),
        }
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        self.tuple(py)?.hash()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.tuple(py)?.repr()?.to_string())
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let numbers = (slf.get().tuple(py)?,);
        Ok((slf.get_type(), numbers).into_pyobject(py)?.into_any())
    }
}

//! Pieces of canonical JSON that are finished: made once, put into many values.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyString;

/// A value in canonical form. Only the encoder makes one, so its text need not be looked at again.
#[pyclass(frozen, module = "rust_core")]
pub(crate) struct Encoded {
    text: Py<PyString>,
}

impl Encoded {
    /// Take over canonical bytes.
    pub(crate) fn of(py: Python<'_>, canonical: &[u8]) -> PyResult<Self> {
        let text = std::str::from_utf8(canonical)
            .map_err(|why| PyValueError::new_err(format!("no canonical form: {why}")))?;
        Ok(Self { text: PyString::new(py, text).unbind() })
    }

    /// The text, borrowed.
    pub(crate) fn text<'a>(&'a self, py: Python<'a>) -> PyResult<&'a str> {
        self.text.bind(py).to_str()
    }

    /// The text as the string that Python sees.
    pub(crate) fn string<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        self.text.bind(py).clone()
    }
}

#[pymethods]
impl Encoded {
    /// The canonical text.
    #[getter(text)]
    fn py_text(&self, py: Python<'_>) -> Py<PyString> {
        self.text.clone_ref(py)
    }
}

//! Pieces of canonical JSON that are finished: made once, put into many values.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// A value in canonical form. Only the encoder makes one, so its text need not be looked at again.
#[pyclass(frozen, module = "rust_core")]
pub(crate) struct Encoded {
    text: String,
}

impl Encoded {
    /// Take over canonical bytes.
    pub(crate) fn of(canonical: Vec<u8>) -> PyResult<Self> {
        let text = String::from_utf8(canonical)
            .map_err(|why| PyValueError::new_err(format!("no canonical form: {why}")))?;
        Ok(Self { text })
    }

    /// The canonical text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

#[pymethods]
impl Encoded {
    /// The canonical text.
    #[getter(text)]
    fn py_text(&self) -> &str {
        &self.text
    }
}

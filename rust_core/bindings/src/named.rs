//! Named tuples made from all of their fields, as `tuple.__new__(kind, fields)` makes them.

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyType};

/// A class of named tuples that was found fit to be made here.
pub(crate) struct Named {
    kind: Py<PyType>,
}

impl Named {
    /// Take `kind` for a class of named tuples.
    ///
    /// # Errors
    /// `TypeError` if its instances are not laid out like tuples.
    pub(crate) fn of(kind: &Bound<'_, PyAny>) -> PyResult<Self> {
        let kind = kind.cast::<PyType>()?;
        let tuple = kind.py().get_type::<PyTuple>();
        let size = |of: &Bound<'_, PyType>| -> PyResult<(isize, isize, isize)> {
            let part = |name: &str| of.getattr(name)?.extract::<isize>();
            Ok((part("__basicsize__")?, part("__itemsize__")?, part("__dictoffset__")?))
        };
        if !kind.is_subclass(&tuple)? || size(kind)? != size(&tuple)? {
            return Err(PyTypeError::new_err(format!("{kind} is no class of named tuples")));
        }
        Ok(Self { kind: kind.clone().unbind() })
    }

    /// One with these fields.
    pub(crate) fn make<'py, const N: usize>(
        &self,
        py: Python<'py>,
        fields: [Bound<'py, PyAny>; N],
    ) -> PyResult<Bound<'py, PyTuple>> {
        let kind = self.kind.bind(py).as_type_ptr();
        let length = ffi::Py_ssize_t::try_from(N)?;
        // SAFETY: `kind` is a subclass of tuple with the layout of a tuple, so its allocator gives
        // a tuple of so many empty places, each of which is filled before anybody sees it.
        unsafe {
            let Some(allocate) = (*kind).tp_alloc else {
                return Err(PyTypeError::new_err("a class that cannot be allocated"));
            };
            let made = Bound::from_owned_ptr_or_err(py, allocate(kind, length))?;
            for (place, field) in (0..).zip(fields) {
                ffi::PyTuple_SET_ITEM(made.as_ptr(), place, field.into_ptr());
            }
            Ok(made.cast_into_unchecked::<PyTuple>())
        }
    }
}

//! Shapes: which key each place of a tuple has, known once instead of for every value.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::canonical::{refuse, write_plain, write_value};
use crate::encoded::Encoded;

/// Tuples that are remembered at a time.
const REMEMBERED: usize = 4_096;

/// How the value at a place is written.
enum Form {
    /// As canonical JSON.
    Plain,
    /// A tuple of another shape, or null.
    One(Py<Shape>),
    /// A list of tuples of another shape.
    Many(Py<Shape>),
}

struct Field {
    /// The key with its quotes, its colon and what stands before it.
    key: Vec<u8>,
    place: usize,
    form: Form,
}

/// What was written for a tuple that is kept alive, so that its address stays its own.
type Memory = HashMap<usize, (Py<PyTuple>, Vec<u8>)>;

/// Writes tuples as canonical objects: `names` by place, an empty name leaves a place out.
#[pyclass(frozen, module = "rust_core")]
pub(crate) struct Shape {
    places: usize,
    fields: Vec<Field>,
    /// Tuples with None at this place are shared, and remembered by identity.
    shared: Option<usize>,
    memory: Mutex<Memory>,
}

#[pymethods]
impl Shape {
    /// `one` and `many` say of which shape the tuple or the tuples at some names are.
    ///
    /// # Errors
    /// `ValueError` for a name that is given twice, or that stands in the other arguments alone.
    #[new]
    #[pyo3(signature = (names, /, *, one = None, many = None, shared = None))]
    fn py_new(
        names: Vec<String>,
        one: Option<HashMap<String, Py<Shape>>>,
        many: Option<HashMap<String, Py<Shape>>>,
        shared: Option<&str>,
    ) -> PyResult<Self> {
        let (mut one, mut many) = (one.unwrap_or_default(), many.unwrap_or_default());
        let places = names.len();
        let unknown = || PyValueError::new_err("a name that the shape does not have");
        let shared = shared
            .map(|name| names.iter().position(|other| other == name).ok_or_else(unknown))
            .transpose()?;
        let mut named: Vec<(usize, String)> =
            names.into_iter().enumerate().filter(|(_, name)| !name.is_empty()).collect();
        named.sort_by(|a, b| a.1.cmp(&b.1));
        if named.windows(2).any(|pair| pair[0].1 == pair[1].1) {
            return Err(PyValueError::new_err("a name twice in a shape"));
        }
        let mut fields = Vec::with_capacity(named.len());
        for (n, (place, name)) in named.into_iter().enumerate() {
            let form = match (one.remove(&name), many.remove(&name)) {
                (Some(shape), _) => Form::One(shape),
                (None, Some(shape)) => Form::Many(shape),
                (None, None) => Form::Plain,
            };
            let mut key = vec![if n == 0 { b'{' } else { b',' }];
            write_plain(name.as_bytes(), &mut key);
            key.push(b':');
            fields.push(Field { key, place, form });
        }
        if !(one.is_empty() && many.is_empty()) || fields.is_empty() {
            return Err(unknown());
        }
        Ok(Self { places, fields, shared, memory: Mutex::default() })
    }

    /// The canonical object of `values`.
    ///
    /// # Errors
    /// `ValueError` for another number of values, or a value without a canonical form.
    #[pyo3(signature = (values, /))]
    fn encode(&self, values: &Bound<'_, PyTuple>) -> PyResult<Encoded> {
        let mut out = Vec::with_capacity(4096);
        self.write(values, &mut out)?;
        Encoded::of(out)
    }
}

impl Shape {
    /// One tuple of this shape.
    pub(crate) fn write(&self, values: &Bound<'_, PyTuple>, out: &mut Vec<u8>) -> PyResult<()> {
        if values.len() != self.places {
            return Err(refuse("a tuple of another shape"));
        }
        for field in &self.fields {
            out.extend_from_slice(&field.key);
            let value = values.get_borrowed_item(field.place)?;
            match &field.form {
                Form::Plain => write_value(&value, out, 0)?,
                Form::One(_) if value.is_none() => out.extend_from_slice(b"null"),
                Form::One(shape) => {
                    let inner = value.cast::<PyTuple>()?;
                    shape.get().write(&inner, out)?;
                }
                Form::Many(shape) => shape.get().write_all(&value, out)?,
            }
        }
        out.push(b'}');
        Ok(())
    }

    /// A list of tuples of this shape.
    pub(crate) fn write_all(&self, rows: &Bound<'_, PyAny>, out: &mut Vec<u8>) -> PyResult<()> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        out.push(b'[');
        for (n, row) in rows.cast::<PyTuple>()?.iter_borrowed().enumerate() {
            if n > 0 {
                out.push(b',');
            }
            let row = row.cast::<PyTuple>()?;
            let is_shared = match self.shared {
                Some(place) => row.len() == self.places && row.get_borrowed_item(place)?.is_none(),
                None => false,
            };
            if !is_shared {
                self.write(&row, out)?;
                continue;
            }
            let address = row.as_ptr() as usize;
            if let Some((_, known)) = memory.get(&address) {
                out.extend_from_slice(known);
                continue;
            }
            let from = out.len();
            self.write(&row, out)?;
            if memory.len() >= REMEMBERED {
                memory.clear();
            }
            memory.insert(address, (row.to_owned().unbind(), out[from..].to_vec()));
        }
        out.push(b']');
        Ok(())
    }
}

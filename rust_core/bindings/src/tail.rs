//! The end of a log that is not stored yet: linked rows that Python sees only when it asks.

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt, PyList, PySet, PyString};

use crate::digest::{Hash, Spreading};
use crate::digits::write_padded;
use crate::events::{Ident, for_each};
use crate::linked::{Linked, Shared, Tip};

/// Room for the rows of a chunk and for their texts.
const ROWS: usize = 1_024;
const BYTES: usize = 3 << 19;

type LinkedRows<'py> = (i64, Bound<'py, PyString>, Bound<'py, PyList>);
/// Name, place and width of a column in a packed row; a column of width 0 is a span: the place of
/// its text in the body, counted from 1, and its length, both `SPAN` digits wide.
type Column = (&'static str, usize, usize);

const SPAN: usize = 10;
/// The columns of a packed row. Numbers are decimal; what is shorter than its width is padded with
/// blanks, numbers in front and texts behind.
const LAYOUT: [Column; 15] = [
    ("seq", 0, 20),
    ("event_id", 20, 32),
    ("version", 52, 20),
    ("stream", 72, 6),
    ("ts_event", 78, 20),
    ("ts_recorded", 98, 20),
    ("prev_hash", 118, 64),
    ("hash", 182, 64),
    ("crc", 246, 10),
    ("type", 256, 0),
    ("session_date", 276, 0),
    ("causation_id", 296, 0),
    ("correlation_id", 316, 0),
    ("payload", 336, 0),
    ("natural_key", 356, 0),
];
const WIDTH: usize = 376;

/// Number and chain `records` after `seq` and `head`: where the log then ends, and the rows.
///
/// # Errors
/// `ValueError` naming a record that has no canonical form, no time or no stream.
#[pyfunction]
#[pyo3(signature = (seq, head, records, recorded, /))]
pub(crate) fn link<'py>(
    seq: i64,
    head: &str,
    records: &Bound<'py, PyAny>,
    recorded: &Bound<'py, PyInt>,
) -> PyResult<LinkedRows<'py>> {
    let (py, recorded) = (records.py(), recorded.extract()?);
    let mut linked = Linked::after(Tip::of(seq, head)?, 8, 8_192);
    for_each(records, |event, ident| linked.push(event, ident, recorded).map(|()| true))?;
    let head = linked.head();
    Ok((linked.seq, PyString::new(py, head.text()), linked.tuples(py)?))
}

/// Rows that were handed over to be stored.
#[pyclass(frozen, module = "rust_core._native")]
pub(crate) struct Chunk {
    linked: Shared,
}

#[pymethods]
impl Chunk {
    /// Columns of a packed row: name, place, width.
    #[classattr]
    const LAYOUT: [Column; 15] = LAYOUT;
    /// Bytes of a packed row.
    #[classattr]
    const WIDTH: usize = WIDTH;
    /// Digits of each half of a span.
    #[classattr]
    const SPAN: usize = SPAN;

    fn __len__(&self, py: Python<'_>) -> usize {
        self.linked.lock_attached(py).rows.len()
    }

    /// Where the log ended before these rows: seq and head.
    #[getter]
    fn start(&self, py: Python<'_>) -> (i64, String) {
        shown(py.detach(|| self.linked.lock().start()))
    }

    /// The rows in the order of `adapters.store.chain.Row`.
    fn rows<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        py.detach(|| self.linked.lock().seal());
        self.linked.lock_attached(py).tuples(py)
    }

    /// The rows as `WIDTH` bytes each, and the texts that they speak of.
    fn packed<'py>(&self, py: Python<'py>) -> (Bound<'py, PyBytes>, Bound<'py, PyBytes>) {
        let index = py.detach(|| pack(&mut self.linked.lock()));
        (PyBytes::new(py, &index), PyBytes::new(py, &self.linked.lock_attached(py).body))
    }
}

fn shown(tip: Tip) -> (i64, String) {
    (tip.seq, tip.head.text().to_owned())
}

fn pack(linked: &mut Linked) -> Vec<u8> {
    let mut out = Vec::with_capacity(WIDTH * linked.rows.len());
    linked.seal();
    for (row, seal) in linked.sealed() {
        write_padded(row.seq, 20, b' ', &mut out);
        put_text(&mut out, row.ident.bytes(), 32);
        write_padded(row.version, 20, b' ', &mut out);
        put_text(&mut out, row.stream().as_bytes(), 6);
        write_padded(row.instant, 20, b' ', &mut out);
        write_padded(row.recorded, 20, b' ', &mut out);
        for hash in seal.hashes() {
            put_text(&mut out, hash.as_bytes(), 64);
        }
        write_padded(i64::from(seal.check), 10, b' ', &mut out);
        for (from, to) in row.spans.each() {
            write_padded(place(from + 1), SPAN, b' ', &mut out);
            write_padded(place(to - from), SPAN, b' ', &mut out);
        }
    }
    out
}

/// A place in the body, which the database's own limit keeps far below what is not shown here.
fn place(at: usize) -> i64 {
    i64::try_from(at).unwrap_or(i64::MAX)
}

/// A text with blanks behind it.
fn put_text(out: &mut Vec<u8>, text: &[u8], width: usize) {
    let from = out.len();
    out.extend_from_slice(text);
    out.resize(from + width, b' ');
}

/// Links what is appended and holds it back.
#[pyclass(module = "rust_core._native")]
pub(crate) struct Tail {
    linked: Linked,
    /// The rows by event id.
    known: HashMap<Ident, usize, Spreading>,
}

#[pymethods]
impl Tail {
    /// Nothing held back after `seq` and `head`.
    ///
    /// # Errors
    /// `ValueError` for a head that is no hash.
    #[new]
    #[pyo3(signature = (seq, head, /))]
    fn py_new(seq: i64, head: &str) -> PyResult<Self> {
        Ok(Self::holding(Linked::after(Tip::of(seq, head)?, ROWS, BYTES)))
    }

    fn __len__(&self) -> usize {
        self.linked.rows.len()
    }

    /// Number of the last event.
    #[getter]
    fn seq(&self) -> i64 {
        self.linked.seq
    }

    /// The chain head.
    #[getter]
    fn head(&mut self, py: Python<'_>) -> String {
        py.detach(|| self.linked.head()).text().to_owned()
    }

    /// Where the log ends before what is held back: seq and head.
    #[getter]
    fn start(&mut self, py: Python<'_>) -> (i64, String) {
        shown(py.detach(|| self.linked.start()))
    }

    /// Number, chain and hold back `records`, without those that are held back already. All of
    /// them or none: answers type and id of one that is held back with another payload.
    ///
    /// # Errors
    /// `ValueError` naming a record that has no canonical form, no time or no stream.
    #[pyo3(signature = (records, recorded, /))]
    fn append(
        &mut self,
        records: &Bound<'_, PyAny>,
        recorded: i64,
    ) -> PyResult<Option<(String, String)>> {
        let count = self.linked.rows.len();
        let (linked, known) = (&mut self.linked, &mut self.known);
        let mut conflict = None;
        let added = for_each(records, |event, ident| {
            if let Some(&place) = known.get(&ident) {
                if linked.texts(&linked.rows[place]).payload != event.payload() {
                    conflict = Some((event.kind(), ident.text().to_owned()));
                }
                return Ok(conflict.is_none());
            }
            known.insert(ident, linked.rows.len());
            linked.push(event, ident, recorded).map(|()| true)
        });
        if added.is_err() || conflict.is_some() {
            linked.rewind(count);
            known.retain(|_, place| *place < count);
        }
        added.map(|()| conflict)
    }

    /// Hold back what `chunk` holds, less the events with some ids, numbered and chained anew.
    ///
    /// # Errors
    /// `ValueError` for an impossible time: never, as the chunk had it.
    #[pyo3(signature = (chunk, without, /))]
    fn extend(&mut self, chunk: &Chunk, without: &Bound<'_, PySet>) -> PyResult<()> {
        let linked = chunk.linked.lock_attached(without.py());
        for row in &linked.rows {
            if !without.contains(row.ident.text())? {
                let event = linked.event(row);
                self.known.insert(row.ident, self.linked.rows.len());
                self.linked.push(&event, row.ident, row.recorded)?;
            }
        }
        Ok(())
    }

    /// The rows in the order of `adapters.store.chain.Row`.
    fn rows<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        py.detach(|| self.linked.seal());
        self.linked.tuples(py)
    }

    /// Let go of what is held back; the log goes on behind it.
    fn take(&mut self) -> Chunk {
        let seq = self.linked.seq;
        let next = Linked::after(Tip { seq, head: Hash::NONE }, 0, 0);
        let linked = Shared::of(std::mem::replace(&mut self.linked, next));
        *self = Self::holding(Linked::behind(linked.clone(), seq, ROWS, BYTES));
        Chunk { linked }
    }
}

impl Tail {
    fn holding(linked: Linked) -> Self {
        Self { linked, known: HashMap::with_capacity_and_hasher(ROWS, Spreading::default()) }
    }
}

//! Records in one piece: events that only their places in the log are missing of.

use std::sync::{Arc, Mutex};

use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use crate::encoded::Encoded;
use crate::events::{DOMAIN, Event, OPS, Texts};

/// Room for the texts of a bar.
const BYTES: usize = 8_192;
const VERSION: i64 = 1;

/// The buffer of records that are gone, for the next ones: of its size the allocator keeps none at
/// hand, and memory that was just used is in the caches.
#[derive(Clone, Default)]
pub(crate) struct Spare(Arc<Mutex<Vec<u8>>>);

impl Spare {
    fn take(&self) -> Vec<u8> {
        let spare = self.0.lock().map(|mut spare| std::mem::take(&mut *spare));
        let mut buffer = spare.unwrap_or_default();
        buffer.clear();
        buffer.reserve(BYTES);
        buffer
    }

    fn give(&self, buffer: Vec<u8>) {
        if let Ok(mut spare) = self.0.lock() {
            *spare = buffer;
        }
    }
}

/// A sequence of `ports.journal.Record`, which are made where Python asks for one.
#[pyclass(frozen, sequence, module = "rust_core._native")]
pub(crate) struct Records {
    events: Vec<Ready>,
    body: Vec<u8>,
    spare: Spare,
}

impl Drop for Records {
    fn drop(&mut self) {
        self.spare.give(std::mem::take(&mut self.body));
    }
}

struct Ready {
    texts: Texts<(usize, usize)>,
    instant: i64,
}

impl Records {
    pub(crate) fn events(&self) -> impl Iterator<Item = Event<'_>> {
        self.events.iter().map(|event| Event {
            texts: event.texts.map(|(from, to)| &self.body[from..to]),
            version: VERSION,
            chained: true,
            instant: event.instant,
        })
    }
}

#[pymethods]
impl Records {
    fn __len__(&self) -> usize {
        self.events.len()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, place: isize) -> PyResult<Bound<'py, PyTuple>> {
        let event = usize::try_from(place).ok().and_then(|place| self.events().nth(place));
        let event = event.ok_or_else(|| PyIndexError::new_err("no such record"))?;
        let text = |text| PyString::from_bytes(py, text).map(Bound::into_any);
        let stream = if event.chained { DOMAIN } else { OPS };
        let texts = event.texts;
        PyTuple::new(
            py,
            [
                text(texts.kind)?,
                event.version.into_pyobject(py)?.into_any(),
                PyString::new(py, stream).into_any(),
                text(texts.date)?,
                event.instant.into_pyobject(py)?.into_any(),
                text(texts.key)?,
                Bound::new(py, Encoded::of(texts.payload.into())?)?.into_any(),
                text(texts.cause)?,
                text(texts.correlation)?,
            ],
        )
    }
}

/// Records while they are written: domain events of one session that the first one brought about.
pub(crate) struct Writing {
    events: Vec<Ready>,
    body: Vec<u8>,
    spare: Spare,
    date: (usize, usize),
    cause: (usize, usize),
}

impl Writing {
    pub(crate) fn of(date: &str, cause: &str, spare: &Spare) -> Self {
        let mut body = spare.take();
        let (date, cause) = (put(date, &mut body), put(cause, &mut body));
        Self { events: Vec::with_capacity(5), body, spare: spare.clone(), date, cause }
    }

    /// One more event, whose payload `write` writes.
    pub(crate) fn event(
        &mut self,
        kind: &str,
        instant: i64,
        key: &str,
        write: impl FnOnce(&mut Vec<u8>) -> PyResult<()>,
    ) -> PyResult<()> {
        let (kind, key) = (put(kind, &mut self.body), put(key, &mut self.body));
        let from = self.body.len();
        write(&mut self.body)?;
        let payload = (from, self.body.len());
        let cause = if self.events.is_empty() { (0, 0) } else { self.cause };
        let texts = Texts { kind, date: self.date, cause, correlation: (0, 0), payload, key };
        self.events.push(Ready { texts, instant });
        Ok(())
    }

    pub(crate) fn finished(self) -> Records {
        Records { events: self.events, body: self.body, spare: self.spare }
    }
}

fn put(text: &str, body: &mut Vec<u8>) -> (usize, usize) {
    let from = body.len();
    body.extend_from_slice(text.as_bytes());
    (from, body.len())
}

//! Events as they come in: records of Python's, or such as are ready.
//!
//! `adapters.store.canonical` says in Python what each part of them is; the tests compare.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyString, PyTuple};
use sha2::{Digest, Sha256};

use crate::canonical::{refuse, write_value};
use crate::digest::Hex;
use crate::encoded::Encoded;
use crate::ready::Records;

/// Fields of `ports.journal.Record`.
const FIELDS: usize = 9;
pub(crate) const DOMAIN: &str = "domain";
pub(crate) const OPS: &str = "ops";
/// The first half of a hash.
pub(crate) type Ident = Hex<32>;

/// The first 32 hex digits of SHA-256 over `kind|stream|key`.
#[pyfunction(name = "event_id")]
#[pyo3(signature = (kind, stream, key, /))]
pub(crate) fn py_event_id(kind: &str, stream: &str, key: &str) -> String {
    event_id(kind.as_bytes(), stream, key.as_bytes()).text().to_owned()
}

pub(crate) fn event_id(kind: &[u8], stream: &str, key: &[u8]) -> Ident {
    let mut hasher = Sha256::new();
    for part in [kind, b"|", stream.as_bytes(), b"|", key] {
        hasher.update(part);
    }
    Ident::of(&hasher.finalize())
}

/// The fields of an event that are kept as text of any length.
#[derive(Clone, Copy)]
pub(crate) struct Texts<T> {
    pub(crate) kind: T,
    pub(crate) date: T,
    pub(crate) cause: T,
    pub(crate) correlation: T,
    pub(crate) payload: T,
    pub(crate) key: T,
}

impl<T> Texts<T> {
    pub(crate) fn map<U>(self, mut each: impl FnMut(T) -> U) -> Texts<U> {
        Texts {
            kind: each(self.kind),
            date: each(self.date),
            cause: each(self.cause),
            correlation: each(self.correlation),
            payload: each(self.payload),
            key: each(self.key),
        }
    }

    /// In the order in which a packed row speaks of them.
    pub(crate) fn each(self) -> [T; 6] {
        [self.kind, self.date, self.cause, self.correlation, self.payload, self.key]
    }
}

/// An event on its way to the log; its texts are UTF-8, which is looked at where Python wants them.
#[derive(Clone, Copy)]
pub(crate) struct Event<'a> {
    pub(crate) texts: Texts<&'a [u8]>,
    pub(crate) version: i64,
    pub(crate) chained: bool,
    pub(crate) instant: i64,
}

impl Event<'_> {
    fn ident(&self) -> Ident {
        let stream = if self.chained { DOMAIN } else { OPS };
        event_id(self.texts.kind, stream, self.texts.key)
    }

    pub(crate) fn kind(&self) -> String {
        String::from_utf8_lossy(self.texts.kind).into_owned()
    }

    pub(crate) fn payload(&self) -> &[u8] {
        self.texts.payload
    }
}

/// Let `each` see the events of some `records` with their ids, until it says that it is enough.
///
/// # Errors
/// `ValueError` naming a record that has no canonical form, no time or no stream; those of `each`.
pub(crate) fn for_each(
    records: &Bound<'_, PyAny>,
    mut each: impl FnMut(&Event<'_>, Ident) -> PyResult<bool>,
) -> PyResult<()> {
    if let Ok(ready) = records.cast_exact::<Records>() {
        for event in ready.get().events() {
            if !each(&event, event.ident()).map_err(|why| unlinked(records.py(), &event, &why))? {
                break;
            }
        }
        return Ok(());
    }
    let mut scratch = Vec::new();
    for item in records.try_iter()? {
        let item = item?;
        let record = item.cast::<PyTuple>()?;
        if record.len() != FIELDS {
            return Err(PyValueError::new_err("a record has other fields"));
        }
        let seen = with_event(record, &mut scratch, |event| each(event, event.ident()));
        if !seen.map_err(|why| named(record, &why))? {
            break;
        }
    }
    Ok(())
}

fn with_event<R>(
    record: &Bound<'_, PyTuple>,
    scratch: &mut Vec<u8>,
    then: impl FnOnce(&Event<'_>) -> PyResult<R>,
) -> PyResult<R> {
    let text = |place: usize| Ok::<_, PyErr>(record.get_item(place)?.cast_into::<PyString>()?);
    let (kind, stream, date, key) = (text(0)?, text(2)?, text(3)?, text(5)?);
    let (cause, correlation) = (text(7)?, text(8)?);
    let version = record.get_item(1)?.cast_into::<PyInt>()?.extract()?;
    let instant = record.get_item(4)?.extract().map_err(|_| refuse("no such time"))?;
    let chained = match stream.to_str()? {
        DOMAIN => true,
        OPS => false,
        other => return Err(refuse(&format!("unknown stream {other:?}"))),
    };
    let payload = record.get_item(6)?;
    let payload = if let Ok(piece) = payload.cast_exact::<Encoded>() {
        piece.get().text().as_bytes()
    } else {
        scratch.clear();
        write_value(&payload, scratch, 0)?;
        scratch
    };
    let texts = Texts {
        kind: kind.to_str()?.as_bytes(),
        date: date.to_str().map_err(|_| refuse("a lone surrogate"))?.as_bytes(),
        cause: cause.to_str()?.as_bytes(),
        correlation: correlation.to_str()?.as_bytes(),
        payload,
        key: key.to_str()?.as_bytes(),
    };
    then(&Event { texts, version, chained, instant })
}

/// The failure of an event that is ready.
fn unlinked(py: Python<'_>, event: &Event<'_>, why: &PyErr) -> PyErr {
    let (kind, key) = (event.kind(), String::from_utf8_lossy(event.texts.key));
    let why = why.value(py);
    PyValueError::new_err(format!("{kind} '{key}' cannot be recorded: {why}"))
}

/// The failure of one record: its type, its key and the reason.
fn named(record: &Bound<'_, PyTuple>, why: &PyErr) -> PyErr {
    let part = |place: usize| record.get_item(place).and_then(|part| part.repr());
    match (part(0), part(5)) {
        (Ok(kind), Ok(key)) => {
            let kind = kind.to_string();
            let why = why.value(record.py());
            PyValueError::new_err(format!(
                "{} {key} cannot be recorded: {why}",
                kind.trim_matches('\'')
            ))
        }
        (Err(unreadable), _) | (_, Err(unreadable)) => unreadable,
    }
}

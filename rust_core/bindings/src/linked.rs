//! Rows of the log as they are linked: event id, hash chain and row check of each event.
//!
//! `adapters.store.canonical` says in Python what each of them is; the tests compare.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyList, PyString, PyTuple};
use sha2::{Digest, Sha256};

use crate::canonical::{refuse, write_plain, write_value};
use crate::digest::{Hash, Hex};
use crate::digits::write_integer;
use crate::encoded::Encoded;
use crate::ready::Records;
use crate::stamp::{MICROSECOND, write_stamp};

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

/// An event in its place; its texts stand in the body.
pub(crate) struct Row {
    pub(crate) seq: i64,
    pub(crate) ident: Ident,
    pub(crate) version: i64,
    pub(crate) instant: i64,
    pub(crate) recorded: i64,
    /// The hash before it and its own; None for an event off the chain.
    pub(crate) hashes: Option<(Hash, Hash)>,
    pub(crate) check: u32,
    pub(crate) spans: Texts<(usize, usize)>,
}

impl Row {
    pub(crate) fn stream(&self) -> &'static str {
        if self.hashes.is_some() { DOMAIN } else { OPS }
    }

    /// Both hashes, empty off the chain.
    pub(crate) fn hash_texts(&self) -> (&str, &str) {
        self.hashes.as_ref().map_or(("", ""), |(before, own)| (before.text(), own.text()))
    }
}

/// Where a log ends.
#[derive(Clone, Copy)]
pub(crate) struct Tip {
    pub(crate) seq: i64,
    pub(crate) head: Hash,
}

impl Tip {
    /// # Errors
    /// `ValueError` for a head that is no hash.
    pub(crate) fn of(seq: i64, head: &str) -> PyResult<Self> {
        let head = Hash::read(head)
            .ok_or_else(|| PyValueError::new_err("a chain head has 64 hex digits"))?;
        Ok(Self { seq, head })
    }
}

/// Events in their places after `start`, and where the log then ends.
pub(crate) struct Linked {
    pub(crate) start: Tip,
    pub(crate) end: Tip,
    pub(crate) rows: Vec<Row>,
    pub(crate) body: Vec<u8>,
    /// The last instant and its text: events of one step share it.
    stamp: (i64, Vec<u8>),
    /// What stands behind the payload in the hashed form of the event at hand.
    rest: Vec<u8>,
    /// A number of the event at hand as text.
    decimal: Vec<u8>,
}

impl Linked {
    pub(crate) fn after(start: Tip, rows: usize, bytes: usize) -> Self {
        let (rows, body) = (Vec::with_capacity(rows), Vec::with_capacity(bytes));
        let stamp = (0, Vec::new());
        Self { end: start, start, rows, body, stamp, rest: Vec::new(), decimal: Vec::new() }
    }

    /// Go back to where `end` was, with so many rows.
    pub(crate) fn rewind(&mut self, rows: usize, end: Tip) {
        if let Some(first) = self.rows.get(rows) {
            self.body.truncate(first.spans.kind.0);
        }
        self.rows.truncate(rows);
        self.end = end;
    }

    /// An event that is in its place already.
    pub(crate) fn event(&self, row: &Row) -> Event<'_> {
        Event {
            texts: self.texts(row),
            version: row.version,
            chained: row.hashes.is_some(),
            instant: row.instant,
        }
    }

    pub(crate) fn texts(&self, row: &Row) -> Texts<&[u8]> {
        row.spans.map(|(from, to)| &self.body[from..to])
    }

    /// Give `event`, whose id is `ident`, its place.
    ///
    /// # Errors
    /// `ValueError` for an impossible time.
    pub(crate) fn push(&mut self, event: &Event<'_>, ident: Ident, recorded: i64) -> PyResult<()> {
        let instant = event.instant.checked_sub(event.instant.rem_euclid(MICROSECOND));
        let instant = instant.ok_or_else(|| refuse("no such time"))?;
        self.write_rest(event);
        let mut check = crc32fast::Hasher::new();
        for part in [ident.bytes(), b"|", event.texts.cause, b"|", event.texts.correlation, b"|"] {
            check.update(part);
        }
        self.decimal.clear();
        write_integer(recorded, &mut self.decimal);
        check.update(&self.decimal);
        let form = [b"{\"payload\":", event.texts.payload, &self.rest];
        let hashes = if event.chained {
            let mut hasher = Sha256::new();
            hasher.update(self.end.head.bytes());
            for part in form {
                hasher.update(part);
            }
            let digest = Hash::of(&hasher.finalize());
            Some((std::mem::replace(&mut self.end.head, digest), digest))
        } else {
            for part in form {
                check.update(part);
            }
            None
        };
        self.end.seq += 1;
        let spans = event.texts.map(|text| {
            let from = self.body.len();
            self.body.extend_from_slice(text);
            (from, self.body.len())
        });
        let (seq, version, check) = (self.end.seq, event.version, check.finalize());
        self.rows.push(Row { seq, ident, version, instant, recorded, hashes, check, spans });
        Ok(())
    }

    /// The canonical bytes of the hashed part of an event behind its payload.
    fn write_rest(&mut self, event: &Event<'_>) {
        if self.stamp.1.is_empty() || self.stamp.0 != event.instant {
            self.stamp.1.clear();
            write_stamp(event.instant, &mut self.stamp.1);
            self.stamp.0 = event.instant;
        }
        let out = &mut self.rest;
        out.clear();
        out.extend_from_slice(b",\"session_date\":");
        write_plain(event.texts.date, out);
        out.extend_from_slice(if event.chained {
            b",\"stream\":\"domain\",\"ts_event\":\""
        } else {
            b",\"stream\":\"ops\",\"ts_event\":\""
        });
        out.extend_from_slice(&self.stamp.1);
        out.extend_from_slice(b"\",\"type\":");
        write_plain(event.texts.kind, out);
        out.extend_from_slice(b",\"version\":");
        write_integer(event.version, out);
        out.push(b'}');
    }

    /// The rows as Python's tuples, in the order of `adapters.store.chain.Row`.
    pub(crate) fn tuples<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for row in &self.rows {
            let texts = self.texts(row);
            let text = |text: &str| PyString::new(py, text).into_any();
            let read = |text| PyString::from_bytes(py, text).map(Bound::into_any);
            let (before, own) = row.hash_texts();
            list.append(PyTuple::new(
                py,
                [
                    row.seq.into_pyobject(py)?.into_any(),
                    text(row.ident.text()),
                    read(texts.kind)?,
                    row.version.into_pyobject(py)?.into_any(),
                    text(row.stream()),
                    read(texts.date)?,
                    row.instant.into_pyobject(py)?.into_any(),
                    row.recorded.into_pyobject(py)?.into_any(),
                    read(texts.cause)?,
                    read(texts.correlation)?,
                    read(texts.payload)?,
                    text(before),
                    text(own),
                    row.check.into_pyobject(py)?.into_any(),
                    read(texts.key)?,
                ],
            )?)?;
        }
        Ok(list)
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

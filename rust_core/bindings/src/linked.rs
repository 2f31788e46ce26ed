//! Rows of the log as they are linked: the place, the hash chain and the row check of each event.
//!
//! `adapters.store.canonical` says in Python what each of them is; the tests compare.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyList, PyString, PyTuple};
use sha2::{Digest, Sha256};

use crate::canonical::{refuse, write_plain};
use crate::digest::Hash;
use crate::digits::write_integer;
use crate::events::{DOMAIN, Event, Ident, OPS, Texts};
use crate::stamp::{MICROSECOND, write_stamp};

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

/// An event in its place; its texts stand in the body.
pub(crate) struct Row {
    pub(crate) seq: i64,
    pub(crate) ident: Ident,
    pub(crate) version: i64,
    pub(crate) chained: bool,
    pub(crate) instant: i64,
    pub(crate) recorded: i64,
    pub(crate) spans: Texts<(usize, usize)>,
}

impl Row {
    pub(crate) fn stream(&self) -> &'static str {
        if self.chained { DOMAIN } else { OPS }
    }
}

/// What makes a change of a row show.
pub(crate) struct Seal {
    /// The hash before it and its own; None for an event off the chain.
    hashes: Option<(Hash, Hash)>,
    pub(crate) check: u32,
}

impl Seal {
    /// Both hashes, empty off the chain.
    pub(crate) fn hashes(&self) -> [&str; 2] {
        self.hashes.as_ref().map_or([""; 2], |(before, own)| [before.text(), own.text()])
    }
}

/// Rows that somebody else may hold and seal.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<Linked>>);

impl Shared {
    pub(crate) fn of(linked: Linked) -> Self {
        Self(Arc::new(Mutex::new(linked)))
    }

    /// The rows for the caller alone, who has let go of the interpreter: who has it may be waited
    /// for by the one who has the rows.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Linked> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same for one who has the interpreter; he lets go of it while he waits.
    pub(crate) fn lock_attached(&self, py: Python<'_>) -> MutexGuard<'_, Linked> {
        self.0.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner)
    }
}

/// Events in their places, one behind the other. Each gets its place as it comes and its seal when
/// somebody asks, which costs more and can be done by another thread.
pub(crate) struct Linked {
    pub(crate) rows: Vec<Row>,
    pub(crate) body: Vec<u8>,
    /// The number of the last event.
    pub(crate) seq: i64,
    /// The number of the last event before these.
    first: i64,
    /// The rows before these, as long as the head behind them was not asked for.
    behind: Option<Shared>,
    /// The head before the rows, once there is nothing `behind`.
    before: Hash,
    /// Of the first rows, and the head behind those.
    seals: Vec<Seal>,
    head: Hash,
    scratch: Scratch,
}

impl Linked {
    pub(crate) fn after(start: Tip, rows: usize, bytes: usize) -> Self {
        Self {
            rows: Vec::with_capacity(rows),
            body: Vec::with_capacity(bytes),
            seq: start.seq,
            first: start.seq,
            behind: None,
            before: start.head,
            seals: Vec::new(),
            head: start.head,
            scratch: Scratch::default(),
        }
    }

    /// None yet behind `others`, whose last number is `seq`.
    pub(crate) fn behind(others: Shared, seq: i64, rows: usize, bytes: usize) -> Self {
        let start = Tip { seq, head: Hash::NONE };
        Self { behind: Some(others), ..Self::after(start, rows, bytes) }
    }

    /// Where the log ends before the rows. Like all that asks for a seal it may wait for another
    /// thread, so the caller has let go of the interpreter.
    pub(crate) fn start(&mut self) -> Tip {
        if let Some(others) = self.behind.take() {
            self.before = others.lock().head();
            self.head = self.before;
        }
        Tip { seq: self.first, head: self.before }
    }

    /// The head behind all rows.
    pub(crate) fn head(&mut self) -> Hash {
        self.seal();
        self.head
    }

    /// Seal the rows that are not.
    pub(crate) fn seal(&mut self) {
        self.start();
        for row in &self.rows[self.seals.len()..] {
            let texts = row.spans.map(|(from, to)| &self.body[from..to]);
            let seal = self.scratch.seal(row, texts, self.head);
            if let Some((_, own)) = seal.hashes {
                self.head = own;
            }
            self.seals.push(seal);
        }
    }

    /// The rows that are sealed, with their seals.
    pub(crate) fn sealed(&self) -> impl Iterator<Item = (&Row, &Seal)> {
        self.rows.iter().zip(&self.seals)
    }

    /// Go back to the first `rows`, after which none was sealed.
    pub(crate) fn rewind(&mut self, rows: usize) {
        if let Some(first) = self.rows.get(rows) {
            self.body.truncate(first.spans.kind.0);
            self.seq = first.seq - 1;
        }
        self.rows.truncate(rows);
    }

    /// An event that is in its place already.
    pub(crate) fn event(&self, row: &Row) -> Event<'_> {
        let (version, chained, instant) = (row.version, row.chained, row.instant);
        Event { texts: self.texts(row), version, chained, instant }
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
        let body = &mut self.body;
        let spans = event.texts.map(|text| {
            let from = body.len();
            body.extend_from_slice(text);
            (from, body.len())
        });
        self.seq += 1;
        let (seq, version, chained) = (self.seq, event.version, event.chained);
        self.rows.push(Row { seq, ident, version, chained, instant, recorded, spans });
        Ok(())
    }

    /// The rows, which are sealed, as Python's tuples in the order of `adapters.store.chain.Row`.
    pub(crate) fn tuples<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for (row, seal) in self.sealed() {
            let texts = self.texts(row);
            let text = |text: &str| PyString::new(py, text).into_any();
            let read = |text| PyString::from_bytes(py, text).map(Bound::into_any);
            let [before, own] = seal.hashes();
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
                    seal.check.into_pyobject(py)?.into_any(),
                    read(texts.key)?,
                ],
            )?)?;
        }
        Ok(list)
    }
}

/// What one row after the other is sealed with.
#[derive(Default)]
struct Scratch {
    /// The last instant and its text: events of one step share it.
    stamp: (i64, Vec<u8>),
    /// What stands behind the payload in the hashed form of the event at hand.
    rest: Vec<u8>,
    /// A number of the event at hand as text.
    decimal: Vec<u8>,
}

impl Scratch {
    /// The seal of a row with these texts behind `head`.
    fn seal(&mut self, row: &Row, texts: Texts<&[u8]>, head: Hash) -> Seal {
        self.write_rest(row, texts);
        let mut check = crc32fast::Hasher::new();
        for part in [row.ident.bytes(), b"|", texts.cause, b"|", texts.correlation, b"|"] {
            check.update(part);
        }
        self.decimal.clear();
        write_integer(row.recorded, &mut self.decimal);
        check.update(&self.decimal);
        let form = [b"{\"payload\":", texts.payload, &self.rest];
        let hashes = if row.chained {
            let mut hasher = Sha256::new();
            hasher.update(head.bytes());
            for part in form {
                hasher.update(part);
            }
            Some((head, Hash::of(&hasher.finalize())))
        } else {
            for part in form {
                check.update(part);
            }
            None
        };
        Seal { hashes, check: check.finalize() }
    }

    /// The canonical bytes of the hashed part of an event behind its payload.
    fn write_rest(&mut self, row: &Row, texts: Texts<&[u8]>) {
        if self.stamp.1.is_empty() || self.stamp.0 != row.instant {
            self.stamp.1.clear();
            write_stamp(row.instant, &mut self.stamp.1);
            self.stamp.0 = row.instant;
        }
        let out = &mut self.rest;
        out.clear();
        out.extend_from_slice(b",\"session_date\":");
        write_plain(texts.date, out);
        out.extend_from_slice(if row.chained {
            b",\"stream\":\"domain\",\"ts_event\":\""
        } else {
            b",\"stream\":\"ops\",\"ts_event\":\""
        });
        out.extend_from_slice(&self.stamp.1);
        out.extend_from_slice(b"\",\"type\":");
        write_plain(texts.kind, out);
        out.extend_from_slice(b",\"version\":");
        write_integer(row.version, out);
        out.push(b'}');
    }
}

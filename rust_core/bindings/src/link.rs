//! Records to rows of the log: event id, envelope, hash chain and row check in one call.
//!
//! `adapters.store.canonical` says in Python what each of them is; the tests compare.

use std::io::Write;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyList, PyString, PyTuple};
use sha2::{Digest, Sha256};

use crate::canonical::{refuse, write_text, write_value};
use crate::digest::hex;
use crate::encoded::Encoded;

/// Fields of `ports.journal.Record`.
const FIELDS: usize = 9;
const DOMAIN: &str = "domain";
const OPS: &str = "ops";
const MICROSECOND: i64 = 1_000;
const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400;

type Linked<'py> = (i64, Bound<'py, PyString>, Bound<'py, PyList>);

/// The first 32 hex digits of SHA-256 over `kind|stream|key`.
#[pyfunction]
#[pyo3(signature = (kind, stream, key, /))]
pub(crate) fn event_id(kind: &str, stream: &str, key: &str) -> String {
    let mut hasher = Sha256::new();
    for part in [kind, "|", stream, "|", key] {
        hasher.update(part.as_bytes());
    }
    let mut text = hex(&hasher.finalize());
    text.truncate(32);
    text
}

/// Number and chain `records` after `seq` and `head`: where the log then ends, and the rows.
///
/// # Errors
/// `ValueError` naming a record that has no canonical form, no time or no stream.
#[pyfunction]
#[pyo3(signature = (seq, head, records, recorded, /))]
pub(crate) fn link<'py>(
    seq: i64,
    head: Bound<'py, PyString>,
    records: &Bound<'py, PyAny>,
    recorded: Bound<'py, PyInt>,
) -> PyResult<Linked<'py>> {
    let rows = PyList::empty(records.py());
    let body = Vec::with_capacity(4096);
    let mut chain = Chain { seq, head, recorded, body, stamp: (0, Vec::new()) };
    for item in records.try_iter()? {
        let item = item?;
        let record = item.cast::<PyTuple>()?;
        if record.len() != FIELDS {
            return Err(PyValueError::new_err("a record has other fields"));
        }
        rows.append(chain.row(record).map_err(|why| named(record, &why))?)?;
    }
    Ok((chain.seq, chain.head, rows))
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

/// Where the log ends while rows are added to it.
struct Chain<'py> {
    seq: i64,
    head: Bound<'py, PyString>,
    recorded: Bound<'py, PyInt>,
    body: Vec<u8>,
    /// The last instant and its text: events of one step share it.
    stamp: (i64, Vec<u8>),
}

impl<'py> Chain<'py> {
    fn row(&mut self, record: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyTuple>> {
        let py = record.py();
        let text = |place: usize| Ok::<_, PyErr>(record.get_item(place)?.cast_into::<PyString>()?);
        let (kind, stream, date, key) = (text(0)?, text(2)?, text(3)?, text(5)?);
        let (cause, correlation) = (text(7)?, text(8)?);
        let version = record.get_item(1)?.cast_into::<PyInt>()?;
        let instant: i64 = record.get_item(4)?.extract().map_err(|_| refuse("no such time"))?;
        let cut = instant
            .checked_sub(instant.rem_euclid(MICROSECOND))
            .ok_or_else(|| refuse("no such time"))?;
        let chained = match stream.to_str()? {
            DOMAIN => true,
            OPS => false,
            other => return Err(refuse(&format!("unknown stream {other:?}"))),
        };
        let payload = payload_of(&record.get_item(6)?)?;
        self.write_envelope(payload.to_str()?, &date, &stream, instant, &kind, &version)?;
        let ident = event_id(kind.to_str()?, stream.to_str()?, key.to_str()?);
        let (previous, digest) = if chained {
            let mut hasher = Sha256::new();
            hasher.update(self.head.to_str()?.as_bytes());
            hasher.update(&self.body);
            let digest = PyString::new(py, &hex(&hasher.finalize()));
            (std::mem::replace(&mut self.head, digest.clone()), digest)
        } else {
            (PyString::new(py, ""), PyString::new(py, ""))
        };
        let check = self.check(&ident, &cause, &correlation, chained)?;
        self.seq += 1;
        PyTuple::new(
            py,
            [
                self.seq.into_pyobject(py)?.into_any(),
                PyString::new(py, &ident).into_any(),
                kind.into_any(),
                version.into_any(),
                stream.into_any(),
                date.into_any(),
                cut.into_pyobject(py)?.into_any(),
                self.recorded.clone().into_any(),
                cause.into_any(),
                correlation.into_any(),
                payload.into_any(),
                previous.into_any(),
                digest.into_any(),
                check.into_pyobject(py)?.into_any(),
                key.into_any(),
            ],
        )
    }

    /// Put the canonical bytes of the hashed part of an event into `body`.
    fn write_envelope(
        &mut self,
        payload: &str,
        date: &Bound<'_, PyString>,
        stream: &Bound<'_, PyString>,
        instant: i64,
        kind: &Bound<'_, PyString>,
        version: &Bound<'_, PyInt>,
    ) -> PyResult<()> {
        if self.stamp.1.is_empty() || self.stamp.0 != instant {
            self.stamp.0 = instant;
            self.stamp.1.clear();
            write_stamp(instant, &mut self.stamp.1)?;
        }
        let out = &mut self.body;
        out.clear();
        out.extend_from_slice(b"{\"payload\":");
        out.extend_from_slice(payload.as_bytes());
        out.extend_from_slice(b",\"session_date\":");
        write_text(date, out)?;
        out.extend_from_slice(b",\"stream\":");
        write_text(stream, out)?;
        out.extend_from_slice(b",\"ts_event\":\"");
        out.extend_from_slice(&self.stamp.1);
        out.extend_from_slice(b"\",\"type\":");
        write_text(kind, out)?;
        out.extend_from_slice(b",\"version\":");
        write_value(version, out, 0)?;
        out.push(b'}');
        Ok(())
    }

    /// CRC-32 over what the chain hash leaves out, for an event off the chain over all of it.
    fn check(
        &self,
        ident: &str,
        cause: &Bound<'_, PyString>,
        correlation: &Bound<'_, PyString>,
        chained: bool,
    ) -> PyResult<u32> {
        let recorded: i64 = self.recorded.extract()?;
        let mut hasher = crc32fast::Hasher::new();
        for part in [ident, "|", cause.to_str()?, "|", correlation.to_str()?, "|"] {
            hasher.update(part.as_bytes());
        }
        hasher.update(recorded.to_string().as_bytes());
        if !chained {
            hasher.update(&self.body);
        }
        Ok(hasher.finalize())
    }
}

/// The canonical text of a payload.
fn payload_of<'py>(payload: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyString>> {
    let py = payload.py();
    if let Ok(piece) = payload.cast_exact::<Encoded>() {
        return Ok(piece.get().string(py));
    }
    let mut out = Vec::with_capacity(1024);
    write_value(payload, &mut out, 0)?;
    Ok(Encoded::of(py, &out)?.string(py))
}

/// `2013-10-07T13:31:00.000000Z` of nanoseconds since 1970; finer digits are cut.
pub(crate) fn write_stamp(instant: i64, out: &mut Vec<u8>) -> PyResult<()> {
    let micros = instant.div_euclid(MICROSECOND);
    let (seconds, micro) = (micros.div_euclid(SECOND), micros.rem_euclid(SECOND));
    let (days, rest) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micro:06}Z")
        .map_err(|_| refuse("out of memory"))
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar.
///
/// Years are counted from March, so that the leap day is the last of its year: 400 years have
/// 146,097 days, and the months from March on are 153 days in fives.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468; // days from 0000-03-01
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

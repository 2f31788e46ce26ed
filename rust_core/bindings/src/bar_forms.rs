//! The records of a bar's five events in one call: what `adapters.wire.codec` says of each, without
//! a value made for Python in between.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyTuple, PyType};

use crate::canonical::{refuse, write_text, write_value};
use crate::decision_form::DecisionForm;
use crate::digits::write_integer;
use crate::encoded::Encoded;
use crate::events::{DOMAIN, event_id};
use crate::frame_payloads::{hashes_of, write_beliefs, write_signals};
use crate::ready::{Records, Spare, Writing};
use crate::stamp::write_stamp;

/// `BarClosed`, `QualityAssessed`, `SignalsComputed`, `BeliefsComputed`, `DecisionMade`.
const EVENTS: usize = 5;
const TYPES: [&str; EVENTS] =
    ["BarClosed", "QualityAssessed", "SignalsComputed", "BeliefsComputed", "DecisionMade"];

/// Makes the records of bars; the forms of what recurs are remembered.
#[pyclass(module = "rust_core._native")]
pub(crate) struct BarForms {
    kinds: [Py<PyType>; EVENTS],
    decision: DecisionForm,
    spare: Spare,
}

#[pymethods]
impl BarForms {
    /// `kinds` are the classes of the five events in their order, `parts` what a decision is
    /// written with: see [`DecisionForm::of`].
    #[new]
    #[pyo3(signature = (kinds, parts, /))]
    fn py_new(kinds: [Py<PyType>; EVENTS], parts: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self { kinds, decision: DecisionForm::of(parts)?, spare: Spare::default() })
    }

    /// The payload of a decision; `signals_hash` and `beliefs_hash` are those of its frame.
    ///
    /// # Errors
    /// `ValueError` for a record without a canonical form.
    #[pyo3(signature = (record, signals_hash, beliefs_hash, config_hash, /))]
    fn decision(
        &self,
        record: &Bound<'_, PyTuple>,
        signals_hash: &str,
        beliefs_hash: &str,
        config_hash: &str,
    ) -> PyResult<Encoded> {
        let mut out = Vec::with_capacity(4096);
        self.decision.write(record, [signals_hash, beliefs_hash, config_hash], &mut out)?;
        Encoded::of(out)
    }

    /// The records of `events` in `session`, if they are the five of a bar in their order; the
    /// first is the cause of the others. None for any other batch.
    ///
    /// # Errors
    /// `ValueError` for an event without a canonical form.
    #[pyo3(signature = (events, session, config_hash, /))]
    fn records(
        &self,
        events: &Bound<'_, PyList>,
        session: &str,
        config_hash: &str,
    ) -> PyResult<Option<Records>> {
        let Some(all) = self.five(events)? else { return Ok(None) };
        let frame = all[2].get_item(2)?.cast_into::<PyTuple>()?;
        let record = all[4].get_item(1)?.cast_into::<PyTuple>()?;
        let opened = instant(all[0].get_item(2)?.cast::<PyTuple>()?.get_item(0)?.extract()?)?;
        let seen = minute_of(&all[2])?;
        let [signals_hash, beliefs_hash] = hashes_of(&frame)?;
        let hashes = [signals_hash.text(), beliefs_hash.text(), config_hash];
        let cause = event_id(TYPES[0].as_bytes(), DOMAIN, opened.as_bytes());

        let mut out = Writing::of(session, cause.text(), &self.spare);
        let at = |n: usize| all[n].get_item(0)?.extract();
        out.event(TYPES[0], at(0)?, &opened, |body| write_bar(&all[0], body))?;
        let graded = quality_key(&all[1])?;
        out.event(TYPES[1], at(1)?, &graded, |body| write_quality(&all[1], body))?;
        out.event(TYPES[2], at(2)?, &seen, |body| write_signals(&frame, body))?;
        out.event(TYPES[3], at(3)?, &seen, |body| write_beliefs(&frame, body))?;
        let decision_id = record.get_item(0)?.cast_into::<PyString>()?;
        out.event(TYPES[4], at(4)?, decision_id.to_str()?, |body| {
            self.decision.write(&record, hashes, body)
        })?;
        Ok(Some(out.finished()))
    }
}

impl BarForms {
    /// The five events of a bar, None if they are something else.
    fn five<'py>(
        &self,
        events: &Bound<'py, PyList>,
    ) -> PyResult<Option<[Bound<'py, PyTuple>; EVENTS]>> {
        if events.len() != EVENTS {
            return Ok(None);
        }
        let mut all = Vec::with_capacity(EVENTS);
        for (event, kind) in events.iter().zip(&self.kinds) {
            if !event.get_type().is(kind) {
                return Ok(None);
            }
            all.push(event.cast_into::<PyTuple>()?);
        }
        let Ok(all) = <[Bound<'py, PyTuple>; EVENTS]>::try_from(all) else { return Ok(None) };
        let minute = |n: usize| all[n].get_item(1)?.extract::<i64>();
        let frame = all[2].get_item(2)?;
        let record = all[4].get_item(1)?.cast_into::<PyTuple>()?;
        let one = minute(2)? == minute(3)?
            && all[3].get_item(2)?.is(&frame)
            && record.get_item(17)?.is(&frame);
        Ok(one.then_some(all))
    }
}

/// An instant as `adapters.wire.times.rfc3339` writes it.
pub(crate) fn instant(t: i64) -> PyResult<String> {
    let mut out = Vec::with_capacity(27);
    write_stamp(t, &mut out);
    String::from_utf8(out).map_err(|_| refuse("no such time"))
}

/// The same as JSON.
pub(crate) fn write_instant(t: i64, out: &mut Vec<u8>) {
    out.push(b'"');
    write_stamp(t, out);
    out.push(b'"');
}

fn minute_of(event: &Bound<'_, PyTuple>) -> PyResult<String> {
    instant(event.get_borrowed_item(1)?.extract()?)
}

/// The payload of a `BarClosed`.
fn write_bar(event: &Bound<'_, PyTuple>, out: &mut Vec<u8>) -> PyResult<()> {
    const KEYS: [(&str, usize); 9] = [
        ("{\"ask\":", 7),
        (",\"bid\":", 6),
        (",\"close\":", 4),
        (",\"high\":", 2),
        (",\"low\":", 3),
        (",\"mean_spread_ticks\":", 8),
        (",\"n_sub\":", 9),
        (",\"open\":", 1),
        (",\"open_time\":", 0),
    ];
    let bar = event.get_item(2)?.cast_into::<PyTuple>()?;
    for (key, place) in KEYS {
        out.extend_from_slice(key.as_bytes());
        if place == 0 {
            write_instant(bar.get_borrowed_item(0)?.extract()?, out);
        } else {
            write_value(&bar.get_item(place)?, out, 0)?;
        }
    }
    out.extend_from_slice(b",\"received_at\":");
    match bar.get_borrowed_item(10)?.extract::<Option<i64>>()? {
        Some(received) => write_instant(received, out),
        None => out.extend_from_slice(b"null"),
    }
    for (key, value) in [
        (",\"rth\":", event.get_item(4)?),
        (",\"volume\":", bar.get_item(5)?),
        (",\"warmup\":", event.get_item(3)?),
    ] {
        out.extend_from_slice(key.as_bytes());
        write_value(&value, out, 0)?;
    }
    out.push(b'}');
    Ok(())
}

/// The key of a `QualityAssessed`.
fn quality_key(event: &Bound<'_, PyTuple>) -> PyResult<String> {
    let cause = event.get_item(7)?;
    Ok(format!("{}|{}", minute_of(event)?, cause.cast::<PyString>()?.to_str()?))
}

/// The payload of a `QualityAssessed`.
fn write_quality(event: &Bound<'_, PyTuple>, out: &mut Vec<u8>) -> PyResult<()> {
    let at = |place: usize| event.get_item(place);
    out.extend_from_slice(b"{\"cause\":");
    write_text(at(7)?.cast::<PyString>()?, out)?;
    for (key, place) in [(",\"dvs_bp\":", 2), (",\"eqs_bp\":", 4)] {
        out.extend_from_slice(key.as_bytes());
        write_value(&at(place)?, out, 0)?;
    }
    out.extend_from_slice(b",\"minute\":");
    write_instant(event.get_borrowed_item(1)?.extract()?, out);
    out.extend_from_slice(b",\"penalties\":[");
    for (n, penalty) in at(5)?.cast::<PyTuple>()?.iter().enumerate() {
        let (name, bp): (Bound<'_, PyString>, i64) = penalty.extract()?;
        if n > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"bp\":");
        write_integer(bp, out);
        out.extend_from_slice(b",\"id\":");
        write_text(&name, out)?;
        out.push(b'}');
    }
    out.push(b']');
    for (key, place) in [(",\"q_bp\":", 3), (",\"staleness_bp\":", 6)] {
        out.extend_from_slice(key.as_bytes());
        write_value(&at(place)?, out, 0)?;
    }
    out.push(b'}');
    Ok(())
}

/// The place of `value` among some objects, by identity.
pub(crate) fn known<T>(known: &[(Py<PyAny>, T)], value: &Bound<'_, PyAny>) -> PyResult<usize> {
    known
        .iter()
        .position(|(object, _)| object.is(value))
        .ok_or_else(|| PyValueError::new_err(format!("no canonical form: {value}")))
}

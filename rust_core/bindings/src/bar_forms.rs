//! The records of a bar's five events in one call: what `adapters.wire.codec` says of each, without
//! a value made for Python in between.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyList, PyString, PyTuple, PyType};

use crate::canonical::{refuse, write_plain, write_text, write_value};
use crate::decision_form::DecisionForm;
use crate::digits::write_integer;
use crate::encoded::Encoded;
use crate::frame_payloads::frame_payloads;
use crate::linked::event_id;
use crate::stamp::write_stamp;

/// `BarClosed`, `QualityAssessed`, `SignalsComputed`, `BeliefsComputed`, `DecisionMade`.
const EVENTS: usize = 5;
const TYPES: [&str; EVENTS] =
    ["BarClosed", "QualityAssessed", "SignalsComputed", "BeliefsComputed", "DecisionMade"];
const DOMAIN: &str = "domain";

/// Makes the records of bars; the forms of what recurs are remembered.
#[pyclass(module = "rust_core._native")]
pub(crate) struct BarForms {
    kinds: [Py<PyType>; EVENTS],
    types: [Py<PyString>; EVENTS],
    domain: Py<PyString>,
    nothing: Py<PyString>,
    version: Py<PyInt>,
    decision: DecisionForm,
}

#[pymethods]
impl BarForms {
    /// `kinds` are the classes of the five events in their order, `parts` what a decision is
    /// written with: see [`DecisionForm::of`].
    #[new]
    #[pyo3(signature = (kinds, parts, /))]
    fn py_new(
        py: Python<'_>,
        kinds: [Py<PyType>; EVENTS],
        parts: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        Ok(Self {
            kinds,
            types: TYPES.map(|name| PyString::intern(py, name).unbind()),
            domain: PyString::intern(py, DOMAIN).unbind(),
            nothing: PyString::intern(py, "").unbind(),
            version: 1_i64.into_pyobject(py)?.unbind(),
            decision: DecisionForm::of(parts)?,
        })
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
        let hashes = [signals_hash, beliefs_hash, config_hash];
        self.decision.encode(record, hashes).map(|(_, payload)| payload)
    }

    /// The records of `events` in `session`, if they are the five of a bar in their order; the
    /// first is the cause of the others. None for any other batch.
    ///
    /// # Errors
    /// `ValueError` for an event without a canonical form.
    #[pyo3(signature = (events, session, config_hash, /))]
    fn records<'py>(
        &self,
        events: &Bound<'py, PyList>,
        session: &Bound<'py, PyString>,
        config_hash: &str,
    ) -> PyResult<Option<Vec<Bound<'py, PyTuple>>>> {
        if events.len() != EVENTS {
            return Ok(None);
        }
        let py = events.py();
        let mut all = Vec::with_capacity(EVENTS);
        for (event, kind) in events.iter().zip(&self.kinds) {
            if !event.get_type().is(kind) {
                return Ok(None);
            }
            all.push(event.cast_into::<PyTuple>()?);
        }
        let (opened, bar) = bar_form(&all[0])?;
        let (graded, quality) = quality_form(&all[1])?;
        let minute = |n: usize| all[n].get_item(1)?.extract::<i64>();
        if minute(2)? != minute(3)? {
            return Ok(None);
        }
        let seen = minute_of(&all[2])?;
        let frame = all[2].get_item(2)?.cast_into::<PyTuple>()?;
        let record = all[4].get_item(1)?.cast_into::<PyTuple>()?;
        let same = all[3].get_item(2)?.is(&frame) && record.get_item(17)?.is(&frame);
        if !same {
            return Ok(None);
        }
        let (signals, beliefs, signals_hash, beliefs_hash) = frame_payloads(&frame)?;
        let hashes = [signals_hash.to_str()?, beliefs_hash.to_str()?, config_hash];
        let (decision_id, decision) = self.decision.encode(&record, hashes)?;
        let cause = PyString::new(py, event_id(TYPES[0], DOMAIN, &opened).text());
        let key = |text: &str| PyString::new(py, text);
        let forms = [
            (key(&opened), bar),
            (key(&graded), quality),
            (key(&seen), signals),
            (key(&seen), beliefs),
            (decision_id, decision),
        ];
        let mut records = Vec::with_capacity(EVENTS);
        for (n, (key, payload)) in forms.into_iter().enumerate() {
            let fields = [
                self.types[n].bind(py).clone().into_any(),
                self.version.bind(py).clone().into_any(),
                self.domain.bind(py).clone().into_any(),
                session.clone().into_any(),
                all[n].get_item(0)?,
                key.into_any(),
                Bound::new(py, payload)?.into_any(),
                if n == 0 { self.nothing.bind(py) } else { &cause }.clone().into_any(),
                self.nothing.bind(py).clone().into_any(),
            ];
            records.push(PyTuple::new(py, fields)?);
        }
        Ok(Some(records))
    }
}

/// An instant as `adapters.wire.times.rfc3339` writes it.
pub(crate) fn instant(t: i64) -> PyResult<String> {
    let mut out = Vec::with_capacity(27);
    write_stamp(t, &mut out);
    String::from_utf8(out).map_err(|_| refuse("no such time"))
}

fn minute_of(event: &Bound<'_, PyTuple>) -> PyResult<String> {
    instant(event.get_borrowed_item(1)?.extract()?)
}

/// The key and the payload of a `BarClosed`.
fn bar_form(event: &Bound<'_, PyTuple>) -> PyResult<(String, Encoded)> {
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
    let opened = instant(bar.get_borrowed_item(0)?.extract()?)?;
    let mut out = Vec::with_capacity(320);
    for (key, place) in KEYS {
        out.extend_from_slice(key.as_bytes());
        if place == 0 {
            write_plain(&opened, &mut out)?;
        } else {
            write_value(&bar.get_item(place)?, &mut out, 0)?;
        }
    }
    out.extend_from_slice(b",\"received_at\":");
    match bar.get_borrowed_item(10)?.extract::<Option<i64>>()? {
        Some(received) => write_plain(&instant(received)?, &mut out)?,
        None => out.extend_from_slice(b"null"),
    }
    for (key, value) in [
        (",\"rth\":", event.get_item(4)?),
        (",\"volume\":", bar.get_item(5)?),
        (",\"warmup\":", event.get_item(3)?),
    ] {
        out.extend_from_slice(key.as_bytes());
        write_value(&value, &mut out, 0)?;
    }
    out.push(b'}');
    Ok((opened, Encoded::of(out)?))
}

/// The key and the payload of a `QualityAssessed`.
fn quality_form(event: &Bound<'_, PyTuple>) -> PyResult<(String, Encoded)> {
    let at = |place: usize| event.get_item(place);
    let minute = minute_of(event)?;
    let cause = at(7)?.cast::<PyString>()?.to_str()?.to_owned();
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(b"{\"cause\":");
    write_plain(&cause, &mut out)?;
    for (key, place) in [(",\"dvs_bp\":", 2), (",\"eqs_bp\":", 4)] {
        out.extend_from_slice(key.as_bytes());
        write_value(&at(place)?, &mut out, 0)?;
    }
    out.extend_from_slice(b",\"minute\":");
    write_plain(&minute, &mut out)?;
    out.extend_from_slice(b",\"penalties\":[");
    for (n, penalty) in at(5)?.cast::<PyTuple>()?.iter().enumerate() {
        let (name, bp): (Bound<'_, PyString>, i64) = penalty.extract()?;
        if n > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"bp\":");
        write_integer(bp, &mut out);
        out.extend_from_slice(b",\"id\":");
        write_text(&name, &mut out)?;
        out.push(b'}');
    }
    out.push(b']');
    for (key, place) in [(",\"q_bp\":", 3), (",\"staleness_bp\":", 6)] {
        out.extend_from_slice(key.as_bytes());
        write_value(&at(place)?, &mut out, 0)?;
    }
    out.push(b'}');
    Ok((format!("{minute}|{cause}"), Encoded::of(out)?))
}

/// The place of `value` among some objects, by identity.
pub(crate) fn known<T>(known: &[(Py<PyAny>, T)], value: &Bound<'_, PyAny>) -> PyResult<usize> {
    known
        .iter()
        .position(|(object, _)| object.is(value))
        .ok_or_else(|| PyValueError::new_err(format!("no canonical form: {value}")))
}

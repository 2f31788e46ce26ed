//! The payload of a `DecisionMade`; `adapters.wire.decision_v1` says in Python what it is.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use crate::bar_forms::{known, write_instant};
use crate::canonical::{write_plain, write_text, write_value};
use crate::digits::write_integer;
use crate::frame_payloads::REGIMES;
use crate::narrative::Words;
use crate::shape::Shape;

/// Fields of `domain.decision.DecisionRecord` and of `domain.candidate.Candidate`.
const RECORD: usize = 18;
const CANDIDATE: usize = 12;

/// Some objects of Python by identity, and what is written for each.
type Names = Vec<(Py<PyAny>, String)>;

/// What decisions are written with.
pub(crate) struct DecisionForm {
    actions: Names,
    entry_types: Names,
    gate: Py<Shape>,
    theta: Py<Shape>,
    counterfactual: Py<Shape>,
    tell: Py<PyAny>,
    words: Words,
}

impl DecisionForm {
    /// From `parts`: `actions` and `entry_types` as pairs of member and value, the shapes `gate`,
    /// `theta` and `counterfactual`, `tell`, which puts any record into words, and those words.
    pub(crate) fn of(parts: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self {
            actions: parts.getattr("actions")?.extract()?,
            entry_types: parts.getattr("entry_types")?.extract()?,
            gate: parts.getattr("gate")?.extract()?,
            theta: parts.getattr("theta")?.extract()?,
            counterfactual: parts.getattr("counterfactual")?.extract()?,
            tell: parts.getattr("tell")?.unbind(),
            words: Words::of(parts)?,
        })
    }

    /// Write the payload; `hashes` are those of signals, beliefs and config.
    pub(crate) fn write(
        &self,
        record: &Bound<'_, PyTuple>,
        hashes: [&str; 3],
        out: &mut Vec<u8>,
    ) -> PyResult<()> {
        if record.len() != RECORD {
            return Err(PyValueError::new_err("a decision record has other fields"));
        }
        let at = |place: usize| record.get_item(place);
        out.extend_from_slice(b"{\"action\":");
        write_plain(self.actions[known(&self.actions, &at(2)?)?].1.as_bytes(), out);
        out.extend_from_slice(b",\"beliefs_hash\":");
        write_plain(hashes[1].as_bytes(), out);
        out.extend_from_slice(b",\"candidates\":[");
        for (n, candidate) in at(13)?.cast::<PyTuple>()?.iter().enumerate() {
            if n > 0 {
                out.push(b',');
            }
            self.write_candidate(candidate.cast::<PyTuple>()?, out)?;
        }
        out.extend_from_slice(b"],\"config_hash\":");
        write_plain(hashes[2].as_bytes(), out);
        out.extend_from_slice(b",\"counterfactual\":");
        let counterfactual = at(16)?;
        if counterfactual.is_none() {
            out.extend_from_slice(b"null");
        } else {
            self.counterfactual.get().write(counterfactual.cast::<PyTuple>()?, out)?;
        }
        out.extend_from_slice(b",\"decision_id\":");
        write_text(at(0)?.cast::<PyString>()?, out)?;
        for (key, place) in [(",\"dvs_bp\":", 9), (",\"eqs_bp\":", 10), (",\"f5_eff\":", 11)] {
            out.extend_from_slice(key.as_bytes());
            write_value(&at(place)?, out, 0)?;
        }
        out.extend_from_slice(b",\"gates\":");
        self.gate.get().write_all(&at(15)?, out)?;
        let (phase, regime): (i64, usize) = (at(8)?.extract()?, at(7)?.extract()?);
        let regime = REGIMES.get(regime).ok_or_else(|| PyValueError::new_err("no such regime"))?;
        out.extend_from_slice(b",\"phase\":");
        write_integer(phase, out);
        out.extend_from_slice(b",\"reason\":");
        write_value(&at(3)?, out, 0)?;
        out.extend_from_slice(b",\"regime\":");
        write_plain(regime.as_bytes(), out);
        out.extend_from_slice(b",\"side\":");
        write_value(&at(4)?, out, 0)?;
        out.extend_from_slice(b",\"signals_hash\":");
        write_plain(hashes[0].as_bytes(), out);
        out.extend_from_slice(b",\"t_d\":");
        write_instant(at(1)?.extract()?, out);
        out.extend_from_slice(b",\"template\":");
        write_value(&at(5)?, out, 0)?;
        out.extend_from_slice(b",\"text\":");
        self.write_text(record, out)?;
        out.extend_from_slice(b",\"theta_parts\":");
        self.theta.get().write(at(12)?.cast::<PyTuple>()?, out)?;
        out.extend_from_slice(b",\"tier\":");
        write_value(&at(6)?, out, 0)?;
        out.push(b'}');
        Ok(())
    }

    /// The decision in words.
    fn write_text(&self, record: &Bound<'_, PyTuple>, out: &mut Vec<u8>) -> PyResult<()> {
        let py = record.py();
        let name = &self.actions[known(&self.actions, &record.get_item(2)?)?].1;
        match self.words.tell(record, name)? {
            Some(text) => {
                write_plain(text.as_bytes(), out);
                Ok(())
            }
            None => write_text(self.tell.bind(py).call1((record,))?.cast::<PyString>()?, out),
        }
    }

    /// One candidate with its plan and score; null where it has none.
    fn write_candidate(&self, c: &Bound<'_, PyTuple>, out: &mut Vec<u8>) -> PyResult<()> {
        if c.len() != CANDIDATE {
            return Err(PyValueError::new_err("a candidate has other fields"));
        }
        let at = |place: usize| c.get_item(place);
        let part = |place: usize| {
            let part = at(place)?;
            Ok::<_, PyErr>(if part.is_none() { None } else { Some(part.cast_into::<PyTuple>()?) })
        };
        let (plan, rejection, score) = (part(3)?, part(4)?, part(8)?);
        let put = |key: &str, out: &mut Vec<u8>| out.extend_from_slice(key.as_bytes());
        put("{\"T\":", out);
        write_value(&at(7)?, out, 0)?;
        put(",\"a_d\":", out);
        field(score.as_ref(), 2, out)?;
        put(",\"b\":", out);
        field(score.as_ref(), 0, out)?;
        put(",\"b_d\":", out);
        field(score.as_ref(), 3, out)?;
        put(",\"cost\":", out);
        field(score.as_ref(), 9, out)?;
        put(",\"detected_level\":", out);
        write_value(&at(2)?.cast::<PyTuple>()?.get_item(2)?, out, 0)?;
        put(",\"edge\":", out);
        field(score.as_ref(), 5, out)?;
        put(",\"eff\":", out);
        write_value(&at(5)?, out, 0)?;
        put(",\"entry_type\":", out);
        match &plan {
            Some(plan) => {
                let kind = known(&self.entry_types, &plan.get_item(0)?)?;
                write_plain(self.entry_types[kind].1.as_bytes(), out);
            }
            None => put("null", out),
        }
        put(",\"failed\":", out);
        write_failed(at(11)?.cast::<PyTuple>()?, out)?;
        put(",\"friction\":", out);
        field(score.as_ref(), 7, out)?;
        put(",\"limit\":", out);
        field(plan.as_ref(), 2, out)?;
        put(",\"multiplier\":", out);
        field(score.as_ref(), 8, out)?;
        put(",\"need\":", out);
        match &plan {
            Some(_) => field(plan.as_ref(), 3, out)?,
            None => field(rejection.as_ref(), 1, out)?,
        }
        for (key, place) in [(",\"p0\":", 1), (",\"p_lb\":", 4), (",\"score\":", 10)] {
            put(key, out);
            field(score.as_ref(), place, out)?;
        }
        put(",\"side\":", out);
        write_value(&at(1)?, out, 0)?;
        put(",\"st\":", out);
        write_value(&at(6)?, out, 0)?;
        for (key, place) in [(",\"stop\":", 4), (",\"target\":", 5)] {
            put(key, out);
            field(plan.as_ref(), place, out)?;
        }
        put(",\"template\":", out);
        write_value(&at(0)?, out, 0)?;
        put(",\"theta\":", out);
        write_value(&at(10)?, out, 0)?;
        put(",\"trigger\":", out);
        field(plan.as_ref(), 1, out)?;
        put(",\"uncertainty\":", out);
        field(score.as_ref(), 6, out)?;
        out.push(b'}');
        Ok(())
    }
}

/// A field of a tuple, null where there is none.
fn field(of: Option<&Bound<'_, PyTuple>>, place: usize, out: &mut Vec<u8>) -> PyResult<()> {
    if let Some(of) = of {
        return write_value(&of.get_item(place)?, out, 0);
    }
    out.extend_from_slice(b"null");
    Ok(())
}

/// The ids of the gates that failed, in order.
fn write_failed(gates: &Bound<'_, PyTuple>, out: &mut Vec<u8>) -> PyResult<()> {
    out.push(b'[');
    let mut first = true;
    for gate in gates.iter_borrowed() {
        let gate = gate.cast::<PyTuple>()?;
        if gate.get_borrowed_item(6)?.is_truthy()? {
            continue;
        }
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
        write_value(&gate.get_item(0)?, out, 0)?;
    }
    out.push(b']');
    Ok(())
}

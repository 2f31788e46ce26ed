//! The two payloads of a bar that are made of nothing but its frame, and the two hashes over it.
//!
//! `adapters.wire.decision_v1` and `domain.frame` say in Python what they are; the tests compare.

use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};
use tradebot_engine::{BELIEFS, SIGNALS};

use crate::canonical::{refuse, write_value};
use crate::digest::{Hash, hex_of};
use crate::encoded::Encoded;
use crate::numbers::floats;

/// Fields of `domain.frame.Frame`.
const FIELDS: usize = 24;
/// Names of the regimes by their code.
pub(crate) const REGIMES: [&str; 5] = ["unknown", "volatile", "trending", "choppy", "range"];

// Where the fields stand in the tuple.
const VALUES: usize = 0;
const READY: usize = 1;
const FALLBACK: usize = 2;
const REGIME: usize = 3;
const STABILITY: usize = 19;
const EFFECTIVE: usize = 20;
const BELIEF_READY: usize = 22;

/// How one field of a payload is written.
enum Form {
    /// As it stands at this place of the frame.
    Plain(usize),
    /// The name of the regime at this place.
    Regime(usize),
    /// The reliabilities, from the two masks.
    Reliability,
}

/// The signals by key, in the order of the keys.
const SIGNAL_KEYS: [(&str, Form); 16] = [
    ("{\"a14\":", Form::Plain(6)),
    (",\"bars_in_session\":", Form::Plain(14)),
    (",\"dev\":", Form::Plain(9)),
    (",\"er20\":", Form::Plain(5)),
    (",\"levels\":", Form::Plain(15)),
    (",\"p30\":", Form::Plain(8)),
    (",\"ready\":", Form::Plain(READY)),
    (",\"regime\":", Form::Regime(REGIME)),
    (",\"regime_raw\":", Form::Regime(4)),
    (",\"reliability\":", Form::Reliability),
    (",\"shock\":", Form::Plain(13)),
    (",\"slip\":", Form::Plain(11)),
    (",\"slip_model\":", Form::Plain(12)),
    (",\"spread\":", Form::Plain(10)),
    (",\"tr\":", Form::Plain(7)),
    (",\"values\":", Form::Plain(VALUES)),
];
/// The beliefs likewise.
const BELIEF_KEYS: [(&str, Form); 8] = [
    ("{\"T\":", Form::Plain(23)),
    (",\"cov\":", Form::Plain(21)),
    (",\"e\":", Form::Plain(16)),
    (",\"eff\":", Form::Plain(EFFECTIVE)),
    (",\"l\":", Form::Plain(18)),
    (",\"lraw\":", Form::Plain(17)),
    (",\"ready\":", Form::Plain(BELIEF_READY)),
    (",\"st\":", Form::Plain(STABILITY)),
];

type Answer<'py> = (Encoded, Encoded, Bound<'py, PyString>, Bound<'py, PyString>);

/// Payload of the signals, payload of the beliefs, signals hash and beliefs hash of a frame.
///
/// # Errors
/// `ValueError` for a frame of another shape, with an infinite number or an unknown regime;
/// `TypeError` and `OverflowError` for a field of another type.
#[pyfunction]
#[pyo3(signature = (frame, /))]
pub(crate) fn frame_payloads<'py>(frame: &Bound<'py, PyTuple>) -> PyResult<Answer<'py>> {
    let py = frame.py();
    let form = |write: fn(&Bound<'_, PyTuple>, &mut Vec<u8>) -> PyResult<()>| {
        let mut out = Vec::with_capacity(2048);
        write(frame, &mut out)?;
        Encoded::of(out)
    };
    let (signals, beliefs) = (form(write_signals)?, form(write_beliefs)?);
    let hashes = hashes_of(frame)?.map(|hash| PyString::new(py, hash.text()));
    let [signals_hash, beliefs_hash] = hashes;
    Ok((signals, beliefs, signals_hash, beliefs_hash))
}

/// The payload of a `SignalsComputed`.
pub(crate) fn write_signals(frame: &Bound<'_, PyTuple>, out: &mut Vec<u8>) -> PyResult<()> {
    if frame.len() != FIELDS {
        return Err(refuse("a frame has other fields"));
    }
    write_fields(frame, &SIGNAL_KEYS, out)
}

/// The payload of a `BeliefsComputed`.
pub(crate) fn write_beliefs(frame: &Bound<'_, PyTuple>, out: &mut Vec<u8>) -> PyResult<()> {
    write_fields(frame, &BELIEF_KEYS, out)
}

/// Signals hash and beliefs hash of a frame.
pub(crate) fn hashes_of(frame: &Bound<'_, PyTuple>) -> PyResult<[Hash; 2]> {
    let values: [f64; SIGNALS] = floats(&frame.get_item(VALUES)?)?;
    let effective: [f64; BELIEFS] = floats(&frame.get_item(EFFECTIVE)?)?;
    let stability: [f64; BELIEFS] = floats(&frame.get_item(STABILITY)?)?;
    Ok([
        packed_hash(frame, &[&values], &[READY, FALLBACK, REGIME])?,
        packed_hash(frame, &[&effective, &stability], &[BELIEF_READY])?,
    ])
}

fn write_fields(
    frame: &Bound<'_, PyTuple>,
    keys: &[(&str, Form)],
    out: &mut Vec<u8>,
) -> PyResult<()> {
    for (key, form) in keys {
        out.extend_from_slice(key.as_bytes());
        match *form {
            Form::Plain(place) => write_value(&frame.get_item(place)?, out, 0)?,
            Form::Regime(place) => {
                let code: usize = frame.get_item(place)?.extract()?;
                let name = REGIMES.get(code).ok_or_else(|| refuse("an unknown regime"))?;
                out.push(b'"');
                out.extend_from_slice(name.as_bytes());
                out.push(b'"');
            }
            Form::Reliability => write_reliability(frame, out)?,
        }
    }
    out.push(b'}');
    Ok(())
}

fn write_reliability(frame: &Bound<'_, PyTuple>, out: &mut Vec<u8>) -> PyResult<()> {
    let ready: u64 = frame.get_item(READY)?.extract()?;
    let fallback: u64 = frame.get_item(FALLBACK)?.extract()?;
    for bit in 0..SIGNALS {
        out.push(if bit == 0 { b'[' } else { b',' });
        let share: &[u8] = match (ready >> bit & 1, fallback >> bit & 1) {
            (0, _) => b"0.0",
            (_, 0) => b"1.0",
            _ => b"0.5",
        };
        out.extend_from_slice(share);
    }
    out.push(b']');
    Ok(())
}

/// SHA-256 over some rows as doubles, then some fields of the frame as 64-bit integers.
fn packed_hash(frame: &Bound<'_, PyTuple>, rows: &[&[f64]], bits: &[usize]) -> PyResult<Hash> {
    let mut packed = Vec::with_capacity(512);
    for number in rows.iter().copied().flatten() {
        packed.extend_from_slice(&number.to_le_bytes());
    }
    for &place in bits {
        packed.extend_from_slice(&frame.get_item(place)?.extract::<i64>()?.to_le_bytes());
    }
    Ok(hex_of(&packed))
}

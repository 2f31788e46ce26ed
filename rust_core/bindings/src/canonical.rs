//! Canonical JSON of plain Python values: what the standard library's
//! `json.dumps(sort_keys=True, separators=(",", ":"), ensure_ascii=False)` writes, in UTF-8,
//! with NaN as null and -0.0 as 0.0, and an infinity as an error.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use crate::digits::{write_billionths, write_integer, write_natural};
use crate::encoded::Encoded;
use crate::numbers::Numbers;

/// Deeper nesting than any event has; beyond it a value is refused instead of the stack.
const MAX_DEPTH: usize = 100;
/// Floats from here up to `EXPONENT_FROM` are printed without an exponent.
const DECIMAL_FROM: f64 = 1e-4;
const EXPONENT_FROM: f64 = 1e16;
/// Values of frames and scores are multiples of its inverse.
const BILLION: f64 = 1e9;

/// The canonical bytes of `value`.
///
/// # Errors
/// `ValueError` for an infinite float, an integer beyond 64 bits, a lone surrogate, a key that
/// is no string, nesting beyond 100 levels, or a type that JSON does not have.
#[pyfunction(name = "canonical")]
#[pyo3(signature = (value, /))]
pub(crate) fn py_canonical<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    let mut out = Vec::with_capacity(4096);
    write_value(value, &mut out, 0)?;
    Ok(PyBytes::new(value.py(), &out))
}

/// The canonical form of `value` as a finished piece.
///
/// # Errors
/// As [`py_canonical`].
#[pyfunction(name = "encode")]
#[pyo3(signature = (value, /))]
pub(crate) fn py_encode(value: &Bound<'_, PyAny>) -> PyResult<Encoded> {
    let mut out = Vec::with_capacity(4096);
    write_value(value, &mut out, 0)?;
    Encoded::of(out)
}

pub(crate) fn refuse(why: &str) -> PyErr {
    PyValueError::new_err(format!("no canonical form: {why}"))
}

pub(crate) fn write_value(
    value: &Bound<'_, PyAny>,
    out: &mut Vec<u8>,
    depth: usize,
) -> PyResult<()> {
    if depth > MAX_DEPTH {
        return Err(refuse("nested too deeply"));
    }
    if let Ok(number) = value.cast_exact::<PyFloat>() {
        write_float(number.value(), out)
    } else if let Ok(text) = value.cast_exact::<PyString>() {
        write_text(text, out)
    } else if value.is_none() {
        out.extend_from_slice(b"null");
        Ok(())
    } else if let Ok(flag) = value.cast_exact::<PyBool>() {
        out.extend_from_slice(if flag.is_true() { b"true" } else { b"false" });
        Ok(())
    } else if let Ok(number) = value.cast_exact::<PyInt>() {
        write_int(number, out)
    } else if let Ok(map) = value.cast_exact::<PyDict>() {
        write_map(map, out, depth)
    } else if let Ok(items) = value.cast_exact::<PyTuple>() {
        write_items(items.iter_borrowed().map(pyo3::Borrowed::to_owned), out, depth)
    } else if let Ok(items) = value.cast_exact::<PyList>() {
        write_items(items.iter(), out, depth)
    } else if let Ok(row) = value.cast_exact::<Numbers>() {
        write_floats(row.get().all(), out)
    } else if let Ok(piece) = value.cast_exact::<Encoded>() {
        out.extend_from_slice(piece.get().text().as_bytes());
        Ok(())
    } else {
        Err(refuse(&value.get_type().name()?.to_string()))
    }
}

fn write_int(number: &Bound<'_, PyInt>, out: &mut Vec<u8>) -> PyResult<()> {
    match number.extract::<i64>() {
        Ok(small) => write_integer(small, out),
        Err(_) => match number.extract::<u64>() {
            Ok(large) => write_natural(large, out),
            Err(_) => return Err(refuse("an integer of more than 64 bits")),
        },
    }
    Ok(())
}

pub(crate) fn write_float(x: f64, out: &mut Vec<u8>) -> PyResult<()> {
    if x.is_nan() {
        out.extend_from_slice(b"null");
    } else if x.is_infinite() {
        return Err(refuse("an infinite number"));
    } else if x == 0.0 {
        out.extend_from_slice(b"0.0");
    } else if let Some(billionths) = billionths(x) {
        write_billionths(billionths, out);
    } else if (DECIMAL_FROM..EXPONENT_FROM).contains(&x.abs()) {
        out.extend_from_slice(zmij::Buffer::new().format_finite(x).as_bytes());
    } else {
        write_exponent(&format!("{x:e}"), out);
    }
    Ok(())
}

/// How many billionths `x` is, if it is the double nearest to a whole number of them and its
/// shortest form is that number's: of fifteen digits no two decimals share a double.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // both are in range
fn billionths(x: f64) -> Option<i64> {
    const MOST: f64 = 1e15;
    let scaled = x * BILLION;
    if x.abs() < DECIMAL_FROM || scaled.abs() >= MOST {
        return None;
    }
    let whole = (scaled + 0.5_f64.copysign(scaled)) as i64;
    (whole as f64 / BILLION == x).then_some(whole)
}

fn write_floats(row: &[f64], out: &mut Vec<u8>) -> PyResult<()> {
    out.push(b'[');
    for (n, &x) in row.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        write_float(x, out)?;
    }
    out.push(b']');
    Ok(())
}

/// `1.5e-7` as Python writes it: a sign and at least two digits in the exponent.
fn write_exponent(shortest: &str, out: &mut Vec<u8>) {
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((shortest, "0"));
    out.extend_from_slice(mantissa.as_bytes());
    let (sign, digits) = exponent.strip_prefix('-').map_or((b'+', exponent), |d| (b'-', d));
    out.extend_from_slice(&[b'e', sign]);
    if digits.len() < 2 {
        out.push(b'0');
    }
    out.extend_from_slice(digits.as_bytes());
}

pub(crate) fn write_text(text: &Bound<'_, PyString>, out: &mut Vec<u8>) -> PyResult<()> {
    let text = text.to_str().map_err(|_| refuse("a lone surrogate"))?;
    write_plain(text.as_bytes(), out);
    Ok(())
}

fn is_escaped(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// A string in UTF-8 as JSON.
pub(crate) fn write_plain(text: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    // Without a branch, so that many are looked at together.
    if !text.iter().fold(false, |any, &byte| any | is_escaped(byte)) {
        out.extend_from_slice(text);
        out.push(b'"');
        return;
    }
    let mut plain_from = 0;
    for (at, &byte) in text.iter().enumerate() {
        if !is_escaped(byte) {
            continue;
        }
        out.extend_from_slice(&text[plain_from..at]);
        plain_from = at + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            _ => {
                let (high, low) = (DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]);
                out.extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
            }
        }
    }
    out.extend_from_slice(&text[plain_from..]);
    out.push(b'"');
}

fn write_map(map: &Bound<'_, PyDict>, out: &mut Vec<u8>, depth: usize) -> PyResult<()> {
    let mut rows = Vec::with_capacity(map.len());
    for (key, item) in map.iter() {
        let Ok(key) = key.cast_into_exact::<PyString>() else {
            return Err(refuse("a key that is no string"));
        };
        key.to_str().map_err(|_| refuse("a lone surrogate"))?;
        rows.push((key, item));
    }
    // UTF-8 sorts as its code points do.
    rows.sort_by(|a, b| a.0.to_str().unwrap_or("").cmp(b.0.to_str().unwrap_or("")));
    out.push(b'{');
    for (n, (key, item)) in rows.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        write_text(key, out)?;
        out.push(b':');
        write_value(item, out, depth + 1)?;
    }
    out.push(b'}');
    Ok(())
}

fn write_items<'py>(
    items: impl Iterator<Item = Bound<'py, PyAny>>,
    out: &mut Vec<u8>,
    depth: usize,
) -> PyResult<()> {
    out.push(b'[');
    for (n, item) in items.enumerate() {
        if n > 0 {
            out.push(b',');
        }
        write_value(&item, out, depth + 1)?;
    }
    out.push(b']');
    Ok(())
}

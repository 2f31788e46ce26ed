//! A decision in plain English: `domain.narrative.tell` for what most bars are, a skip or an entry.
//! Everything else is left to the reference.

use std::collections::HashMap;
use std::fmt::Write;

use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

/// Digits a number has at least, and at most.
const DIGITS: usize = 4;
const MOST_DIGITS: usize = 17;
const REFUSED: &str = "PERMIT_REFUSED_";

/// The fixed words: by reason code and by gate.
pub(crate) struct Words {
    sentences: HashMap<String, String>,
    gates: HashMap<String, String>,
    longest: usize,
}

/// A gate as far as it is told of.
struct Told {
    id: String,
    cmp: String,
    kind: String,
    value: Option<f64>,
    threshold: Option<f64>,
}

impl Words {
    /// From `parts`: `sentences` and `gate_names`, and `longest`, the most characters of a text.
    pub(crate) fn of(parts: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self {
            sentences: parts.getattr("sentences")?.extract()?,
            gates: parts.getattr("gate_names")?.extract()?,
            longest: parts.getattr("longest")?.extract()?,
        })
    }

    /// `record` in words, if its action is `SKIP` or `ENTER` and the law refused no permit; None for
    /// anything else.
    pub(crate) fn tell(
        &self,
        record: &Bound<'_, PyTuple>,
        action: &str,
    ) -> PyResult<Option<String>> {
        let entered = action == "ENTER";
        let (primary, reason) = (record.get_item(14)?, record.get_item(3)?);
        let reason = reason.cast::<PyString>()?.to_str()?;
        if !(entered || action == "SKIP") || reason.starts_with(REFUSED) {
            return Ok(None);
        }
        let counterfactual = record.get_item(16)?;
        let candidate =
            if primary.is_none() { None } else { Some(primary.cast_into::<PyTuple>()?) };
        let gates = record.get_item(15)?.cast_into::<PyTuple>()?;
        let sentence = self.sentences.get(reason).map_or(reason, String::as_str);
        let mut text = format!("{action}: {sentence}");
        if let Some(gate) = deciding(&gates, reason, candidate.as_ref())? {
            let Some(figures) = self.figures(&gate) else { return Ok(None) };
            let _ = write!(text, " ({figures})");
        }
        text.push('.');
        let Some(candidate) = candidate else {
            return Ok(counterfactual.is_none().then_some(text));
        };
        text.push(' ');
        let side: i64 = record.get_item(4)?.extract()?;
        if !best(&candidate, side, &mut text)? {
            return Ok(None);
        }
        if !counterfactual.is_none() {
            let other = self.other(counterfactual.cast::<PyTuple>()?, &gates, entered)?;
            let Some(other) = other else { return Ok(None) };
            text.push(' ');
            text.push_str(&other);
        }
        if text.chars().count() > self.longest {
            text = text.chars().take(self.longest - 1).collect();
            text.push('…');
        }
        Ok(Some(text))
    }

    fn name<'a>(&'a self, gate: &'a str) -> &'a str {
        self.gates.get(gate).map_or(gate, String::as_str)
    }

    fn figures(&self, gate: &Told) -> Option<String> {
        let name = self.name(&gate.id);
        let (Some(value), Some(threshold)) = (gate.value, gate.threshold) else {
            return Some(name.to_owned());
        };
        let (value, threshold) = numbers(value, threshold, &gate.kind)?;
        Some(format!("{name} {value}, needs {} {threshold}", gate.cmp))
    }

    /// What would have flipped it; None for numbers that the reference has to put into words.
    fn other(
        &self,
        c: &Bound<'_, PyTuple>,
        gates: &Bound<'_, PyTuple>,
        entered: bool,
    ) -> PyResult<Option<String>> {
        let gate: String = c.get_item(0)?.extract()?;
        let name = self.name(&gate);
        let number = |place: usize| c.get_item(place)?.extract::<Option<f64>>();
        let (Some(value), Some(threshold), Some(delta)) = (number(1)?, number(2)?, number(3)?)
        else {
            return Ok(Some(format!("It hangs on: {name}.")));
        };
        let mut kind = String::new();
        for each in gates.iter() {
            let each = told(&each)?;
            if each.id == gate {
                kind = each.kind;
                break;
            }
        }
        let (Some((value, threshold)), Some(delta)) =
            (numbers(value, threshold, &kind), significant(delta, DIGITS))
        else {
            return Ok(None);
        };
        if entered {
            let text = format!("Closest to refusing: {name} at {value} against {threshold}.");
            return Ok(Some(text));
        }
        if c.get_item(4)?.is_truthy()? {
            let sign = if delta.starts_with('-') { "" } else { "+" };
            return Ok(Some(format!(
                "Would have traded with {name} {threshold} instead of {value} ({sign}{delta})."
            )));
        }
        let others: usize = c.get_item(5)?.extract()?;
        let figures = format!("{name} at {value} against {threshold}");
        Ok(Some(format!("Nearest miss: {figures}, and {others} more.")))
    }
}

/// The first failed gate with a number that carries the record's reason.
fn deciding(
    gates: &Bound<'_, PyTuple>,
    reason: &str,
    best: Option<&Bound<'_, PyTuple>>,
) -> PyResult<Option<Told>> {
    let mut own = String::new();
    if let Some(best) = best {
        let side: i64 = best.get_item(1)?.extract()?;
        own = format!("{}{side:+}", best.get_item(0)?.cast::<PyString>()?.to_str()?);
    }
    for gate in gates.iter_borrowed() {
        let gate = gate.cast::<PyTuple>()?;
        let same = gate.get_borrowed_item(8)?.cast::<PyString>()?.to_str()? == reason;
        if !same || gate.get_borrowed_item(6)?.is_truthy()? || gate.get_borrowed_item(3)?.is_none()
        {
            continue;
        }
        let of = gate.get_borrowed_item(2)?;
        if of.is_none() || of.cast::<PyString>()?.to_str()? == own {
            return told(gate.as_any()).map(Some);
        }
    }
    Ok(None)
}

fn told(gate: &Bound<'_, PyAny>) -> PyResult<Told> {
    let gate = gate.cast::<PyTuple>()?;
    let text = |place: usize| gate.get_item(place)?.extract::<String>();
    let number = |place: usize| gate.get_item(place)?.extract::<Option<f64>>();
    Ok(Told {
        id: text(0)?,
        cmp: text(4)?,
        kind: text(9)?,
        value: number(3)?,
        threshold: number(5)?,
    })
}

/// The likeliest candidate; false for numbers that the reference has to put into words.
fn best(c: &Bound<'_, PyTuple>, side: i64, text: &mut String) -> PyResult<bool> {
    let number = |of: &Bound<'_, PyTuple>, place: usize| of.get_item(place)?.extract::<f64>();
    let (effective, thesis, theta) = (number(c, 5)?, number(c, 7)?, number(c, 10)?);
    let side = match side {
        1 => "long",
        -1 => "short",
        _ => "either side",
    };
    let template = c.get_item(0)?;
    let template = template.cast::<PyString>()?.to_str()?;
    let _ = write!(text, "Best: {template} {side}, belief {effective:.2}, thesis {thesis:.2}");
    let (score, plan) = (c.get_item(8)?, c.get_item(3)?);
    let mut finite = effective.is_finite() && thesis.is_finite() && theta.is_finite();
    if !score.is_none() {
        let score = number(score.cast::<PyTuple>()?, 10)?;
        finite &= score.is_finite();
        let _ = write!(text, ", score {score:+.3} against {theta:.3}");
    }
    if !plan.is_none() {
        let plan = plan.cast::<PyTuple>()?;
        let (stop, target): (i64, i64) =
            (plan.get_item(4)?.extract()?, plan.get_item(5)?.extract()?);
        let _ = write!(text, ", stop {stop}, target {target} ticks");
    }
    text.push('.');
    Ok(finite)
}

/// Both in the gate's unit, with as many digits as it takes to tell them apart.
fn numbers(value: f64, threshold: f64, kind: &str) -> Option<(String, String)> {
    let (value, threshold) = (value + 0.0, threshold + 0.0); // there is no minus zero in English
    if !(value.is_finite() && threshold.is_finite()) {
        return None;
    }
    match kind {
        "usd" => Some((format!("{value:.2} USD"), format!("{threshold:.2} USD"))),
        "count" => Some((format!("{value:.0}"), format!("{threshold:.0}"))),
        _ => {
            for digits in DIGITS..=MOST_DIGITS {
                let both = (significant(value, digits)?, significant(threshold, digits)?);
                if value == threshold || both.0 != both.1 {
                    return Some(both);
                }
            }
            None
        }
    }
}

/// `x` with so many significant digits, as `format(x, ".4g")` has it; None beyond its decimals.
fn significant(x: f64, digits: usize) -> Option<String> {
    if !x.is_finite() {
        return None;
    }
    let scientific = format!("{x:.*e}", digits - 1);
    let exponent: i32 = scientific.split_once('e')?.1.parse().ok()?;
    let whole = i32::try_from(digits).ok()?;
    if exponent < -4 || exponent >= whole {
        return None; // with an exponent: the reference writes it
    }
    let decimals = usize::try_from(whole - 1 - exponent).ok()?;
    let fixed = format!("{x:.decimals$}");
    if !fixed.contains('.') {
        return Some(fixed);
    }
    Some(fixed.trim_end_matches('0').trim_end_matches('.').to_owned())
}

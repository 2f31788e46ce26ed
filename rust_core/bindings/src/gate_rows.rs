//! The gates of the whole market, put together as `domain.gates.global_gates` does: their answers
//! are made there, and shared between bars as long as what they ask does not change.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyTuple};
use tradebot_decision::Gate;
use tradebot_decision::gates::{Cmp, GLOBAL, Kind};
use tradebot_engine::arithmetic::{float, q9};

use crate::decider::Hour;
use crate::named::Named;

const MINUTE: i64 = 60_000_000_000;

/// What a bar's gates of the moment depend on, beside the law's memory.
#[derive(PartialEq, Clone, Copy)]
struct Moment {
    quality: (i64, i64),
    tradable: bool,
    window: bool,
    locks: [bool; 3],
}

/// `domain.gates.LawGates`, taken apart once for each state of the law.
struct Law {
    whole: Py<PyAny>,
    when: [Part; 2],
    after: Part,
    last_entry: Option<i64>,
    spacing: i64,
    budget: (i64, i64),
    least: Py<PyAny>,
    fee: i64,
}

/// `domain.gates.Row`: some gates, and the first that failed, if any.
struct Part {
    gates: Py<PyTuple>,
    failed: Option<Py<PyAny>>,
}

/// All gates of the whole market, and the reason of the first that failed.
pub(crate) struct Row {
    pub(crate) gates: Py<PyTuple>,
    pub(crate) blocked: Option<Py<PyAny>>,
}

/// What is remembered from bar to bar.
pub(crate) struct GateRows {
    of_the_moment: Py<PyAny>,
    first_entry: Py<PyAny>,
    spaced: Py<PyAny>,
    /// What does not change of a gate of the spacing: id, layer, no candidate, comparison, reason
    /// and unit.
    spacing: [Py<PyAny>; 6],
    gate: Named,
    law: Option<Law>,
    moment: Option<(Moment, Part)>,
    row: Option<(bool, Row)>,
    parsed: Vec<Gate>,
}

impl GateRows {
    /// Of what makes the answers: `parts.of_the_moment`, `first_entry` and `spaced`.
    pub(crate) fn of(parts: &Bound<'_, PyAny>) -> PyResult<Self> {
        let part = |name: &str| Ok::<_, PyErr>(parts.getattr(name)?.unbind());
        Ok(Self {
            of_the_moment: part("of_the_moment")?,
            first_entry: part("first_entry")?,
            spacing: spacing_of(&parts.getattr("spaced")?)?,
            spaced: part("spaced")?,
            gate: Named::of(&parts.getattr("gate")?)?,
            law: None,
            moment: None,
            row: None,
            parsed: Vec::new(),
        })
    }

    /// The gates of a bar; the answer of the bar before where nothing changed.
    pub(crate) fn row(
        &mut self,
        law: &Bound<'_, PyAny>,
        locks: &Bound<'_, PyAny>,
        flat: bool,
        quality: (i64, i64),
        when: i64,
        hour: &Hour,
    ) -> PyResult<Row> {
        let py = law.py();
        let mut same = true;
        if self.law.as_ref().is_none_or(|known| !known.whole.is(law)) {
            self.law = Some(Law::of(law)?);
            (self.moment, same) = (None, false);
        }
        let Some(known) = &self.law else { return Err(PyValueError::new_err("no law")) };
        let locks = locks.cast::<PyTuple>()?;
        let lock = |n: usize| locks.get_borrowed_item(n)?.is_truthy();
        let locked = [lock(0)?, lock(1)?, lock(2)?];
        let moment =
            Moment { quality, tradable: hour.tradable, window: hour.window, locks: locked };
        if self.moment.as_ref().is_none_or(|(was, _)| *was != moment) {
            let asked = (quality, &known.least, moment.tradable, moment.window, locks);
            let answer = self.of_the_moment.bind(py).call1(asked)?;
            self.moment = Some((moment, Part::of(&answer)?));
            same = false;
        }
        if same
            && known.last_entry.is_none()
            && let Some((was_flat, row)) = &self.row
            && *was_flat == flat
        {
            return Ok(row.again(py));
        }
        let spacing = match known.last_entry {
            None => self.first_entry.bind(py).call1((known.spacing,))?,
            Some(last) => self.spaced(py, when - last, known.spacing)?,
        };
        let Some((_, now)) = &self.moment else { return Err(PyValueError::new_err("no moment")) };
        let row = put_together(&known.when[usize::from(!flat)], &spacing, &known.after, now)?;
        self.parsed.clear();
        self.row = Some((flat, row.again(py)));
        Ok(row)
    }

    /// `domain.gates.spaced`: made here for whole minutes, which all but live entries have.
    fn spaced<'py>(
        &self,
        py: Python<'py>,
        elapsed: i64,
        least: i64,
    ) -> PyResult<Bound<'py, PyAny>> {
        if elapsed < 0 || elapsed % MINUTE != 0 {
            return self.spaced.bind(py).call1((elapsed, least));
        }
        let (value, needed) = (float(elapsed / MINUTE), float(least));
        let number = |x: f64| PyFloat::new(py, x).into_any();
        let [id, layer, none, cmp, reason, kind] = &self.spacing;
        let fields = [
            id.bind(py).clone(),
            layer.bind(py).clone(),
            none.bind(py).clone(),
            number(value),
            cmp.bind(py).clone(),
            number(needed),
            PyBool::new(py, value >= needed).to_owned().into_any(),
            number(q9(value - needed)),
            reason.bind(py).clone(),
            kind.bind(py).clone(),
        ];
        Ok(self.gate.make(py, fields)?.into_any())
    }

    /// The gates of the row that was given last, as numbers.
    pub(crate) fn parsed(&mut self, py: Python<'_>) -> PyResult<&[Gate]> {
        if self.parsed.is_empty()
            && let Some((_, row)) = &self.row
        {
            for (id, gate) in (0..).zip(row.gates.bind(py).iter_borrowed()) {
                self.parsed.push(gate_of(id, &gate)?);
            }
            if self.parsed.len() != GLOBAL {
                return Err(PyValueError::new_err("other gates than there are"));
            }
        }
        Ok(&self.parsed)
    }

    /// Worst case in use, `open_worst` included, and the limit, in units of money.
    pub(crate) fn budget(&self, open_worst: &Bound<'_, PyAny>) -> PyResult<(i64, i64)> {
        let (lost, limit) = self.law.as_ref().map_or((0, 0), |law| law.budget);
        Ok((lost + units(open_worst)?, limit))
    }

    /// What a side costs at worst, in units of money.
    pub(crate) fn fee(&self) -> i64 {
        self.law.as_ref().map_or(0, |law| law.fee)
    }
}

fn spacing_of(spaced: &Bound<'_, PyAny>) -> PyResult<[Py<PyAny>; 6]> {
    let any = spaced.call1((0, 1))?;
    let part = |place: usize| any.get_item(place).map(Bound::unbind);
    Ok([part(0)?, part(1)?, part(2)?, part(4)?, part(8)?, part(9)?])
}

fn units(money: &Bound<'_, PyAny>) -> PyResult<i64> {
    money.getattr("units")?.extract()
}

impl Row {
    fn again(&self, py: Python<'_>) -> Self {
        let blocked = self.blocked.as_ref().map(|gate| gate.clone_ref(py));
        Self { gates: self.gates.clone_ref(py), blocked }
    }
}

impl Part {
    fn of(row: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (gates, failed): (Bound<'_, PyTuple>, Option<Bound<'_, PyAny>>) = row.extract()?;
        Ok(Self { gates: gates.unbind(), failed: failed.map(Bound::unbind) })
    }
}

impl Law {
    fn of(law: &Bound<'_, PyAny>) -> PyResult<Self> {
        let parts = law.cast::<PyTuple>()?;
        let at = |place: usize| parts.get_item(place);
        let (lost, limit): (Bound<'_, PyAny>, Bound<'_, PyAny>) = at(5)?.extract()?;
        Ok(Self {
            whole: law.clone().unbind(),
            when: [Part::of(&at(0)?)?, Part::of(&at(1)?)?],
            after: Part::of(&at(2)?)?,
            last_entry: at(3)?.extract()?,
            spacing: at(4)?.extract()?,
            budget: (units(&lost)?, units(&limit)?),
            least: at(6)?.unbind(),
            fee: units(&at(7)?)?,
        })
    }
}

fn put_together(
    ahead: &Part,
    spacing: &Bound<'_, PyAny>,
    behind: &Part,
    now: &Part,
) -> PyResult<Row> {
    let py = spacing.py();
    let mut gates = Vec::with_capacity(GLOBAL);
    gates.extend(ahead.gates.bind(py).iter());
    gates.push(spacing.clone());
    gates.extend(behind.gates.bind(py).iter());
    gates.extend(now.gates.bind(py).iter());
    let passed = spacing.cast::<PyTuple>()?.get_borrowed_item(6)?.is_truthy()?;
    let waits = (!passed).then(|| spacing.clone().unbind());
    let of = |part: &Part| part.failed.as_ref().map(|gate| gate.clone_ref(py));
    let blocked = of(ahead).or(waits).or_else(|| of(behind)).or_else(|| of(now));
    Ok(Row { gates: PyTuple::new(py, gates)?.unbind(), blocked })
}

/// A `domain.gates.GateResult` as numbers.
fn gate_of(id: u8, gate: &Bound<'_, PyAny>) -> PyResult<Gate> {
    let gate = gate.cast::<PyTuple>()?;
    let at = |place: usize| gate.get_item(place);
    let cmp = match at(4)?.extract::<String>()?.as_str() {
        ">=" => Cmp::AtLeast,
        "<=" => Cmp::AtMost,
        "<" => Cmp::Below,
        _ => Cmp::Is,
    };
    let kind = match at(9)?.extract::<String>()?.as_str() {
        "fraction" => Kind::Fraction,
        "minutes" => Kind::Minutes,
        "usd" => Kind::Usd,
        "count" => Kind::Count,
        _ => Kind::Boolean,
    };
    Ok(Gate {
        id,
        value: at(3)?.extract()?,
        cmp,
        threshold: at(5)?.extract()?,
        passed: at(6)?.extract()?,
        margin: at(7)?.extract()?,
        missing: false,
        kind,
    })
}

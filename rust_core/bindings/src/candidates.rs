//! Candidates and what they are made of, as the named tuples of the domain.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyTuple};
use tradebot_decision::gates::{Cmp, GLOBAL, Kind, OWN};
use tradebot_decision::score::{Score, Theta};
use tradebot_decision::templates::{Entry, Refused};
use tradebot_decision::{Gate, Judged};

use crate::named::Named;

/// Templates times sides.
pub(crate) const LENSES: usize = 8;

/// One template looking at one side: its label, and answers that recur.
struct Lens {
    who: Py<PyAny>,
    tier: [Py<PyAny>; 2],
    planned: Py<PyAny>,
    learning: [Py<PyAny>; 2],
    one_side: [Py<PyAny>; 2],
}

/// Classes and shared values of candidates.
pub(crate) struct Candidates {
    candidate: Named,
    gate: Named,
    setup: Named,
    plan: Named,
    rejection: Named,
    score: Named,
    theta: Named,
    entry_types: [Py<PyAny>; 2],
    templates: [Py<PyAny>; 4],
    lenses: Vec<Option<Lens>>,
    gate_names: Vec<Py<PyAny>>,
    layers: Vec<Py<PyAny>>,
    reasons: Vec<Py<PyAny>>,
    refusals: [Py<PyAny>; 2],
    missing: Py<PyAny>,
    comparisons: [Py<PyAny>; 4],
    kinds: [Py<PyAny>; 5],
    last_theta: Option<(Theta, Py<PyAny>)>,
}

impl Candidates {
    /// From `adapters.engine.decider.Parts`.
    pub(crate) fn of(parts: &Bound<'_, PyAny>) -> PyResult<Self> {
        let named = |name: &str| Named::of(&parts.getattr(name)?);
        let mut lenses = Vec::with_capacity(LENSES);
        for lens in parts.getattr("lenses")?.try_iter()? {
            lenses.push(lens_of(&lens?)?);
        }
        if lenses.len() != LENSES {
            return Err(PyValueError::new_err("a lens for each template and side is needed"));
        }
        Ok(Self {
            candidate: named("candidate")?,
            gate: named("gate")?,
            setup: named("setup")?,
            plan: named("plan")?,
            rejection: named("rejection")?,
            score: named("score")?,
            theta: named("theta")?,
            entry_types: parts.getattr("entry_types")?.extract()?,
            templates: parts.getattr("templates")?.extract()?,
            lenses,
            gate_names: many(parts, "gate_names", GLOBAL + OWN)?,
            layers: many(parts, "layers", OWN)?,
            reasons: many(parts, "reasons", OWN)?,
            refusals: parts.getattr("refusals")?.extract()?,
            missing: parts.getattr("missing")?.unbind(),
            comparisons: parts.getattr("comparisons")?.extract()?,
            kinds: parts.getattr("kinds")?.extract()?,
            last_theta: None,
        })
    }

    /// The names of the templates in their order.
    pub(crate) fn templates(&self) -> &[Py<PyAny>; 4] {
        &self.templates
    }

    /// The name of a gate.
    pub(crate) fn gate_name(&self, gate: u8) -> &Py<PyAny> {
        &self.gate_names[usize::from(gate)]
    }

    /// The reason that a gate of a candidate's own gives.
    pub(crate) fn own_reason(&self, gate: u8) -> &Py<PyAny> {
        &self.reasons[usize::from(gate) - GLOBAL]
    }

    /// The reason for a stop that is too wide, and for a target that does not pay.
    pub(crate) fn refusals(&self) -> &[Py<PyAny>; 2] {
        &self.refusals
    }

    /// The reason for a value that is missing.
    pub(crate) fn missing(&self) -> &Py<PyAny> {
        &self.missing
    }

    /// A candidate as it was judged; `poor` while the tier is unknown.
    pub(crate) fn candidate<'py>(
        &mut self,
        py: Python<'py>,
        c: &Judged,
        poor: bool,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let none = || py.None().into_bound(py);
        let template = c.setup.template.index();
        let lens = 2 * template + usize::from(c.setup.side < 0);
        let name = self.templates[template].bind(py).clone();
        let side = c.setup.side.into_pyobject(py)?.into_any();
        let theta = self.theta(py, c.theta)?;
        let Some(Some(lens)) = self.lenses.get(lens) else {
            return Err(PyValueError::new_err("a template without a lens"));
        };
        let level = c.setup.level.into_pyobject(py)?.into_any();
        let setup = self.setup.make(py, [name.clone(), side.clone(), level])?;
        let (plan, rejection) = match &c.plan {
            Ok(entry) => (self.plan(py, c.setup.side, entry)?, none()),
            Err(refused) => (none(), self.rejection(py, *refused)?),
        };
        let score = match &c.score {
            Some(score) => self.score(py, score)?,
            None => none(),
        };
        let mut gates = Vec::with_capacity(OWN);
        for gate in &c.gates {
            gates.push(self.own_gate(py, gate, lens, &c.plan, poor)?);
        }
        let fields = [
            name,
            side,
            setup.into_any(),
            plan,
            rejection,
            float(py, c.effective),
            float(py, c.stability),
            float(py, c.thesis),
            score,
            theta,
            float(py, c.total),
            PyTuple::new(py, gates)?.into_any(),
        ];
        self.candidate.make(py, fields)
    }

    /// One of a candidate's gates: shared where it has no number.
    fn own_gate<'py>(
        &self,
        py: Python<'py>,
        gate: &Gate,
        lens: &Lens,
        plan: &Result<Entry, Refused>,
        poor: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let own = usize::from(gate.id) - GLOBAL;
        let passed = usize::from(gate.passed);
        let reason = match (own, plan) {
            _ if gate.missing => &self.missing,
            (1, Err(refused)) => &self.refusals[refusal(*refused)],
            _ => &self.reasons[own],
        };
        let shared = match own {
            0 if !poor => Some(&lens.tier[passed]),
            1 if gate.passed => Some(&lens.planned),
            7 => Some(&lens.learning[passed]),
            10 => Some(&lens.one_side[passed]),
            _ => None,
        };
        if let Some(shared) = shared {
            return Ok(shared.bind(py).clone());
        }
        let fields = [
            self.gate_names[usize::from(gate.id)].bind(py).clone(),
            self.layers[own].bind(py).clone(),
            lens.who.bind(py).clone(),
            number(py, gate.value),
            self.comparisons[comparison(gate.cmp)].bind(py).clone(),
            number(py, gate.threshold),
            PyBool::new(py, gate.passed).to_owned().into_any(),
            number(py, gate.margin),
            reason.bind(py).clone(),
            self.kinds[kind(gate.kind)].bind(py).clone(),
        ];
        Ok(self.gate.make(py, fields)?.into_any())
    }

    fn plan<'py>(&self, py: Python<'py>, side: i64, e: &Entry) -> PyResult<Bound<'py, PyAny>> {
        let int = |n: i64| n.into_pyobject(py).map(Bound::into_any);
        let kind = usize::from(e.trigger.is_some());
        let fields = [
            self.entry_types[kind].bind(py).clone(),
            e.trigger.into_pyobject(py)?.into_any(),
            int(e.limit)?,
            int(e.need)?,
            int(e.stop)?,
            int(e.target)?,
            int(e.limit - side * e.stop)?,
            int(e.limit + side * e.target)?,
        ];
        Ok(self.plan.make(py, fields)?.into_any())
    }

    fn rejection<'py>(&self, py: Python<'py>, why: Refused) -> PyResult<Bound<'py, PyAny>> {
        let (Refused::TooWide(need) | Refused::TargetTooClose(need)) = why;
        let reason = self.refusals[refusal(why)].bind(py).clone();
        Ok(self.rejection.make(py, [reason, need.into_pyobject(py)?.into_any()])?.into_any())
    }

    fn score<'py>(&self, py: Python<'py>, s: &Score) -> PyResult<Bound<'py, PyAny>> {
        let fields = [
            s.b,
            s.p0,
            s.a_d,
            s.b_d,
            s.p_lb,
            s.edge,
            s.uncertainty,
            s.friction,
            s.multiplier,
            s.cost,
            s.score,
        ];
        Ok(self.score.make(py, fields.map(|x| float(py, x)))?.into_any())
    }

    /// The parts of the hurdle; most bars have those of the bar before them.
    pub(crate) fn theta<'py>(
        &mut self,
        py: Python<'py>,
        theta: Theta,
    ) -> PyResult<Bound<'py, PyAny>> {
        if let Some((known, made)) = &self.last_theta
            && *known == theta
        {
            return Ok(made.bind(py).clone());
        }
        let t = theta;
        let fields = [t.base, t.tod, t.dow, t.vol, t.range, t.conflict, t.crowd];
        let made = self.theta.make(py, fields.map(|x| float(py, x)))?.into_any();
        self.last_theta = Some((theta, made.clone().unbind()));
        Ok(made)
    }
}

fn lens_of(lens: &Bound<'_, PyAny>) -> PyResult<Option<Lens>> {
    if lens.is_none() {
        return Ok(None);
    }
    let part = |name: &str| Ok::<_, PyErr>(lens.getattr(name)?.unbind());
    Ok(Some(Lens {
        who: part("who")?,
        tier: lens.getattr("tier")?.extract()?,
        planned: part("planned")?,
        learning: lens.getattr("learning")?.extract()?,
        one_side: lens.getattr("one_side")?.extract()?,
    }))
}

/// So many objects of that name.
pub(crate) fn many(parts: &Bound<'_, PyAny>, name: &str, count: usize) -> PyResult<Vec<Py<PyAny>>> {
    let all: Vec<Py<PyAny>> = parts.getattr(name)?.extract()?;
    if all.len() == count {
        Ok(all)
    } else {
        Err(PyValueError::new_err(format!("{count} {name} are needed, got {}", all.len())))
    }
}

fn float(py: Python<'_>, x: f64) -> Bound<'_, PyAny> {
    PyFloat::new(py, x).into_any()
}

/// A float, or None.
pub(crate) fn number(py: Python<'_>, x: Option<f64>) -> Bound<'_, PyAny> {
    x.map_or_else(|| py.None().into_bound(py), |x| float(py, x))
}

fn refusal(why: Refused) -> usize {
    match why {
        Refused::TooWide(_) => 0,
        Refused::TargetTooClose(_) => 1,
    }
}

fn comparison(cmp: Cmp) -> usize {
    match cmp {
        Cmp::Is => 0,
        Cmp::AtLeast => 1,
        Cmp::AtMost => 2,
        Cmp::Below => 3,
    }
}

fn kind(kind: Kind) -> usize {
    match kind {
        Kind::Boolean => 0,
        Kind::Fraction => 1,
        Kind::Minutes => 2,
        Kind::Usd => 3,
        Kind::Count => 4,
    }
}

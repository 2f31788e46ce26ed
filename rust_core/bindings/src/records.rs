//! Decision records and what they are made of, as the named tuples of the domain.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyTuple};
use tradebot_decision::gates::{Cmp, GLOBAL, Kind, OWN};
use tradebot_decision::score::{Score, Theta};
use tradebot_decision::templates::{Entry, Refused, Setup};
use tradebot_decision::weigh::{Reason, View};
use tradebot_decision::{Counterfactual, Gate, Judged, Market, Standing};

use crate::decider::Hour;
use crate::gate_rows::Row;
use crate::named::Named;

/// Templates times sides.
const LENSES: usize = 8;
const REGIMES: usize = 5;
const PHASES: usize = 8;

/// One template looking at one side: its label, and answers that recur.
struct Lens {
    who: Py<PyAny>,
    tier: [Py<PyAny>; 2],
    planned: Py<PyAny>,
    learning: [Py<PyAny>; 2],
    one_side: [Py<PyAny>; 2],
}

/// Classes, shared values, and what is remembered from bar to bar.
pub(crate) struct Records {
    record: Named,
    candidate: Named,
    gate: Named,
    setup: Named,
    plan: Named,
    rejection: Named,
    score: Named,
    theta: Named,
    counterfactual: Named,
    actions: [Py<PyAny>; 2],
    entry_types: [Py<PyAny>; 2],
    phases: Vec<Py<PyAny>>,
    templates: [Py<PyAny>; 4],
    lenses: Vec<Option<Lens>>,
    gate_names: Vec<Py<PyAny>>,
    layers: Vec<Py<PyAny>>,
    reasons: Vec<Py<PyAny>>,
    refusals: [Py<PyAny>; 2],
    no_setup: Py<PyAny>,
    all_passed: Py<PyAny>,
    missing: Py<PyAny>,
    comparisons: [Py<PyAny>; 4],
    kinds: [Py<PyAny>; 5],
    key_of: Py<PyAny>,
    new: Py<PyAny>,
    quarantined: Py<PyAny>,
    keys: Vec<Option<Py<PyAny>>>,
    last_theta: Option<(Theta, Py<PyAny>)>,
    last_tier: Option<(Py<PyAny>, [bool; 4], Py<PyAny>)>,
}

type Told<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>);
type Decided<'py> = (Bound<'py, PyTuple>, Bound<'py, PyAny>);

impl Records {
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
            record: named("record")?,
            candidate: named("candidate")?,
            gate: named("gate")?,
            setup: named("setup")?,
            plan: named("plan")?,
            rejection: named("rejection")?,
            score: named("score")?,
            theta: named("theta")?,
            counterfactual: named("counterfactual")?,
            actions: parts.getattr("actions")?.extract()?,
            entry_types: parts.getattr("entry_types")?.extract()?,
            phases: many(parts, "phases", PHASES)?,
            templates: parts.getattr("templates")?.extract()?,
            lenses,
            gate_names: many(parts, "gate_names", GLOBAL + OWN)?,
            layers: many(parts, "layers", OWN)?,
            reasons: many(parts, "reasons", OWN)?,
            refusals: parts.getattr("refusals")?.extract()?,
            no_setup: parts.getattr("no_setup")?.unbind(),
            all_passed: parts.getattr("all_passed")?.unbind(),
            missing: parts.getattr("missing")?.unbind(),
            comparisons: parts.getattr("comparisons")?.extract()?,
            kinds: parts.getattr("kinds")?.extract()?,
            key_of: parts.getattr("key_of")?.unbind(),
            new: parts.getattr("new")?.unbind(),
            quarantined: parts.getattr("quarantined")?.unbind(),
            keys: (0..LENSES / 2 * REGIMES * PHASES).map(|_| None).collect(),
            last_theta: None,
            last_tier: None,
        })
    }

    /// The templates that a tier allows; None while it is unknown.
    pub(crate) fn allowed(&mut self, tier: &Bound<'_, PyAny>) -> PyResult<Option<[bool; 4]>> {
        if tier.is_none() {
            return Ok(None);
        }
        self.meet(tier)?;
        Ok(self.last_tier.as_ref().map(|(_, allowed, _)| *allowed))
    }

    fn meet(&mut self, tier: &Bound<'_, PyAny>) -> PyResult<()> {
        if self.last_tier.as_ref().is_some_and(|(known, ..)| known.is(tier)) {
            return Ok(());
        }
        let templates = tier.getattr("templates")?;
        let mut allowed = [false; 4];
        for (place, name) in allowed.iter_mut().zip(&self.templates) {
            *place = templates.contains(name)?;
        }
        self.last_tier = Some((tier.clone().unbind(), allowed, tier.getattr("name")?.unbind()));
        Ok(())
    }

    /// What learning says of a setup in this market and phase.
    pub(crate) fn standing(
        &mut self,
        standing_of: &Bound<'_, PyAny>,
        setup: Setup,
        market: &Market,
        hour: &Hour,
    ) -> PyResult<Standing> {
        let py = standing_of.py();
        let (template, regime, phase) =
            (setup.template.index(), usize::from(market.regime), hour.calendar.phase);
        let place = (template * REGIMES + regime) * PHASES + phase;
        let Some(known) = self.keys.get_mut(place) else {
            return Err(PyValueError::new_err("an unknown regime"));
        };
        let key = match known {
            Some(key) => key,
            None => known.insert(
                self.key_of.bind(py).call1((&self.templates[template], regime, phase))?.unbind(),
            ),
        };
        let standing = standing_of.call1((&*key,))?;
        if standing.is(&self.new) {
            let (multiplier, successes, failures) = (1.0, 0.0, 0.0);
            return Ok(Standing { quarantined: false, multiplier, successes, failures });
        }
        let number = |name: &str| standing.getattr(name)?.extract::<f64>();
        Ok(Standing {
            quarantined: standing.getattr("status")?.is(&self.quarantined),
            multiplier: number("multiplier")?,
            successes: number("successes")?,
            failures: number("failures")?,
        })
    }

    /// The record of a bar and the chosen candidate. `told` are decision id, decision time, tier
    /// and frame.
    #[expect(clippy::too_many_arguments)] // the stages of one decision, each by its own name
    pub(crate) fn record<'py>(
        &mut self,
        py: Python<'py>,
        told: Told<'py>,
        quality: (i64, i64),
        theta: Theta,
        market: &Market,
        hour: &Hour,
        judged: &[Judged],
        view: &View,
        row: &Row,
    ) -> PyResult<Decided<'py>> {
        let (decision_id, t_d, tier, frame) = told;
        let none = || py.None().into_bound(py);
        let mut candidates = Vec::with_capacity(judged.len());
        for c in judged {
            candidates.push(self.candidate(py, c, tier.is_none())?);
        }
        let at =
            |place: Option<usize>| place.map_or_else(none, |n| candidates[n].clone().into_any());
        let primary = if view.side == 0 { None } else { view.likeliest };
        let tier_name = if tier.is_none() {
            none()
        } else {
            self.meet(&tier)?;
            self.last_tier.as_ref().map_or_else(none, |(.., name)| name.bind(py).clone())
        };
        let template = view.likeliest.map(|n| judged[n].setup.template.index());
        let reason = match &row.blocked {
            Some(gate) => gate.bind(py).cast::<PyTuple>()?.get_item(8)?,
            None => self.reason(view.reason).bind(py).clone(),
        };
        let gates = if candidates.is_empty() {
            row.gates.bind(py).clone()
        } else {
            all_gates(row.gates.bind(py), &candidates)?
        };
        let counterfactual = match &view.counterfactual {
            Some(found) => self.counterfactual(py, found)?,
            None => none(),
        };
        let chosen = at(view.chosen);
        let regime = frame.cast::<PyTuple>()?.get_item(3)?;
        let fields = [
            decision_id,
            t_d,
            self.actions[usize::from(view.chosen.is_none())].bind(py).clone(),
            reason,
            view.side.into_pyobject(py)?.into_any(),
            template.map_or_else(none, |n| self.templates[n].bind(py).clone()),
            tier_name,
            regime,
            self.phases[hour.calendar.phase].bind(py).clone(),
            quality.0.into_pyobject(py)?.into_any(),
            quality.1.into_pyobject(py)?.into_any(),
            number(py, market.tradeability()),
            self.theta(py, primary.map_or(theta, |n| judged[n].theta))?,
            PyTuple::new(py, &candidates)?.into_any(),
            at(primary),
            gates.into_any(),
            counterfactual,
            frame,
        ];
        Ok((self.record.make(py, fields)?, chosen))
    }

    fn candidate<'py>(
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

    /// Most bars have the theta of the bar before them.
    fn theta<'py>(&mut self, py: Python<'py>, theta: Theta) -> PyResult<Bound<'py, PyAny>> {
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

    fn counterfactual<'py>(
        &self,
        py: Python<'py>,
        c: &Counterfactual,
    ) -> PyResult<Bound<'py, PyAny>> {
        let fields = [
            self.gate_names[usize::from(c.gate)].bind(py).clone(),
            number(py, c.value),
            number(py, c.threshold),
            number(py, c.delta),
            PyBool::new(py, c.flips).to_owned().into_any(),
            c.others.into_pyobject(py)?.into_any(),
        ];
        Ok(self.counterfactual.make(py, fields)?.into_any())
    }

    fn reason(&self, reason: Reason) -> &Py<PyAny> {
        match reason {
            Reason::NoSetup => &self.no_setup,
            Reason::AllPassed => &self.all_passed,
            Reason::Missing => &self.missing,
            Reason::TooWide => &self.refusals[0],
            Reason::TargetTooClose => &self.refusals[1],
            Reason::Gate(id) => &self.reasons[usize::from(id) - GLOBAL],
        }
    }
}

fn all_gates<'py>(
    market: &Bound<'py, PyTuple>,
    candidates: &[Bound<'py, PyTuple>],
) -> PyResult<Bound<'py, PyTuple>> {
    let mut gates: Vec<Bound<'py, PyAny>> = market.iter().collect();
    for candidate in candidates {
        gates.extend(candidate.get_item(11)?.cast::<PyTuple>()?.iter());
    }
    PyTuple::new(market.py(), gates)
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

fn many(parts: &Bound<'_, PyAny>, name: &str, count: usize) -> PyResult<Vec<Py<PyAny>>> {
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

fn number(py: Python<'_>, x: Option<f64>) -> Bound<'_, PyAny> {
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

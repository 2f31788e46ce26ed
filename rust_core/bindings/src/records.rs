//! Decision records, as the named tuples of the domain.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyTuple};
use tradebot_decision::score::Theta;
use tradebot_decision::templates::Setup;
use tradebot_decision::weigh::{Reason, View};
use tradebot_decision::{Counterfactual, Judged, Market, Standing};

use crate::candidates::{Candidates, LENSES, many, number};
use crate::decider::Hour;
use crate::gate_rows::Row;
use crate::named::Named;

const REGIMES: usize = 5;
const PHASES: usize = 8;

/// Classes, shared values, and what is remembered from bar to bar.
pub(crate) struct Records {
    record: Named,
    counterfactual: Named,
    made: Candidates,
    actions: [Py<PyAny>; 2],
    phases: Vec<Py<PyAny>>,
    no_setup: Py<PyAny>,
    all_passed: Py<PyAny>,
    key_of: Py<PyAny>,
    new: Py<PyAny>,
    quarantined: Py<PyAny>,
    keys: Vec<Option<Py<PyAny>>>,
    last_tier: Option<(Py<PyAny>, [bool; 4], Py<PyAny>)>,
}

type Told<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>);
type Decided<'py> = (Bound<'py, PyTuple>, Bound<'py, PyAny>);

impl Records {
    /// From `adapters.engine.decider.Parts`.
    pub(crate) fn of(parts: &Bound<'_, PyAny>) -> PyResult<Self> {
        let named = |name: &str| Named::of(&parts.getattr(name)?);
        Ok(Self {
            record: named("record")?,
            counterfactual: named("counterfactual")?,
            made: Candidates::of(parts)?,
            actions: parts.getattr("actions")?.extract()?,
            phases: many(parts, "phases", PHASES)?,
            no_setup: parts.getattr("no_setup")?.unbind(),
            all_passed: parts.getattr("all_passed")?.unbind(),
            key_of: parts.getattr("key_of")?.unbind(),
            new: parts.getattr("new")?.unbind(),
            quarantined: parts.getattr("quarantined")?.unbind(),
            keys: (0..LENSES / 2 * REGIMES * PHASES).map(|_| None).collect(),
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
        for (place, name) in allowed.iter_mut().zip(self.made.templates()) {
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
                self.key_of
                    .bind(py)
                    .call1((&self.made.templates()[template], regime, phase))?
                    .unbind(),
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
            candidates.push(self.made.candidate(py, c, tier.is_none())?);
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
            template.map_or_else(none, |n| self.made.templates()[n].bind(py).clone()),
            tier_name,
            regime,
            self.phases[hour.calendar.phase].bind(py).clone(),
            quality.0.into_pyobject(py)?.into_any(),
            quality.1.into_pyobject(py)?.into_any(),
            number(py, market.tradeability()),
            self.made.theta(py, primary.map_or(theta, |n| judged[n].theta))?,
            PyTuple::new(py, &candidates)?.into_any(),
            at(primary),
            gates.into_any(),
            counterfactual,
            frame,
        ];
        Ok((self.record.make(py, fields)?, chosen))
    }

    fn counterfactual<'py>(
        &self,
        py: Python<'py>,
        c: &Counterfactual,
    ) -> PyResult<Bound<'py, PyAny>> {
        let fields = [
            self.made.gate_name(c.gate).bind(py).clone(),
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
            Reason::Missing => self.made.missing(),
            Reason::TooWide => &self.made.refusals()[0],
            Reason::TargetTooClose => &self.made.refusals()[1],
            Reason::Gate(id) => self.made.own_reason(id),
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

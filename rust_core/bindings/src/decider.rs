//! `Decider`: one snapshot in, the decision record of `domain.decision` out.
//!
//! What is decided stands in the crate `tradebot-decision`; here snapshots are read and records made.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use tradebot_decision::judge::judge;
use tradebot_decision::score::{Calendar, Theta};
use tradebot_decision::templates::{Setup, detect_all};
use tradebot_decision::weigh::{Reason, View, weigh};
use tradebot_decision::{Judged, Market, Moment, Quantiles, Rules, Standing};

use crate::gate_rows::GateRows;
use crate::market::market_of;
use crate::maths::quantile_functions;
use crate::records::Records;
use crate::timetable::Hours;

/// Fields of `domain.candidate.Snapshot`.
const FIELDS: usize = 12;

/// Decides as `domain.decision.decide` does under the same rules, to the last bit.
#[pyclass(name = "Decider", module = "rust_core._native")]
pub(crate) struct PyDecider {
    rules: Rules,
    quantiles: Quantiles,
    records: Records,
    rows: GateRows,
    hours: Hours,
}

#[pymethods]
impl PyDecider {
    /// `parts` are the classes and shared answers that records are made of.
    #[new]
    #[pyo3(signature = (rules_json, parts, /))]
    fn py_new(rules_json: &str, parts: &Bound<'_, PyAny>) -> PyResult<Self> {
        let rules = Rules::from_json(rules_json).map_err(PyValueError::new_err)?;
        let (q, normal) = (rules.score.quantile, rules.normal_quantile);
        Ok(Self {
            quantiles: Quantiles::new(quantile_functions()?, q, normal),
            records: Records::of(parts)?,
            rows: GateRows::of(parts)?,
            hours: Hours::of(parts)?,
            rules,
        })
    }

    /// The bar's record, and the candidate that passed everything (None if none did).
    #[pyo3(name = "decide", signature = (snap, /))]
    fn py_decide<'py>(
        &mut self,
        py: Python<'py>,
        snap: &Bound<'py, PyTuple>,
    ) -> PyResult<(Bound<'py, PyTuple>, Bound<'py, PyAny>)> {
        if snap.len() != FIELDS {
            return Err(PyValueError::new_err("a snapshot has other fields"));
        }
        let at = |place: usize| snap.get_item(place);
        let (decision_id, t_d, ctx, tier) = (at(0)?, at(1)?, at(2)?, at(6)?);
        let when: i64 = t_d.extract()?;
        let quality = (at(4)?.extract()?, at(5)?.extract()?);
        let hour = self.hours.at(&at(3)?, when)?;
        let ctx = ctx.cast::<PyTuple>()?;
        let frame = ctx.get_item(1)?;
        let market = market_of(ctx)?;
        let theta = Theta::of(&self.rules.theta, &market, hour.calendar);
        let row = self.rows.row(&at(7)?, &at(10)?, at(8)?.is_truthy()?, quality, when, &hour)?;

        let mut setups: Vec<Setup> = Vec::new();
        detect_all(&market, &self.rules, |setup| setups.push(setup));
        let mut judged = Vec::with_capacity(setups.len());
        if !setups.is_empty() {
            let moment = Moment {
                quality,
                allowed: self.records.allowed(&tier)?,
                budget: self.rows.budget(&at(9)?)?,
                fee: self.rows.fee(),
                theta,
            };
            let standing_of = at(11)?;
            for setup in setups {
                let standing = self.records.standing(&standing_of, setup, &market, &hour)?;
                judged.push(self.judge(&market, &moment, setup, &standing)?);
            }
        }
        let view = if judged.is_empty() {
            EMPTY
        } else {
            weigh(&mut judged, self.rows.parsed(py)?, row.blocked.is_some(), &self.rules)
        };
        let told = (decision_id, t_d, tier, frame);
        self.records.record(py, told, quality, theta, &market, &hour, &judged, &view, &row)
    }
}

const EMPTY: View =
    View { chosen: None, likeliest: None, side: 0, reason: Reason::NoSetup, counterfactual: None };

impl PyDecider {
    fn judge(
        &mut self,
        market: &Market,
        moment: &Moment,
        setup: Setup,
        standing: &Standing,
    ) -> PyResult<Judged> {
        judge(market, &self.rules, moment, setup, standing, &mut self.quantiles)
            .map_err(PyValueError::new_err)
    }
}

/// A bar's place in the day: what the timetable says, and the phase.
pub(crate) struct Hour {
    pub(crate) calendar: Calendar,
    pub(crate) tradable: bool,
    pub(crate) window: bool,
}

//! The contracts that a decision is made under, as numbers; `domain.decision_parameters` names them.

use serde::Deserialize;

/// One of the four templates of the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Template {
    /// VWAP mean reversion.
    K1,
    /// Failed break fade.
    K2,
    /// Sweep reversal.
    K3,
    /// Momentum continuation.
    K4,
}

impl Template {
    /// 0 to 3.
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }

    /// Where its own belief of a side stands in the eleven values.
    #[must_use]
    pub fn belief(self, long: bool) -> usize {
        2 * self.index() + usize::from(!long)
    }
}

/// What K1 to K4 share; the thresholds are on the 1e-9 grid.
#[derive(Debug, Clone, Deserialize)]
pub struct Plan {
    /// Least effective belief.
    pub least_belief: f64,
    /// Most stability.
    pub most_stability: f64,
    /// Least thesis.
    pub least_thesis: f64,
    /// Its own stop cap in ticks.
    pub stop_cap_ticks: i64,
    /// Bars whose extreme is the structure.
    pub stop_lookback: usize,
    /// Ticks beyond the structure.
    pub stop_buffer: i64,
    /// The target in stops, a fraction.
    pub target_num: i64,
    /// Its denominator.
    pub target_den: i64,
    /// Ticks between trigger and limit.
    pub stop_limit_offset: i64,
}

/// Initial stops of all templates.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)] // named as in the contract
pub struct StopRule {
    pub min_ticks: i64,
    pub need_multiple_num: i64,
    pub need_multiple_den: i64,
    pub atr_multiple: f64,
}

/// K1's own.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct VwapReversion {
    pub stretch: f64,
    pub against_trend: f64,
    pub target_max_stops: i64,
}

/// K2's own.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct FailedBreak {
    pub break_closes: usize,
    pub extent_ticks: i64,
    pub extent_atr: f64,
    pub extent_bars: usize,
    pub against_trend: f64,
}

/// K3's own.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct SweepReversal {
    pub sweep_score: f64,
    pub sweep_bars: usize,
    pub inside_closes: usize,
}

/// K4's own.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct Momentum {
    pub structure: f64,
    pub body: f64,
    pub lateness: f64,
}

/// The score in R.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct Scoring {
    pub likelihood_min: f64,
    pub likelihood_max: f64,
    pub p0_min: f64,
    pub p0_max: f64,
    pub pseudo_trades: f64,
    pub quantile: f64,
    pub uncertainty_scale: f64,
    pub uncertainty_dvs: f64,
    pub uncertainty_eqs: f64,
    pub uncertainty_stability: f64,
    pub uncertainty_belief: f64,
    pub stability_scale: f64,
}

/// The threshold theta; `by_phase` is the modifier of each phase, `volatility_low` on the grid.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct Threshold {
    pub base: f64,
    pub floor: f64,
    pub ceiling: f64,
    pub by_phase: [f64; 8],
    pub monday: f64,
    pub friday: f64,
    pub friday_late: f64,
    pub volatility_high: f64,
    pub volatility_high_add: f64,
    pub volatility_low: f64,
    pub volatility_low_add: f64,
    pub range_high: f64,
    pub range_high_add: f64,
    pub range_low: f64,
    pub range_low_add: f64,
    pub conflict_add: f64,
    pub conflict_likelihood: f64,
    pub conflict_crowd: f64,
    pub crowd_slope: f64,
    pub crowd_from: f64,
}

/// Costs of a round trip; money in USD.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct Friction {
    pub pessimism: f64,
    pub limit_crossings: i32,
    pub stop_limit_crossings: i32,
    pub alarm_usd: f64,
    pub tick_usd: f64,
    pub fee_usd: f64,
    pub most_share: f64,
}

/// What one unit of shortfall is worth, by the gate's kind.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct Scales {
    pub fraction: f64,
    pub minutes: f64,
    pub usd: f64,
    pub count: f64,
}

/// Everything that does not change while a run lasts.
#[derive(Debug, Clone, Deserialize)]
pub struct Rules {
    /// The enabled templates, in their order.
    pub templates: Vec<Template>,
    /// Bars of the session before any setup is looked for.
    pub min_bars: i64,
    /// By template.
    pub plans: [Plan; 4],
    /// See there.
    pub stop: StopRule,
    /// See there.
    pub k1: VwapReversion,
    /// See there.
    pub k2: FailedBreak,
    /// See there.
    pub k3: SweepReversal,
    /// See there.
    pub k4: Momentum,
    /// Least tradeability, on the grid.
    pub least_noise: f64,
    /// See there.
    pub score: Scoring,
    /// The standard normal quantile at `score.quantile`, as Python has it.
    pub normal_quantile: f64,
    /// See there.
    pub theta: Threshold,
    /// See there.
    pub friction: Friction,
    /// A tick in units of 0.0001 USD.
    pub tick_units: i64,
    /// See there.
    pub scales: Scales,
}

impl Rules {
    /// Read rules; floats keep their bits.
    ///
    /// # Errors
    /// What is wrong with the text, in words.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let rules: Self = serde_json::from_str(text).map_err(|why| why.to_string())?;
        let looks_back = rules.plans.iter().map(|p| p.stop_lookback);
        let fits = |bars: usize| (1..=crate::market::KEEP).contains(&bars);
        if !looks_back.chain([rules.k2.extent_bars, rules.k3.sweep_bars]).all(fits)
            || !fits(rules.k2.break_closes + 2)
            || !fits(rules.k3.inside_closes)
            || rules.plans.iter().any(|p| p.target_den < 1)
        {
            return Err("a template looks further back than bars are remembered".to_owned());
        }
        Ok(rules)
    }
}

//! Every number of the contracts that the engine needs, read from JSON and checked once.
//!
//! Names and meaning are those of `domain.signals.parameters` and `domain.belief_parameters`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::EngineError;

/// The largest window or count.
pub const MAX_WINDOW: usize = 512;
/// Signal numbers whose value is negated when prices are mirrored; all others are EVEN.
pub const ODD: [u8; 15] = [1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 22, 29, 31, 33, 35];
/// Signal numbers that are codes, never weighed.
pub const CATEGORICAL: [u8; 1] = [21];

/// The signals contract.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignalParameters {
    // Shared quantities (signals.md 2)
    pub(crate) atr_short: usize,
    pub(crate) atr_mid: usize,
    pub(crate) atr_long: usize,
    pub(crate) atr_cap_multiple: f64,
    pub(crate) atr_floor_ticks: f64,
    pub(crate) volume_window: usize,
    pub(crate) volume_sd_share: f64,
    pub(crate) volume_sd_floor: f64,
    pub(crate) volume_z_clip: f64,
    pub(crate) vwap_z_clip: f64,
    pub(crate) efficiency_window: usize,
    pub(crate) efficiency_min: usize,
    pub(crate) opening_minutes: usize,
    pub(crate) opening_min_bars: usize,
    pub(crate) prior_min_bars: usize,
    pub(crate) level_lookback: usize,
    pub(crate) level_test_bars: usize,
    pub(crate) level_extreme_weight: f64,
    pub(crate) level_extreme_min_bars: usize,
    pub(crate) level_opening_weight: f64,
    pub(crate) level_opening_min_bars: usize,
    pub(crate) level_prior_weight: f64,
    // S1 to S12
    pub(crate) vwap_z_min_bars: usize,
    pub(crate) vwap_slope_window: usize,
    pub(crate) vwap_slope_min: usize,
    pub(crate) seasonal_slot_minutes: usize,
    pub(crate) seasonal_sessions: usize,
    pub(crate) seasonal_min_sessions: usize,
    pub(crate) seasonal_fallback_span: usize,
    pub(crate) fallback_reliability: f64,
    pub(crate) ratio_clip: f64,
    pub(crate) compression_offset: f64,
    pub(crate) structure_window: usize,
    pub(crate) structure_min_count: usize,
    pub(crate) structure_min_bars: usize,
    pub(crate) breakout_window: usize,
    pub(crate) breakout_min_bars: usize,
    pub(crate) breakout_clip: f64,
    pub(crate) micro_trend_bars: usize,
    pub(crate) body_clip: f64,
    // S13 to S20
    pub(crate) volume_slope_window: usize,
    pub(crate) volume_slope_gain: f64,
    pub(crate) effort_window: usize,
    pub(crate) effort_min: usize,
    pub(crate) effort_body_offset: f64,
    pub(crate) effort_volume_offset: f64,
    pub(crate) expansion_clip: f64,
    pub(crate) climax_range: f64,
    pub(crate) climax_z: f64,
    pub(crate) quiet_range: f64,
    pub(crate) quiet_z: f64,
    pub(crate) high_volume_z: f64,
    pub(crate) high_volume_run: usize,
    pub(crate) participation_effort_weight: f64,
    // S21 to S24
    pub(crate) opening_break_clip: f64,
    pub(crate) lunch_void_atr: f64,
    // S25 to S28
    pub(crate) roll_window: usize,
    pub(crate) roll_min: usize,
    pub(crate) spread_scale: f64,
    pub(crate) slip_base: f64,
    pub(crate) slip_atr_1: f64,
    pub(crate) slip_atr_1_step: f64,
    pub(crate) slip_atr_2: f64,
    pub(crate) slip_atr_2_step: f64,
    pub(crate) slip_spread_1: f64,
    pub(crate) slip_spread_1_step: f64,
    pub(crate) slip_spread_2: f64,
    pub(crate) slip_spread_2_step: f64,
    pub(crate) slip_opening_factor: f64,
    pub(crate) slip_close_factor: f64,
    pub(crate) slip_max: f64,
    pub(crate) slip_realised_alpha: f64,
    pub(crate) friction_share: f64,
    // S29 to S35
    pub(crate) fomo_vwap_gain: f64,
    pub(crate) panic_range_clip: f64,
    pub(crate) sweep_reclaim_share: f64,
    pub(crate) round_radius_min: f64,
    pub(crate) round_radius_share: f64,
    pub(crate) late_window: usize,
    pub(crate) late_offset: f64,
    pub(crate) late_span: f64,
    pub(crate) auction_vwap_scale: f64,
    pub(crate) auction_volume_scale: f64,
    pub(crate) herding_run: usize,
    pub(crate) herding_base: f64,
}

/// The shock signature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShockParameters {
    pub(crate) range_multiple: f64,
    pub(crate) volume_z: f64,
    pub(crate) body_multiple: f64,
    pub(crate) body_floor: f64,
    pub(crate) window: usize,
    pub(crate) min_changes: usize,
}

/// Regime classification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegimeParameters {
    pub(crate) volatile_ratio: f64,
    pub(crate) trending_efficiency: f64,
    pub(crate) trending_structure: f64,
    pub(crate) choppy_efficiency: f64,
    pub(crate) choppy_compression: f64,
    pub(crate) hold_bars: u32,
}

/// How an EVEN signal becomes signed evidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Centre {
    pub(crate) centre: f64,
    pub(crate) scale: f64,
}

/// Applicability of a belief by the phase of the bar's open; all other phases are 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhaseFactors {
    pub(crate) opening: f64,
    pub(crate) mid_morning: f64,
    pub(crate) lunch: f64,
    pub(crate) afternoon: f64,
    pub(crate) close: f64,
}

/// One belief.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BeliefParameters {
    pub(crate) a: f64,
    pub(crate) b: f64,
    pub(crate) decay: f64,
    pub(crate) phase: PhaseFactors,
    pub(crate) dvs_min: f64,
    pub(crate) eqs_min: f64,
    pub(crate) weights: BTreeMap<u8, f64>,
}

/// The beliefs contract.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BeliefTable {
    pub(crate) coverage_min: f64,
    pub(crate) coverage_tolerance: f64,
    pub(crate) reliability_floor: f64,
    pub(crate) stability_alpha: f64,
    pub(crate) f1: BeliefParameters,
    pub(crate) f2: BeliefParameters,
    pub(crate) f3: BeliefParameters,
    pub(crate) f4: BeliefParameters,
    pub(crate) f5: BeliefParameters,
    pub(crate) f6: BeliefParameters,
}

impl BeliefTable {
    /// F1 to F6 in order.
    #[must_use]
    pub fn all(&self) -> [&BeliefParameters; 6] {
        [&self.f1, &self.f2, &self.f3, &self.f4, &self.f5, &self.f6]
    }
}

/// Everything an engine is built from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    pub(crate) signals: SignalParameters,
    pub(crate) centres: BTreeMap<u8, Centre>,
    pub(crate) shock: ShockParameters,
    pub(crate) regime: RegimeParameters,
    pub(crate) beliefs: BeliefTable,
    pub(crate) round_grid_ticks: i64,
    pub(crate) typical_spread_ticks: i64,
    pub(crate) tick_value: f64,
    pub(crate) fee_per_side: f64,
    pub(crate) friction_pessimism: f64,
    pub(crate) max_risk_usd: f64,
}

impl Parameters {
    /// Read the JSON form of `domain.belief_parameters.EngineParameters`.
    ///
    /// # Errors
    /// `ParametersUnreadable` if a field is missing, unknown or of another type; `BadParameter`
    /// if a number is outside its range.
    pub fn from_json(text: &str) -> Result<Self, EngineError> {
        let read: Self = serde_json::from_str(text)
            .map_err(|e| EngineError::ParametersUnreadable(e.to_string()))?;
        read.check()?;
        Ok(read)
    }
}

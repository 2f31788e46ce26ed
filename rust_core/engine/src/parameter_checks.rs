//! Ranges of the parameters; the same demands as the Python dataclasses make.

use crate::error::EngineError;
use crate::frame::SIGNALS;
use crate::parameters::{
    CATEGORICAL, MAX_WINDOW, ODD, Parameters, RegimeParameters, ShockParameters, SignalParameters,
};

impl Parameters {
    pub(crate) fn check(&self) -> Result<(), EngineError> {
        self.signals.check()?;
        self.shock.check()?;
        self.regime.check()?;
        for centre in self.centres.values() {
            demand(centre.centre.is_finite(), "centre", "must be finite")?;
            positive("scale", centre.scale)?;
        }
        self.check_beliefs()?;
        demand(self.round_grid_ticks > 0, "round_grid_ticks", "must be positive")?;
        demand(self.typical_spread_ticks > 0, "typical_spread_ticks", "must be positive")?;
        for (name, value) in [
            ("tick_value", self.tick_value),
            ("friction_pessimism", self.friction_pessimism),
            ("max_risk_usd", self.max_risk_usd),
        ] {
            positive(name, value)?;
        }
        let fee = self.fee_per_side;
        demand(fee.is_finite() && fee >= 0.0, "fee_per_side", "must not be negative")
    }

    fn check_beliefs(&self) -> Result<(), EngineError> {
        let shared = &self.beliefs;
        let open = |x: f64| x > 0.0 && x < 1.0;
        let closed = |x: f64| (0.0..=1.0).contains(&x);
        demand(open(shared.coverage_min), "coverage_min", "must lie in (0, 1)")?;
        demand(closed(shared.coverage_tolerance), "coverage_tolerance", "must lie in 0..1")?;
        demand(closed(shared.reliability_floor), "reliability_floor", "must lie in 0..1")?;
        let alpha = shared.stability_alpha;
        demand(closed(alpha) && alpha > 0.0, "stability_alpha", "must lie in (0, 1]")?;
        for belief in shared.all() {
            positive("a", belief.a)?;
            demand(belief.b.is_finite(), "b", "must be finite")?;
            demand((0.0..1.0).contains(&belief.decay), "decay", "must lie in [0, 1)")?;
            let p = &belief.phase;
            for factor in [p.opening, p.mid_morning, p.lunch, p.afternoon, p.close] {
                demand(closed(factor), "phase", "factors must lie in 0..1")?;
            }
            positive("dvs_min", belief.dvs_min)?;
            positive("eqs_min", belief.eqs_min)?;
            demand(!belief.weights.is_empty(), "weights", "must name at least one signal")?;
            for (number, weight) in &belief.weights {
                let known = (1..=SIGNALS).contains(&usize::from(*number));
                let weighable = known && !CATEGORICAL.contains(number);
                demand(weighable, "weights", "name a signal that cannot be weighed")?;
                let sound = weight.is_finite() && *weight != 0.0 && weight.abs() <= 1.0;
                demand(sound, "weights", "must be non-zero and at most 1")?;
                let centred = ODD.contains(number) || self.centres.contains_key(number);
                demand(centred, "weights", "name an EVEN signal without a centre")?;
            }
        }
        let odd = shared.f5.weights.keys().any(|number| ODD.contains(number));
        demand(!odd, "f5", "has no side and may weigh EVEN signals only")
    }
}

impl SignalParameters {
    fn check_counts(&self) -> Result<(), EngineError> {
        for (name, value) in [
            ("atr_short", self.atr_short),
            ("atr_mid", self.atr_mid),
            ("atr_long", self.atr_long),
            ("volume_window", self.volume_window),
            ("efficiency_window", self.efficiency_window),
            ("efficiency_min", self.efficiency_min),
            ("opening_minutes", self.opening_minutes),
            ("opening_min_bars", self.opening_min_bars),
            ("prior_min_bars", self.prior_min_bars),
            ("level_lookback", self.level_lookback),
            ("level_test_bars", self.level_test_bars),
            ("level_extreme_min_bars", self.level_extreme_min_bars),
            ("level_opening_min_bars", self.level_opening_min_bars),
            ("vwap_z_min_bars", self.vwap_z_min_bars),
            ("vwap_slope_window", self.vwap_slope_window),
            ("vwap_slope_min", self.vwap_slope_min),
            ("seasonal_slot_minutes", self.seasonal_slot_minutes),
            ("seasonal_sessions", self.seasonal_sessions),
            ("seasonal_min_sessions", self.seasonal_min_sessions),
            ("seasonal_fallback_span", self.seasonal_fallback_span),
            ("structure_window", self.structure_window),
            ("structure_min_count", self.structure_min_count),
            ("structure_min_bars", self.structure_min_bars),
            ("breakout_window", self.breakout_window),
            ("breakout_min_bars", self.breakout_min_bars),
            ("micro_trend_bars", self.micro_trend_bars),
            ("volume_slope_window", self.volume_slope_window),
            ("effort_window", self.effort_window),
            ("effort_min", self.effort_min),
            ("high_volume_run", self.high_volume_run),
            ("roll_window", self.roll_window),
            ("roll_min", self.roll_min),
            ("late_window", self.late_window),
            ("herding_run", self.herding_run),
        ] {
            demand((1..=MAX_WINDOW).contains(&value), name, "must lie in 1..512")?;
        }
        Ok(())
    }

    fn check_numbers(&self) -> Result<(), EngineError> {
        for (name, value) in [
            ("atr_cap_multiple", self.atr_cap_multiple),
            ("atr_floor_ticks", self.atr_floor_ticks),
            ("volume_sd_share", self.volume_sd_share),
            ("volume_sd_floor", self.volume_sd_floor),
            ("volume_z_clip", self.volume_z_clip),
            ("vwap_z_clip", self.vwap_z_clip),
            ("level_extreme_weight", self.level_extreme_weight),
            ("level_opening_weight", self.level_opening_weight),
            ("level_prior_weight", self.level_prior_weight),
            ("fallback_reliability", self.fallback_reliability),
            ("ratio_clip", self.ratio_clip),
            ("compression_offset", self.compression_offset),
            ("breakout_clip", self.breakout_clip),
            ("body_clip", self.body_clip),
            ("volume_slope_gain", self.volume_slope_gain),
            ("effort_body_offset", self.effort_body_offset),
            ("effort_volume_offset", self.effort_volume_offset),
            ("expansion_clip", self.expansion_clip),
            ("climax_range", self.climax_range),
            ("climax_z", self.climax_z),
            ("quiet_range", self.quiet_range),
            ("high_volume_z", self.high_volume_z),
            ("participation_effort_weight", self.participation_effort_weight),
            ("opening_break_clip", self.opening_break_clip),
            ("lunch_void_atr", self.lunch_void_atr),
            ("spread_scale", self.spread_scale),
            ("slip_base", self.slip_base),
            ("slip_atr_1", self.slip_atr_1),
            ("slip_atr_1_step", self.slip_atr_1_step),
            ("slip_atr_2", self.slip_atr_2),
            ("slip_atr_2_step", self.slip_atr_2_step),
            ("slip_spread_1", self.slip_spread_1),
            ("slip_spread_1_step", self.slip_spread_1_step),
            ("slip_spread_2", self.slip_spread_2),
            ("slip_spread_2_step", self.slip_spread_2_step),
            ("slip_opening_factor", self.slip_opening_factor),
            ("slip_close_factor", self.slip_close_factor),
            ("slip_max", self.slip_max),
            ("slip_realised_alpha", self.slip_realised_alpha),
            ("friction_share", self.friction_share),
            ("fomo_vwap_gain", self.fomo_vwap_gain),
            ("panic_range_clip", self.panic_range_clip),
            ("sweep_reclaim_share", self.sweep_reclaim_share),
            ("round_radius_min", self.round_radius_min),
            ("round_radius_share", self.round_radius_share),
            ("late_offset", self.late_offset),
            ("late_span", self.late_span),
            ("auction_vwap_scale", self.auction_vwap_scale),
            ("auction_volume_scale", self.auction_volume_scale),
            ("herding_base", self.herding_base),
        ] {
            positive(name, value)?;
        }
        demand(self.quiet_z.is_finite(), "quiet_z", "must be finite")
    }

    fn check(&self) -> Result<(), EngineError> {
        self.check_counts()?;
        self.check_numbers()?;
        let ordered = self.efficiency_min <= self.efficiency_window;
        demand(ordered, "efficiency_min", "must be at most efficiency_window")?;
        demand(
            self.effort_min <= self.effort_window,
            "effort_min",
            "must be at most effort_window",
        )?;
        demand(self.roll_min <= self.roll_window, "roll_min", "must be at most roll_window")?;
        demand(self.roll_min >= 2, "roll_min", "must be at least 2")?;
        let ordered = 2 <= self.vwap_slope_min && self.vwap_slope_min <= self.vwap_slope_window;
        demand(ordered, "vwap_slope_min", "must lie in 2..vwap_slope_window")?;
        demand(self.volume_slope_window >= 2, "volume_slope_window", "must be at least 2")
    }
}

impl ShockParameters {
    fn check(&self) -> Result<(), EngineError> {
        let ordered =
            2 <= self.min_changes && self.min_changes <= self.window && self.window <= MAX_WINDOW;
        demand(ordered, "shock.window", "2 <= min_changes <= window <= 512 is required")?;
        positive("shock.range_multiple", self.range_multiple)?;
        positive("shock.volume_z", self.volume_z)?;
        positive("shock.body_multiple", self.body_multiple)?;
        positive("shock.body_floor", self.body_floor)
    }
}

impl RegimeParameters {
    fn check(&self) -> Result<(), EngineError> {
        positive("volatile_ratio", self.volatile_ratio)?;
        positive("trending_structure", self.trending_structure)?;
        positive("choppy_compression", self.choppy_compression)?;
        demand(self.hold_bars >= 1, "hold_bars", "must be at least 1")?;
        let ordered = 0.0 < self.choppy_efficiency
            && self.choppy_efficiency <= self.trending_efficiency
            && self.trending_efficiency < 1.0;
        demand(ordered, "choppy_efficiency", "0 < choppy <= trending < 1 is required")
    }
}

fn demand(holds: bool, name: &'static str, reason: &'static str) -> Result<(), EngineError> {
    if holds { Ok(()) } else { Err(EngineError::BadParameter { name, reason }) }
}

fn positive(name: &'static str, value: f64) -> Result<(), EngineError> {
    demand(value.is_finite() && value > 0.0, name, "must be finite and positive")
}

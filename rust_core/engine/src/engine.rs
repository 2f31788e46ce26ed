//! One accepted bar in, one frame out; state changes only when a bar is taken.

use serde::{Deserialize, Serialize};

use crate::arithmetic::{Maths, clamp, float, larger, q9, smaller};
use crate::bar::{Bar, BarInput, Prices};
use crate::beliefs::{Asked, Beliefs, Carried};
use crate::constants::Constants;
use crate::contributions::{Board, Contributions};
use crate::error::EngineError;
use crate::frame::{Frame, LANES, Values};
use crate::now::Now;
use crate::parameters::Parameters;
use crate::regime::{self, Evidence, Held};
use crate::shared::{Closes, Prior, Session, Volumes, Vwap, Wilder};
use crate::signals::seasonal::Ratio;
use crate::signals::structure::Structure;
use crate::signals::{cost, crowd::Crowd, participation::Participation, session_context};

/// Everything a stream leaves behind; what a snapshot holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    atr_short: Wilder,
    atr_mid: Wilder,
    atr_long: Wilder,
    volumes: Volumes,
    closes: Closes,
    session: Session,
    vwap: Vwap,
    prior: Option<Prior>,
    own: Own,
    pub(crate) beliefs: Carried,
}

/// What the signals and the regime remember beside what they share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Own {
    structure: Structure,
    participation: Participation,
    crowd: Crowd,
    held: Held,
}

/// What quality asks of a bar before it is consumed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Probe {
    /// True range in ticks.
    pub tr: i64,
    /// ATR30 before the bar, without the floor, on the 1e-9 grid when it leaves the engine.
    pub atr_long: Option<f64>,
    /// The shock signature.
    pub shock: bool,
}

/// Signals, beliefs and regime of one stream of bars.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(crate) parameters: Parameters,
    pub(crate) state: State,
    constants: Constants,
    pub(crate) beliefs: Beliefs,
    pub(crate) frame: Frame<LANES>,
}

impl Engine {
    /// An engine before its first bar.
    #[must_use]
    pub fn new(parameters: Parameters, maths: Maths) -> Self {
        let beliefs = Beliefs::of(&parameters, maths);
        let state = State::new(&parameters, &beliefs);
        let constants = Constants::of(&parameters.signals);
        Self { parameters, state, constants, beliefs, frame: Frame::default() }
    }

    /// The maths library this engine asks.
    #[must_use]
    pub fn maths(&self) -> Maths {
        *self.beliefs.maths()
    }

    /// Look at the next bar without consuming it.
    ///
    /// # Errors
    /// The bar is impossible.
    pub fn probe(&self, bar: &Prices, session_start: bool) -> Result<Probe, EngineError> {
        bar.check()?;
        let probe = self.state.probe(bar, session_start, &self.parameters);
        Ok(Probe { atr_long: probe.atr_long.map(q9), ..probe })
    }

    /// Consume one bar and return its frame, unrounded.
    ///
    /// # Errors
    /// The bar is impossible; the engine is as it was before.
    #[inline(always)]
    pub fn update(&mut self, input: &BarInput) -> Result<&Frame<LANES>, EngineError> {
        self.update_as::<false>(input)
    }

    /// [`Engine::update`] in the form for machines that multiply and add in one operation: some
    /// values are found by another way, no bit of any result differs. Slow where the machine
    /// does not, or the caller is not compiled for it.
    ///
    /// # Errors
    /// As [`Engine::update`].
    #[inline(always)]
    pub fn update_as<const FUSED: bool>(
        &mut self,
        input: &BarInput,
    ) -> Result<&Frame<LANES>, EngineError> {
        let bar = input.checked()?;
        let asked = self.find_signals::<true>(&bar);
        self.beliefs.update::<FUSED>(&mut self.state.beliefs, asked, &mut self.frame.beliefs);
        Ok(&self.frame)
    }

    /// Take a checked bar in, all but its beliefs; unless this `WEIGHS`, all but the contributions
    /// to them too.
    #[inline(always)]
    pub(crate) fn find_signals<const WEIGHS: bool>(&mut self, bar: &Bar) -> Asked {
        let fixed = (&self.parameters, &self.constants);
        self.state.update::<WEIGHS>(bar, fixed, &mut self.beliefs, &mut self.frame);
        let Values { ready, fallback, .. } = self.frame.signals;
        Asked { ready, fallback, key: (bar.phase, bar.dvs_bp, bar.eqs_bp) }
    }
}

impl State {
    pub(crate) fn new(p: &Parameters, beliefs: &Beliefs) -> Self {
        let s = &p.signals;
        Self {
            atr_short: Wilder::of(s.atr_short),
            atr_mid: Wilder::of(s.atr_mid),
            atr_long: Wilder::of(s.atr_long),
            volumes: Volumes::of(s),
            closes: Closes::of(s, &p.shock),
            session: Session::default(),
            vwap: Vwap::default(),
            prior: None,
            own: Own {
                structure: Structure::of(s),
                participation: Participation::of(s),
                crowd: Crowd::of(s),
                held: Held::default(),
            },
            beliefs: beliefs.opened(),
        }
    }

    /// True if every window of this state has the size that `fresh` has.
    pub(crate) fn fits(&self, fresh: &Self) -> bool {
        self.volumes.fits(&fresh.volumes)
            && self.closes.fits(&fresh.closes)
            && self.own.structure.fits(&fresh.own.structure)
            && self.own.participation.fits(&fresh.own.participation)
            && self.own.crowd.fits(&fresh.own.crowd)
    }

    #[inline(always)]
    pub(crate) fn opens(&self, session_start: bool) -> bool {
        session_start || self.session.bars == 0
    }

    #[inline(always)]
    fn true_range(&self, bar: &Prices, opens: bool) -> i64 {
        let range = bar.high - bar.low;
        if opens {
            return range;
        }
        let close = self.closes.back(0);
        range.max((bar.high - close).abs()).max((bar.low - close).abs())
    }

    #[inline(always)]
    fn probe(&self, bar: &Prices, session_start: bool, p: &Parameters) -> Probe {
        let opens = self.opens(session_start);
        let tr = self.true_range(bar, opens);
        let atr_long = self.atr_long.get();
        let shock = !opens && self.shock(bar, tr, p);
        Probe { tr, atr_long, shock }
    }

    #[inline(always)]
    fn shock(&self, bar: &Prices, tr: i64, p: &Parameters) -> bool {
        let Some(atr) = self.atr_long.get() else { return false };
        if float(tr) < p.shock.range_multiple * larger(atr, p.signals.atr_floor_ticks) {
            return false;
        }
        let z = self.volumes.z(bar.volume, &p.signals);
        let (Some(z), Some(sd)) = (z, self.closes.deviation(&p.shock)) else { return false };
        let body = float((bar.close - bar.open).abs());
        z > p.shock.volume_z && body >= p.shock.body_multiple * larger(sd, p.shock.body_floor)
    }

    fn close_session(&mut self, p: &Parameters, beliefs: &Beliefs) {
        let counts = self.session.bars >= p.signals.prior_min_bars;
        if counts {
            self.prior = Some(self.session.as_prior(self.closes.back(0), self.vwap.get()));
        }
        self.own.structure.close_session(counts);
        self.own.crowd.close_session();
        self.own.held = Held::default();
        self.session = Session::default();
        self.beliefs = beliefs.opened();
    }

    /// Take a checked bar in, all but its beliefs; cannot fail.
    #[inline(always)]
    fn update<const WEIGHS: bool>(
        &mut self,
        bar: &Bar,
        (p, constants): (&Parameters, &Constants),
        beliefs: &mut Beliefs,
        out: &mut Frame<LANES>,
    ) {
        let (s, prices) = (&p.signals, &bar.prices);
        let probe = self.probe(prices, bar.session_start, p);
        if self.opens(bar.session_start) {
            self.close_session(p, beliefs);
            self.closes.open(prices.close);
            self.vwap = Vwap::opened(prices);
        } else {
            self.closes.push(prices.close, s, &p.shock);
        }
        let floor = |atr: f64| larger(atr, s.atr_floor_ticks);
        let p14 = self.atr_mid.get().map(floor);
        let p30 = probe.atr_long.map(floor);
        let tr = float(probe.tr);
        let capped = p30.map_or(tr, |p30| smaller(tr, s.atr_cap_multiple * p30));
        self.atr_short.push(capped);
        self.atr_mid.push(capped);
        self.atr_long.push(capped);
        let z = self.volumes.z(prices.volume, s);
        self.volumes.push(prices.volume, s);
        self.vwap.push(prices);
        self.session.push(prices, bar.minute, s);
        let value = self.vwap.get();
        let dev = value.map(|value| value.deviation(prices.close));
        let atr_mid = self.atr_mid.get();
        let a14 = atr_mid.map(floor);
        let zv = match (value, dev, a14) {
            (Some(value), Some(dev), Some(a14)) => {
                Some(clamp(dev / larger(value.sdv, a14), -s.vwap_z_clip, s.vwap_z_clip))
            }
            _ => None,
        };
        let (maths, contributions) = beliefs.for_signals();
        let now = Now {
            p,
            constants,
            maths,
            bar,
            i: self.session.bars,
            tr,
            atr_short: self.atr_short.get(),
            atr_mid,
            a14,
            a30: self.atr_long.get().map(floor),
            p14,
            p30,
            z,
            value,
            dev,
            zv,
            er: self.closes.efficiency(s),
            opening: self.session.opening(s),
            settled: false,
            prior: self.prior.as_ref(),
            session: &self.session,
            closes: &self.closes,
            volumes: &self.volumes,
        };
        out.tr = probe.tr;
        out.shock = probe.shock;
        match now.settle() {
            Some(settled) => self.own.update::<WEIGHS>(&settled, contributions, out),
            None => self.own.update::<WEIGHS>(&now, contributions, out),
        }
    }
}

impl Own {
    #[inline(always)]
    fn update<const WEIGHS: bool>(
        &mut self,
        now: &Now<'_>,
        by: &mut Contributions,
        out: &mut Frame<LANES>,
    ) {
        let x = &mut by.board(&mut out.signals, WEIGHS);
        let ratio = self.structure.update(now, x);
        self.participation.update(now, x);
        session_context::update(now, x);
        let cost = cost::update(now, x);
        let (support, resistance) = self.crowd.update(now, x);
        out.regime_raw = regime::raw(regime_evidence(now, ratio, x), &now.p.regime);
        out.regime = self.held.update(out.regime_raw, &now.p.regime);
        describe(now, cost, out);
        let [a, b, c] = support;
        let [d, e, f] = resistance;
        out.levels = [a, b, c, d, e, f];
    }
}

#[inline(always)]
fn regime_evidence(now: &Now<'_>, ratio: Option<Ratio>, x: &Board<'_>) -> Option<Evidence> {
    Some(Evidence {
        ratio: ratio?.value,
        efficiency: now.er?,
        structure: x.get(5).unwrap_or(0.0),
        compression: x.get(4)?,
    })
}

#[inline(always)]
fn describe(now: &Now<'_>, cost: cost::Cost, out: &mut Frame<LANES>) {
    out.er20 = now.er.unwrap_or(f64::NAN);
    out.a14 = now.a14.unwrap_or(f64::NAN);
    out.p30 = now.p30.unwrap_or(f64::NAN);
    out.dev = now.dev.unwrap_or(f64::NAN);
    out.spread = cost.spread;
    (out.slip, out.slip_model) = cost.slip.unwrap_or((f64::NAN, f64::NAN));
    out.bars_in_session = now.i;
}

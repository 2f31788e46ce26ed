//! What each signal contributes to the evidence of the beliefs, before it is weighed.

use crate::arithmetic::clamp;
use crate::frame::{SIGNALS, Values};
use crate::parameters::{ODD, Parameters};

/// A contribution for each index that fits into a byte; those beyond the signals stay 0.
pub(crate) type Places = [f64; 256];

/// phi of every signal for the long side: that of an ODD signal is its value, that of an EVEN one
/// `clamp((x - centre) / scale, -1, 1)`.
#[derive(Debug, Clone)]
pub(crate) struct Contributions {
    scales: [Scale; SIGNALS],
    phi: Box<Places>,
}

/// [`ODD`] by index.
const IS_ODD: [bool; SIGNALS] = {
    let (mut is_odd, mut n) = ([false; SIGNALS], 0);
    while n < ODD.len() {
        is_odd[ODD[n] as usize - 1] = true;
        n += 1;
    }
    is_odd
};

/// How an EVEN signal becomes signed evidence.
#[derive(Debug, Clone, Copy)]
struct Scale {
    centre: f64,
    width: f64,
    /// 1 / width.
    inverse: f64,
    /// The inverse is exact, so that multiplying is dividing.
    exact: bool,
}

/// Where the signals of one bar are put down: value, readiness and contribution.
///
/// The contribution is written together with the value, number by number: read several at a time
/// right after they were written one by one, the values would have to wait for the memory.
#[derive(Debug)]
pub(crate) struct Board<'a> {
    pub(crate) values: &'a mut Values,
    scales: &'a [Scale; SIGNALS],
    /// None where the contributions are worked out later, by [`Contributions::hear`].
    phi: Option<&'a mut Places>,
}

impl Contributions {
    pub(crate) fn of(p: &Parameters) -> Self {
        let mut scales = [Scale { centre: 0.0, width: 1.0, inverse: 1.0, exact: true }; SIGNALS];
        for (k, into) in (1..).zip(&mut scales) {
            if let Some(by) = p.centres.get(&k) {
                let exact = is_power_of_two(by.scale);
                *into =
                    Scale { centre: by.centre, width: by.scale, inverse: 1.0 / by.scale, exact };
            }
        }
        Self { scales, phi: Box::new([0.0; 256]) }
    }

    /// An empty board for the next bar; one that does not weigh leaves the contributions alone.
    #[inline(always)]
    pub(crate) fn board<'a>(&'a mut self, values: &'a mut Values, weighs: bool) -> Board<'a> {
        *values = Values::default();
        if weighs {
            self.phi[..SIGNALS].fill(0.0);
        }
        Board { values, scales: &self.scales, phi: weighs.then_some(&mut self.phi) }
    }

    /// Work out the contributions of signals that were put down on a board that does not weigh.
    #[inline(always)]
    pub(crate) fn hear(&mut self, signals: &[f64; SIGNALS], ready: u64) {
        for (k, (&x, scale)) in signals.iter().zip(&self.scales).enumerate() {
            let phi = if IS_ODD[k] { x } else { scale.of(x) };
            self.phi[k] = if ready >> k & 1 == 1 { phi } else { 0.0 };
        }
    }

    /// The contributions of the bar whose board came last; 0 where the signal is not ready.
    #[inline(always)]
    pub(crate) fn phi(&self) -> &Places {
        &self.phi
    }
}

impl Board<'_> {
    /// Put down signal `number`, nothing where it is not ready.
    #[inline(always)]
    pub(crate) fn put(&mut self, number: u8, value: Option<f64>) {
        let Some(x) = value else { return };
        let k = usize::from(number) - 1;
        self.values.x[k] = x;
        self.values.ready |= 1 << k;
        if let Some(phi) = &mut self.phi {
            phi[k] = if IS_ODD[k] { x } else { self.scales[k].of(x) };
        }
    }

    /// Put down a ready signal that stands on a fallback.
    #[inline(always)]
    pub(crate) fn put_fallback(&mut self, number: u8, value: f64) {
        self.put(number, Some(value));
        self.values.fallback |= 1 << (number - 1);
    }

    /// Signal `number`, none where it is not ready.
    #[inline(always)]
    pub(crate) fn get(&self, number: u8) -> Option<f64> {
        self.values.get(usize::from(number))
    }
}

impl Scale {
    #[inline(always)]
    fn of(&self, x: f64) -> f64 {
        let off = x - self.centre;
        let scaled = if self.exact { off * self.inverse } else { off / self.width };
        clamp(scaled, -1.0, 1.0)
    }
}

/// True for a power of two whose inverse is one as well: dividing by it is multiplying by that.
fn is_power_of_two(x: f64) -> bool {
    const FRACTION: u64 = (1 << 52) - 1;
    x.is_normal() && x.recip().is_normal() && x.to_bits() & FRACTION == 0
}

#[cfg(test)]
mod tests {
    use super::is_power_of_two;

    #[test]
    fn only_powers_of_two_have_an_exact_inverse() {
        assert!([0.25, 0.5, 1.0, 4.0].into_iter().all(is_power_of_two));
        assert!(![0.4, 0.875, 3.0, 5e-324, f64::MAX].into_iter().any(is_power_of_two));
    }
}

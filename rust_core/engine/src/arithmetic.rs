//! The arithmetic both engines share: written order, no fused operations, one maths library.

use crate::exponential::Exponential;

const GRID: f64 = 1e9;
/// Adding and taking away 1.5 * 2^52 rounds half to even while the sum stays below 2^53.
const ROUNDER: f64 = 6_755_399_441_055_744.0;
const ROUNDER_LIMIT: f64 = 2_251_799_813_685_248.0;

/// One exact integer as the nearest float64.
#[inline(always)]
#[must_use]
#[allow(clippy::cast_precision_loss)] // round to nearest is the rule
pub fn float(n: i64) -> f64 {
    n as f64
}

/// One exact wide integer as the nearest float64; the narrow conversion is the fast one.
#[inline(always)]
#[must_use]
#[allow(clippy::cast_precision_loss)] // round to nearest is the rule
pub fn wide(n: i128) -> f64 {
    match i64::try_from(n) {
        Ok(small) => small as f64,
        Err(_) => far(n),
    }
}

#[cold]
#[inline(never)]
#[allow(clippy::cast_precision_loss)] // round to nearest is the rule
fn far(n: i128) -> f64 {
    n as f64
}

/// A count as float64; counts stay far below 2^53.
#[inline(always)]
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub fn count(n: usize) -> f64 {
    n as f64
}

/// `x` held between `low` and `high`; without a branch, like the next two.
#[inline(always)]
#[must_use]
pub fn clamp(x: f64, low: f64, high: f64) -> f64 {
    let above = if x < low { low } else { x };
    if above > high { high } else { above }
}

/// The larger of two numbers that are no NaN.
#[inline(always)]
#[must_use]
pub fn larger(a: f64, b: f64) -> f64 {
    if b > a { b } else { a }
}

/// The smaller of two numbers that are no NaN.
#[inline(always)]
#[must_use]
pub fn smaller(a: f64, b: f64) -> f64 {
    if b < a { b } else { a }
}

/// A function of the platform maths library.
pub type Function = extern "C" fn(f64) -> f64;

/// The two functions that are not correctly rounded everywhere, so that two engines agree bit for
/// bit only if they ask the same library. The caller brings them: linked by name, `cbrt` can
/// resolve to the compiler's own, which is rounded otherwise than the platform's.
#[derive(Debug, Clone, Copy)]
pub struct Maths {
    exp: Function,
    cbrt: Function,
    many: Exponential,
}

extern "C" fn std_exp(x: f64) -> f64 {
    x.exp()
}

extern "C" fn std_cbrt(x: f64) -> f64 {
    x.cbrt()
}

impl Default for Maths {
    /// What this crate is linked with; good for one engine on its own.
    fn default() -> Self {
        Self::of(std_exp, std_cbrt)
    }
}

impl Maths {
    /// A library by its two functions: e to the power x, and the real cube root.
    #[must_use]
    pub fn of(exp: Function, cbrt: Function) -> Self {
        Self { exp, cbrt, many: Exponential::of(exp) }
    }

    /// e to the power `x`.
    #[inline(always)]
    #[must_use]
    pub fn exp(&self, x: f64) -> f64 {
        (self.exp)(x)
    }

    /// The real cube root of `x`.
    #[inline(always)]
    #[must_use]
    pub fn cbrt(&self, x: f64) -> f64 {
        if x == 0.0 { x } else { (self.cbrt)(x) }
    }

    /// The logistic function: 1/(1 + exp(-x)) for x >= 0, exp(x)/(1 + exp(x)) otherwise.
    #[inline(always)]
    #[must_use]
    pub fn sigma(&self, x: f64) -> f64 {
        logistic(x, self.exp(-x.abs()))
    }

    /// e to the power x of each x, none of which is positive; by a method of our own where that is
    /// faster, see `exponential`.
    #[inline(always)]
    #[must_use]
    pub(crate) fn exps<const N: usize, const FUSED: bool>(&self, x: [f64; N]) -> [f64; N] {
        if FUSED { self.many.of_each(x) } else { x.map(|x| self.exp(x)) }
    }

    /// [`Maths::sigma`] of each x.
    #[inline(always)]
    #[must_use]
    pub(crate) fn sigmas<const N: usize, const FUSED: bool>(&self, x: &[f64; N]) -> [f64; N] {
        let e = self.exps::<N, FUSED>(x.map(|x| -x.abs()));
        let mut sigma = [0.0; N];
        for k in 0..N {
            sigma[k] = logistic(x[k], e[k]);
        }
        sigma
    }
}

/// The logistic function of `x`, given e to the power -|x|.
#[inline(always)]
#[must_use]
pub(crate) fn logistic(x: f64, e: f64) -> f64 {
    let numerator = if x >= 0.0 { 1.0 } else { e };
    numerator / (1.0 + e)
}

/// `rint(x * 1e9) / 1e9`, half to even, -0.0 as 0.0; NaN stays NaN.
#[inline(always)]
#[must_use]
pub fn q9(x: f64) -> f64 {
    let scaled = x * GRID;
    let rounded = if scaled.abs() <= ROUNDER_LIMIT {
        (scaled + ROUNDER) - ROUNDER
    } else {
        scaled.round_ties_even()
    };
    rounded / GRID + 0.0
}

/// 1e-9, the float nearest to the inverse of the grid.
const STEP: f64 = 1e-9;

/// An integer below 2^51 divided by the grid, by one multiplication and one correction.
///
/// The quotient is the very one. The first guess is less than 1.1 units in the last place off,
/// so what is left of `n` is exact in one fused operation (the grid has 21 significant bits). What
/// the correction misses of `n / GRID` is below 2^-52 of a unit, and unless `n / GRID` is a float
/// itself, it lies at least 2^-22 of a unit away from the middle between two.
#[inline(always)]
fn divided(n: f64) -> f64 {
    let guess = n * STEP;
    (-guess).mul_add(GRID, n).mul_add(STEP, guess)
}

/// Numbers that are rounded together.
const TOGETHER: usize = 4;

/// [`q9`] of every number of `from`, two or more at a time where the machine can.
#[inline(always)]
pub fn q9_all<const FUSED: bool, const N: usize>(from: &[f64; N], into: &mut [f64; N]) {
    let mut large = false;
    for first in (0..N).step_by(TOGETHER) {
        // The last ones are rounded with some that were before, rather than one by one.
        let first = first.min(N.saturating_sub(TOGETHER));
        for k in first..N.min(first + TOGETHER) {
            let scaled = from[k] * GRID;
            large |= scaled.abs() > ROUNDER_LIMIT;
            let rounded = (scaled + ROUNDER) - ROUNDER;
            into[k] = if FUSED { divided(rounded) } else { rounded / GRID } + 0.0;
        }
    }
    if large {
        for (x, y) in from.iter().zip(into.iter_mut()) {
            *y = q9(*x);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Maths, clamp, q9, q9_all, wide};
    use proptest::prelude::{TestCaseError, any, prop_assert, prop_assert_eq, proptest};

    #[test]
    fn q9_rounds_half_to_even_and_drops_the_sign_of_zero() {
        assert_eq!(q9(0.5e-9), 0.0);
        assert_eq!(q9(1.5e-9), 2e-9);
        assert_eq!(q9(2.5e-9), 2e-9);
        assert!(q9(-0.0).is_sign_positive());
        assert!(q9(-1e-12).is_sign_positive());
        assert!(q9(f64::NAN).is_nan());
    }

    #[test]
    fn wide_integers_convert_to_nearest() {
        assert_eq!(wide((1 << 53) + 1), 9_007_199_254_740_992.0);
        assert_eq!(wide(i128::from(i64::MAX) + 2), 9_223_372_036_854_775_808.0);
        assert_eq!(wide(-(1_i128 << 100)), -(2.0_f64.powi(100)));
    }

    #[test]
    fn the_logistic_function_is_one_half_at_zero_and_never_overflows() {
        let maths = Maths::default();
        assert_eq!(maths.sigma(0.0), 0.5);
        assert_eq!(maths.sigma(-1e6), 0.0);
        assert_eq!(maths.sigma(1e6), 1.0);
        assert_eq!(clamp(7.0, -1.0, 1.0), 1.0);
    }

    proptest! {
        #[test]
        fn q9_is_the_definition(x in -1e12_f64..1e12) {
            let definition = (x * 1e9).round_ties_even() / 1e9 + 0.0;
            prop_assert_eq!(q9(x).to_bits(), definition.to_bits());
        }

        #[test]
        fn q9_of_many_is_q9_of_each(
            few in proptest::array::uniform3(any::<f64>()),
            many in proptest::array::uniform11(-1e6_f64..1e6),
        ) {
            check_many(&few)?;
            check_many(&many)?;
        }
    }

    fn check_many<const N: usize>(xs: &[f64; N]) -> Result<(), TestCaseError> {
        let (mut ys, mut zs) = ([0.0; N], [0.0; N]);
        q9_all::<false, N>(xs, &mut ys);
        q9_all::<true, N>(xs, &mut zs);
        for ((x, y), z) in xs.iter().zip(&ys).zip(&zs) {
            prop_assert!(q9(*x).to_bits() == y.to_bits() || (x.is_nan() && y.is_nan()));
            prop_assert!(y.to_bits() == z.to_bits() || (y.is_nan() && z.is_nan()));
        }
        Ok(())
    }
}

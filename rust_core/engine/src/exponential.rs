//! e to the power x for many x at once, bit for bit what the platform's library answers.
//!
//! The platform's `exp` is the definition (both engines ask it), and a call for each of eleven
//! values is an eighth of a bar. Here e^x is worked out to 2^-64 instead of 2^-53, so it is known
//! how far the true value lies from the middle between two neighbouring floats. A library whose
//! error stays below half a unit in the last place and a little ([`MARGIN`]; that of the GNU and
//! musl libraries is below 0.511 units) can give but one answer unless the value is nearer to such a
//! middle than that little: then, in 3 cases of 100, and for numbers outside the range of this
//! method, the library itself is asked. [`Exponential::of`] tries the library on many numbers, and
//! one that is not that exact is asked every time.
//!
//! Method: x = k * ln2/32 + r with |r| <= ln2/64; e^x = 2^(k/32) * e^r; the power of two from a
//! table with 106 bits, e^r by its series, everything that is rounded carried along.

use crate::arithmetic::Function;

/// Half a unit less this is as far as a value may be from the float it is rounded to, in units.
const MARGIN: f64 = 1.0 / 64.0;
/// Below this the result is no longer scaled exactly.
const LEAST: f64 = -700.0;
/// Adding and taking away 1.5 * 2^52 rounds to an integer, which stands in the low bits meanwhile.
const ROUNDER: f64 = 6_755_399_441_055_744.0;
/// 32 / ln 2.
const INVERSE: f64 = f64::from_bits(0x4047_1547_652b_82fe);
/// ln 2 / 32: the first 36 bits, so that k times it is exact, and the rest.
const STEP: f64 = f64::from_bits(0x3f96_2e42_fefa_0000);
const STEP_REST: f64 = f64::from_bits(0x3d2c_f79a_bc9e_3b3a);
/// The bits of a float that hold its exponent.
const EXPONENT: u64 = 0x7ff0_0000_0000_0000;
/// How many numbers the library is tried on.
const TRIALS: u32 = 2048;

/// The platform's `exp`, and whether it is as exact as the method needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exponential {
    library: Function,
    exact: bool,
}

impl Exponential {
    /// Try `library` on numbers spread over the range that matters.
    pub(crate) fn of(library: Function) -> Self {
        let trial = |k: u32| f64::from(k) * (-40.0 / f64::from(TRIALS)) - f64::from(k % 7) / 7.0;
        let exact = (0..TRIALS).map(trial).all(|x| {
            let (y, doubtful) = nearest([x]);
            doubtful[0] || y[0].to_bits() == library(x).to_bits()
        });
        Self { library, exact }
    }

    /// e to the power x of each x, none of which is positive.
    #[inline(always)]
    pub(crate) fn of_each<const N: usize>(&self, x: [f64; N]) -> [f64; N] {
        if !self.exact {
            return x.map(|x| (self.library)(x));
        }
        let (mut y, doubtful) = nearest(x);
        if doubtful.iter().fold(false, |any, doubt| any | doubt) {
            for k in 0..N {
                if doubtful[k] {
                    y[k] = (self.library)(x[k]);
                }
            }
        }
        y
    }
}

/// The float nearest to e^x for each x, and whether another one is nearly as near.
#[inline(always)]
#[allow(clippy::cast_possible_truncation)] // the low bits are what is wanted
#[allow(clippy::needless_bitwise_bool)] // a branch for each would part what goes together
fn nearest<const N: usize>(x: [f64; N]) -> ([f64; N], [bool; N]) {
    let (mut shifted, mut high, mut low) = ([0.0; N], [0.0; N], [0.0; N]);
    for n in 0..N {
        shifted[n] = x[n] * INVERSE + ROUNDER;
        (high[n], low[n]) = POWERS[usize::from(shifted[n].to_bits() as u8 % 32)];
    }
    let (mut y, mut doubtful) = ([0.0; N], [false; N]);
    for n in 0..N {
        let k = shifted[n] - ROUNDER;
        // r and what its rounding lost; the first product and difference are exact.
        let exact = (-k).mul_add(STEP, x[n]);
        let r = (-k).mul_add(STEP_REST, exact);
        let lost = (-k).mul_add(STEP_REST, exact - r);
        // e^r - 1 as a sum of two.
        let series = 1.0 / 5040.0;
        let series = r.mul_add(series, 1.0 / 720.0);
        let series = r.mul_add(series, 1.0 / 120.0);
        let series = r.mul_add(series, 1.0 / 24.0);
        let series = r.mul_add(series, 1.0 / 6.0);
        let series = r.mul_add(series, 0.5);
        let small = (r * r).mul_add(series, lost);
        let grown = r + small;
        let grown_rest = (r - grown) + small;
        // Times the power of two: the sum of `first` and `rest`.
        let product = high[n] * grown;
        let product_rest = high[n].mul_add(grown, -product);
        let first = high[n] + product;
        let beside = high[n].mul_add(grown_rest, low[n].mul_add(grown, low[n]));
        let rest = ((high[n] - first) + product) + (product_rest + beside);
        let rounded = first + rest;
        let off = (first - rounded) + rest;
        // The distance of the floats below `rounded`, which is the smaller one at a power of two.
        let unit = f64::from_bits((rounded.to_bits() - 1) & EXPONENT) * f64::EPSILON;
        let scale = (shifted[n].to_bits() & !31) << (52 - 5);
        y[n] = f64::from_bits(rounded.to_bits().wrapping_add(scale));
        let sure = (off.abs() < (0.5 - MARGIN) * unit) & (x[n] >= LEAST) & (x[n] <= 0.0);
        doubtful[n] = !sure;
    }
    (y, doubtful)
}

/// 2^(j/32) for j = 0..31, as the nearest float and the float nearest to what is left.
const POWERS: [(f64, f64); 32] = powers(&[
    (0x3ff0_0000_0000_0000, 0x0000_0000_0000_0000),
    (0x3ff0_59b0_d315_8574, 0x3c8d_73e2_a475_b465),
    (0x3ff0_b558_6cf9_890f, 0x3c98_a62e_4adc_610b),
    (0x3ff1_1301_d012_5b51, 0xbc96_c510_3944_9b3a),
    (0x3ff1_72b8_3c7d_517b, 0xbc81_9041_b9d7_8a76),
    (0x3ff1_d487_3168_b9aa, 0x3c9e_016e_00a2_643c),
    (0x3ff2_387a_6e75_6238, 0x3c99_b07e_b6c7_0573),
    (0x3ff2_9e9d_f51f_dee1, 0x3c86_12e8_afad_1255),
    (0x3ff3_06fe_0a31_b715, 0x3c86_f46a_d231_82e4),
    (0x3ff3_71a7_373a_a9cb, 0xbc96_3aea_bf42_eae2),
    (0x3ff3_dea6_4c12_3422, 0x3c8a_da09_11f0_9ebc),
    (0x3ff4_4e08_6061_892d, 0x3c48_9b7a_04ef_80d0),
    (0x3ff4_bfda_d536_2a27, 0x3c7d_4397_afec_42e2),
    (0x3ff5_342b_569d_4f82, 0xbc80_7abe_1db1_3cad),
    (0x3ff5_ab07_dd48_5429, 0x3c96_324c_0546_47ad),
    (0x3ff6_247e_b03a_5585, 0xbc93_83c1_7e40_b497),
    (0x3ff6_a09e_667f_3bcd, 0xbc9b_dd34_13b2_6456),
    (0x3ff7_1f75_e8ec_5f74, 0xbc81_6e47_8688_7a99),
    (0x3ff7_a114_73eb_0187, 0xbc84_1577_ee04_992f),
    (0x3ff8_2589_994c_ce13, 0xbc9d_4c1d_d415_32d8),
    (0x3ff8_ace5_422a_a0db, 0x3c96_e9f1_5686_4b27),
    (0x3ff9_3737_b0cd_c5e5, 0xbc67_5fc7_81b5_7ebc),
    (0x3ff9_c491_82a3_f090, 0x3c7c_7c46_b071_f2be),
    (0x3ffa_5503_b23e_255d, 0xbc9d_2f6e_db8d_41e1),
    (0x3ffa_e89f_995a_d3ad, 0x3c97_a1cd_345d_cc81),
    (0x3ffb_7f76_f2fb_5e47, 0xbc75_584f_7e54_ac3b),
    (0x3ffc_199b_dd85_529c, 0x3c81_1065_8950_48dd),
    (0x3ffc_b720_dcef_9069, 0x3c75_03cb_d1e9_49db),
    (0x3ffd_5818_dcfb_a487, 0x3c82_ed02_d75b_3707),
    (0x3ffd_fc97_337b_9b5f, 0xbc91_a5cd_4f18_4b5c),
    (0x3ffe_a4af_a2a4_90da, 0xbc9e_9c23_179c_2893),
    (0x3fff_5076_5b6e_4540, 0x3c99_d3e1_2dd8_a18b),
]);

const fn powers(bits: &[(u64, u64); 32]) -> [(f64, f64); 32] {
    let mut powers = [(0.0, 0.0); 32];
    let mut j = 0;
    while j < powers.len() {
        powers[j] = (f64::from_bits(bits[j].0), f64::from_bits(bits[j].1));
        j += 1;
    }
    powers
}

#[cfg(test)]
mod tests {
    use super::{Exponential, POWERS, nearest};
    use proptest::prelude::{any, prop_assert_eq, proptest};

    extern "C" fn one_unit_off(x: f64) -> f64 {
        f64::from_bits(x.exp().to_bits() + 1)
    }

    extern "C" fn library(x: f64) -> f64 {
        x.exp()
    }

    #[test]
    fn the_library_here_is_exact_enough_and_another_one_is_found_out() {
        assert!(Exponential::of(library).exact);
        let other = Exponential::of(one_unit_off);
        assert!(!other.exact);
        assert_eq!(other.of_each([-1.5]), [one_unit_off(-1.5)]);
    }

    #[test]
    fn each_power_is_the_product_of_two_others() {
        for (j, (high, low)) in POWERS.iter().enumerate() {
            let (a, b) = (POWERS[j / 2], POWERS[j - j / 2]);
            let product = a.0 * b.0;
            let rest = a.0.mul_add(b.0, -product) + (a.0 * b.1 + a.1 * b.0);
            assert!(((product - high) + (rest - low)).abs() < 1e-31, "2^({j}/32)");
        }
    }

    #[test]
    fn a_value_between_two_floats_is_doubtful() {
        let middle = f64::EPSILON / 4.0;
        for (x, doubt) in [(0.5, false), (0.98, true), (1.02, true), (1.5, false)] {
            assert_eq!(nearest([-middle * x]).1, [doubt], "{x} times half a unit below 1");
        }
        assert_eq!(nearest([0.0, -0.0]), ([1.0, 1.0], [false, false]));
        assert_eq!(nearest([1e-9, -701.0, f64::NAN, f64::NEG_INFINITY]).1, [true; 4]);
    }

    #[test]
    fn few_values_are_doubtful() {
        let all: Vec<f64> = (0..100_000).map(|k| f64::from(k) * -1e-4 - 1e-5).collect();
        let doubtful = all.iter().filter(|x| nearest([**x]).1[0]).count();
        assert!((2_000..4_500).contains(&doubtful), "{doubtful}");
    }

    proptest! {
        #[test]
        fn it_is_the_library_to_the_last_bit(
            xs in proptest::array::uniform8(-30.0_f64..0.0), bits in any::<u64>()
        ) {
            let odd = -f64::from_bits(bits).abs();
            let exponential = Exponential::of(library);
            for (x, y) in xs.iter().zip(exponential.of_each(xs)) {
                prop_assert_eq!(library(*x).to_bits(), y.to_bits());
            }
            if !odd.is_nan() {
                prop_assert_eq!(library(odd).to_bits(), exponential.of_each([odd])[0].to_bits());
            }
        }
    }
}

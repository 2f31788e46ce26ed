//! Quantile of the Beta distribution; `domain.beta` is the reference and says where it is from.

use std::collections::HashMap;

use tradebot_engine::arithmetic::Function;

use crate::python;

const TINY: f64 = 1e-300;
const PRECISION: f64 = 1e-15;
const LAST_STEP: f64 = 1e-5;
const MAX_TERMS: f64 = 500.0;
const MAX_STEPS: usize = 200;
const NEIGHBOURS: f64 = 128.0;
/// Neighbours that are remembered at a time.
const REMEMBERED: usize = 4_096;
const STIRLING_FROM: f64 = 12.0;
const HALF_LOG_TWO_PI: f64 = 0.918_938_533_204_672_8;

/// What is asked of the platform's maths library, so that Python's `math` gives the same bits.
#[derive(Debug, Clone, Copy)]
pub struct Functions {
    /// e to the power x.
    pub exp: Function,
    /// The natural logarithm.
    pub log: Function,
    /// The natural logarithm of 1 + x.
    pub log1p: Function,
}

extern "C" fn std_exp(x: f64) -> f64 {
    x.exp()
}

extern "C" fn std_log(x: f64) -> f64 {
    x.ln()
}

extern "C" fn std_log1p(x: f64) -> f64 {
    x.ln_1p()
}

impl Default for Functions {
    /// What this crate is linked with; good where no other implementation has to agree.
    fn default() -> Self {
        Self { exp: std_exp, log: std_log, log1p: std_log1p }
    }
}

/// The quantile at one probability; neighbours on a grid are remembered, because they recur.
#[derive(Debug)]
pub struct Quantiles {
    maths: Functions,
    q: f64,
    normal: f64,
    neighbours: HashMap<(u64, u64), f64>,
    weight: (f64, f64),
}

impl Quantiles {
    /// At probability `q`, of which `normal` is the standard normal quantile.
    #[must_use]
    pub fn new(maths: Functions, q: f64, normal: f64) -> Self {
        Self { maths, q, normal, neighbours: HashMap::new(), weight: (f64::NAN, f64::NAN) }
    }

    /// Of Beta(a, b); None unless both are positive.
    pub fn of(&mut self, a: f64, b: f64) -> Option<f64> {
        if !(a > 0.0 && b > 0.0) {
            return None;
        }
        let start = self.start(a, b);
        Some(self.solve(a, b, start))
    }

    /// A guess from three neighbours of the same weight, a parabola through their quantiles.
    fn start(&mut self, a: f64, b: f64) -> f64 {
        let total = a + b;
        let place = a / total * NEIGHBOURS;
        let k = place.round_ties_even();
        if !(1.0 < k && k < NEIGHBOURS - 1.0) {
            return self.normal_guess(a, b);
        }
        if total != self.weight.0 {
            self.weight = (total, python::round6(total));
        }
        let (weight, u) = (self.weight.1, place - k);
        let left = self.neighbour(k - 1.0, weight);
        let here = self.neighbour(k, weight);
        let right = self.neighbour(k + 1.0, weight);
        let guess = here + 0.5 * u * (right - left + u * (right - 2.0 * here + left));
        if within(guess) { guess } else { here }
    }

    /// The quantile of the distribution whose mean is `k` steps of the grid.
    fn neighbour(&mut self, k: f64, weight: f64) -> f64 {
        let key = (k.to_bits(), weight.to_bits());
        if let Some(&known) = self.neighbours.get(&key) {
            return known;
        }
        let a = weight * k / NEIGHBOURS;
        let b = weight - a;
        let found = self.solve(a, b, self.normal_guess(a, b));
        if self.neighbours.len() >= REMEMBERED {
            self.neighbours.clear();
        }
        self.neighbours.insert(key, found);
        found
    }

    /// The normal approximation where it lies inside (0, 1), else the mean.
    fn normal_guess(&self, a: f64, b: f64) -> f64 {
        let total = a + b;
        let mean = a / total;
        let guess = mean + self.normal * (mean * (b / total) / (total + 1.0)).sqrt();
        if within(guess) { guess } else { mean }
    }

    /// The root, from a start `x` strictly between 0 and 1.
    fn solve(&self, a: f64, b: f64, mut x: f64) -> f64 {
        let front = self.log_gamma(a + b) - self.log_gamma(a) - self.log_gamma(b);
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..MAX_STEPS {
            let log_power = front + a * (self.maths.log)(x) + b * (self.maths.log1p)(-x);
            let power = (self.maths.exp)(log_power);
            let error = cdf(a, b, x, power) - self.q;
            if error > 0.0 {
                high = x;
            } else {
                low = x;
            }
            let mut ahead = x - halley(error, power / (x * (1.0 - x)), a, b, x);
            if !(inside(low, ahead, high) && within(ahead)) {
                ahead = 0.5 * (low + high);
                if !within(ahead) {
                    break;
                }
            }
            let moved = (ahead - x).abs();
            x = ahead;
            if moved < LAST_STEP * x * (1.0 - x) {
                break;
            }
        }
        x
    }

    /// Stirling's series, carried down to small arguments by the recurrence.
    fn log_gamma(&self, mut x: f64) -> f64 {
        let mut product = 1.0;
        while x < STIRLING_FROM {
            product *= x;
            x += 1.0;
        }
        let z = 1.0 / (x * x);
        let series = 1.0 / 12.0
            - z * (1.0 / 360.0 - z * (1.0 / 1260.0 - z * (1.0 / 1680.0 - z * (1.0 / 1188.0))));
        let whole = (x - 0.5) * (self.maths.log)(x) - x + HALF_LOG_TWO_PI + series / x;
        whole - (self.maths.log)(product)
    }
}

/// The continued fraction of `I_x(a, b)`.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    let (mut c, ab, mut m) = (1.0, a + b, 0.0);
    let mut d = 1.0 / or_tiny(1.0 - ab * x / (a + 1.0));
    let mut h = d;
    while m < MAX_TERMS {
        m += 1.0;
        let am = a + (m + m);
        let term = m * (b - m) * x / ((am - 1.0) * am);
        d = 1.0 / or_tiny(1.0 + term * d);
        c = or_tiny(1.0 + term / c);
        h *= c * d;
        let term = -(a + m) * (ab + m) * x / (am * (am + 1.0));
        d = 1.0 / or_tiny(1.0 + term * d);
        c = or_tiny(1.0 + term / c);
        let step = c * d;
        h *= step;
        if -PRECISION < step - 1.0 && step - 1.0 < PRECISION {
            break;
        }
    }
    h
}

fn within(x: f64) -> bool {
    0.0 < x && x < 1.0
}

fn inside(low: f64, x: f64, high: f64) -> bool {
    low <= x && x <= high
}

fn or_tiny(x: f64) -> f64 {
    if x == 0.0 { TINY } else { x }
}

/// `I_x(a, b)` from `power`, which is x^a (1 - x)^b / B(a, b).
fn cdf(a: f64, b: f64, x: f64, power: f64) -> f64 {
    if x < (a + 1.0) / (a + b + 2.0) {
        power * fraction(a, b, x) / a
    } else {
        1.0 - power * fraction(b, a, 1.0 - x) / b
    }
}

/// Halley's step for cdf(x) = q; infinite where the density vanishes.
fn halley(error: f64, density: f64, a: f64, b: f64, x: f64) -> f64 {
    if density <= 0.0 {
        return f64::INFINITY;
    }
    let newton = error / density;
    let bend = newton * ((a - 1.0) / x - (b - 1.0) / (1.0 - x));
    newton / (1.0 - 0.5 * python::min(1.0, bend))
}

#[cfg(test)]
mod tests {
    use super::{Functions, Quantiles};

    /// The standard normal quantile at 0.2.
    const NORMAL: f64 = -0.841_621_233_572_914_3;

    fn quantiles() -> Quantiles {
        Quantiles::new(Functions::default(), 0.2, NORMAL)
    }

    #[test]
    fn the_worked_examples_of_the_page_come_out() {
        for (p0, p_lb) in [(0.5637, 0.4877), (0.6387, 0.5657), (0.6606, 0.5888), (0.5682, 0.4923)] {
            let found = quantiles().of(30.0 * p0, 30.0 * (1.0 - p0)).unwrap_or(f64::NAN);
            assert!((found - p_lb).abs() < 1e-4, "{p0}: {found}");
        }
    }

    #[test]
    fn a_symmetric_distribution_mirrors_and_the_uniform_one_is_the_probability() {
        let uniform = quantiles().of(1.0, 1.0).unwrap_or(f64::NAN);
        assert!((uniform - 0.2).abs() < 1e-12);
        let mut upper = Quantiles::new(Functions::default(), 0.8, -NORMAL);
        let (low, high) = (quantiles().of(7.5, 7.5), upper.of(7.5, 7.5));
        let sum = low.zip(high).map_or(f64::NAN, |(low, high)| low + high);
        assert!((sum - 1.0).abs() < 1e-12);
    }

    #[test]
    fn there_is_none_without_weights_and_what_is_remembered_changes_nothing() {
        assert_eq!(quantiles().of(0.0, 1.0), None);
        assert_eq!(quantiles().of(f64::NAN, 1.0), None);
        let mut used = quantiles();
        for n in 1..400_u32 {
            let a = f64::from(n) * 0.07;
            assert_eq!(used.of(a, 30.0 - a), quantiles().of(a, 30.0 - a));
        }
    }
}

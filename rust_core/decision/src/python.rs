//! `min`, `max` and `round` as Python has them, where they differ from Rust's: the first of two
//! wins a tie and a comparison with a NaN, and halves go to the even neighbour.

/// `min(a, b)`.
#[inline]
#[must_use]
pub fn min(a: f64, b: f64) -> f64 {
    if b < a { b } else { a }
}

/// `max(a, b)`.
#[inline]
#[must_use]
pub fn max(a: f64, b: f64) -> f64 {
    if b > a { b } else { a }
}

/// `round(x, 6)`: the nearest number of six decimals to the exact value of `x`.
#[must_use]
pub fn round6(x: f64) -> f64 {
    format!("{x:.6}").parse().unwrap_or(x)
}

//! Windows over the last bars, each of fixed size after it is made.

use serde::{Deserialize, Serialize};

/// The last values of a stream, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ring<T> {
    cells: Vec<T>,
    next: usize,
}

impl<T: Copy + Default> Ring<T> {
    /// A ring that remembers at least `size` values.
    #[must_use]
    pub fn of(size: usize) -> Self {
        Self { cells: vec![T::default(); size.max(1).next_power_of_two()], next: 0 }
    }

    /// Remember `value`, forgetting the oldest.
    #[inline(always)]
    pub fn push(&mut self, value: T) {
        let mask = self.cells.len() - 1;
        self.cells[self.next & mask] = value;
        self.next = (self.next + 1) & mask;
    }

    /// The value pushed `k` pushes before the newest one.
    #[inline(always)]
    #[must_use]
    pub fn back(&self, k: usize) -> T {
        let mask = self.cells.len() - 1;
        self.cells[self.next.wrapping_sub(k + 1) & mask]
    }

    /// True if `other` was made for the same size.
    #[must_use]
    pub fn fits(&self, other: &Self) -> bool {
        self.cells.len() == other.cells.len()
    }
}

/// The highest (or, with `sign` -1, lowest) of the last `window` values.
///
/// Values come in blocks of the window's length: the window is the rest of the block before and
/// what has come of the present one. Maxima of the former are worked out once a block, the latter
/// is a running maximum: constant work, averaged over a block, without a branch on the values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Extreme {
    sign: i64,
    /// The present block.
    block: Vec<i64>,
    /// Maximum of the block before from an index on; the lowest number where nothing is left.
    rest: Vec<i64>,
    /// Maximum of the present block.
    running: i64,
    at: usize,
}

impl Extreme {
    /// Highest of the last `window` values.
    #[must_use]
    pub fn highest(window: usize) -> Self {
        Self::of(window, 1)
    }

    /// Lowest of the last `window` values.
    #[must_use]
    pub fn lowest(window: usize) -> Self {
        Self::of(window, -1)
    }

    fn of(window: usize, sign: i64) -> Self {
        let (block, rest) = (vec![0; window], vec![i64::MIN; window]);
        Self { sign, block, rest, running: i64::MIN, at: 0 }
    }

    /// Take the next value in.
    #[inline(always)]
    pub fn push(&mut self, value: i64) {
        let value = self.sign * value;
        self.running = self.running.max(value);
        self.block[self.at] = value;
        self.at += 1;
        if self.at == self.block.len() {
            self.turn();
        }
    }

    fn turn(&mut self) {
        let mut highest = i64::MIN;
        for (rest, value) in self.rest.iter_mut().zip(&self.block).rev() {
            highest = highest.max(*value);
            *rest = highest;
        }
        (self.running, self.at) = (i64::MIN, 0);
    }

    /// The extreme of the values in the window, none if it is empty.
    #[inline(always)]
    #[must_use]
    pub fn get(&self) -> Option<i64> {
        let highest = self.running.max(self.rest[self.at]);
        (highest != i64::MIN).then(|| self.sign * highest)
    }

    /// Forget everything.
    pub fn clear(&mut self) {
        self.rest.fill(i64::MIN);
        (self.running, self.at) = (i64::MIN, 0);
    }

    /// True if `other` was made for the same window and this one is sound.
    #[must_use]
    pub fn fits(&self, other: &Self) -> bool {
        self.sign == other.sign
            && self.block.len() == other.block.len()
            && self.rest.len() == other.rest.len()
            && self.at < self.block.len()
    }
}

/// The last `window` numbers, oldest first, in one piece: each is kept twice, a window apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trail {
    cells: Vec<f64>,
    at: usize,
    len: usize,
}

impl Trail {
    /// A trail of at most `window` numbers.
    #[must_use]
    pub fn of(window: usize) -> Self {
        Self { cells: vec![0.0; 2 * window], at: 0, len: 0 }
    }

    /// Take the next number in, forgetting the oldest of a full trail.
    #[inline(always)]
    pub fn push(&mut self, value: f64) {
        let window = self.cells.len() / 2;
        self.cells[self.at] = value;
        self.cells[self.at + window] = value;
        self.at = if self.at + 1 == window { 0 } else { self.at + 1 };
        self.len = (self.len + 1).min(window);
    }

    /// The numbers, oldest first.
    #[inline(always)]
    #[must_use]
    pub fn all(&self) -> &[f64] {
        let end = self.at + self.cells.len() / 2;
        &self.cells[end - self.len..end]
    }

    /// Forget everything.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// True if `other` was made for the same window and this one is sound.
    #[must_use]
    pub fn fits(&self, other: &Self) -> bool {
        let window = self.cells.len() / 2;
        self.cells.len() == other.cells.len() && self.at < window && self.len <= window
    }
}

/// The median of the last `window` values, kept sorted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Median {
    window: usize,
    sorted: Vec<f64>,
    order: Ring<f64>,
}

impl Median {
    /// A window of `window` finite values.
    #[must_use]
    pub fn of(window: usize) -> Self {
        Self { window, sorted: Vec::with_capacity(window), order: Ring::of(window) }
    }

    /// How many values are in the window.
    #[inline(always)]
    #[must_use]
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// True before the first value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// Take a finite value in, forgetting the oldest one of a full window.
    #[inline(always)]
    pub fn push(&mut self, value: f64) {
        if self.sorted.len() == self.window {
            let oldest = self.order.back(self.window - 1);
            let from = self.sorted.partition_point(|x| *x < oldest);
            let to = self.sorted.partition_point(|x| *x < value);
            if to > from {
                self.sorted.copy_within(from + 1..to, from);
                self.sorted[to - 1] = value;
            } else {
                self.sorted.copy_within(to..from, to + 1);
                self.sorted[to] = value;
            }
        } else {
            let to = self.sorted.partition_point(|x| *x < value);
            self.sorted.insert(to, value);
        }
        self.order.push(value);
    }

    /// The middle value, or the mean of the middle two.
    #[inline(always)]
    #[must_use]
    pub fn get(&self) -> Option<f64> {
        let n = self.sorted.len();
        if n == 0 {
            None
        } else if n % 2 == 1 {
            Some(self.sorted[n / 2])
        } else {
            Some((self.sorted[n / 2 - 1] + self.sorted[n / 2]) / 2.0)
        }
    }

    /// True if `other` was made for the same window and this one is sound.
    #[must_use]
    pub fn fits(&self, other: &Self) -> bool {
        self.window == other.window
            && self.sorted.len() <= self.window
            && self.order.fits(&other.order)
    }
}

#[cfg(test)]
mod tests {
    use super::{Extreme, Median, Ring, Trail};
    use crate::arithmetic::count;
    use proptest::prelude::{prop_assert_eq, proptest};

    #[test]
    fn a_ring_counts_back_from_the_newest() {
        let mut ring = Ring::of(3);
        for x in 0..10_i64 {
            ring.push(x);
        }
        assert_eq!((ring.back(0), ring.back(1), ring.back(2)), (9, 8, 7));
    }

    proptest! {
        #[test]
        fn extremes_are_those_of_the_window(xs in proptest::collection::vec(-50_i64..50, 1..200), n in 1_usize..20) {
            let (mut high, mut low) = (Extreme::highest(n), Extreme::lowest(n));
            for (i, x) in xs.iter().enumerate() {
                high.push(*x);
                low.push(*x);
                let window = &xs[(i + 1).saturating_sub(n)..=i];
                prop_assert_eq!(high.get(), window.iter().copied().max());
                prop_assert_eq!(low.get(), window.iter().copied().min());
            }
        }

        #[test]
        fn a_trail_is_the_window_oldest_first(n in 1_usize..9, k in 0_usize..40) {
            let mut trail = Trail::of(n);
            let all: Vec<f64> = (0..k).map(count).collect();
            for x in &all {
                trail.push(*x);
            }
            prop_assert_eq!(trail.all(), &all[k.saturating_sub(n)..]);
        }

        #[test]
        fn the_median_is_that_of_the_window(xs in proptest::collection::vec(0_u8..20, 1..200), n in 1_usize..20) {
            let mut median = Median::of(n);
            for i in 0..xs.len() {
                median.push(f64::from(xs[i]) / 7.0);
                let mut window: Vec<f64> =
                    xs[(i + 1).saturating_sub(n)..=i].iter().map(|x| f64::from(*x) / 7.0).collect();
                window.sort_by(f64::total_cmp);
                let k = window.len();
                let want = if k % 2 == 1 { window[k / 2] } else { (window[k / 2 - 1] + window[k / 2]) / 2.0 };
                prop_assert_eq!(median.get(), Some(want));
            }
        }
    }
}

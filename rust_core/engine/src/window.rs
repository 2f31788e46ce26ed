//! Windows over the last bars, each of fixed size after it is made.

use serde::{Deserialize, Serialize};

use crate::arithmetic::{larger, smaller};

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

/// Lowest low and highest high of the last `window` bars.
///
/// Bars come in blocks of the window's length: the window is the rest of the block before and what
/// has come of the present one. Extremes of the former are worked out once a block, the latter is
/// a running extreme: constant work, averaged over a block, without a branch on the values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Extent {
    /// The present block.
    block: Vec<Reach>,
    /// Reach of the block before from an index on; that of no bar where nothing is left.
    rest: Vec<Reach>,
    /// Reach of the present block.
    running: Reach,
    at: usize,
}

/// From a low to a high; the low of no bar is the greatest number, its high the least.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Reach {
    low: i64,
    high: i64,
}

impl Reach {
    const NONE: Self = Self { low: i64::MAX, high: i64::MIN };

    #[inline(always)]
    fn with(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }
}

impl Extent {
    /// No bar yet of a window of `window`.
    #[must_use]
    pub fn of(window: usize) -> Self {
        let (block, rest) = (vec![Reach::NONE; window], vec![Reach::NONE; window]);
        Self { block, rest, running: Reach::NONE, at: 0 }
    }

    /// Take the next bar in.
    #[inline(always)]
    pub fn push(&mut self, low: i64, high: i64) {
        let bar = Reach { low, high };
        self.running = self.running.with(bar);
        self.block[self.at] = bar;
        self.at += 1;
        if self.at == self.block.len() {
            self.turn();
        }
    }

    #[inline(never)]
    fn turn(&mut self) {
        let mut reach = Reach::NONE;
        for (rest, bar) in self.rest.iter_mut().zip(&self.block).rev() {
            reach = reach.with(*bar);
            *rest = reach;
        }
        (self.running, self.at) = (Reach::NONE, 0);
    }

    /// Low and high of the window, none if it is empty.
    #[inline(always)]
    #[must_use]
    pub fn get(&self) -> Option<(i64, i64)> {
        let Reach { low, high } = self.running.with(self.rest[self.at]);
        (low <= high).then_some((low, high))
    }

    /// Forget everything.
    pub fn clear(&mut self) {
        self.rest.fill(Reach::NONE);
        (self.running, self.at) = (Reach::NONE, 0);
    }

    /// True if `other` was made for the same window and this one is sound.
    #[must_use]
    pub fn fits(&self, other: &Self) -> bool {
        self.block.len() == other.block.len()
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
    len: usize,
    /// Negative infinity, the values in ascending order, infinities to the end.
    sorted: Vec<f64>,
    /// Room for the next `sorted`.
    spare: Vec<f64>,
    order: Ring<f64>,
}

/// Values that are moved together.
const STRIDE: usize = 16;

impl Median {
    /// A window of `window` finite values.
    #[must_use]
    pub fn of(window: usize) -> Self {
        let mut sorted = vec![f64::INFINITY; 1 + window.next_multiple_of(STRIDE) + 1];
        sorted[0] = f64::NEG_INFINITY;
        let spare = sorted.clone();
        Self { window, len: 0, sorted, spare, order: Ring::of(window) }
    }

    /// How many values are in the window.
    #[inline(always)]
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// True before the first value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Take a finite value in, forgetting the oldest one of a full window.
    ///
    /// Every place is worked out anew from its neighbours: no search, and no branch on the values.
    #[inline(always)]
    pub fn push(&mut self, value: f64) {
        let full = self.len == self.window;
        let oldest = if full { self.order.back(self.window - 1) } else { f64::INFINITY };
        let n = self.spare.len() - 2;
        let places = self.spare[1..=n].iter_mut();
        let from = |k: usize| self.sorted[k..k + n].iter().copied();
        for (((place, left), middle), right) in places.zip(from(0)).zip(from(1)).zip(from(2)) {
            // What stands here and before once the oldest value is taken out.
            let here = if middle < oldest { middle } else { right };
            let before = if left < oldest { left } else { middle };
            *place = larger(before, smaller(value, here));
        }
        std::mem::swap(&mut self.sorted, &mut self.spare);
        self.len += usize::from(!full);
        self.order.push(value);
    }

    /// The middle value, or the mean of the middle two.
    #[inline(always)]
    #[must_use]
    pub fn get(&self) -> Option<f64> {
        let middle = self.len / 2;
        if self.len == 0 {
            None
        } else if self.len % 2 == 1 {
            Some(self.sorted[1 + middle])
        } else {
            Some((self.sorted[middle] + self.sorted[1 + middle]) / 2.0)
        }
    }

    /// True if `other` was made for the same window and this one is sound.
    #[must_use]
    pub fn fits(&self, other: &Self) -> bool {
        self.window == other.window
            && self.len <= self.window
            && self.sorted.len() == other.sorted.len()
            && self.spare.len() == other.spare.len()
            && self.order.fits(&other.order)
    }
}

#[cfg(test)]
mod tests {
    use super::{Extent, Median, Ring, Trail};
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
        fn an_extent_is_that_of_the_window(bars in proptest::collection::vec((-50_i64..50, 0_i64..9), 1..200), n in 1_usize..20) {
            let mut extent = Extent::of(n);
            prop_assert_eq!(extent.get(), None);
            for (i, (low, range)) in bars.iter().enumerate() {
                extent.push(*low, low + range);
                let window = &bars[(i + 1).saturating_sub(n)..=i];
                let lowest = window.iter().map(|(low, _)| *low).min();
                let highest = window.iter().map(|(low, range)| low + range).max();
                prop_assert_eq!(extent.get(), lowest.zip(highest));
            }
            extent.clear();
            prop_assert_eq!(extent.get(), None);
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

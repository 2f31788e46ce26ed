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
    #[inline]
    pub fn push(&mut self, value: T) {
        let mask = self.cells.len() - 1;
        self.cells[self.next & mask] = value;
        self.next = (self.next + 1) & mask;
    }

    /// The value pushed `k` pushes before the newest one.
    #[inline]
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

/// The highest (or, with `sign` -1, lowest) of the last `window` values: a monotonic deque.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Extreme {
    sign: i64,
    window: usize,
    values: Vec<i64>,
    ages: Vec<usize>,
    head: usize,
    len: usize,
    seen: usize,
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
        let size = (window + 1).next_power_of_two();
        let (values, ages) = (vec![0; size], vec![0; size]);
        Self { sign, window, values, ages, head: 0, len: 0, seen: 0 }
    }

    /// Take the next value in; constant work, averaged over the stream.
    #[inline]
    pub fn push(&mut self, value: i64) {
        let mask = self.values.len() - 1;
        let value = self.sign * value;
        while self.len > 0 && self.values[(self.head + self.len - 1) & mask] <= value {
            self.len -= 1;
        }
        let at = (self.head + self.len) & mask;
        self.values[at] = value;
        self.ages[at] = self.seen;
        self.len += 1;
        self.seen += 1;
        if self.ages[self.head & mask] + self.window < self.seen {
            self.head = (self.head + 1) & mask;
            self.len -= 1;
        }
    }

    /// The extreme of the values in the window, none if it is empty.
    #[inline]
    #[must_use]
    pub fn get(&self) -> Option<i64> {
        let mask = self.values.len() - 1;
        (self.len > 0).then(|| self.sign * self.values[self.head & mask])
    }

    /// Forget everything.
    pub fn clear(&mut self) {
        (self.head, self.len, self.seen) = (0, 0, 0);
    }

    /// True if `other` was made for the same window and this one is sound.
    #[must_use]
    pub fn fits(&self, other: &Self) -> bool {
        self.values.len() == other.values.len()
            && self.ages.len() == other.ages.len()
            && self.window == other.window
            && self.sign == other.sign
            && self.len <= self.window
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
    #[inline]
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
    #[inline]
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
    #[inline]
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
    use super::{Extreme, Median, Ring};
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
        fn the_deque_knows_the_extreme(xs in proptest::collection::vec(-50_i64..50, 1..200), n in 1_usize..20) {
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

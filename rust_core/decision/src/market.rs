//! What a template may look at: parts of a frame, and the bars just before it.

/// How many bars of the session are remembered.
pub const KEEP: usize = 8;
/// Held regime classes, as `domain.frame.Regime` numbers them.
pub const UNKNOWN: u8 = 0;
/// See [`UNKNOWN`].
pub const VOLATILE: u8 = 1;
/// See [`UNKNOWN`].
pub const TRENDING: u8 = 2;
/// See [`UNKNOWN`].
pub const CHOPPY: u8 = 3;
/// Where F5 stands in the eleven values.
pub const F5: usize = 8;
/// F4 of both sides.
const MOMENTUM: u32 = 1 << 6 | 1 << 7;

/// One closed bar as decisions see it; prices in ticks, signals and beliefs on the 1e-9 grid.
#[derive(Debug, Clone)]
pub struct Market {
    /// S1 to S35, NaN while not ready; those that nothing here looks at may be left out.
    pub signals: [f64; 35],
    /// Bit n - 1: signal n is ready.
    pub ready: u64,
    /// The held class.
    pub regime: u8,
    /// max(ATR14, 1), NaN while not ready.
    pub a14: f64,
    /// Close minus session VWAP.
    pub dev: f64,
    /// What friction uses.
    pub spread: f64,
    /// S26's estimate, NaN while not ready.
    pub slip: f64,
    /// Bars of this session so far.
    pub bars: i64,
    /// Sweep levels (a), (b), (c) of the support side, then of the resistance side.
    pub levels: [Option<i64>; 6],
    /// By belief value.
    pub likelihood: [f64; 11],
    /// By belief value.
    pub stability: [f64; 11],
    /// By belief value.
    pub effective: [f64; 11],
    /// Bit k: belief value k is ready.
    pub belief_ready: u32,
    /// T(+1).
    pub thesis: f64,
    /// Close of the bar.
    pub close: i64,
    /// The newest last; all zero unless `whole`.
    pub highs: [i64; KEEP],
    /// See `highs`.
    pub lows: [i64; KEEP],
    /// See `highs`.
    pub closes: [i64; KEEP],
    /// True once as many bars of the session are remembered as may be.
    pub whole: bool,
    /// Largest stop in ticks that law, tier and risk allow; 0 while the tier is unknown.
    pub cap: i64,
}

impl Market {
    /// S`number`.
    #[must_use]
    pub fn s(&self, number: usize) -> f64 {
        self.signals[number - 1]
    }

    /// True if every signal of `bits` is ready.
    #[must_use]
    pub fn has(&self, bits: u64) -> bool {
        self.ready & bits == bits
    }

    /// Most adverse extreme of the last `bars` bars for `side`.
    #[must_use]
    pub fn adverse(&self, side: i64, bars: usize) -> i64 {
        if side > 0 {
            lowest(&self.lows[KEEP - bars..])
        } else {
            highest(&self.highs[KEEP - bars..])
        }
    }

    /// Most favourable extreme of the bar for `side`.
    #[must_use]
    pub fn favourable(&self, side: i64) -> i64 {
        if side > 0 { self.highs[KEEP - 1] } else { self.lows[KEEP - 1] }
    }

    /// Sweep levels on the side that protects `side`, in their order.
    pub fn levels_of(&self, side: i64) -> impl Iterator<Item = i64> + '_ {
        let from = if side > 0 { 0 } else { 3 };
        self.levels[from..from + 3].iter().filter_map(|level| *level)
    }

    /// True if F4 is ready on both sides.
    #[must_use]
    pub fn knows_momentum(&self) -> bool {
        self.belief_ready & MOMENTUM == MOMENTUM
    }

    /// Effective F5, None while not ready.
    #[must_use]
    pub fn tradeability(&self) -> Option<f64> {
        (self.belief_ready >> F5 & 1 == 1).then_some(self.effective[F5])
    }
}

/// The smallest of some prices.
#[must_use]
pub fn lowest(prices: &[i64]) -> i64 {
    prices.iter().copied().min().unwrap_or(i64::MAX)
}

/// The largest of some prices.
#[must_use]
pub fn highest(prices: &[i64]) -> i64 {
    prices.iter().copied().max().unwrap_or(i64::MIN)
}

//! One step of the engine in the form that suits the machine.
//!
//! The wide form is the same code compiled for registers of four floats instead of two: the same
//! operations in the same order, each rounded alike. Where multiplying and adding in one operation
//! gives the very same number sooner (rounding to the grid, powers of e), it goes that way. Not a
//! bit of the result differs.

use std::ops::Range;
use std::sync::OnceLock;
use std::thread;

use tradebot_engine::pair::{Follower, Left, WORTH};
use tradebot_engine::{BarInput, Columns, Engine, EngineError, Frame, ROW};

/// Which form of a step is used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    wide: bool,
}

impl Step {
    /// The best form of this machine, or the portable one.
    pub(crate) fn new(portable: bool) -> Self {
        Self { wide: !portable && has_wide_registers() }
    }

    /// Consume one bar and write its row.
    #[inline]
    pub(crate) fn row(
        self,
        engine: &mut Engine,
        bar: &BarInput,
        row: &mut [f64; ROW],
    ) -> Result<(), EngineError> {
        #[cfg(target_arch = "x86_64")]
        if self.wide {
            // SAFETY: `wide` is set only where the machine was found to have AVX2.
            return unsafe { wide_row(engine, bar, row) };
        }
        engine.step(bar, row)
    }

    /// Consume one bar and return its frame on the 1e-9 grid.
    #[inline]
    pub(crate) fn frame(self, engine: &mut Engine, bar: &BarInput) -> Result<Frame, EngineError> {
        #[cfg(target_arch = "x86_64")]
        if self.wide {
            // SAFETY: as above.
            return unsafe { wide_frame(engine, bar) };
        }
        Ok(engine.update(bar)?.rounded())
    }

    /// Consume whole columns and write a row a bar, by two threads where there is enough to do.
    pub(crate) fn run(
        self,
        engine: &mut Engine,
        columns: &Columns<'_>,
        rows: &mut [f64],
    ) -> Result<(), EngineError> {
        let pair = columns.open.len() >= WORTH && has_two_processors();
        #[cfg(target_arch = "x86_64")]
        if self.wide {
            if pair {
                return engine.run_in_pair(
                    columns,
                    rows,
                    // SAFETY: as above.
                    |engine, bars, into| unsafe { wide_leave(engine, columns, bars, into) },
                    // SAFETY: as above.
                    |follower, left, rows| unsafe { wide_follow(follower, left, rows) },
                );
            }
            // SAFETY: as above.
            return unsafe { wide_run(engine, columns, rows) };
        }
        if pair {
            return engine.run_in_pair(
                columns,
                rows,
                |engine, bars, into| engine.leave(columns, bars, into),
                Follower::follow::<false>,
            );
        }
        engine.run(columns, rows)
    }
}

/// True where a second thread does not have to wait for the first.
fn has_two_processors() -> bool {
    static SEEN: OnceLock<bool> = OnceLock::new();
    *SEEN.get_or_init(|| thread::available_parallelism().is_ok_and(|n| n.get() > 1))
}

#[cfg(target_arch = "x86_64")]
fn has_wide_registers() -> bool {
    std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma")
}

#[cfg(not(target_arch = "x86_64"))]
fn has_wide_registers() -> bool {
    false
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn wide_row(engine: &mut Engine, bar: &BarInput, row: &mut [f64; ROW]) -> Result<(), EngineError> {
    engine.step_as::<true>(bar, row)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn wide_frame(engine: &mut Engine, bar: &BarInput) -> Result<Frame, EngineError> {
    Ok(engine.update_as::<true>(bar)?.rounded_as::<true>())
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn wide_run(
    engine: &mut Engine,
    columns: &Columns<'_>,
    rows: &mut [f64],
) -> Result<(), EngineError> {
    engine.run_as::<true>(columns, rows)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn wide_leave(
    engine: &mut Engine,
    columns: &Columns<'_>,
    bars: Range<usize>,
    into: &mut [Left],
) -> Result<(), EngineError> {
    engine.leave(columns, bars, into)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn wide_follow(follower: &mut Follower, left: &[Left], rows: &mut [f64]) {
    follower.follow::<true>(left, rows);
}

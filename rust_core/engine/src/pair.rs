//! Whole columns by two threads: one finds the signals, the other the beliefs of the bars before
//! and writes the rows.
//!
//! Not a bit differs from [`Engine::run`]: beliefs read the signals and nothing reads them, and each
//! thread does its part bar by bar in their order.

use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::batch::Columns;
use crate::beliefs::{Asked, Beliefs, Carried};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::frame::{BeliefValues, LANES, ROW, SIGNALS, write_row};

/// Bars from which on a second thread is worth beginning.
pub const WORTH: usize = 8_192;
/// Bars that are handed over together, and how often that many are under way.
const BLOCK: usize = 256;
const BLOCKS: usize = 4;

/// What the signals of one bar leave to its beliefs.
#[derive(Debug, Clone, Copy)]
pub struct Left {
    signals: [f64; SIGNALS],
    asked: Asked,
    /// The bar opens a session.
    opens: bool,
}

impl Left {
    const NOTHING: Self = Self {
        signals: [0.0; SIGNALS],
        asked: Asked { ready: 0, fallback: 0, key: (0, 0, 0) },
        opens: false,
    };
}

/// What finds beliefs where another engine finds the signals.
#[derive(Debug)]
pub struct Follower {
    beliefs: Beliefs,
    carried: Carried,
    values: BeliefValues<LANES>,
}

impl Follower {
    /// Find the beliefs of the bars whose signals were `left`, and write their rows.
    #[inline(always)]
    pub fn follow<const FUSED: bool>(&mut self, left: &[Left], rows: &mut [f64]) {
        let rows = rows.chunks_exact_mut(ROW).map(<&mut [f64; ROW]>::try_from);
        for (bar, row) in left.iter().zip(rows.flatten()) {
            if bar.opens {
                self.carried = self.beliefs.opened();
            }
            self.beliefs.hear(&bar.signals, bar.asked.ready);
            self.beliefs.update::<FUSED>(&mut self.carried, bar.asked, &mut self.values);
            write_row::<FUSED>(&bar.signals, &self.values.likelihood, row);
        }
    }
}

type Block = Box<[Left]>;
type Full<'a> = (Block, &'a mut [f64]);

impl Engine {
    /// [`Engine::run`] by this thread and another one. `first` is [`Engine::leave`] and `second`
    /// [`Follower::follow`], each compiled as it suits the caller.
    ///
    /// # Errors
    /// As [`Engine::run`].
    pub fn run_in_pair(
        &mut self,
        columns: &Columns<'_>,
        rows: &mut [f64],
        first: impl Fn(&mut Self, Range<usize>, &mut [Left]) -> Result<(), EngineError>,
        second: impl Fn(&mut Follower, &[Left], &mut [f64]) + Send,
    ) -> Result<(), EngineError> {
        columns.check_with(rows)?;
        let mut next = self.clone();
        let follower = Follower {
            beliefs: next.beliefs.clone(),
            carried: next.state.beliefs.clone(),
            values: next.frame.beliefs,
        };
        let follower = thread::scope(|scope| {
            let (full, filled) = sync_channel(BLOCKS);
            let (empty, emptied) = sync_channel(BLOCKS);
            let other = scope.spawn(move || follow_all(follower, &filled, &empty, second));
            let led = next.lead(rows, first, &full, &emptied);
            drop(full);
            let follower = other.join().unwrap_or_else(|why| resume_unwind(why));
            led.map(|()| follower)
        })?;
        next.beliefs = follower.beliefs;
        next.state.beliefs = follower.carried;
        next.frame.beliefs = follower.values;
        *self = next;
        Ok(())
    }

    fn lead<'a>(
        &mut self,
        rows: &'a mut [f64],
        first: impl Fn(&mut Self, Range<usize>, &mut [Left]) -> Result<(), EngineError>,
        full: &SyncSender<Full<'a>>,
        emptied: &Receiver<Block>,
    ) -> Result<(), EngineError> {
        for (n, places) in rows.chunks_mut(BLOCK * ROW).enumerate() {
            let from = n * BLOCK;
            let fresh = || Ok(vec![Left::NOTHING; BLOCK].into_boxed_slice());
            let block = if n < BLOCKS { fresh() } else { emptied.recv() };
            let Ok(mut block) = block else { break }; // why, the other thread's end tells
            first(self, from..from + places.len() / ROW, &mut block)?;
            if full.send((block, places)).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Consume some bars of `columns`, but for their beliefs.
    ///
    /// # Errors
    /// `Row` if a bar is impossible.
    #[inline(always)]
    pub fn leave(
        &mut self,
        columns: &Columns<'_>,
        bars: Range<usize>,
        into: &mut [Left],
    ) -> Result<(), EngineError> {
        for (row, left) in bars.zip(into) {
            let bar = columns.bar(row).checked();
            let bar = bar.map_err(|why| EngineError::Row { row, why: Box::new(why) })?;
            left.opens = self.state.opens(bar.session_start);
            left.asked = self.find_signals::<false>(&bar);
            left.signals = self.frame.signals.x;
        }
        Ok(())
    }
}

/// Follow block after block until no more come.
fn follow_all(
    mut follower: Follower,
    filled: &Receiver<Full<'_>>,
    empty: &SyncSender<Block>,
    second: impl Fn(&mut Follower, &[Left], &mut [f64]),
) -> Follower {
    for (block, rows) in filled {
        second(&mut follower, &block, rows);
        if empty.send(block).is_err() {
            break;
        }
    }
    follower
}

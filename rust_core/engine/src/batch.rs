//! A whole column of bars in one call: all of it or nothing.

use crate::bar::{BarInput, Prices};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::frame::ROW;

/// One column for each field of [`BarInput`], all of one length; a NaN spread means none.
#[derive(Debug, Clone, Copy)]
pub struct Columns<'a> {
    /// Open in ticks.
    pub open: &'a [i64],
    /// High in ticks.
    pub high: &'a [i64],
    /// Low in ticks.
    pub low: &'a [i64],
    /// Close in ticks.
    pub close: &'a [i64],
    /// Contracts traded.
    pub volume: &'a [i64],
    /// Phase code of the bar's open.
    pub phase: &'a [u8],
    /// Minutes since the open.
    pub minute: &'a [i64],
    /// True on the first received bar of a session.
    pub session_start: &'a [bool],
    /// Quoted mean spread in ticks, NaN for none.
    pub spread: &'a [f64],
    /// Data validity in basis points.
    pub dvs_bp: &'a [i64],
    /// Execution quality in basis points.
    pub eqs_bp: &'a [i64],
    /// Mean of our own adverse slippage in ticks.
    pub realised_slip: &'a [f64],
}

impl Columns<'_> {
    fn check(&self) -> Result<(), EngineError> {
        let want = self.open.len();
        for (name, was) in [
            ("high", self.high.len()),
            ("low", self.low.len()),
            ("close", self.close.len()),
            ("volume", self.volume.len()),
            ("phase", self.phase.len()),
            ("minute", self.minute.len()),
            ("session_start", self.session_start.len()),
            ("spread", self.spread.len()),
            ("dvs_bp", self.dvs_bp.len()),
            ("eqs_bp", self.eqs_bp.len()),
            ("realised_slip", self.realised_slip.len()),
        ] {
            if was != want {
                return Err(EngineError::ColumnLength { name, was, want });
            }
        }
        Ok(())
    }

    /// All of one length, and `rows` a row a bar.
    pub(crate) fn check_with(&self, rows: &[f64]) -> Result<(), EngineError> {
        self.check()?;
        let (n, was) = (self.open.len(), rows.len() / ROW);
        if rows.len() != n * ROW {
            return Err(EngineError::ColumnLength { name: "out", was, want: n });
        }
        Ok(())
    }

    #[inline(always)]
    pub(crate) fn bar(&self, k: usize) -> BarInput {
        let spread = self.spread[k];
        BarInput {
            prices: Prices {
                open: self.open[k],
                high: self.high[k],
                low: self.low[k],
                close: self.close[k],
                volume: self.volume[k],
            },
            phase: i64::from(self.phase[k]),
            minute: self.minute[k],
            session_start: self.session_start[k],
            spread: if spread.is_nan() { None } else { Some(spread) },
            dvs_bp: self.dvs_bp[k],
            eqs_bp: self.eqs_bp[k],
            realised_slip: self.realised_slip[k],
        }
    }
}

impl Engine {
    /// Consume every bar of `columns`; row k of `rows` gets the values of bar k on the 1e-9 grid.
    ///
    /// # Errors
    /// `ColumnLength` if a column (or `rows`, [`ROW`] places a bar) has another length, `Row` if a
    /// bar is impossible. The engine is then as it was before; `rows` may be partly written.
    pub fn run(&mut self, columns: &Columns<'_>, rows: &mut [f64]) -> Result<(), EngineError> {
        self.run_as::<false>(columns, rows)
    }

    /// [`Engine::run`] in the form of [`Engine::update_as`].
    ///
    /// # Errors
    /// As [`Engine::run`].
    #[inline(always)]
    pub fn run_as<const FUSED: bool>(
        &mut self,
        columns: &Columns<'_>,
        rows: &mut [f64],
    ) -> Result<(), EngineError> {
        columns.check_with(rows)?;
        let mut next = self.clone();
        let rows = rows.chunks_exact_mut(ROW).map(<&mut [f64; ROW]>::try_from);
        for (row, places) in rows.flatten().enumerate() {
            next.step_as::<FUSED>(&columns.bar(row), places)
                .map_err(|why| EngineError::Row { row, why: Box::new(why) })?;
        }
        *self = next;
        Ok(())
    }

    /// Consume one bar and write its row, on the 1e-9 grid.
    ///
    /// # Errors
    /// The bar is impossible; the engine is as it was before.
    #[inline(always)]
    pub fn step(&mut self, bar: &BarInput, row: &mut [f64; ROW]) -> Result<(), EngineError> {
        self.step_as::<false>(bar, row)
    }

    /// [`Engine::step`] in the form of [`Engine::update_as`].
    ///
    /// # Errors
    /// As [`Engine::step`].
    #[inline(always)]
    pub fn step_as<const FUSED: bool>(
        &mut self,
        bar: &BarInput,
        row: &mut [f64; ROW],
    ) -> Result<(), EngineError> {
        self.update_as::<FUSED>(bar)?.write_row::<FUSED>(row);
        Ok(())
    }
}

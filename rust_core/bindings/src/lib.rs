//! The Python face of the engine: convert, call, map errors; no arithmetic in this crate.
//! Beside it the canonical encoder of events, which is about Python values alone.

mod canonical;
mod convert;
mod engine;
mod error;
mod maths;
mod step;

use pyo3::prelude::pymodule;

/// Extension module `rust_core._native`.
#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::canonical::py_canonical;
    #[pymodule_export]
    use crate::engine::PySignalEngine;
    #[pymodule_export]
    use crate::error::{BarError, ColumnError, EngineInputError, ParameterError, SnapshotError};
    #[pymodule_export]
    const ROW: usize = tradebot_engine::ROW;
    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");
}

//! The Python face of the engine: convert, call, map errors; no arithmetic in this crate.
//! Beside it what is done to every event on its way to the log: canonical form, event id, hash
//! chain; that is about Python values alone.

mod canonical;
mod convert;
mod digest;
mod encoded;
mod engine;
mod error;
mod frame_payloads;
mod link;
mod maths;
mod rows;
mod shape;
mod step;

use pyo3::prelude::pymodule;

/// Extension module `rust_core._native`.
#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::canonical::{py_canonical, py_encode};
    #[pymodule_export]
    use crate::encoded::Encoded;
    #[pymodule_export]
    use crate::engine::PySignalEngine;
    #[pymodule_export]
    use crate::error::{BarError, ColumnError, EngineInputError, ParameterError, SnapshotError};
    #[pymodule_export]
    use crate::frame_payloads::frame_payloads;
    #[pymodule_export]
    use crate::link::{event_id, link};
    #[pymodule_export]
    use crate::shape::Shape;
    #[pymodule_export]
    const ROW: usize = tradebot_engine::ROW;
    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");
}

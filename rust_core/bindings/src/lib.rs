//! The Python face of the engine: convert, call, map errors; no arithmetic in this crate.
//! Beside it what is done to every event on its way to the log: canonical form, event id, hash
//! chain; that is about Python values alone.

mod bar_forms;
mod candidates;
mod canonical;
mod convert;
mod decider;
mod decision_form;
mod digest;
mod digits;
mod encoded;
mod engine;
mod error;
mod events;
mod frame_payloads;
mod gate_rows;
mod linked;
mod market;
mod maths;
mod named;
mod narrative;
mod numbers;
mod ready;
mod records;
mod rows;
mod shape;
mod stamp;
mod step;
mod tail;
mod timetable;

use pyo3::prelude::pymodule;

/// Extension module `rust_core._native`.
#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::bar_forms::BarForms;
    #[pymodule_export]
    use crate::canonical::{py_canonical, py_encode};
    #[pymodule_export]
    use crate::decider::PyDecider;
    #[pymodule_export]
    use crate::encoded::Encoded;
    #[pymodule_export]
    use crate::engine::PySignalEngine;
    #[pymodule_export]
    use crate::error::{BarError, ColumnError, EngineInputError, ParameterError, SnapshotError};
    #[pymodule_export]
    use crate::events::py_event_id;
    #[pymodule_export]
    use crate::frame_payloads::frame_payloads;
    #[pymodule_export]
    use crate::numbers::Numbers;
    #[pymodule_export]
    use crate::ready::Records;
    #[pymodule_export]
    use crate::shape::Shape;
    #[pymodule_export]
    use crate::tail::{Chunk, Tail, link};
    #[pymodule_export]
    const ROW: usize = tradebot_engine::ROW;
    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");
}

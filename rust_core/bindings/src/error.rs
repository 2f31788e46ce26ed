//! Engine errors as Python exceptions: one arm for each.
//!
//! ```text
//! EngineInputError(ValueError)
//! ├── BarError         an impossible bar
//! ├── ColumnError      columns that do not fit together, or an impossible row
//! ├── ParameterError   parameters that are unreadable or out of range
//! └── SnapshotError    bytes that this engine cannot go on from
//! ```

use pyo3::exceptions::PyValueError;
use pyo3::{PyErr, create_exception};
use tradebot_engine::EngineError;

create_exception!(
    rust_core._native,
    EngineInputError,
    PyValueError,
    "The engine refused its input and is as it was before the call."
);
create_exception!(rust_core._native, BarError, EngineInputError, "An impossible bar.");
create_exception!(
    rust_core._native,
    ColumnError,
    EngineInputError,
    "Columns that do not fit together, or a row that is an impossible bar."
);
create_exception!(
    rust_core._native,
    ParameterError,
    EngineInputError,
    "Parameters that are unreadable or out of range."
);
create_exception!(
    rust_core._native,
    SnapshotError,
    EngineInputError,
    "Bytes that this engine cannot go on from."
);

/// The exception that says `error` in Python.
#[cold]
#[allow(clippy::needless_pass_by_value)] // map_err hands the error over
#[allow(clippy::match_same_arms)] // one arm for each: a new error must be placed by hand
pub(crate) fn to_py(error: EngineError) -> PyErr {
    let text = error.to_string();
    match error {
        EngineError::PriceOutOfRange { .. } => BarError::new_err(text),
        EngineError::HighBelowLow { .. } => BarError::new_err(text),
        EngineError::OutsideBar { .. } => BarError::new_err(text),
        EngineError::VolumeOutOfRange { .. } => BarError::new_err(text),
        EngineError::NoPhase { .. } => BarError::new_err(text),
        EngineError::MinuteOutsideSession { .. } => BarError::new_err(text),
        EngineError::NoBasisPoints { .. } => BarError::new_err(text),
        EngineError::NoTicks { .. } => BarError::new_err(text),
        EngineError::ColumnLength { .. } => ColumnError::new_err(text),
        EngineError::Row { .. } => ColumnError::new_err(text),
        EngineError::ParametersUnreadable(_) => ParameterError::new_err(text),
        EngineError::BadParameter { .. } => ParameterError::new_err(text),
        EngineError::SnapshotForeign => SnapshotError::new_err(text),
        EngineError::SnapshotVersion { .. } => SnapshotError::new_err(text),
        EngineError::SnapshotParameters => SnapshotError::new_err(text),
        EngineError::SnapshotDamaged => SnapshotError::new_err(text),
        EngineError::SnapshotUnwritable(_) => SnapshotError::new_err(text),
    }
}

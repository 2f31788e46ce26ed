//! The production engine: 35 signals, 6 beliefs and the regime of one stream of minute bars.
//!
//! It agrees bit for bit with the Python reference of the same specification: integer sums,
//! expressions in the order written, one platform maths library; fused operations only where the
//! number is shown to be the same (`arithmetic`, `exponential`).
//!
//! Map: [`BarInput`] is checked ([`mod@bar`]) and given to [`Engine`] ([`engine`]), which keeps the
//! shared quantities (`shared`) and hands them as one view (`now`) to the signals (`signals`),
//! the [`regime`] and the beliefs (`beliefs`), to which each signal contributes as it is put down
//! (`contributions`). [`Frame`] is what comes out. [`batch`] runs whole
//! columns, [`pair`] with a second thread, [`mod@snapshot`] writes and reads the state.
#![forbid(unsafe_code)]
// The whole step of a bar is one function in the end, so that a caller may compile it a second
// time for wider registers; see `step` in the bindings.
#![allow(clippy::inline_always)]

pub mod arithmetic;
pub mod bar;
pub mod batch;
mod beliefs;
mod constants;
mod contributions;
pub mod engine;
pub mod error;
mod exponential;
pub mod frame;
mod now;
pub mod pair;
mod parameter_checks;
pub mod parameters;
pub mod regime;
mod shared;
mod signals;
pub mod snapshot;
pub mod window;

pub use arithmetic::Maths;
pub use bar::{BarInput, Prices};
pub use batch::Columns;
pub use engine::{Engine, Probe};
pub use error::EngineError;
pub use frame::{BELIEFS, Frame, ROW, SIGNALS};
pub use parameters::Parameters;

//! One decision a bar, in the order of decision.md: what the templates see, how each setup would
//! be entered, what it is worth, which gates it passes, and which of them is chosen.
//!
//! `domain.decision`, `domain.candidate` and `domain.strategies` say the same in Python and are the
//! reference; both agree to the last bit. Everything here is a function of its arguments, but for
//! quantiles that are remembered because they recur.

pub mod beta;
pub mod gates;
pub mod judge;
pub mod market;
pub mod python;
pub mod rules;
pub mod score;
pub mod templates;
pub mod weigh;

pub use beta::Quantiles;
pub use gates::{Gate, Id};
pub use judge::{Judged, Moment, Standing};
pub use market::Market;
pub use rules::Rules;
pub use weigh::{Counterfactual, View};

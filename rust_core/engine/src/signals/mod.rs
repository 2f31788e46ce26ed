//! The 35 signals, in the groups and order of the specification.

pub(crate) mod cost;
pub(crate) mod crowd;
pub(crate) mod levels;
pub(crate) mod participation;
pub(crate) mod seasonal;
pub(crate) mod session_context;
pub(crate) mod structure;

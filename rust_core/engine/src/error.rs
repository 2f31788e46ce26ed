//! Every refusal of the engine. A refused call leaves the engine as it was before.

/// Why the engine refused a bar, parameters or a snapshot.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EngineError {
    /// A price beyond what exact sums are sized for.
    #[error("{name} is {was} ticks, outside +-{limit}")]
    PriceOutOfRange {
        /// The field.
        name: &'static str,
        /// Its value in ticks.
        was: i64,
        /// The largest magnitude taken.
        limit: i64,
    },
    /// A bar whose high lies below its low.
    #[error("high {high} lies below low {low}")]
    HighBelowLow {
        /// High in ticks.
        high: i64,
        /// Low in ticks.
        low: i64,
    },
    /// An open or close outside the bar's range.
    #[error("{name} {was} lies outside {low}..{high}")]
    OutsideBar {
        /// The field.
        name: &'static str,
        /// Its value in ticks.
        was: i64,
        /// Low in ticks.
        low: i64,
        /// High in ticks.
        high: i64,
    },
    /// A negative volume, or one beyond what exact sums are sized for.
    #[error("volume {was} lies outside 0..{limit}")]
    VolumeOutOfRange {
        /// The volume.
        was: i64,
        /// The largest volume taken.
        limit: i64,
    },
    /// No phase code.
    #[error("phase {was} lies outside 0..7")]
    NoPhase {
        /// The code.
        was: i64,
    },
    /// A minute outside the session.
    #[error("minute {was} lies outside the session (0..{limit})")]
    MinuteOutsideSession {
        /// Minutes since the open.
        was: i64,
        /// The last minute a session can have.
        limit: i64,
    },
    /// A quality score that is no number of basis points.
    #[error("{name} {was} lies outside 0..10000")]
    NoBasisPoints {
        /// The field.
        name: &'static str,
        /// Its value.
        was: i64,
    },
    /// A spread or slippage that is negative, beyond any market or no number.
    #[error("{name} {was} lies outside 0..{limit} ticks")]
    NoTicks {
        /// The field.
        name: &'static str,
        /// Its value.
        was: f64,
        /// The largest value taken.
        limit: f64,
    },
    /// A column of another length than the first.
    #[error("{name} has {was} values, open has {want}")]
    ColumnLength {
        /// The column.
        name: &'static str,
        /// Its length.
        was: usize,
        /// The length of the first column.
        want: usize,
    },
    /// A row of a batch that is refused; nothing of the batch was taken.
    #[error("row {row}: {why}")]
    Row {
        /// Index of the row.
        row: usize,
        /// The refusal.
        why: Box<EngineError>,
    },
    /// Parameters that are no JSON of the expected shape.
    #[error("parameters cannot be read: {0}")]
    ParametersUnreadable(String),
    /// A parameter outside its range.
    #[error("parameter {name} {reason}")]
    BadParameter {
        /// The parameter.
        name: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Bytes that are no snapshot of this engine.
    #[error("not a snapshot of this engine")]
    SnapshotForeign,
    /// A snapshot in another format version.
    #[error("snapshot has format version {was}, this engine reads {want}")]
    SnapshotVersion {
        /// Version found.
        was: u16,
        /// Version read.
        want: u16,
    },
    /// A snapshot made with other parameters.
    #[error("snapshot was made with other parameters")]
    SnapshotParameters,
    /// A snapshot whose bytes are incomplete or changed.
    #[error("snapshot is damaged")]
    SnapshotDamaged,
    /// A state that cannot be written.
    #[error("state cannot be written: {0}")]
    SnapshotUnwritable(String),
}

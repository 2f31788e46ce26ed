//! The whole state as bytes: magic, version, fingerprint of the parameters, checksum, payload.

use crate::engine::{Engine, State};
use crate::error::EngineError;
use crate::parameters::Parameters;

const MAGIC: [u8; 4] = *b"TBES";
/// Raised whenever the layout of the state or of this header changes.
pub const VERSION: u16 = 2;
const HEADER: usize = 4 + 2 + 8 + 8;

impl Engine {
    /// The whole state, versioned.
    ///
    /// # Errors
    /// `SnapshotUnwritable` if the state cannot be encoded.
    pub fn snapshot(&self) -> Result<Vec<u8>, EngineError> {
        let payload = postcard::to_allocvec(&self.state)
            .map_err(|e| EngineError::SnapshotUnwritable(e.to_string()))?;
        let mut bytes = Vec::with_capacity(HEADER + payload.len());
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&fingerprint(&self.parameters)?.to_le_bytes());
        bytes.extend_from_slice(&fnv1a(&payload).to_le_bytes());
        bytes.extend_from_slice(&payload);
        Ok(bytes)
    }

    /// Go on from a snapshot made with the same parameters.
    ///
    /// # Errors
    /// The bytes are foreign, of another version, made with other parameters, or damaged; the
    /// engine is as it was before.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        let rest = bytes.strip_prefix(&MAGIC).ok_or(EngineError::SnapshotForeign)?;
        let (version, rest) = take::<2>(rest)?;
        let was = u16::from_le_bytes(version);
        if was != VERSION {
            return Err(EngineError::SnapshotVersion { was, want: VERSION });
        }
        let (parameters, rest) = take::<8>(rest)?;
        if u64::from_le_bytes(parameters) != fingerprint(&self.parameters)? {
            return Err(EngineError::SnapshotParameters);
        }
        let (checksum, payload) = take::<8>(rest)?;
        if u64::from_le_bytes(checksum) != fnv1a(payload) {
            return Err(EngineError::SnapshotDamaged);
        }
        let (state, left): (State, &[u8]) =
            postcard::take_from_bytes(payload).map_err(|_| EngineError::SnapshotDamaged)?;
        let fresh = Self::new(self.parameters.clone(), self.maths());
        if !left.is_empty() || !state.fits(&fresh.state) {
            return Err(EngineError::SnapshotDamaged);
        }
        self.state = state;
        Ok(())
    }
}

fn take<const N: usize>(bytes: &[u8]) -> Result<([u8; N], &[u8]), EngineError> {
    bytes
        .split_first_chunk::<N>()
        .map(|(head, rest)| (*head, rest))
        .ok_or(EngineError::SnapshotDamaged)
}

fn fingerprint(parameters: &Parameters) -> Result<u64, EngineError> {
    postcard::to_allocvec(parameters)
        .map(|bytes| fnv1a(&bytes))
        .map_err(|e| EngineError::SnapshotUnwritable(e.to_string()))
}

/// FNV-1a, 64 bits: finds accidents, not malice.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

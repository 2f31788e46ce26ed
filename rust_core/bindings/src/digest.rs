//! Hashes as text.

use std::hash::{BuildHasherDefault, Hash as Hashed, Hasher};

use sha2::digest::Output;
use sha2::{Digest, Sha256};

/// Some lower-case hex digits, kept in place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hex<const N: usize>([u8; N]);

/// A whole SHA-256.
pub(crate) type Hash = Hex<64>;

impl<const N: usize> Hex<N> {
    /// What stands where there is none yet.
    pub(crate) const NONE: Self = Self([b'0'; N]);

    /// The first digits of some bytes; there must be enough of them.
    pub(crate) fn of(bytes: &Output<Sha256>) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut digits = [b'0'; N];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        Self(digits)
    }

    /// Digits that somebody else wrote, None for another number of them.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let digits: [u8; N] = text.as_bytes().try_into().ok()?;
        digits.is_ascii().then_some(Self(digits))
    }

    /// The digits.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("")
    }

    /// The digits as they are.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Lower-case hex digits of the SHA-256 of some bytes.
pub(crate) fn hex_of(bytes: &[u8]) -> Hash {
    Hash::of(&Sha256::digest(bytes))
}

impl<const N: usize> Hashed for Hex<N> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for part in self.0.chunks_exact(8).take(2) {
            state.write(part);
        }
    }
}

/// Hashes of hashes: what comes is evenly spread already, so that it is only moved to where a
/// table looks.
#[derive(Default)]
pub(crate) struct Spread(u64);

/// For a table by [`Hex`].
pub(crate) type Spreading = BuildHasherDefault<Spread>;

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15; // 2^64 over the golden ratio (Knuth)
        let part = bytes.first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight));
        let mixed = (self.0 ^ part).wrapping_mul(ODD);
        self.0 = mixed ^ mixed >> 32;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

//! Hashes as text.

use sha2::digest::Output;
use sha2::{Digest, Sha256};

/// Some lower-case hex digits, kept in place.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Hex<const N: usize>([u8; N]);

/// A whole SHA-256.
pub(crate) type Hash = Hex<64>;

impl<const N: usize> Hex<N> {
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
}

/// Lower-case hex digits of the SHA-256 of some bytes.
pub(crate) fn hex_of(bytes: &[u8]) -> Hash {
    Hash::of(&Sha256::digest(bytes))
}

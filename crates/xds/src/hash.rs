//! A content hash that is the same on every machine and in every build.

use std::fmt;

/// The 128-bit FNV-1a hash of something's canonical JSON. Not a defence against forgery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash(u128);

impl ContentHash {
    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let basis = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128;
        let prime = 0x0000_0000_0100_0000_0000_0000_0000_013b_u128;
        Self(bytes.iter().fold(basis, |hash, byte| {
            (hash ^ u128::from(*byte)).wrapping_mul(prime)
        }))
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_as_the_published_test_vectors() {
        assert_eq!(
            ContentHash::of(b"").to_string(),
            "6c62272e07bb014262b821756295c58d"
        );
        assert_eq!(
            ContentHash::of(b"a").to_string(),
            "d228cb696f1a8caf78912b704e4a8964"
        );
    }
}

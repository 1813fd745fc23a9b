//! Hashes that decide which of several valid orders is used.

/// The output function of splitmix64: every bit of the result depends on every bit of `z`.
pub(super) const fn bits(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Both numbers in one.
pub(super) const fn pair(seed: u64, number: u64) -> u64 {
    bits(seed ^ bits(number.wrapping_add(0x9E37_79B9_7F4A_7C15)))
}

/// A seed and a text in one.
pub(super) fn text(seed: u64, text: &str) -> u64 {
    text.bytes()
        .fold(seed, |hash, byte| pair(hash, u64::from(byte)))
}

/// The number below `bound` that `hash` stands for; 0 when `bound` is 0.
pub(super) fn below(hash: u64, bound: u64) -> u64 {
    let wide = (u128::from(hash) * u128::from(bound)) >> 64;
    u64::try_from(wide).unwrap_or(0)
}

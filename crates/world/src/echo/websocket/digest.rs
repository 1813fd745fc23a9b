//! SHA-1 (RFC 3174), which the handshake of a WebSocket asks for. It protects nothing here.

const BLOCK: usize = 64;

/// The digest of `message`.
pub(super) fn sha1(message: &[u8]) -> Vec<u8> {
    let mut state = [
        0x6745_2301_u32,
        0xEFCD_AB89,
        0x98BA_DCFE,
        0x1032_5476,
        0xC3D2_E1F0,
    ];
    for block in padded(message).chunks_exact(BLOCK) {
        state = mixed(state, block);
    }
    state.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// `message`, a bit, zeros, and its length in bits.
fn padded(message: &[u8]) -> Vec<u8> {
    let bits = u64::try_from(message.len()).unwrap_or(u64::MAX) * 8;
    let mut padded = message.to_vec();
    padded.push(0x80);
    while padded.len() % BLOCK != BLOCK - 8 {
        padded.push(0);
    }
    padded.extend(bits.to_be_bytes());
    padded
}

#[expect(clippy::many_single_char_names, reason = "the letters of the RFC")]
fn mixed(before: [u32; 5], block: &[u8]) -> [u32; 5] {
    let mut words: Vec<u32> = block
        .chunks_exact(4)
        .map(|word| word.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
        .collect();
    for i in 16..80 {
        let word = words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16];
        words.push(word.rotate_left(1));
    }
    let [mut a, mut b, mut c, mut d, mut e] = before;
    for (round, word) in words.iter().enumerate() {
        let (f, k) = match round / 20 {
            0 => (b & c | !b & d, 0x5A82_7999_u32),
            1 => (b ^ c ^ d, 0x6ED9_EBA1),
            2 => (b & c | b & d | c & d, 0x8F1B_BCDC),
            _ => (b ^ c ^ d, 0xCA62_C1D6),
        };
        let next = a.rotate_left(5);
        let next = next.wrapping_add(f).wrapping_add(e);
        let next = next.wrapping_add(k).wrapping_add(*word);
        (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
    }
    let [a0, b0, c0, d0, e0] = before;
    [
        a0.wrapping_add(a),
        b0.wrapping_add(b),
        c0.wrapping_add(c),
        d0.wrapping_add(d),
        e0.wrapping_add(e),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_rfc() {
        let hex = |text: &str| -> String {
            let digest = sha1(text.as_bytes());
            let bytes = digest.iter().map(|byte| format!("{byte:02x}"));
            bytes.collect::<Vec<_>>().concat()
        };
        assert_eq!(hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        let longer = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        assert_eq!(hex(longer), "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    }
}

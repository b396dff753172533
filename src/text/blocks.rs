//! Text in blocks of 64 bytes. All bytes of a block are compared at once with the processor's vector instructions; the
//! result is a mask of 64 bits, the lowest of which is that of the first byte.

use fearless_simd::prelude::*;
use fearless_simd::u8x64;

/// The bytes of a block: one for each bit of a mask.
pub(crate) const BLOCK_BYTES: usize = 64;

/// The blocks of `text`. One more, padded with zeros, holds the bytes after the last whole block; it may hold no text.
#[inline(always)]
pub(crate) fn blocks(text: &[u8]) -> impl Iterator<Item = [u8; BLOCK_BYTES]> {
    let (whole, rest) = text.as_chunks();
    let mut last = [0; BLOCK_BYTES];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    whole.iter().copied().chain([last])
}

/// Returns a function that compares the bytes of `block` with one byte and returns the mask of those that are equal.
#[inline(always)]
pub(crate) fn byte_masks<S: Simd>(simd: S, block: [u8; BLOCK_BYTES]) -> impl Fn(u8) -> u64 {
    let block = u8x64::simd_from(simd, block);
    move |byte| block.simd_eq(byte).to_bitmask()
}

/// The positions of the bits that are set, from the lowest on. The iterator knows its length, so that a vector can
/// reserve room for all of them at once.
#[inline(always)]
pub(crate) fn set_bits(mut bits: u64) -> impl Iterator<Item = usize> {
    (0..bits.count_ones()).map(move |_| {
        let lowest = bits.trailing_zeros();
        bits &= bits.wrapping_sub(1);
        lowest as usize
    })
}

#[cfg(test)]
mod tests {
    use fearless_simd::{Level, dispatch};

    use super::*;

    #[test]
    fn masks_say_where_a_byte_is() {
        for length in 0..3 * BLOCK_BYTES {
            let text: Vec<u8> = (0..length)
                .map(|at| if at % 3 == 0 { b',' } else { b'x' })
                .collect();
            for level in [Level::new(), Level::baseline()] {
                let found = dispatch!(level, simd => {
                    let masks = blocks(&text).map(|block| byte_masks(simd, block)(b','));
                    let places = masks.enumerate().flat_map(|(number, mask)| {
                        set_bits(mask).map(move |bit| number * BLOCK_BYTES + bit)
                    });
                    places.collect::<Vec<_>>()
                });
                let expected: Vec<_> = (0..length).step_by(3).collect();
                assert_eq!(found, expected, "{length}");
            }
        }
    }
}

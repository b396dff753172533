//! Text, 64 bytes at a time: all bytes of a block are compared at once, with the vector instructions that the processor
//! has, and the answer is a mask of 64 bits, the first byte's in the lowest one.

use fearless_simd::prelude::*;
use fearless_simd::u8x64;

/// As many bytes as there are bits in a mask.
pub const BLOCK: usize = 64;

/// The blocks of `text`; the last one has fewer bytes of it, or none, and zeros behind them.
#[inline(always)]
pub fn blocks(text: &[u8]) -> impl Iterator<Item = [u8; BLOCK]> {
    let (whole, rest) = text.as_chunks();
    let mut last = [0; BLOCK];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    whole.iter().copied().chain([last])
}

/// Makes masks of one block.
#[inline(always)]
pub fn compare<S: Simd>(simd: S, block: [u8; BLOCK]) -> impl Fn(u8) -> u64 {
    let block = u8x64::simd_from(simd, block);
    move |byte| block.simd_eq(byte).to_bitmask()
}

/// The numbers of the bits that are ones, from the lowest on. That their count is known beforehand spares whoever
/// collects them a look at each.
#[inline(always)]
pub fn ones(mut bits: u64) -> impl Iterator<Item = usize> {
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
        for length in 0..3 * BLOCK {
            let text: Vec<u8> = (0..length)
                .map(|at| if at % 3 == 0 { b',' } else { b'x' })
                .collect();
            for level in [Level::new(), Level::baseline()] {
                let found = dispatch!(level, simd => {
                    let masks = blocks(&text).map(|block| compare(simd, block)(b','));
                    let places = masks.enumerate().flat_map(|(number, mask)| {
                        ones(mask).map(move |bit| number * BLOCK + bit)
                    });
                    places.collect::<Vec<_>>()
                });
                let expected: Vec<_> = (0..length).step_by(3).collect();
                assert_eq!(found, expected, "{length}");
            }
        }
    }
}

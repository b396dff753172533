//! A Bloom filter of the search's pairs: one bit says of most pairs of the history that they need no look-up.
//!
//! Invariant: `BloomFilter::may_contain` is true for every pair of the set. It is also true for about one in ten others,
//! which the look-up then does not find.

use crate::pair::PairKey;

/// Bits for each pair. More bits would give fewer false positives, and take more of the processor's cache.
const BITS_PER_PAIR: usize = 8;

/// The fewest bits: those of one word.
const MIN_BITS: usize = 64;

/// A Bloom filter with one hash function.
#[derive(Debug)]
pub(crate) struct BloomFilter {
    bits: Vec<u64>,
    /// A hash shifted right by this is the number of its bit.
    shift: u32,
}

impl BloomFilter {
    /// The filter of these pairs.
    pub(crate) fn new(keys: impl ExactSizeIterator<Item = PairKey>) -> Self {
        let bits = keys.len().saturating_mul(BITS_PER_PAIR).max(MIN_BITS);
        // At most 256 MiB.
        let bits = bits.min(1 << 31).next_power_of_two();
        let mut bloom = Self {
            bits: vec![0; bits / 64],
            shift: u64::BITS - bits.trailing_zeros(),
        };
        for key in keys {
            let (word, bit) = bloom.position(key);
            if let Some(word) = bloom.bits.get_mut(word) {
                *word |= bit;
            }
        }
        bloom
    }

    /// Whether the pair may be in the set; `false` is certain.
    #[inline]
    pub(crate) fn may_contain(&self, key: PairKey) -> bool {
        let (word, bit) = self.position(key);
        self.bits.get(word).is_some_and(|word| word & bit != 0)
    }

    fn position(&self, key: PairKey) -> (usize, u64) {
        let number = key.hash() >> self.shift;
        ((number / 64) as usize, 1 << (number % 64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pair::PairHasher;

    #[test]
    fn all_that_are_in_pass_and_few_others() {
        let hasher = PairHasher::new(&[5; 16]);
        let keys = |numbers: std::ops::Range<u64>| -> Vec<PairKey> {
            let key = |number: u64| hasher.key(&number.to_le_bytes());
            numbers.map(key).collect()
        };
        for count in [0, 1, 10, 10_000] {
            let bloom = BloomFilter::new(keys(0..count).into_iter());
            assert!(keys(0..count).into_iter().all(|key| bloom.may_contain(key)));
            let others = keys(count..count + 10_000).into_iter();
            let passing = others.filter(|key| bloom.may_contain(*key)).count();
            assert!(passing < 2_000, "{passing} of 10 000 beside {count}");
        }
    }
}

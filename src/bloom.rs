//! Which pairs of the history can be pairs of this search: a look at one bit, before anything is looked up.
//!
//! Invariant: a pair that is in always passes. About one in ten that are not pass too: whoever looks them up finds out.

use crate::pair::PairKey;

/// Bits for each pair: more let fewer others pass, and take more of the processor's cache.
const BITS_PER_PAIR: usize = 8;

/// The fewest bits: as many as one number has.
const FEWEST_BITS: usize = 64;

/// A set of pairs, by some bits of their hashes.
#[derive(Debug)]
pub struct BloomFilter {
    bits: Vec<u64>,
    /// What is left of a hash when it is shifted by so much is the number of its bit.
    shift: u32,
}

impl BloomFilter {
    /// Of these pairs.
    pub fn new(keys: impl ExactSizeIterator<Item = PairKey>) -> Self {
        let bits = keys.len().saturating_mul(BITS_PER_PAIR).max(FEWEST_BITS);
        // No more bits than a hash can tell apart.
        let bits = bits.min(1 << 31).next_power_of_two();
        let mut bloom = Self {
            bits: vec![0; bits / 64],
            shift: u64::BITS - bits.trailing_zeros(),
        };
        for key in keys {
            let (word, bit) = bloom.place(key);
            if let Some(word) = bloom.bits.get_mut(word) {
                *word |= bit;
            }
        }
        bloom
    }

    /// Whether the pair may be in.
    #[inline]
    pub fn may_contain(&self, key: PairKey) -> bool {
        let (word, bit) = self.place(key);
        self.bits.get(word).is_some_and(|word| word & bit != 0)
    }

    fn place(&self, key: PairKey) -> (usize, u64) {
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

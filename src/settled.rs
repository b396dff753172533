//! The pairs of the history that settle a pair as known, as fingerprints: taken in one pass over the history, so that a
//! pair that comes later is settled without another pass.
//!
//! Bounded: a history with more pairs than [`MAX_PAIRS`] is not kept at all, and further passes do the work. A
//! fingerprint is 64 bits of a hash with a random key: among a million pairs of history and a million of a search, two
//! different ones share a fingerprint once in 18 million runs. Even then nothing is lost: the merge, which compares 128
//! bits, finds the pair missing from the history, and it is reported and stored like one that was removed meanwhile.

use crate::pair::PairKey;

/// The most pairs that are kept: 16 MiB of slots.
pub const MAX_PAIRS: usize = 1_600_000;

/// A hash table of 64-bit fingerprints with open addressing; 0 marks an empty slot.
#[derive(Debug)]
pub struct Settled {
    slots: Vec<u64>,
}

/// Fingerprints being gathered.
#[derive(Debug, Default)]
pub struct Gathering {
    fingerprints: Vec<u64>,
    overflown: bool,
}

impl Gathering {
    /// Adds a pair.
    pub fn add(&mut self, key: PairKey) {
        if self.fingerprints.len() < MAX_PAIRS {
            self.fingerprints.push(fingerprint(key));
        } else {
            self.overflown = true;
        }
    }

    /// The table; `None` where there were too many pairs.
    pub fn settle(self) -> Option<Settled> {
        if self.overflown {
            return None;
        }
        let mut settled = Settled {
            slots: vec![0; self.fingerprints.len() * 5 / 4 + 1],
        };
        for fingerprint in self.fingerprints {
            settled.insert(fingerprint);
        }
        Some(settled)
    }
}

impl Settled {
    fn insert(&mut self, fingerprint: u64) {
        let start = self.start(fingerprint);
        let (before, from) = self.slots.split_at_mut(start);
        let slot = from
            .iter_mut()
            .chain(before)
            .find(|slot| **slot == 0 || **slot == fingerprint);
        if let Some(slot) = slot {
            *slot = fingerprint;
        }
    }

    /// Whether the pair was added.
    pub fn contains(&self, key: PairKey) -> bool {
        let fingerprint = fingerprint(key);
        let (before, from) = self.slots.split_at(self.start(fingerprint));
        from.iter()
            .chain(before)
            .take_while(|slot| **slot != 0)
            .any(|slot| *slot == fingerprint)
    }

    /// The slot where the search for a fingerprint begins.
    fn start(&self, fingerprint: u64) -> usize {
        // fingerprint / 2^64 * slots: no division, and any number of slots.
        ((u128::from(fingerprint) * self.slots.len() as u128) >> 64) as usize
    }
}

fn fingerprint(key: PairKey) -> u64 {
    key.hash().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pair::PairHasher;

    #[test]
    fn what_was_added_is_there_and_nothing_else() {
        let hasher = PairHasher::new(&[3; 16]);
        let key = |number: u64| hasher.key(&number.to_le_bytes());
        let mut gathering = Gathering::default();
        (0..10_000).for_each(|number| gathering.add(key(number)));
        let settled = gathering.settle().unwrap();
        assert!((0..10_000).all(|number| settled.contains(key(number))));
        assert!(!(10_000..30_000).any(|number| settled.contains(key(number))));
    }

    #[test]
    fn an_empty_table_has_nothing() {
        let key = PairHasher::new(&[3; 16]).key(b"x");
        assert!(!Gathering::default().settle().unwrap().contains(key));
    }

    #[test]
    fn too_many_pairs_are_not_kept_in_part() {
        let key = PairHasher::new(&[3; 16]).key(b"x");
        let mut gathering = Gathering {
            fingerprints: vec![1; MAX_PAIRS - 1],
            overflown: false,
        };
        gathering.add(key);
        assert!(!gathering.overflown);
        gathering.add(key);
        assert!(gathering.settle().is_none());
    }
}

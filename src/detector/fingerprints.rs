//! Fingerprints of the pairs that the history makes known: taken in one pass over the history, so that a later pair is
//! looked up without another pass.
//!
//! Bounded: a history with more pairs than [`MAX_PAIRS`], or with many more than its size promised, is not kept at all,
//! and further passes do the work. A fingerprint is 64 bits of a hash with a random key: among a million pairs of history
//! and a million of a search, two different ones share a fingerprint once in 18 million runs. Even then nothing is lost:
//! the merge, which compares 128 bits, finds the pair missing from the history, and it is reported and stored like one
//! that was removed meanwhile.

use crate::pair::PairKey;

/// The most pairs that are kept, in 16 MiB of slots.
const MAX_PAIRS: u64 = 1_600_000;

/// A hash table of 64-bit fingerprints with open addressing; 0 marks an empty slot.
#[derive(Debug)]
pub(super) struct Fingerprints {
    slots: Vec<u64>,
    /// Slots that may still be filled: some stay empty, or searches for what is not there would not end.
    free: usize,
}

impl Fingerprints {
    /// An empty table for at least `pairs` pairs; `None` where that is more than [`MAX_PAIRS`].
    pub(super) fn with_room_for(pairs: u64) -> Option<Self> {
        let pairs = usize::try_from(pairs).ok().filter(|_| pairs <= MAX_PAIRS)?;
        let slots = pairs + pairs / 4 + 16;
        Some(Self {
            slots: vec![0; slots],
            free: slots - slots / 8,
        })
    }

    /// Adds these pairs; `None` where there is no room, since a table that is not complete is of no use.
    pub(super) fn with(mut self, keys: impl IntoIterator<Item = PairKey>) -> Option<Self> {
        keys.into_iter().all(|key| self.insert(key)).then_some(self)
    }

    /// Adds a pair; `false` where there is no room.
    fn insert(&mut self, key: PairKey) -> bool {
        let Some(free) = self.free.checked_sub(1) else {
            return false;
        };
        let fingerprint = fingerprint(key);
        let start = self.start(fingerprint);
        let (before, from) = self.slots.split_at_mut(start);
        let slot = from
            .iter_mut()
            .chain(before)
            .find(|slot| **slot == 0 || **slot == fingerprint);
        if let Some(slot) = slot.filter(|slot| **slot == 0) {
            *slot = fingerprint;
            self.free = free;
        }
        true
    }

    /// Whether the pair was added.
    pub(super) fn contains(&self, key: PairKey) -> bool {
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

    fn key(number: u64) -> PairKey {
        PairHasher::new(&[3; 16]).key(&number.to_le_bytes())
    }

    #[test]
    fn what_was_added_is_there_and_nothing_else() {
        let mut fingerprints = Fingerprints::with_room_for(10_000).unwrap();
        assert!(
            (0..10_000)
                .chain(0..10_000)
                .all(|number| fingerprints.insert(key(number)))
        );
        assert!((0..10_000).all(|number| fingerprints.contains(key(number))));
        assert!(!(10_000..30_000).any(|number| fingerprints.contains(key(number))));
    }

    #[test]
    fn a_full_table_says_so_and_is_never_searched_for_ever() {
        let mut fingerprints = Fingerprints::with_room_for(0).unwrap();
        let added = (0..100)
            .take_while(|number| fingerprints.insert(key(*number)))
            .count();
        assert_eq!(added, 14);
        assert!(!fingerprints.contains(key(1000)));
    }

    #[test]
    fn a_table_beyond_the_bound_is_not_made() {
        assert!(Fingerprints::with_room_for(MAX_PAIRS).is_some());
        assert!(Fingerprints::with_room_for(MAX_PAIRS + 1).is_none());
        assert!(Fingerprints::with_room_for(u64::MAX).is_none());
    }
}

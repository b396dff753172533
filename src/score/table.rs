//! Hash tables whose keys are keyed hashes already, so that they need not be hashed again.

use hashbrown::HashTable;

/// Values by key.
#[derive(Debug)]
pub(super) struct KeyMap<V> {
    entries: HashTable<(u64, V)>,
}

impl<V> Default for KeyMap<V> {
    fn default() -> Self {
        Self {
            entries: HashTable::new(),
        }
    }
}

impl<V> KeyMap<V> {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    #[inline]
    pub(super) fn get(&self, key: u64) -> Option<&V> {
        let entry = self.entries.find(key, |entry| entry.0 == key);
        entry.map(|(_, value)| value)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, key: u64) -> Option<&mut V> {
        let entry = self.entries.find_mut(key, |entry| entry.0 == key);
        entry.map(|(_, value)| value)
    }

    /// The value of `key`, made where there was none.
    pub(super) fn get_or_insert_with(&mut self, key: u64, make: impl FnOnce() -> V) -> &mut V {
        let entry = self
            .entries
            .entry(key, |entry| entry.0 == key, |entry| entry.0);
        &mut entry.or_insert_with(|| (key, make())).into_mut().1
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &V)> {
        self.entries.iter().map(|(key, value)| (*key, value))
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.entries.iter_mut().map(|(_, value)| value)
    }
}

/// The bit of an item that is its flag, and no part of its identity.
const FLAG: u64 = 1;

/// Items with a flag each, in 8 bytes: the upper 63 bits of a key, and the flag.
#[derive(Debug, Default)]
pub(super) struct FlagSet {
    items: HashTable<u64>,
}

impl FlagSet {
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// Adds `key` where it is missing, and raises its flag where `flag` says so. Whether it was missing.
    #[inline]
    pub(super) fn add(&mut self, key: u64, flag: bool) -> bool {
        let item = (key & !FLAG) | u64::from(flag);
        match self
            .items
            .find_mut(spread(item), |other| is_same(*other, item))
        {
            Some(found) => {
                *found |= item;
                false
            }
            None => {
                self.items
                    .insert_unique(spread(item), item, |item| spread(*item));
                true
            }
        }
    }

    /// Raises the flag of `key` where it is in.
    #[inline]
    pub(super) fn mark(&mut self, key: u64) {
        if let Some(item) = self.items.find_mut(spread(key), |item| is_same(*item, key)) {
            *item |= FLAG;
        }
    }

    pub(super) fn contains(&self, key: u64) -> bool {
        let found = self.items.find(spread(key), |item| is_same(*item, key));
        found.is_some()
    }

    /// The keys without their lowest bits, each with its flag.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, bool)> {
        let items = self.items.iter();
        items.map(|item| (item & !FLAG, item & FLAG != 0))
    }

    /// Keeps the keys that pass, in no more memory than they need.
    pub(super) fn keep(&mut self, mut passes: impl FnMut(u64) -> bool) {
        self.items.retain(|item| passes(*item));
        self.items.shrink_to_fit(|item| spread(*item));
    }
}

fn is_same(item: u64, other: u64) -> bool {
    (item ^ other) | FLAG == FLAG
}

/// The hash of an item for the table, which looks at the lowest and the highest bits. In a set that is kept to a range,
/// the highest bits of all items are the same, and the lowest is the flag.
fn spread(item: u64) -> u64 {
    (item | FLAG).rotate_right(32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_stays_up_whatever_the_order() {
        for flags in [[false, true], [true, false]] {
            let mut set = FlagSet::default();
            assert!(set.add(0x1234_5678_0000_0010, flags[0]));
            assert!(!set.add(0x1234_5678_0000_0011, flags[1]));
            let items: Vec<_> = set.iter().collect();
            assert_eq!(items, [(0x1234_5678_0000_0010, true)]);
        }
    }

    #[test]
    fn only_what_is_in_can_be_marked() {
        let mut set = FlagSet::default();
        set.add(6, false);
        set.mark(8);
        set.mark(7);
        assert!(set.contains(6) && !set.contains(8));
        assert_eq!(set.iter().collect::<Vec<_>>(), [(6, true)]);
        set.keep(|item| item > 7);
        assert_eq!(set.len(), 0);
    }

    #[test]
    fn a_map_has_one_value_for_a_key() {
        let mut map = KeyMap::default();
        *map.get_or_insert_with(5, || 0) += 1;
        *map.get_or_insert_with(5, || 9) += 1;
        assert_eq!((map.get(5), map.get(6), map.len()), (Some(&2), None, 1));
        *map.get_mut(5).unwrap() = 7;
        map.values_mut().for_each(|value| *value += 1);
        assert_eq!(map.iter().collect::<Vec<_>>(), [(5, &8)]);
    }
}

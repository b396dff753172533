//! The pairs of this search: the small side of the join with the history, and the one that is hashed.
//!
//! Invariants: recording is commutative and idempotent in times (min of firsts, max of lasts); what the history says
//! is kept apart from what the search saw, so that a pass over the history can be discarded and repeated; a pair's number
//! never changes.

use hashbrown::HashTable;

use crate::access::Access;
use crate::bloom::BloomFilter;
use crate::pair::PairKey;
use crate::rules::{NewRule, Rules};
use crate::text::timestamp::Timestamp;

/// A pair's number, from 0 in order of first sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PairId(pub(crate) u32);

impl PairId {
    /// The number, as an index.
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// What is known of a pair before the history has been merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PairState {
    /// Not looked for in the history yet.
    Undecided,
    /// Looked for, and new if the history stays as it is: only the merge decides.
    Candidate,
    /// Not new: its events are not returned.
    Known,
}

/// One pair as this search and the history saw it. Small, because there may be millions, visited in random order.
#[derive(Debug, Clone)]
pub struct Sighting {
    key: PairKey,
    text_end: u32,
    /// What is known of it so far.
    pub(crate) state: PairState,
    /// The first time this search saw it.
    pub(crate) first: Timestamp,
    /// The last time this search saw it.
    pub(crate) last: Timestamp,
    /// The number of events in this search.
    pub(crate) count: u64,
    /// What the history says, as [`Sighting::recorded`] reads it.
    recorded_first: Timestamp,
    recorded_last: Timestamp,
}

const _: () = assert!(size_of::<Sighting>() == 64);

/// What a sighting changes in a row of the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    /// The new first time; `None` where it does not change.
    pub(crate) first: Option<Timestamp>,
    /// The new last time; `None` where it does not change.
    pub(crate) last: Option<Timestamp>,
}

/// The effect of recording one access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upsert {
    /// The pair.
    pub id: PairId,
    /// Whether the pair is new to this search.
    pub inserted: bool,
    /// Whether the access is the pair's earliest so far.
    pub earliest: bool,
}

/// What the history says of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// In no row.
    Absent,
    /// In rows that all have a first time: the earliest, and the latest last time.
    Seen(Timestamp, Timestamp),
    /// In a row without a first time: known, but not since when. The latest last time.
    Timeless(Timestamp),
}

impl Recorded {
    /// Adds a row of the history with these times; `None` is an empty cell.
    pub(crate) fn with_row(self, first: Option<Timestamp>, last: Option<Timestamp>) -> Self {
        let last = last.unwrap_or(Timestamp::MIN);
        match (self, first) {
            (Self::Absent, Some(first)) => Self::Seen(first, last),
            (Self::Absent, None) => Self::Timeless(last),
            (Self::Seen(earliest, latest), Some(first)) => {
                Self::Seen(earliest.min(first), latest.max(last))
            }
            (Self::Seen(_, latest) | Self::Timeless(latest), _) => Self::Timeless(latest.max(last)),
        }
    }
}

impl Sighting {
    /// Its identity.
    pub(crate) fn key(&self) -> PairKey {
        self.key
    }

    /// What the history says.
    pub fn recorded(&self) -> Recorded {
        match self.recorded_first {
            Timestamp::MAX => Recorded::Absent,
            Timestamp::MIN => Recorded::Timeless(self.recorded_last),
            first => Recorded::Seen(first, self.recorded_last),
        }
    }

    fn set_recorded(&mut self, recorded: Recorded) {
        (self.recorded_first, self.recorded_last) = match recorded {
            Recorded::Absent => (Timestamp::MAX, Timestamp::MIN),
            Recorded::Timeless(last) => (Timestamp::MIN, last),
            Recorded::Seen(first, last) => (first, last),
        };
    }

    /// Records that a row of the history has this pair and these times. Returns what to change in the row.
    pub(crate) fn observe_row(
        &mut self,
        first: Option<Timestamp>,
        last: Option<Timestamp>,
    ) -> Option<Change> {
        self.set_recorded(self.recorded().with_row(first, last));
        self.change(first, last)
    }

    /// What to change in a row of the history with these times; `None` for nothing. An empty first time stays empty.
    pub(crate) fn change(
        &self,
        first: Option<Timestamp>,
        last: Option<Timestamp>,
    ) -> Option<Change> {
        let change = Change {
            first: first
                .filter(|first| self.first < *first)
                .map(|_| self.first),
            last: last
                .is_none_or(|last| last < self.last)
                .then_some(self.last),
        };
        (change.first.is_some() || change.last.is_some()).then_some(change)
    }

    /// The first time in search and history; `None` where a row of the history has the pair without one.
    pub(crate) fn overall_first(&self) -> Option<Timestamp> {
        match self.recorded() {
            Recorded::Absent => Some(self.first),
            Recorded::Seen(first, _) => Some(self.first.min(first)),
            Recorded::Timeless(_) => None,
        }
    }

    /// Whether the pair is new, as far as search and history have said.
    pub(crate) fn is_new(&self, rules: &Rules) -> bool {
        match (rules.new, self.recorded()) {
            (_, Recorded::Timeless(_)) => false,
            (NewRule::Unseen, recorded) => recorded == Recorded::Absent,
            (NewRule::Window, _) => self
                .overall_first()
                .is_some_and(|first| first >= rules.threshold),
        }
    }

    /// The last time in search and history.
    pub(crate) fn overall_last(&self) -> Timestamp {
        match self.recorded() {
            Recorded::Absent => self.last,
            Recorded::Seen(_, last) | Recorded::Timeless(last) => self.last.max(last),
        }
    }
}

/// All pairs of this search.
#[derive(Debug, Default)]
pub struct Sightings {
    pairs: Vec<Sighting>,
    index: HashTable<u32>,
    texts: Vec<u8>,
    /// How many bytes less than 4 GiB they may take: 0 but in tests.
    withheld: u32,
}

/// One more pair than a run can hold: the texts of all pairs would take more than 4 GiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no room for one more pair")]
pub struct TooManyPairs;

impl Sightings {
    /// None yet, with room for so many bytes of texts.
    #[cfg(test)]
    pub(crate) fn with_room(bytes: u32) -> Self {
        Self {
            withheld: u32::MAX - bytes,
            ..Self::default()
        }
    }

    /// Looks up many keys at once: the look-ups wait for memory, and the processor overlaps waits that follow each other
    /// closely. Replaces the content of `found` by the pairs, with `None` for a missing key or pair.
    pub(crate) fn find_all(
        &self,
        keys: impl Iterator<Item = Option<PairKey>>,
        found: &mut Vec<Option<PairId>>,
    ) {
        found.clear();
        found.extend(keys.map(|key| self.find(key?)));
    }

    /// Records an access to the pair with this text and key. `found` is what [`Sightings::find`] returns for the key.
    ///
    /// # Errors
    /// The pair is new to this run, and the texts of all its pairs together would exceed 4 GiB.
    pub fn record(
        &mut self,
        found: Option<PairId>,
        key: PairKey,
        text: &[u8],
        access: &Access,
    ) -> Result<Upsert, TooManyPairs> {
        let Some(id) = found else {
            let id = self.insert(key, text, access)?;
            return Ok(Upsert {
                id,
                inserted: true,
                earliest: true,
            });
        };
        let mut earliest = false;
        if let Some(pair) = self.get_mut(id) {
            earliest = access.first < pair.first;
            pair.first = pair.first.min(access.first);
            pair.last = pair.last.max(access.last);
            pair.count = pair.count.saturating_add(access.count);
        }
        Ok(Upsert {
            id,
            inserted: false,
            earliest,
        })
    }

    fn insert(
        &mut self,
        key: PairKey,
        text: &[u8],
        access: &Access,
    ) -> Result<PairId, TooManyPairs> {
        let text_end = self.texts.len() + text.len();
        let fits = u32::try_from(text_end)
            .ok()
            .filter(|end| *end <= u32::MAX - self.withheld);
        let text_end = fits.ok_or(TooManyPairs)?;
        let id = u32::try_from(self.pairs.len()).map_err(|_| TooManyPairs)?;
        self.texts.extend_from_slice(text);
        self.pairs.push(Sighting {
            key,
            text_end,
            first: access.first,
            last: access.last,
            count: access.count,
            state: PairState::Undecided,
            recorded_first: Timestamp::MAX,
            recorded_last: Timestamp::MIN,
        });
        let pairs = &self.pairs;
        self.index.insert_unique(key.hash(), id, |id| {
            pairs.get(*id as usize).map_or(0, |pair| pair.key.hash())
        });
        Ok(PairId(id))
    }

    /// The pair with this key.
    pub fn find(&self, key: PairKey) -> Option<PairId> {
        self.index
            .find(key.hash(), |id| {
                self.pairs
                    .get(*id as usize)
                    .is_some_and(|pair| pair.key == key)
            })
            .map(|id| PairId(*id))
    }

    /// The pair with this number.
    pub fn get(&self, id: PairId) -> Option<&Sighting> {
        self.pairs.get(id.index())
    }

    /// The pair with this number, to be changed.
    pub(crate) fn get_mut(&mut self, id: PairId) -> Option<&mut Sighting> {
        self.pairs.get_mut(id.index())
    }

    /// Sets what is known of the pair with this number.
    pub(crate) fn set_state(&mut self, id: PairId, state: PairState) {
        if let Some(pair) = self.get_mut(id) {
            pair.state = state;
        }
    }

    /// The text of the pair with this number.
    pub(crate) fn text(&self, id: PairId) -> &[u8] {
        let end = |at: usize| self.pairs.get(at).map(|pair| pair.text_end as usize);
        let start = id.index().checked_sub(1).and_then(end).unwrap_or(0);
        end(id.index())
            .and_then(|end| self.texts.get(start..end))
            .unwrap_or_default()
    }

    /// All pairs with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (PairId, &Sighting)> {
        self.pairs
            .iter()
            .enumerate()
            .map(|(at, pair)| (PairId(at as u32), pair))
    }

    /// All pairs, to be changed.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Sighting> {
        self.pairs.iter_mut()
    }

    /// Removes what the history said, before a new pass.
    pub(crate) fn clear_recorded(&mut self) {
        for pair in &mut self.pairs {
            pair.set_recorded(Recorded::Absent);
        }
    }

    /// What the history says of every pair, for [`Sightings::restore_recorded`].
    pub(crate) fn all_recorded(&self) -> Vec<Recorded> {
        self.pairs.iter().map(Sighting::recorded).collect()
    }

    /// Restores what [`Sightings::all_recorded`] returned.
    pub(crate) fn restore_recorded(&mut self, all_recorded: Vec<Recorded>) {
        for (pair, recorded) in self.pairs.iter_mut().zip(all_recorded) {
            pair.set_recorded(recorded);
        }
    }

    /// A filter that most other pairs do not pass.
    pub(crate) fn bloom_filter(&self) -> BloomFilter {
        BloomFilter::new(self.pairs.iter().map(Sighting::key))
    }

    /// The number of pairs.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are no pairs.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pair::{PairHasher, push_value};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    /// Records a successful access to the pair with this text.
    fn record(
        sightings: &mut Sightings,
        hasher: &PairHasher,
        text: &[u8],
        (first, last): (i64, i64),
    ) -> Upsert {
        let key = hasher.key(text);
        let access = Access::successful(at(first), at(last), 1);
        let found = sightings.find(key);
        sightings.record(found, key, text, &access).unwrap()
    }

    fn text(bucket: &str) -> Vec<u8> {
        let mut text = Vec::new();
        push_value(&mut text, bucket.as_bytes());
        text
    }

    #[test]
    fn order_and_repetition_of_sightings_do_not_matter() {
        let seen = [(3, 9), (1, 4), (5, 5)];
        for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
            let (mut sightings, hasher) = (Sightings::default(), PairHasher::new(&[0; 16]));
            for index in order.into_iter().chain(order) {
                record(&mut sightings, &hasher, &text("a"), seen[index]);
            }
            let seen = record(&mut sightings, &hasher, &text("a"), (6, 6));
            assert!(!seen.inserted && !seen.earliest);
            let pair = sightings.get(seen.id).unwrap();
            assert_eq!((pair.first, pair.last, pair.count), (at(1), at(9), 7));
        }
    }

    #[test]
    fn every_pair_keeps_its_text() {
        let (mut sightings, hasher) = (Sightings::default(), PairHasher::new(&[7; 16]));
        let names: Vec<_> = (0..1000).map(|number| format!("bucket-{number}")).collect();
        for name in &names {
            record(&mut sightings, &hasher, &text(name), (1, 1));
        }
        for (name, (id, _)) in names.iter().zip(sightings.iter()) {
            assert_eq!(sightings.text(id), text(name));
            assert_eq!(sightings.find(hasher.key(&text(name))), Some(id));
        }
        assert_eq!(sightings.find(hasher.key(&text("other"))), None);
    }

    #[test]
    fn rows_of_the_history_come_in_any_order() {
        let rows = [(Some(5), Some(6)), (Some(2), None), (None, Some(9))];
        let seen = |order: &[usize]| {
            order.iter().fold(Recorded::Absent, |past, index| {
                let (first, last) = rows[*index];
                past.with_row(first.map(at), last.map(at))
            })
        };
        assert_eq!(seen(&[0, 1]), Recorded::Seen(at(2), at(6)));
        assert_eq!(seen(&[1, 0]), seen(&[0, 1]));
        assert_eq!(seen(&[0, 1, 2]), Recorded::Timeless(at(9)));
        assert_eq!(seen(&[2, 0, 1]), seen(&[0, 1, 2]));
    }
}

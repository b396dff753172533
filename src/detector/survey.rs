//! A reading of the history that finds out which pairs it knows.

use crate::bloom::BloomFilter;
use crate::detector::fingerprints::Fingerprints;
use crate::history::{Pass, RowBatch};
use crate::pairs::Sightings;
use crate::rules::Rules;

/// What one reading has found.
pub(super) struct Survey<'a> {
    rules: Rules,
    sightings: &'a Sightings,
    bloom: &'a BloomFilter,
    /// The size of the history in bytes, where all of its pairs are to be kept.
    keep: Option<u64>,
    /// Which of the sightings are known, by number.
    known: Vec<bool>,
    begun: bool,
    /// All pairs of the history, as long as they fit.
    settled: Option<Fingerprints>,
}

impl<'a> Survey<'a> {
    /// Of `sightings`, which pass `bloom`; `keep` is the size of the history in bytes where all of its pairs are to be kept.
    pub(super) fn new(
        rules: Rules,
        sightings: &'a Sightings,
        bloom: &'a BloomFilter,
        keep: Option<u64>,
    ) -> Self {
        Self {
            rules,
            sightings,
            bloom,
            keep,
            known: vec![false; sightings.len()],
            begun: false,
            settled: None,
        }
    }

    /// Which of the sightings are known, by number; and all pairs of the history, where they were to be kept and fit.
    pub(super) fn into_parts(self) -> (Vec<bool>, Option<Fingerprints>) {
        (self.known, self.settled)
    }
}

impl Pass for Survey<'_> {
    fn restart(&mut self) {
        self.known.fill(false);
        self.begun = false;
        self.settled = None;
    }

    fn rows(&mut self, batch: &RowBatch<'_>) {
        let rules = self.rules;
        let rows = batch.rows.iter();
        let keys = rows
            .filter(|row| rules.makes_known(row.first))
            .filter_map(|row| row.key);
        if let (Some(size), false) = (self.keep, std::mem::replace(&mut self.begun, true)) {
            self.settled = Fingerprints::with_room_for(batch.rows_in(size));
        }
        let settled = self.settled.take();
        self.settled = settled.and_then(|settled| settled.with(keys.clone()));
        let passing = keys.filter(|key| self.bloom.may_contain(*key));
        for id in passing.filter_map(|key| self.sightings.find(key)) {
            if let Some(known) = self.known.get_mut(id.index()) {
                *known = true;
            }
        }
    }
}

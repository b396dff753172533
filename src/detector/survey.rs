//! Reading the history before it is merged, to find out which pairs are known.

use super::fingerprints::Fingerprints;
use crate::bloom::BloomFilter;
use crate::error::Error;
use crate::history::{History, KeyFilter, Pass, RowBatch};
use crate::pair::{PairHasher, PairKey};
use crate::pairs::{PairState, Sighting, Sightings};
use crate::rules::Rules;

/// What the surveys so far have found out.
#[derive(Debug)]
pub(super) enum Survey {
    /// There was none.
    NotMade,
    /// All pairs that the history makes known: whether a later pair is among them is clear at first sight.
    AllPairs(Fingerprints),
    /// Which of the pairs seen by then are known: the history has too many pairs to keep them.
    SeenPairs,
}

impl Survey {
    /// Whether the history makes the pair with this key known; `None` where that is not clear without another survey.
    pub(super) fn knows(&self, key: PairKey) -> Option<bool> {
        match self {
            Self::AllPairs(known) => Some(known.contains(key)),
            Self::NotMade | Self::SeenPairs => None,
        }
    }

    /// Reads the history once to settle the pairs of `sightings` that are undecided.
    ///
    /// # Errors
    /// The history cannot be read.
    pub(super) fn settle(
        &mut self,
        sightings: &mut Sightings,
        history: &History,
        hasher: &PairHasher,
        rules: &Rules,
    ) -> Result<(), Error> {
        let undecided = |pair: &Sighting| pair.state == PairState::Undecided;
        if !sightings.iter().any(|(_, pair)| undecided(pair)) {
            return Ok(());
        }
        let keep = matches!(self, Self::NotMade);
        let bloom = sightings.bloom_filter();
        let filter = if keep {
            KeyFilter::all(hasher)
        } else {
            KeyFilter::of(&bloom, hasher)
        };
        let mut pass = SurveyPass {
            sightings,
            bloom: &bloom,
            rules,
            history_bytes: history.size(),
            keep,
            begun: false,
            fingerprints: None,
            known: vec![false; sightings.len()],
        };
        history
            .read(filter, &mut pass)
            .map_err(Error::with_nothing_written)?;
        let SurveyPass {
            known,
            fingerprints,
            ..
        } = pass;
        for (pair, known) in sightings.iter_mut().zip(known) {
            if known {
                pair.state = PairState::Known;
            } else if undecided(pair) {
                pair.state = PairState::Candidate;
            }
        }
        *self = fingerprints.map_or(Self::SeenPairs, Self::AllPairs);
        Ok(())
    }
}

/// One pass over the history.
struct SurveyPass<'a> {
    sightings: &'a Sightings,
    bloom: &'a BloomFilter,
    rules: &'a Rules,
    history_bytes: u64,
    /// Whether fingerprints are to be made, and whether the first rows have shown for how many.
    keep: bool,
    begun: bool,
    /// `None` before the first rows, and once they have turned out to be too many.
    fingerprints: Option<Fingerprints>,
    /// Whether the history makes the pair with this number known.
    known: Vec<bool>,
}

impl Pass for SurveyPass<'_> {
    /// Forgets everything: the history was replaced while it was read, and the pass begins again.
    fn restart(&mut self) {
        self.known.fill(false);
        self.fingerprints = None;
        self.begun = false;
    }

    fn rows(&mut self, batch: &RowBatch<'_>) {
        let rules = self.rules;
        let rows = batch.rows.iter();
        let keys = rows
            .filter(|row| rules.makes_known(row.first))
            .filter_map(|row| row.key);
        if self.keep && !std::mem::replace(&mut self.begun, true) {
            self.fingerprints = Fingerprints::with_room_for(batch.rows_in(self.history_bytes));
        }
        self.fingerprints = self
            .fingerprints
            .take()
            .and_then(|fingerprints| fingerprints.with(keys.clone()));
        let bloom = self.bloom;
        let passing = keys.filter(|key| bloom.may_contain(*key));
        for id in passing.filter_map(|key| self.sightings.find(key)) {
            if let Some(known) = self.known.get_mut(id.index()) {
                *known = true;
            }
        }
    }
}

//! The detector: records the accesses of one run, and holds the rows that may have to be returned.

use std::path::Path;

use super::batch::{AccessBatch, Batch, RowAccess};
use super::counters::Counters;
use super::spill::SpillBuffer;
use super::survey::Survey;
use crate::access::{Access, Unusable};
use crate::error::Error;
use crate::history::History;
use crate::pair::{PairHasher, PairKey};
use crate::pairs::{PairId, PairState, Sightings, TooManyPairs};
use crate::rules::{NewRule, Output, Rules};
use crate::text::escape;

/// The history is surveyed when the held rows have grown to this share of it: a survey then costs a small multiple of
/// what it costs to write the rows to a file and read them back, and the number of surveys does not grow with the
/// history.
const SURVEY_SHARE: u64 = 8;

/// How many rows are looked up together (see [`Detector::look_up`]).
const GROUP: usize = 32;

/// One run over one history.
#[derive(Debug)]
pub(crate) struct Detector {
    pub(super) rules: Rules,
    pub(super) history: History,
    pub(super) hasher: PairHasher,
    pub(super) sightings: Sightings,
    pub(super) held_rows: SpillBuffer,
    /// The number of rows held for each pair; empty where it is not limited.
    held_counts: Vec<u32>,
    pub(super) survey: Survey,
    /// The pairs that the row being ingested is held for.
    current: Vec<PairId>,
    /// Memory for the pairs of a group of rows.
    lookups: Vec<Lookup>,
}

/// A pair that is about to be recorded, and what is known of it.
#[derive(Debug, Clone, Copy)]
struct Lookup {
    key: PairKey,
    /// Its number, if the run has seen it before.
    seen: Option<PairId>,
    /// Whether the history makes it known, if that was looked up.
    known: Option<bool>,
}

impl Detector {
    /// A run with `rules` over `history`. `seed` is random; rows that do not fit into memory go to a nameless file in
    /// `spill_folder`.
    pub(crate) fn new(
        rules: Rules,
        history: History,
        seed: &[u8; 16],
        spill_folder: &Path,
    ) -> Self {
        let hasher = PairHasher::new(seed);
        Self {
            rules,
            history,
            sightings: Sightings::default(),
            hasher,
            held_rows: SpillBuffer::new(spill_folder),
            held_counts: Vec::new(),
            survey: Survey::NotMade,
            current: Vec::new(),
            lookups: Vec::new(),
        }
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    pub(crate) fn history(&self) -> &History {
        &self.history
    }

    /// What makes the keys of an [`AccessBatch`].
    pub(crate) fn hasher(&self) -> &PairHasher {
        &self.hasher
    }

    /// Ingests the rows of `batch`, and counts them.
    ///
    /// # Errors
    /// The history cannot be read; the file for rows beyond memory cannot be written.
    pub(crate) fn ingest(
        &mut self,
        batch: &impl Batch,
        counters: &mut Counters,
    ) -> Result<(), Error> {
        let accesses = batch.accesses();
        let mut lookups = std::mem::take(&mut self.lookups);
        let mut number = 0;
        for group in accesses.rows().chunks(GROUP) {
            let (Some(first), Some(last)) = (group.first(), group.last()) else {
                break;
            };
            let first = first.pairs.start;
            self.look_up(accesses.keys(first..last.pairs.end), &mut lookups);
            for row in group {
                let lookup = |pair| lookups.get(pair - first);
                if self.ingest_row(row, accesses, counters, lookup) {
                    self.hold(batch, number)?;
                }
                number += 1;
            }
        }
        self.lookups = lookups;
        Ok(())
    }

    /// Looks up pairs that are about to be recorded. Many at a time, because the look-ups wait for memory, and the
    /// processor overlaps waits that stand close together.
    fn look_up(&self, keys: &[PairKey], lookups: &mut Vec<Lookup>) {
        lookups.clear();
        lookups.extend(keys.iter().map(|key| Lookup {
            key: *key,
            seen: None,
            known: None,
        }));
        for pair in lookups.iter_mut() {
            pair.seen = self.sightings.find(pair.key);
        }
        for pair in lookups.iter_mut().filter(|pair| pair.seen.is_none()) {
            pair.known = self.survey.knows(pair.key);
        }
    }

    /// Ingests one row, whose pairs were looked up. Returns whether it may have to be returned: then it must be held.
    fn ingest_row<'a>(
        &mut self,
        row: &RowAccess,
        accesses: &AccessBatch,
        counters: &mut Counters,
        lookup: impl Fn(usize) -> Option<&'a Lookup>,
    ) -> bool {
        counters.rows += 1;
        let access = match &row.access {
            Ok(access) => access,
            Err(why) => {
                counters.skip(*why);
                return false;
            }
        };
        if !access.success {
            return false;
        }
        counters.succeed(access);
        self.current.clear();
        let (mut hold, mut room) = (false, true);
        for pair in row.pairs.clone() {
            if let Some(lookup) = lookup(pair) {
                match self.record(access, lookup, accesses.text(pair)) {
                    Ok(held) => hold |= held,
                    Err(TooManyPairs) => room = false,
                }
            }
        }
        if !room {
            counters.skip(Unusable::NoRoom);
        }
        hold && !self.rules.seed
    }

    /// Records a successful access to a pair. Returns whether its row may have to be returned because of it.
    ///
    /// # Errors
    /// There are more pairs than a run can hold.
    fn record(
        &mut self,
        access: &Access,
        lookup: &Lookup,
        text: &[u8],
    ) -> Result<bool, TooManyPairs> {
        // An earlier row of the same group may have brought a pair that was not seen before.
        let found = lookup.seen.or_else(|| self.sightings.find(lookup.key));
        let seen = self.sightings.record(found, lookup.key, text, access)?;
        if seen.inserted {
            self.set_first_state(seen.id, lookup);
        }
        // A row that is not the earliest of a pair says nothing about that pair in a table of pairs.
        if !seen.earliest && self.rules.output == Output::Pairs {
            return Ok(false);
        }
        self.current.push(seen.id);
        Ok(self.may_be_returned(seen.id))
    }

    /// Sets the state of a pair seen for the first time, if a survey has kept all pairs of the history.
    fn set_first_state(&mut self, id: PairId, lookup: &Lookup) {
        // The survey may have been made after the pair was looked up.
        let known = lookup.known.or_else(|| self.survey.knows(lookup.key));
        if let Some(known) = known {
            let state = if known {
                PairState::Known
            } else {
                PairState::Candidate
            };
            self.sightings.set_state(id, state);
        }
    }

    /// Whether one more row of this pair may have to be returned.
    fn may_be_returned(&mut self, id: PairId) -> bool {
        let rules = self.rules;
        let Some(pair) = self.sightings.get_mut(id) else {
            return false;
        };
        if rules.new == NewRule::Window && pair.first < rules.threshold {
            pair.state = PairState::Known;
        }
        let unlimited = rules.max_events == 0 || rules.output == Output::Pairs;
        let held = self.held_counts.get(id.index()).copied().unwrap_or(0);
        let room = unlimited || held < rules.max_events;
        rules.output == Output::All || (pair.state != PairState::Known && room)
    }

    /// Holds the row that was ingested last.
    fn hold(&mut self, batch: &impl Batch, row: usize) -> Result<(), Error> {
        if self.rules.max_events > 0 {
            self.count_held();
        }
        let write = |held: &mut Vec<u8>| batch.write_held(row, held);
        self.held_rows.push(&self.current, batch.header(), write);
        if self.held_rows.is_full() {
            self.make_room()?;
        }
        Ok(())
    }

    /// Counts the row for each of its pairs.
    fn count_held(&mut self) {
        self.held_counts.resize(self.sightings.len(), 0);
        for id in &self.current {
            if let Some(count) = self.held_counts.get_mut(id.index()) {
                *count = count.saturating_add(1);
            }
        }
    }

    /// Drops the held rows whose pairs are known, where finding that out is worth reading the history; moves the rest to
    /// a file where it is still much.
    fn make_room(&mut self) -> Result<(), Error> {
        let worth_a_survey = self.held_rows.waiting() >= self.history.size() / SURVEY_SHARE;
        if self.rules.output != Output::All && worth_a_survey {
            let sightings = &mut self.sightings;
            self.survey
                .settle(sightings, &self.history, &self.hasher, &self.rules)?;
            let may_be_new = |id: &PairId| {
                let pair = sightings.get(*id);
                pair.is_some_and(|pair| pair.state != PairState::Known)
            };
            self.held_rows.retain(|pairs| pairs.iter().any(may_be_new));
        }
        if self.held_rows.is_half_full() {
            let spilled = self.held_rows.spill();
            spilled.map_err(|cause| self.unspillable(&cause))?;
        }
        Ok(())
    }

    /// The error of rows that cannot be held.
    pub(super) fn unspillable(&self, cause: &std::io::Error) -> Error {
        Error::environment(format!(
            "the rows that wait for a decision do not fit into memory, and the file for them in {} cannot be written: \
             {cause}; make room there, correct its permissions or read less at a time",
            escape::escaped(self.held_rows.folder().as_os_str().as_encoded_bytes())
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::timestamp::Timestamp;

    /// Rows of one pair each: the bucket's name, and an address.
    struct Rows(AccessBatch);

    impl Rows {
        fn of(buckets: &[&str], hasher: &PairHasher) -> Self {
            let mut batch = AccessBatch::default();
            let at = Timestamp::from_seconds(1_700_000_000);
            for bucket in buckets {
                batch.add(hasher, |texts| {
                    texts.push_value(bucket.as_bytes());
                    texts.push_value(b"192.0.2.7");
                    texts.end();
                    Ok(Access::successful(at, at, 1))
                });
            }
            Self(batch)
        }
    }

    impl Batch for Rows {
        fn accesses(&self) -> &AccessBatch {
            &self.0
        }

        fn header(&self) -> super::super::HeaderId {
            0
        }

        fn write_held(&self, row: usize, held: &mut Vec<u8>) {
            held.extend_from_slice(row.to_string().as_bytes());
        }
    }

    #[test]
    fn pairs_for_which_there_is_no_room_cost_no_other_s_alert() {
        let folder = tempfile::tempdir().unwrap();
        let keys = ["bucket_name", "remote_ip"].map(str::to_owned);
        let history = History::new(&folder.path().join("seen.csv"), &keys).unwrap();
        let rules = Rules {
            new: NewRule::Unseen,
            threshold: Timestamp::MIN,
            output: Output::Events,
            max_events: 0,
            seed: false,
        };
        let mut detector = Detector::new(rules, history, &[0; 16], folder.path());
        let room = b"billing,192.0.2.7,".len() + b"x,192.0.2.7,".len();
        detector.sightings = Sightings::with_room(room as u32);
        let rows = ["billing", "archive", "x", "y", "billing"];
        let rows = Rows::of(&rows, &detector.hasher);
        let mut counters = Counters::default();
        detector.ingest(&rows, &mut counters).unwrap();
        let message = counters.skipped_message(&keys).unwrap();
        assert!(
            message.starts_with("2 of 5 rows could not be used: 2 with a new pair where"),
            "{message}"
        );
        assert!(message.ends_with("(first: row 2)"), "{message}");
        let mut outcome = detector.finish(None).unwrap();
        let mut found = Vec::new();
        let visited = outcome.for_each_event(|_, _, _, row| {
            found.extend_from_slice(row);
            Ok::<_, Error>(())
        });
        visited.unwrap();
        assert_eq!(found, b"024");
    }
}

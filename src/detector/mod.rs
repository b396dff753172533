//! The engine: from accesses to verdicts, for the search command and for `scan` alike.
//!
//! Invariants: a row is let go of only when its pair is known to be no news; what the history says under the lock, when
//! it is merged, decides; nothing that may be new is lost to a full buffer, a full disk or somebody else's write.
//!
//! ```text
//! accesses -> sightings ----------------------------+-> merge with the history -> verdicts -> rows of new pairs
//!          -> held rows <- survey (buffer full) ----+
//! ```
//!
//! A survey is a reading pass over the history that settles which of the pairs seen so far are known. Its result is
//! kept where it fits (see [`crate::detector::fingerprints`]), so that one survey serves for the whole search.

mod batch;
mod counters;
pub mod fingerprints;
mod outcome;
pub mod spill;
mod survey;

use std::borrow::Cow;
use std::path::Path;

use crate::access::Access;
use crate::detector::fingerprints::Fingerprints;
use crate::detector::spill::{HeaderId, SpillBuffer};
use crate::error::Error;
use crate::history::{History, KeyFilter};
use crate::pair::{self, PairHasher, PairKey};
use crate::pairs::{PairId, PairState, Sighting, Sightings};
use crate::rules::{NewRule, Output, Rules};

use batch::RowAccess;
use survey::Survey;

pub use batch::AccessBatch;
pub use counters::Counters;
pub use outcome::{FinishError, Outcome, SEED_COLUMNS, Verdict};

/// The columns of a pair's earliest event that a table of pairs shows. Under [`Output::Pairs`] a held row is these
/// cells, in this order, with commas between them; empty where the input has no such column.
pub const DETAILS: [&str; 5] = [
    "http_status",
    "operation",
    "request_uri",
    "requester",
    "user_agent",
];

/// The history is surveyed when the rows that wait have grown to this share of it: a survey then costs a small multiple
/// of what it costs to write the rows to a file and read them back, and the number of surveys does not grow with the
/// history.
const SURVEY_SHARE: u64 = 8;

/// How many rows are looked at together (see [`Detector::expect`]).
const GROUP: usize = 32;

/// One run over one history.
#[derive(Debug)]
pub struct Detector {
    rules: Rules,
    history: History,
    hasher: PairHasher,
    sightings: Sightings,
    held: SpillBuffer,
    /// How many rows are held for each pair; empty where any number may be.
    held_counts: Vec<u32>,
    surveyed: Surveyed,
    /// The pairs of the row being looked at that its row is held for.
    current: Vec<PairId>,
    /// Memory for the pairs of a group of rows, and for a row.
    expected: Vec<Expected>,
    row: Vec<u8>,
}

/// A pair that is about to be recorded.
#[derive(Debug, Clone, Copy)]
struct Expected {
    key: PairKey,
    /// Its number, where it had one.
    found: Option<PairId>,
    /// Whether the history has it, where that was asked.
    settled: Option<bool>,
}

/// What surveys have brought.
#[derive(Debug)]
enum Surveyed {
    /// There was none.
    Nothing,
    /// The whole history: later pairs are settled at first sight.
    Everything(Fingerprints),
    /// The pairs seen by then: the history is too large to keep.
    Seen,
}

impl Detector {
    /// A run with `rules` over `history`. `seed` is random; rows that do not fit into memory go to a nameless file in
    /// `spill_folder`.
    pub fn new(rules: Rules, history: History, seed: &[u8; 16], spill_folder: &Path) -> Self {
        let hasher = PairHasher::new(seed);
        Self {
            rules,
            history,
            sightings: Sightings::new(hasher.clone()),
            hasher,
            held: SpillBuffer::new(spill_folder),
            held_counts: Vec::new(),
            surveyed: Surveyed::Nothing,
            current: Vec::new(),
            expected: Vec::new(),
            row: Vec::new(),
        }
    }

    /// The rules.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The history.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// What makes the keys of pairs.
    pub fn hasher(&self) -> &PairHasher {
        &self.hasher
    }

    /// Ingests rows that came under `header`, and counts them. `row` puts the row with this number (from 0) into the
    /// buffer, for those that may have to be returned.
    ///
    /// # Errors
    /// There are more pairs than a run can hold; the history cannot be read; the file for rows beyond memory cannot be
    /// written.
    pub fn ingest(
        &mut self,
        accesses: &AccessBatch,
        counters: &mut Counters,
        header: HeaderId,
        mut row: impl FnMut(usize, &mut Vec<u8>),
    ) -> Result<(), Error> {
        let mut expected = std::mem::take(&mut self.expected);
        let mut number = 0;
        for group in accesses.rows().chunks(GROUP) {
            let (Some(first), Some(last)) = (group.first(), group.last()) else {
                break;
            };
            let first = first.pairs.start;
            self.expect(accesses.keys(first..last.pairs.end), &mut expected);
            for row_number in group {
                let wanted = self.ingest_row(row_number, accesses, counters, |pair| {
                    expected.get(pair - first)
                })?;
                if wanted {
                    let mut bytes = std::mem::take(&mut self.row);
                    bytes.clear();
                    row(number, &mut bytes);
                    self.hold(header, &bytes)?;
                    self.row = bytes;
                }
                number += 1;
            }
        }
        self.expected = expected;
        Ok(())
    }

    /// Ingests one row, whose pairs were looked for. Whether it may have to be returned: then it must be held.
    fn ingest_row<'a>(
        &mut self,
        row_number: &RowAccess,
        accesses: &AccessBatch,
        counters: &mut Counters,
        expected: impl Fn(usize) -> Option<&'a Expected>,
    ) -> Result<bool, Error> {
        counters.rows += 1;
        let access = match &row_number.access {
            Ok(access) => access,
            Err(why) => {
                counters.skip(*why);
                return Ok(false);
            }
        };
        if !access.success {
            return Ok(false);
        }
        counters.successful += 1;
        self.current.clear();
        let mut wanted = false;
        for pair in row_number.pairs.clone() {
            if let Some(expected) = expected(pair) {
                wanted |= self.record(access, expected, accesses.text(pair))?;
            }
        }
        Ok(wanted && !self.rules.seed)
    }

    /// Looks for pairs that are about to be recorded. Many at a time, because the look-ups wait for memory, and the
    /// processor overlaps waits that stand close together.
    fn expect(&self, keys: &[PairKey], expected: &mut Vec<Expected>) {
        expected.clear();
        expected.extend(keys.iter().map(|key| Expected {
            key: *key,
            found: None,
            settled: None,
        }));
        for pair in expected.iter_mut() {
            pair.found = self.sightings.find(pair.key);
        }
        if let Surveyed::Everything(settled) = &self.surveyed {
            for pair in expected.iter_mut().filter(|pair| pair.found.is_none()) {
                pair.settled = Some(settled.contains(pair.key));
            }
        }
    }

    /// Records a successful access to a pair. Whether its row may have to be returned because of it.
    fn record(&mut self, access: &Access, expected: &Expected, text: &[u8]) -> Result<bool, Error> {
        // One that was new may have come meanwhile.
        let found = expected.found.or_else(|| self.sightings.find(expected.key));
        let seen = self
            .sightings
            .record_found(found, expected.key, text, access)
            .map_err(Error::user)?;
        if seen.fresh {
            self.settle(seen.id, expected);
        }
        // A row that is not the earliest of a pair says nothing about that pair in a table of pairs.
        if !seen.earliest && self.rules.output == Output::Pairs {
            return Ok(false);
        }
        self.current.push(seen.id);
        Ok(self.wants(seen.id))
    }

    /// Whether one more row of this pair may have to be returned.
    fn wants(&mut self, id: PairId) -> bool {
        let rules = self.rules;
        let Some(pair) = self.sightings.get_mut(id) else {
            return false;
        };
        if rules.new == NewRule::Window && pair.first < rules.threshold {
            pair.state = PairState::Known;
        }
        let unlimited = rules.max_events == 0 || rules.output == Output::Pairs;
        let held = self.held_counts.get(id.0 as usize).copied().unwrap_or(0);
        let room = unlimited || held < rules.max_events;
        rules.output == Output::All || (pair.state != PairState::Known && room)
    }

    /// Settles a pair seen for the first time, where a survey has kept the history.
    fn settle(&mut self, id: PairId, expected: &Expected) {
        let Surveyed::Everything(settled) = &self.surveyed else {
            return;
        };
        // The survey may have been made since the pair was looked for.
        let known = expected
            .settled
            .unwrap_or_else(|| settled.contains(expected.key));
        let state = if known {
            PairState::Known
        } else {
            PairState::Candidate
        };
        self.sightings.set_state(id, state);
    }

    /// Holds the row that was taken in last.
    fn hold(&mut self, header: HeaderId, row: &[u8]) -> Result<(), Error> {
        if self.rules.max_events > 0 {
            self.count_held();
        }
        self.held.push(&self.current, header, row);
        if self.held.is_full() {
            self.make_room()?;
        }
        Ok(())
    }

    /// Counts the row for each of its pairs.
    fn count_held(&mut self) {
        self.held_counts.resize(self.sightings.len(), 0);
        for id in &self.current {
            if let Some(count) = self.held_counts.get_mut(id.0 as usize) {
                *count = count.saturating_add(1);
            }
        }
    }

    /// Lets go of rows that are no news, where finding out is worth reading the history; moves the rest to a file where
    /// it is still much.
    fn make_room(&mut self) -> Result<(), Error> {
        let worth_a_survey = self.held.waiting() >= self.history.size() / SURVEY_SHARE;
        if self.rules.output != Output::All && worth_a_survey {
            self.survey()?;
            let sightings = &self.sightings;
            self.held
                .retain(|pairs| pairs.iter().any(|id| may_be_new(sightings, *id)));
        }
        if self.held.is_half_full() {
            let spilled = self.held.spill();
            spilled.map_err(|cause| self.unspillable(&cause))?;
        }
        Ok(())
    }

    /// The error of rows that cannot be held.
    fn unspillable(&self, cause: &std::io::Error) -> Error {
        Error::environment(format!(
            "the rows that wait for a decision do not fit into memory, and the file for them in {} cannot be written: \
             {cause}; make room there, correct its permissions or read less at a time",
            crate::text::escape::escaped(self.held.folder().as_os_str().as_encoded_bytes())
        ))
    }

    /// Reads the history once to settle the pairs that are undecided.
    fn survey(&mut self) -> Result<(), Error> {
        let undecided = |pair: &Sighting| pair.state == PairState::Undecided;
        if !self.sightings.iter().any(|(_, pair)| undecided(pair)) {
            return Ok(());
        }
        let bloom = self.sightings.bloom_filter();
        let keep = matches!(self.surveyed, Surveyed::Nothing);
        let filter = if keep {
            KeyFilter::all(&self.hasher)
        } else {
            KeyFilter::of(&bloom, &self.hasher)
        };
        let keep = keep.then(|| self.history.size());
        let mut survey = Survey::new(self.rules, &self.sightings, &bloom, keep);
        self.history
            .read(filter, &mut survey)
            .map_err(Error::with_nothing_written)?;
        let (known, settled) = survey.into_parts();
        for (pair, known) in self.sightings.iter_mut().zip(known) {
            if known {
                pair.state = PairState::Known;
            } else if undecided(pair) {
                pair.state = PairState::Candidate;
            }
        }
        self.surveyed = settled.map_or(Surveyed::Seen, Surveyed::Everything);
        Ok(())
    }
}

fn may_be_new(sightings: &Sightings, id: PairId) -> bool {
    sightings
        .get(id)
        .is_some_and(|pair| pair.state != PairState::Known)
}

/// The values of a pair, in the order of the key fields.
pub fn pair_values(sightings: &Sightings, id: PairId) -> impl Iterator<Item = Cow<'_, [u8]>> {
    pair::values(sightings.text(id))
}

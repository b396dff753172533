//! The end of a run: the merge with the history, and the verdicts.

use std::borrow::Cow;
use std::collections::HashMap;

use super::details::Details;
use super::engine::Detector;
use super::spill::{HeaderId, Place, SpillBuffer};
use crate::error::Error;
use crate::history::{self, Failure, History, Merged, Publication, PublishError, Publisher};
use crate::pair::{self, PairHasher};
use crate::pairs::{PairId, PairState, Sightings};
use crate::rules::{Output, Rules};
use crate::text::timestamp::Timestamp;

/// The columns of the one row that a run with `seed` returns.
pub(crate) const SEED_COLUMNS: [&str; 4] =
    ["pairs_seen", "pairs_added", "pairs_updated", "pairs_total"];

/// A finished run: its pairs, its held rows and what became of the history.
#[derive(Debug)]
pub(crate) struct Outcome {
    rules: Rules,
    history: History,
    hasher: PairHasher,
    /// The pairs of the run, with what the history says of them.
    pub(crate) sightings: Sightings,
    held_rows: SpillBuffer,
    /// What the merge did, or would have done where nothing was published.
    pub(crate) merged: Merged,
    /// Why the history was not written, if it should have been.
    pub(crate) unpublished: Option<Failure>,
}

/// Why a run has no outcome.
#[derive(Debug)]
pub(crate) enum FinishError {
    /// The history cannot be read, or is not a table of pairs and times: nothing can be decided, nothing was written.
    Failed(Error),
    /// The reader of the result is gone; see [`PublishError::Cancelled`].
    Cancelled,
}

impl From<Error> for FinishError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Detector {
    /// Ends the run: merges and publishes the history, or only reads it where there is no `publication`. What was decided
    /// by reading can be published later: [`Outcome::publish`].
    ///
    /// # Errors
    /// See [`FinishError`]. A history that was read and could not be written is no error but noted in the outcome:
    /// no alert is lost to a full disk.
    pub(crate) fn finish(
        self,
        publication: Option<&Publication<'_>>,
    ) -> Result<Outcome, FinishError> {
        let mut outcome = self.into_outcome()?;
        let Some(publication) = publication else {
            outcome.merged = outcome.compare()?;
            return Ok(outcome);
        };
        let Outcome {
            history,
            hasher,
            sightings,
            ..
        } = &mut outcome;
        match Publisher::new(history, hasher, sightings, publication).publish() {
            Ok(merged) => outcome.merged = merged,
            Err(PublishError::Cancelled) => return Err(FinishError::Cancelled),
            Err(PublishError::History(error)) => return Err(error.with_nothing_written().into()),
            Err(PublishError::Failed(failure)) => {
                // Reading now what may have been written would find this run's own pairs.
                outcome.merged = failure.merged.map_or_else(|| outcome.compare(), Ok)?;
                outcome.unpublished = Some(failure);
            }
        }
        Ok(outcome)
    }

    /// The outcome before the history has been asked.
    fn into_outcome(mut self) -> Result<Outcome, Error> {
        // Before the history says that these pairs are known: a full disk after that would lose their rows.
        let flushed = self.held_rows.flush();
        flushed.map_err(|cause| self.unspillable(&cause))?;
        // What the survey found out is not kept: its memory is of more use to the merge.
        Ok(Outcome {
            rules: self.rules,
            history: self.history,
            hasher: self.hasher,
            sightings: self.sightings,
            held_rows: self.held_rows,
            merged: Merged::default(),
            unpublished: None,
        })
    }
}

impl Outcome {
    /// The history that it was decided by.
    pub(crate) fn history(&self) -> &History {
        &self.history
    }

    /// Merges into the history and publishes what the run saw, once its result has been shown. Whether another run has
    /// meanwhile added the same pairs does not matter: the result stands.
    ///
    /// # Errors
    /// See [`PublishError`].
    pub(crate) fn publish(self, publication: &Publication<'_>) -> Result<Merged, PublishError> {
        let Self {
            history,
            hasher,
            mut sightings,
            held_rows,
            ..
        } = self;
        // They have been shown: their memory and their file are of more use to the merge.
        drop(held_rows);
        Publisher::new(&history, &hasher, &mut sightings, publication).publish()
    }

    /// Reads the history without writing it: what a merge would do.
    fn compare(&mut self) -> Result<Merged, Error> {
        history::compare(&self.history, &self.hasher, &mut self.sightings)
            .map_err(Error::with_nothing_written)
    }

    /// The row of a run with `seed`, which has no others: the values of [`SEED_COLUMNS`].
    pub(crate) fn seed_row(&self) -> [u64; SEED_COLUMNS.len()] {
        let merged = &self.merged;
        let seen = self.sightings.len() as u64;
        let total = merged.before + merged.added;
        [seen, merged.added, merged.updated, total]
    }

    /// The new pairs, in order of first sight.
    pub(crate) fn new_pairs(&self) -> impl Iterator<Item = PairId> {
        self.sightings
            .iter()
            .filter(|(_, pair)| pair.is_new(&self.rules))
            .map(|(id, _)| id)
    }

    /// The verdicts on the new pairs, by first time, then by key values.
    fn sorted_new_pairs(&self) -> Vec<Verdict> {
        let mut pairs: Vec<_> = self.new_pairs().filter_map(|id| self.verdict(id)).collect();
        let values = |id: PairId| pair_values(&self.sightings, id);
        pairs.sort_by(|one, other| {
            one.first
                .cmp(&other.first)
                .then_with(|| values(one.pair).cmp(values(other.pair)))
        });
        pairs
    }

    /// The new pairs whose rows were dropped, because a survey had found them in the history: another program removed
    /// them from it before it was merged.
    pub(crate) fn new_pairs_without_rows(&self) -> Vec<PairId> {
        if self.rules.output == Output::All || self.rules.seed {
            return Vec::new();
        }
        let dropped = |id: &PairId| {
            self.sightings
                .get(*id)
                .is_some_and(|pair| pair.state == PairState::Known)
        };
        self.new_pairs().filter(dropped).collect()
    }

    /// A sentence about [`Outcome::new_pairs_without_rows`]; `None` where every new pair has its rows.
    pub(crate) fn without_rows_message(&self) -> Option<String> {
        let count = self.new_pairs_without_rows().len();
        (count > 0).then(|| {
            format!(
                "{count} new pairs are shown without their events: another program removed them from the history \
                 meanwhile"
            )
        })
    }

    pub(crate) fn verdict(&self, id: PairId) -> Option<Verdict> {
        verdict(&self.rules, &self.sightings, id)
    }

    /// Calls `visit` with every event that is returned: the verdict on its deciding pair, the header it came under, and
    /// its bytes, in the order in which they came. The deciding pair is the first of the event's pairs that is new, else its first.
    ///
    /// # Errors
    /// Those of `visit`, and of reading back the rows beyond memory.
    pub(crate) fn for_each_event<E: From<Error>>(
        &mut self,
        mut visit: impl FnMut(&Sightings, &Verdict, HeaderId, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let (rules, sightings) = (self.rules, &self.sightings);
        let mut returned = Returned::new(rules.max_events, sightings.len());
        self.held_rows.for_each(|row| {
            let mut verdicts = row
                .pairs
                .iter()
                .filter_map(|id| verdict(&rules, sightings, *id));
            let new = verdicts.clone().find(|verdict| verdict.new);
            let is_new = |id| verdict(&rules, sightings, id).is_some_and(|verdict| verdict.new);
            let deciding = match new {
                Some(new) => returned.count(row.pairs, is_new).then_some(new),
                None => verdicts.next().filter(|_| rules.output == Output::All),
            };
            deciding.map_or(Ok(()), |verdict| {
                visit(sightings, &verdict, row.header, row.bytes)
            })
        })
    }

    /// The verdicts on the new pairs under [`Output::Pairs`], by first time, then by key values; and where the row of
    /// each pair's earliest event is held, where one is.
    ///
    /// # Errors
    /// That of reading back the rows beyond memory.
    pub(crate) fn table(&mut self) -> Result<Vec<(Verdict, Option<Place>)>, Error> {
        let (rules, sightings) = (self.rules, &self.sightings);
        let mut places = HashMap::new();
        self.held_rows.for_each(|row| {
            let new = |id: &&PairId| sightings.get(**id).is_some_and(|pair| pair.is_new(&rules));
            // Only earlier and earlier rows of a pair were held: the last one is its earliest.
            places.extend(row.pairs.iter().filter(new).map(|id| (*id, row.place)));
            Ok::<_, Error>(())
        })?;
        let verdicts = self.sorted_new_pairs().into_iter();
        let with_place = |verdict: Verdict| (verdict, places.get(&verdict.pair).copied());
        Ok(verdicts.map(with_place).collect())
    }

    /// The details that are held at `place`, read by way of the buffer `row`; all empty without a place.
    ///
    /// # Errors
    /// That of reading back a row beyond memory.
    pub(crate) fn read_details<'a>(
        &self,
        place: Option<Place>,
        row: &'a mut Vec<u8>,
    ) -> Result<Details<'a>, Error> {
        row.clear();
        if let Some(place) = place {
            self.held_rows.read(place, row)?;
        }
        Ok(Details::decode(row))
    }
}

/// The decision on a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) pair: PairId,
    pub(crate) new: bool,
    /// The first time of search and history together; `None` where the history has the pair without one.
    pub(crate) first: Option<Timestamp>,
    /// The last time of both.
    pub(crate) last: Timestamp,
}

fn verdict(rules: &Rules, sightings: &Sightings, id: PairId) -> Option<Verdict> {
    let pair = sightings.get(id)?;
    Some(Verdict {
        pair: id,
        new: pair.is_new(rules),
        first: pair.overall_first(),
        last: pair.overall_last(),
    })
}

/// The values of a pair, in the order of the key fields.
pub(crate) fn pair_values(
    sightings: &Sightings,
    id: PairId,
) -> impl Iterator<Item = Cow<'_, [u8]>> {
    pair::values(sightings.text(id))
}

/// Counts the rows returned for each pair, where there is a limit.
struct Returned {
    limit: u32,
    counts: Vec<u32>,
}

impl Returned {
    fn new(limit: u32, pairs: usize) -> Self {
        let counts = if limit == 0 {
            Vec::new()
        } else {
            vec![0; pairs]
        };
        Self { limit, counts }
    }

    /// Whether one of the new ones of `pairs` has room for one more row; counts it for all of them.
    fn count(&mut self, pairs: &[PairId], new: impl Fn(PairId) -> bool) -> bool {
        if self.limit == 0 {
            return true;
        }
        let mut room = false;
        for id in pairs {
            if let Some(count) = self.counts.get_mut(id.index()) {
                room |= new(*id) && *count < self.limit;
                *count = count.saturating_add(1);
            }
        }
        room
    }
}

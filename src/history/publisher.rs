//! From sightings to a durable history: lock, sweep, merge, keep, flush, check, replace.
//!
//! ```text
//! step      what it does                                            killed just after it, the next run finds
//! lock      exclusive lock beside the lookup                        the old file, a lock file without a holder
//! sweep     left-over staged files of dead runs go                  the old file
//! merge     the history streams into a staged file                  the old file, a left-over to sweep
//! keep      it has the old file's mode and owner                    the old file, a left-over to sweep
//! flush     the staged file is on the disk                          the old file, a left-over to sweep
//! check     the lookup is as it was when it was opened              the old file, a left-over to sweep
//! replace   the staged file is renamed over the lookup,             the new file
//!           the folder is on the disk
//! unlock    the lock file goes                                      the new file
//! ```
//!
//! A program that writes the lookup without the lock is noticed up to the check: the merge is made again with what it
//! wrote, at most [`ATTEMPTS`] times. What it writes in the microseconds between check and rename is replaced.
//!
//! The steps are those of [`FileRoute`](crate::history::FileRoute). Another [`Route`] has its own `replace`; where that
//! cannot be sure of the result, the lookup is read again before the lock is given back, until it holds this run:
//!
//! ```text
//! read      every sighting is there: done
//! pause     bounded, longer each time, never twice the same: two runs do not meet again at the same moment; the file
//!           that was handed over stays where it is, since it may be taken late
//! place     merged with what the history has become, handed over again
//! ```
//!
//! Merging is idempotent, so a run that was overtaken by another writer merges and hands over once more and nothing is
//! lost by it. What a pair was before this run is what the first merge found: later ones find the run's own rows.

use std::ffi::OsString;
use std::thread;
use std::time::{Duration, Instant};

use super::block::{KeyFilter, RowBatch};
use super::lock::{Lock, LockError};
use super::lookup::{ATTEMPTS, History, Pass};
use super::merge::{MergeError, Merged, Staging, merge};
use super::route::{Failure, Replacement, Route};
use super::source::Source;
use super::stage::{Stage, sweep};
use super::system::{escaped_path, step_failed};
use crate::error::Error;
use crate::pair::PairHasher;
use crate::pairs::Sightings;

/// The shortest pauses before the file is handed over again; each is lengthened by up to its own length.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_millis(1000),
    Duration::from_millis(2000),
];

/// After this time nothing is handed over again: others wait for the lock.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who publishes, how, and until when.
pub struct Publication<'a> {
    /// The way into the lookup's place.
    pub route: &'a dyn Route,
    /// Says to those who wait for the lock who has it.
    pub holder: &'a str,
    /// How long to wait for the lock; [`LOCK_WAIT`](crate::history::LOCK_WAIT) in production.
    pub lock_wait: Duration,
    /// Whether the reader of the result is gone.
    pub cancelled: &'a dyn Fn() -> bool,
}

/// Why it is not certain that anything was published.
#[derive(Debug)]
pub enum PublishError {
    /// The history cannot be read or is not one: nothing can be decided, and nothing was written.
    History(Error),
    /// The history could not be replaced, or not for certain.
    Failed(Failure),
    /// The reader of the result is gone; nothing was written, unless an unconfirmed replacement came before.
    Cancelled,
}

impl From<Error> for PublishError {
    fn from(error: Error) -> Self {
        Self::History(error)
    }
}

impl From<Failure> for PublishError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Writes one run's sightings into its history.
pub struct Publisher<'a> {
    history: &'a History,
    hasher: &'a PairHasher,
    sightings: &'a mut Sightings,
    publication: &'a Publication<'a>,
}

impl<'a> Publisher<'a> {
    /// Of `sightings`, whose keys `hasher` has made, into `history`.
    pub fn new(
        history: &'a History,
        hasher: &'a PairHasher,
        sightings: &'a mut Sightings,
        publication: &'a Publication<'a>,
    ) -> Self {
        Self {
            history,
            hasher,
            sightings,
            publication,
        }
    }

    /// Merges and writes. Afterwards every sighting knows what the history said of it under the lock, and the merged
    /// history is on the disk.
    ///
    /// # Errors
    /// See [`PublishError`].
    pub fn publish(mut self) -> Result<Merged, PublishError> {
        let _lock = self.lock()?;
        let prepared = self.publication.route.prepare();
        prepared.map_err(Failure::from)?;
        self.sweep()?;
        match self.place()? {
            (merged, Replacement::Durable) => Ok(merged),
            (merged, unconfirmed) => self.confirm(merged, unconfirmed),
        }
    }

    fn lock(&self) -> Result<Lock, PublishError> {
        let Publication {
            lock_wait,
            holder,
            cancelled,
            ..
        } = self.publication;
        Lock::acquire(self.history.path(), *lock_wait, holder, cancelled).map_err(|error| {
            match error {
                LockError::Cancelled => PublishError::Cancelled,
                error => {
                    let failed = Error::environment(&error);
                    let failed = match error.remedy() {
                        Some(remedy) => failed.with_remedy(remedy),
                        None => failed,
                    };
                    Failure::from(failed).into()
                }
            }
        })
    }

    fn sweep(&self) -> Result<(), Failure> {
        let folder = self.publication.route.staging_folder();
        sweep(folder, &self.staged_name())
            .map_err(|cause| self.unstaged(step_failed("sweep", folder, &cause)))
    }

    /// What the names of staged files begin with.
    fn staged_name(&self) -> OsString {
        self.publication.route.staged_name(self.history.file_name())
    }

    /// Merges and replaces, again where a program that does not take the lock writes the lookup meanwhile.
    fn place(&mut self) -> Result<(Merged, Replacement), PublishError> {
        for _ in 0..ATTEMPTS {
            let source = Source::open(self.history.path())?;
            match self.attempt(&source) {
                Ok(Some(placed)) => return Ok(placed),
                Ok(None) => {}
                // A file that is just being written may look broken.
                Err(PublishError::History(_)) if !self.is_current(&source)? => {}
                Err(error) => return Err(error),
            }
        }
        Err(Failure::from(Error::environment(format!(
            "check {}: another program keeps writing it",
            escaped_path(self.history.path())
        )))
        .into())
    }

    /// One merge; `None` where a program that does not take the lock wrote the lookup meanwhile. A merge that changes
    /// nothing is durable.
    fn attempt(&mut self, source: &Source) -> Result<Option<(Merged, Replacement)>, PublishError> {
        let (merged, stage) = self.merge(source)?;
        if (self.publication.cancelled)() {
            return Err(PublishError::Cancelled);
        }
        if !self.is_current(source)? {
            return Ok(None);
        }
        let Some(stage) = stage else {
            return Ok(Some((merged, Replacement::Durable)));
        };
        match self.publication.route.replace(stage, self.history.path()) {
            Ok(replacement) => Ok(Some((merged, replacement))),
            Err(failure) => Err(PublishError::Failed(Failure {
                merged: Some(merged),
                ..failure
            })),
        }
    }

    /// Merges into a staged file that is on the disk; `None` where nothing changes.
    fn merge(&mut self, source: &Source) -> Result<(Merged, Option<Stage>), PublishError> {
        let staging = Staging {
            folder: self.publication.route.staging_folder(),
            name: &self.staged_name(),
        };
        let keys = self.history.keys();
        let merged = merge(source, keys, Some(staging), self.hasher, self.sightings);
        let (merged, stage) = merged.map_err(|error| match error {
            MergeError::History(error) => PublishError::History(error),
            MergeError::Stage(error) => self.unstaged(error).into(),
        })?;
        let stage = stage.map(|stage| finish(stage, source)).transpose();
        Ok((merged, stage.map_err(|error| self.unstaged(error))?))
    }

    /// A failure in the staging folder, with the route's own remedy.
    fn unstaged(&self, error: Error) -> Failure {
        match self.publication.route.staging_remedy() {
            Some(remedy) => error.with_remedy(remedy).into(),
            None => error.into(),
        }
    }

    fn is_current(&self, source: &Source) -> Result<bool, Failure> {
        source
            .is_current()
            .map_err(|cause| step_failed("check", self.history.path(), &cause).into())
    }

    /// Makes sure that the history holds every sighting although its replacement is `unconfirmed`; `merged` is what the
    /// first merge did.
    ///
    /// # Errors
    /// The history still does not hold them, or cannot be read: why, and that it is not certain what it holds.
    fn confirm(
        &mut self,
        merged: Merged,
        unconfirmed: Replacement,
    ) -> Result<Merged, PublishError> {
        let before = self.sightings.all_recorded();
        let confirmed = self.retry_until_confirmed(unconfirmed);
        self.sightings.restore_recorded(before);
        let failure = match confirmed {
            Ok(()) => return Ok(merged),
            Err(PublishError::Cancelled) => return Err(PublishError::Cancelled),
            Err(PublishError::History(error)) => Failure::from(error),
            Err(PublishError::Failed(failure)) => failure,
        };
        Err(PublishError::Failed(Failure {
            uncertain: true,
            merged: Some(merged),
            ..failure
        }))
    }

    /// Reads, pauses, hands over again, until the history holds every sighting.
    fn retry_until_confirmed(&mut self, mut last: Replacement) -> Result<(), PublishError> {
        let started = Instant::now();
        let mut pauses = PAUSES.into_iter();
        loop {
            // The staged file is kept until another one has all that it has.
            let Replacement::Unconfirmed { failure, .. } = &last else {
                return Ok(());
            };
            if self.holds()? {
                return Ok(());
            }
            match pauses.next() {
                Some(shortest) if started.elapsed() <= PATIENCE => {
                    thread::sleep(jittered(shortest));
                }
                _ => return Err(failure.clone().into()),
            }
            (_, last) = self.place()?;
        }
    }

    /// Whether the history holds every sighting: a merge would change nothing.
    fn holds(&self) -> Result<bool, Error> {
        let bloom = self.sightings.bloom_filter();
        let mut pass = Holding {
            sightings: self.sightings,
            met: vec![false; self.sightings.len()],
            current: true,
        };
        self.history
            .read(KeyFilter::of(&bloom, self.hasher), &mut pass)?;
        Ok(pass.current && pass.met.into_iter().all(|met| met))
    }
}

/// Makes the staged file look like the one that it replaces, and flushes it with its mode and owner.
fn finish(mut stage: Stage, source: &Source) -> Result<Stage, Error> {
    if let Some(old) = source.metadata() {
        stage
            .keep_mode_and_owner(old)
            .map_err(|cause| step_failed("keep mode and owner of", stage.path(), &cause))?;
    }
    let flushed = stage.writer().flush();
    flushed.map_err(|cause| step_failed("flush", stage.path(), &cause))?;
    Ok(stage)
}

/// Finds out whether the rows of a history hold every sighting.
struct Holding<'a> {
    sightings: &'a Sightings,
    /// The pairs that have a row.
    met: Vec<bool>,
    /// Whether no row of theirs would change.
    current: bool,
}

impl Pass for Holding<'_> {
    fn restart(&mut self) {
        self.met.fill(false);
        self.current = true;
    }

    fn rows(&mut self, rows: &RowBatch<'_>) {
        for row in rows.rows {
            let id = row.key.and_then(|key| self.sightings.find(key));
            let met = id.and_then(|id| self.met.get_mut(id.index()));
            let pair = id.and_then(|id| self.sightings.get(id));
            if let (Some(met), Some(pair)) = (met, pair) {
                *met = true;
                self.current &= pair.change(row.first, row.last).is_none();
            }
        }
    }
}

/// A pause from once to twice this long.
fn jittered(shortest: Duration) -> Duration {
    // Without randomness the pause is only less useful.
    let random = getrandom::u32().unwrap_or_default();
    shortest + shortest.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

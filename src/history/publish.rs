//! From sightings to a durable history: lock, sweep, merge, keep, flush, check, replace.
//!
//! ```text
//! step      what it does                                            killed just after it, the next run finds
//! lock      exclusive lock beside the lookup                        the old file, a lock nobody holds
//! sweep     left-over staged files of dead runs go                  the old file
//! merge     the history streams into a staged file                  the old file, a left-over to sweep
//! keep      it has the old file's mode and owner                    the old file, a left-over to sweep
//! flush     the staged file is on the disk                          the old file, a left-over to sweep
//! check     nobody changed the lookup since it was opened           the old file, a left-over to sweep
//! replace   the staged file is renamed over the lookup,             the new file
//!           the folder is on the disk
//! unlock    the lock file goes                                      the new file
//! ```
//!
//! A program that writes the lookup without the lock is noticed up to the check: the merge is made again with what it
//! wrote, at most [`ATTEMPTS`] times. What it writes in the microseconds between check and rename is replaced.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::History;
use super::lock::{Lock, LockError};
use super::merge::{MergeError, Merged, merge};
use super::source::{Source, shown_path};
use super::stage::{Stage, sweep};
use super::uninterrupted;
use crate::error::Error;
use crate::pair::PairHasher;
use crate::sightings::Sightings;

/// How often a merge is made again because somebody who does not take the lock wrote the lookup meanwhile.
pub(super) const ATTEMPTS: u32 = 5;

/// How the merged file gets into the place of the lookup.
pub trait Route {
    /// The folder in which the merged file is staged.
    fn staging_folder(&self) -> &Path;

    /// Puts the staged, flushed file in the place of the lookup, durably.
    ///
    /// # Errors
    /// What failed, in words that name the step, the file and the cause.
    fn replace(&self, staged: Stage, lookup: &Path) -> Result<(), ReplaceError>;
}

/// What failed when a lookup was replaced.
#[derive(Debug)]
pub enum ReplaceError {
    /// The lookup is as it was.
    AsItWas(String),
    /// The lookup is the new file, which a loss of power may undo.
    NotDurable(String),
}

/// On this machine's disk: an atomic rename within the lookup's folder.
#[derive(Debug)]
pub struct FileRoute<'a> {
    folder: &'a Path,
}

impl<'a> FileRoute<'a> {
    /// For a lookup in `folder`.
    pub fn new(folder: &'a Path) -> Self {
        Self { folder }
    }
}

impl Route for FileRoute<'_> {
    fn staging_folder(&self) -> &Path {
        self.folder
    }

    fn replace(&self, staged: Stage, lookup: &Path) -> Result<(), ReplaceError> {
        uninterrupted(|| fs::rename(staged.path(), lookup))
            .map_err(|cause| ReplaceError::AsItWas(failed("rename", staged.path(), &cause)))?;
        staged.placed();
        sync_folder(self.folder)
            .map_err(|cause| ReplaceError::NotDurable(failed("flush", self.folder, &cause)))
    }
}

/// Makes a rename in `folder` durable.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The words for a step that failed on a file.
fn failed(step: &str, path: &Path, cause: &io::Error) -> String {
    format!("{step} {}: {cause}", shown_path(path))
}

/// Who publishes, and until when.
pub struct Publication<'a> {
    /// The way into the lookup's place.
    pub route: &'a dyn Route,
    /// Says to those who wait for the lock who has it.
    pub holder: &'a str,
    /// Whether nobody waits for the result any more.
    pub cancelled: &'a dyn Fn() -> bool,
}

/// Why nothing was published.
#[derive(Debug)]
pub enum PublishError {
    /// The history cannot be read or is none: nothing can be decided.
    History(Error),
    /// The history could not be replaced, and is as it was: what failed.
    Failed(String),
    /// The history was replaced, but a loss of power may undo that: what failed, and what the merge did.
    NotDurable(String, Merged),
    /// Nobody waits for the result any more.
    Cancelled,
}

impl From<Error> for PublishError {
    fn from(error: Error) -> Self {
        Self::History(error)
    }
}

/// Merges `sightings` into the history. On return every sighting knows what the history said of it under the lock, and
/// the merged history is on the disk.
///
/// # Errors
/// See [`PublishError`].
pub fn publish(
    history: &History,
    hasher: &PairHasher,
    sightings: &mut Sightings,
    publication: &Publication<'_>,
) -> Result<Merged, PublishError> {
    let _lock = lock(history, publication)?;
    sweep_left_overs(history, publication.route)?;
    for _ in 0..ATTEMPTS {
        let source = Source::open(history.path())?;
        match attempt(history, &source, hasher, sightings, publication) {
            Ok(Some(merged)) => return Ok(merged),
            Ok(None) => {}
            // A file that somebody is just writing may look broken.
            Err(PublishError::History(_)) if !is_current(history, &source)? => {}
            Err(error) => return Err(error),
        }
    }
    Err(PublishError::Failed(format!(
        "check {}: another program keeps writing it",
        shown_path(history.path())
    )))
}

/// One merge; `None` where somebody who does not take the lock changed the lookup meanwhile.
fn attempt(
    history: &History,
    source: &Source,
    hasher: &PairHasher,
    sightings: &mut Sightings,
    publication: &Publication<'_>,
) -> Result<Option<Merged>, PublishError> {
    let folder = publication.route.staging_folder();
    let (merged, stage) =
        merge(history, source, folder, hasher, sightings).map_err(|error| match error {
            MergeError::History(error) => PublishError::History(error),
            MergeError::Stage(step, cause) => PublishError::Failed(failed(step, folder, &cause)),
        })?;
    let stage = stage
        .map(|stage| finish(stage, source))
        .transpose()
        .map_err(PublishError::Failed)?;
    if (publication.cancelled)() {
        return Err(PublishError::Cancelled);
    }
    if !is_current(history, source)? {
        return Ok(None);
    }
    let replaced = stage.map_or(Ok(()), |stage| {
        publication.route.replace(stage, history.path())
    });
    match replaced {
        Ok(()) => Ok(Some(merged)),
        Err(ReplaceError::AsItWas(why)) => Err(PublishError::Failed(why)),
        // What the history said before stays the verdict: reading it again would make every pair known.
        Err(ReplaceError::NotDurable(why)) => Err(PublishError::NotDurable(why, merged)),
    }
}

fn lock(history: &History, publication: &Publication<'_>) -> Result<Lock, PublishError> {
    Lock::acquire(history.path(), publication.holder, publication.cancelled).map_err(|error| {
        match error {
            LockError::Cancelled => PublishError::Cancelled,
            error => PublishError::Failed(error.to_string()),
        }
    })
}

fn sweep_left_overs(history: &History, route: &dyn Route) -> Result<(), PublishError> {
    let folder = route.staging_folder();
    sweep(folder, history.file_name())
        .map_err(|cause| PublishError::Failed(failed("sweep", folder, &cause)))
}

/// Makes the staged file look like the one that it replaces, and flushes it with its mode and owner.
fn finish(mut stage: Stage, source: &Source) -> Result<Stage, String> {
    let old = source
        .metadata()
        .map_err(|cause| failed("look at", stage.path(), &cause))?;
    if let Some(old) = old {
        stage
            .keep_mode_and_owner(&old)
            .map_err(|cause| failed("keep mode and owner of", stage.path(), &cause))?;
    }
    let flushed = stage.writer().flush();
    flushed.map_err(|cause| failed("flush", stage.path(), &cause))?;
    Ok(stage)
}

fn is_current(history: &History, source: &Source) -> Result<bool, PublishError> {
    source
        .is_current()
        .map_err(|cause| PublishError::Failed(failed("check", history.path(), &cause)))
}

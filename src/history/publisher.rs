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
//!
//! The steps are those of [`super::FileRoute`]. Another [`Route`] has its own `replace`; where that cannot be sure of
//! the result, [`super::confirm`] reads the lookup again before the lock is given back.

use std::ffi::OsString;
use std::path::Path;

use super::History;
use super::confirm::confirm;
use super::lock::{Lock, LockError};
use super::merge::{MergeError, Merged, merge};
use super::route::{Asked, Failure, Replaced, Route};
use super::source::{Source, escaped_path};
use super::stage::{Stage, sweep};
use crate::error::Error;
use crate::pair::PairHasher;
use crate::pairs::Sightings;

/// How often a merge is made again because somebody who does not take the lock wrote the lookup meanwhile.
pub(super) const ATTEMPTS: u32 = 5;

/// Who publishes, and until when.
pub struct Publication<'a> {
    /// The way into the lookup's place.
    pub route: &'a dyn Route,
    /// Says to those who wait for the lock who has it.
    pub holder: &'a str,
    /// Whether nobody waits for the result any more.
    pub cancelled: &'a dyn Fn() -> bool,
}

/// Why it is not certain that anything was published.
#[derive(Debug)]
pub enum PublishError {
    /// The history cannot be read or is none: nothing can be decided.
    History(Error),
    /// The history could not be replaced, or not for certain: what failed.
    Failed(Failure),
    /// Nobody waits for the result any more.
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
    publication.route.prepare()?;
    sweep_left_overs(history, publication.route)?;
    match place(history, hasher, sightings, publication)? {
        Placed::Durably(merged) => Ok(merged),
        Placed::Perhaps(merged, asked) => {
            confirm(history, hasher, sightings, publication, merged, asked)
        }
    }
}

/// A merge whose result has been put in the lookup's place, or changed nothing.
pub(super) enum Placed {
    /// It is there, on the disk.
    Durably(Merged),
    /// Only reading the lookup again tells.
    Perhaps(Merged, Box<Asked>),
}

/// Merges and replaces, again where somebody who does not take the lock writes the lookup meanwhile.
pub(super) fn place(
    history: &History,
    hasher: &PairHasher,
    sightings: &mut Sightings,
    publication: &Publication<'_>,
) -> Result<Placed, PublishError> {
    for _ in 0..ATTEMPTS {
        let source = Source::open(history.path())?;
        match attempt(history, &source, hasher, sightings, publication) {
            Ok(Some(placed)) => return Ok(placed),
            Ok(None) => {}
            // A file that somebody is just writing may look broken.
            Err(PublishError::History(_)) if !is_current(history, &source)? => {}
            Err(error) => return Err(error),
        }
    }
    Err(Failure::on_disk(format!(
        "check {}: another program keeps writing it",
        escaped_path(history.path())
    ))
    .into())
}

/// One merge; `None` where somebody who does not take the lock changed the lookup meanwhile.
fn attempt(
    history: &History,
    source: &Source,
    hasher: &PairHasher,
    sightings: &mut Sightings,
    publication: &Publication<'_>,
) -> Result<Option<Placed>, PublishError> {
    let (folder, name) = staging(history, publication.route);
    let (merged, stage) = merge(history, source, (folder, &name), hasher, sightings).map_err(
        |error| match error {
            MergeError::History(error) => PublishError::History(error),
            MergeError::Stage(step, cause) => {
                unstaged(publication.route, Failure::of(step, folder, &cause)).into()
            }
        },
    )?;
    let stage = stage
        .map(|stage| finish(stage, source))
        .transpose()
        .map_err(|failure| unstaged(publication.route, failure))?;
    if (publication.cancelled)() {
        return Err(PublishError::Cancelled);
    }
    if !is_current(history, source)? {
        return Ok(None);
    }
    let Some(stage) = stage else {
        return Ok(Some(Placed::Durably(merged)));
    };
    match publication.route.replace(stage, history.path()) {
        Ok(Replaced::Durably) => Ok(Some(Placed::Durably(merged))),
        Ok(Replaced::Perhaps(asked)) => Ok(Some(Placed::Perhaps(merged, asked))),
        Err(failure) => Err(PublishError::Failed(Failure {
            merged: Some(merged),
            ..failure
        })),
    }
}

fn lock(history: &History, publication: &Publication<'_>) -> Result<Lock, PublishError> {
    Lock::acquire(history.path(), publication.holder, publication.cancelled).map_err(|error| {
        match error {
            LockError::Cancelled => PublishError::Cancelled,
            error => Failure::on_disk(error.to_string()).into(),
        }
    })
}

/// Where staged files are, and what their names begin with.
fn staging<'a>(history: &History, route: &'a dyn Route) -> (&'a Path, OsString) {
    (
        route.staging_folder(),
        route.staged_name(history.file_name()),
    )
}

fn sweep_left_overs(history: &History, route: &dyn Route) -> Result<(), Failure> {
    let (folder, name) = staging(history, route);
    sweep(folder, &name).map_err(|cause| unstaged(route, Failure::of("sweep", folder, &cause)))
}

/// A failure in the staging folder, with the route's own remedy.
fn unstaged(route: &dyn Route, failure: Failure) -> Failure {
    Failure {
        remedy: route.staging_remedy(),
        ..failure
    }
}

/// Makes the staged file look like the one that it replaces, and flushes it with its mode and owner.
fn finish(mut stage: Stage, source: &Source) -> Result<Stage, Failure> {
    if let Some(old) = source.metadata() {
        stage
            .keep_mode_and_owner(old)
            .map_err(|cause| Failure::of("keep mode and owner of", stage.path(), &cause))?;
    }
    let flushed = stage.writer().flush();
    flushed.map_err(|cause| Failure::of("flush", stage.path(), &cause))?;
    Ok(stage)
}

fn is_current(history: &History, source: &Source) -> Result<bool, Failure> {
    source
        .is_current()
        .map_err(|cause| Failure::of("check", history.path(), &cause))
}

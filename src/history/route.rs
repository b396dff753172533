//! How the merged file gets into the place of the lookup, and what is reported where it does not.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use rustix::io::Errno;

use super::merge::Merged;
use super::stage::Stage;
use super::system::{escaped_path, step_failed, uninterrupted};
use crate::error::Error;

/// A way into the lookup's place.
pub trait Route {
    /// The folder in which the merged file is staged.
    fn staging_folder(&self) -> &Path;

    /// What the names of staged files for `lookup` (a file name) begin with: no living run of another lookup stages
    /// files whose names begin so.
    fn staged_name(&self, lookup: &Path) -> OsString {
        lookup.as_os_str().to_owned()
    }

    /// What an administrator does where a file cannot be staged; `None` for what the lookup's own folder needs.
    fn staging_remedy(&self) -> Option<&'static str> {
        None
    }

    /// Makes ready to stage.
    ///
    /// # Errors
    /// Why this route cannot be taken.
    fn prepare(&self) -> Result<(), Error> {
        Ok(())
    }

    /// Puts the staged, flushed file in the place of the lookup.
    ///
    /// # Errors
    /// What failed. The lookup is then as it was, unless the failure is [`Failure::uncertain`].
    fn replace(&self, staged: Stage, lookup: &Path) -> Result<Replacement, Failure>;
}

/// How far the lookup has been replaced.
#[derive(Debug)]
pub enum Replacement {
    /// The new file is there, on the disk.
    Durable,
    /// Another program was asked to do it: only reading the lookup again tells whether it did.
    Unconfirmed {
        /// The file, which may be taken later than the answer comes: it must be kept until then.
        staged: Box<Stage>,
        /// What to report where the lookup does not show it.
        failure: Failure,
    },
}

/// Why the history was not published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The step, the thing, the cause. It has no remedy where files on a disk need what they always need: room and
    /// permissions.
    pub error: Error,
    /// Whether the history may have been written all the same.
    pub uncertain: bool,
    /// What the merge did, where there was one: the sightings know what the history said of them before anything was
    /// put in its place.
    pub merged: Option<Merged>,
}

/// Of a step after which the history is surely as it was.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            error,
            uncertain: false,
            merged: None,
        }
    }
}

impl Failure {
    /// Of a step that may have written the history all the same.
    pub fn uncertain(error: Error) -> Self {
        Self {
            uncertain: true,
            ..Self::from(error)
        }
    }
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

    fn replace(&self, staged: Stage, lookup: &Path) -> Result<Replacement, Failure> {
        uninterrupted(|| fs::rename(staged.path(), lookup))
            .map_err(|cause| not_renamed(staged.path(), &cause))?;
        staged.placed();
        sync_folder(self.folder).map_err(|cause| {
            Failure::uncertain(Error::environment(format!(
                "flush {}: {cause}; {} was written, but a loss of power may undo that",
                escaped_path(self.folder),
                escaped_path(lookup)
            )))
        })?;
        Ok(Replacement::Durable)
    }
}

/// The error of a rename. A lookup that is mounted by itself, as containers do with single files, cannot be replaced.
fn not_renamed(staged: &Path, cause: &io::Error) -> Error {
    let error = step_failed("rename", staged, cause);
    if cause.raw_os_error() == Some(Errno::BUSY.raw_os_error()) {
        return error.with_remedy(
            "the lookup is a mount point, and no file can take its place: mount its folder instead of the file alone",
        );
    }
    error
}

/// Makes a rename in `folder` durable.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

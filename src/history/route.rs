//! How the merged file gets into the place of the lookup, and what is said where it does not.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::merge::Merged;
use super::source::escaped_path;
use super::stage::Stage;
use super::uninterrupted;

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
    fn staging_remedy(&self) -> Option<String> {
        None
    }

    /// Makes ready to stage.
    ///
    /// # Errors
    /// Why this route cannot be taken.
    fn prepare(&self) -> Result<(), Failure> {
        Ok(())
    }

    /// Puts the staged, flushed file in the place of the lookup.
    ///
    /// # Errors
    /// What failed. The lookup is then as it was, unless the failure is [`Failure::uncertain`].
    fn replace(&self, staged: Stage, lookup: &Path) -> Result<Replaced, Failure>;
}

/// How sure it is that the lookup has been replaced.
#[derive(Debug)]
pub enum Replaced {
    /// The new file is there, on the disk.
    Durably,
    /// Somebody else was asked to do it: reading the lookup again tells.
    Perhaps(Box<Asked>),
}

/// A replacement that somebody else was asked to make.
#[derive(Debug)]
pub struct Asked {
    /// The file, which may be taken later than the answer comes: it must be kept until then.
    pub staged: Stage,
    /// What to say where it is not done.
    pub failure: Failure,
}

/// Why the history was not published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The step, the thing, the cause.
    pub what: String,
    /// What an administrator does about it; `None` for what files on a disk are known to need.
    pub remedy: Option<String>,
    /// Whether the history may have been written all the same.
    pub uncertain: bool,
    /// What the merge did, where there was one: the sightings know what the history said of them before anything was
    /// put in its place.
    pub merged: Option<Merged>,
}

impl Failure {
    /// Of a step on this machine's disk.
    pub fn on_disk(what: String) -> Self {
        Self {
            what,
            remedy: None,
            uncertain: false,
            merged: None,
        }
    }

    /// Of something that needs more than a working disk.
    pub fn new(what: String, remedy: String) -> Self {
        Self {
            remedy: Some(remedy),
            ..Self::on_disk(what)
        }
    }

    /// Of the step `step` on the file or folder `path`.
    pub fn of(step: &str, path: &Path, cause: &io::Error) -> Self {
        Self::on_disk(format!("{step} {}: {cause}", escaped_path(path)))
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

    fn replace(&self, staged: Stage, lookup: &Path) -> Result<Replaced, Failure> {
        uninterrupted(|| fs::rename(staged.path(), lookup))
            .map_err(|cause| Failure::of("rename", staged.path(), &cause))?;
        staged.placed();
        sync_folder(self.folder).map_err(|cause| Failure {
            what: format!(
                "flush {}: {cause}; {} was written, but a loss of power may undo that",
                escaped_path(self.folder),
                escaped_path(lookup)
            ),
            uncertain: true,
            ..Failure::on_disk(String::new())
        })?;
        Ok(Replaced::Durably)
    }
}

/// Makes a rename in `folder` durable.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

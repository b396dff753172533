//! Where the history is read from: the lookup, the `.default` beside it, or nothing yet.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::system::{escaped_path, is_link, open_options, uninterrupted};
use crate::error::Error;

/// A history, opened.
#[derive(Debug)]
pub(super) struct Source {
    lookup: PathBuf,
    /// The lookup or, where there is none yet, what the app ships as a start; `None` where there is neither.
    opened: Option<Opened>,
}

/// An open file, and what it was then.
#[derive(Debug)]
struct Opened {
    file: File,
    path: PathBuf,
    metadata: Metadata,
}

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    content: Content,
    changed: (i64, i64),
}

/// What every writing changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Content {
    size: u64,
    modified: (i64, i64),
}

impl Identity {
    fn of(file: &Metadata) -> Self {
        Self {
            device: file.dev(),
            inode: file.ino(),
            content: Content::of(file),
            changed: (file.ctime(), file.ctime_nsec()),
        }
    }
}

impl Content {
    fn of(file: &Metadata) -> Self {
        Self {
            size: file.size(),
            modified: (file.mtime(), file.mtime_nsec()),
        }
    }
}

impl Source {
    /// Opens the lookup at `lookup`, or the `.default` beside it.
    ///
    /// # Errors
    /// One of them is there and cannot be opened, or is no regular file.
    pub(super) fn open(lookup: &Path) -> Result<Self, Error> {
        let opened = match open_regular(lookup)? {
            None => open_regular(&default_of(lookup))?,
            opened => opened,
        };
        Ok(Self {
            lookup: lookup.to_owned(),
            opened,
        })
    }

    /// The open file and its path; `None` where there is nothing yet.
    pub(super) fn file(&self) -> Option<(&File, &Path)> {
        let opened = self.opened.as_ref()?;
        Some((&opened.file, &opened.path))
    }

    /// Mode and owner to keep: those of the lookup. `None` where the lookup does not exist yet.
    pub(super) fn metadata(&self) -> Option<&Metadata> {
        let opened = self.opened.as_ref();
        let lookup = opened.filter(|opened| opened.path == self.lookup);
        lookup.map(|opened| &opened.metadata)
    }

    /// Whether the lookup is still the file that was opened, and unchanged.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn is_current(&self) -> io::Result<bool> {
        let now = match uninterrupted(|| fs::symlink_metadata(&self.lookup)) {
            Ok(file) => Some(Identity::of(&file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(now == self.metadata().map(Identity::of))
    }

    /// Whether no program wrote into the open file since it was opened: what was read of it is one state, perhaps that of
    /// a file that has been replaced since.
    ///
    /// # Errors
    /// The file cannot be looked at.
    pub(super) fn is_as_it_was(&self) -> Result<bool, Error> {
        let Some(opened) = &self.opened else {
            return Ok(true);
        };
        let now = uninterrupted(|| opened.file.metadata())
            .map_err(|cause| unreadable(&opened.path, &cause))?;
        Ok(Content::of(&now) == Content::of(&opened.metadata))
    }
}

/// Opens `path` for reading where it is a regular file; `None` where nothing is there. Neither a link nor a device nor
/// a pipe is read, nor waited for.
fn open_regular(path: &Path) -> Result<Option<Opened>, Error> {
    let file = match open_options().read(true).open(path) {
        Ok(file) => file,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) if is_link(&cause) => return Err(not_a_file(path)),
        Err(cause) => return Err(unreadable(path, &cause)),
    };
    let metadata = uninterrupted(|| file.metadata()).map_err(|cause| unreadable(path, &cause))?;
    if !metadata.is_file() {
        return Err(not_a_file(path));
    }
    Ok(Some(Opened {
        file,
        path: path.to_owned(),
        metadata,
    }))
}

/// The file that the app ships as a start: `<lookup>.csv.default`.
pub(super) fn default_of(lookup: &Path) -> PathBuf {
    let mut name = lookup.as_os_str().to_owned();
    name.push(".default");
    name.into()
}

/// `path` with its links resolved; the file itself need not exist.
///
/// # Errors
/// The folder does not exist, or the path leads to something that is no regular file.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, Error> {
    let found = match fs::canonicalize(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return resolve_missing(path),
        found => found.map_err(|cause| unreadable(path, &cause))?,
    };
    match fs::symlink_metadata(&found) {
        Ok(file) if file.is_file() => Ok(found),
        Ok(_) => Err(not_a_file(path)),
        Err(cause) => Err(unreadable(path, &cause)),
    }
}

/// `path`, of which the last part does not exist, with the links of its folder resolved.
fn resolve_missing(path: &Path) -> Result<PathBuf, Error> {
    if fs::symlink_metadata(path).is_ok() {
        let what = format!("the history {} is a link to nothing", escaped_path(path));
        return Err(Error::environment(what).with_remedy("remove the link or create its target"));
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let name = path.file_name().ok_or_else(|| not_a_file(path))?;
    let folder = fs::canonicalize(folder).map_err(|cause| {
        Error::environment(format!(
            "the folder of the history {} cannot be used: {cause}",
            escaped_path(path)
        ))
        .with_remedy("create it or name another file")
    })?;
    Ok(folder.join(name))
}

fn not_a_file(path: &Path) -> Error {
    let what = format!("the history {} is no regular file", escaped_path(path));
    Error::environment(what).with_remedy("name a CSV file")
}

/// The error of a history that cannot be read.
pub(super) fn unreadable(path: &Path, cause: &io::Error) -> Error {
    let what = format!("the history {} cannot be read: {cause}", escaped_path(path));
    Error::environment(what).with_remedy("correct its permissions or restore the file")
}

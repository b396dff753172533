//! Where the history is read from: the lookup, the `.default` beside it, or nothing yet.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::uninterrupted;
use crate::error::Error;
use crate::shown;

/// An opened history.
#[derive(Debug)]
pub(super) struct Source {
    lookup: PathBuf,
    origin: Origin,
}

#[derive(Debug)]
enum Origin {
    /// The lookup itself.
    Lookup(File, Identity),
    /// There is no lookup yet: what the app ships is the start.
    Default(File, PathBuf),
    /// There is neither.
    Nothing,
}

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Identity {
    fn of(file: &Metadata) -> Self {
        Self {
            device: file.dev(),
            inode: file.ino(),
            size: file.size(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        }
    }
}

impl Source {
    /// Opens the lookup at `lookup`, or the `.default` beside it.
    ///
    /// # Errors
    /// One of them is there and cannot be opened, or is no regular file.
    pub(super) fn open(lookup: &Path) -> Result<Self, Error> {
        let origin = match open_regular(lookup)? {
            Some(file) => {
                let identity = Identity::of(
                    &uninterrupted(|| file.metadata())
                        .map_err(|cause| unreadable(lookup, &cause))?,
                );
                Origin::Lookup(file, identity)
            }
            None => {
                let default = default_of(lookup);
                match open_regular(&default)? {
                    Some(file) => Origin::Default(file, default),
                    None => Origin::Nothing,
                }
            }
        };
        Ok(Self {
            lookup: lookup.to_owned(),
            origin,
        })
    }

    /// The open file and its path; `None` where there is nothing yet.
    pub(super) fn file(&self) -> Option<(&File, &Path)> {
        match &self.origin {
            Origin::Lookup(file, _) => Some((file, &self.lookup)),
            Origin::Default(file, path) => Some((file, path)),
            Origin::Nothing => None,
        }
    }

    /// Mode and owner to keep: those of the lookup. `None` where the lookup does not exist yet.
    pub(super) fn metadata(&self) -> io::Result<Option<Metadata>> {
        match &self.origin {
            Origin::Lookup(file, _) => uninterrupted(|| file.metadata()).map(Some),
            Origin::Default(..) | Origin::Nothing => Ok(None),
        }
    }

    /// Whether the lookup is still the file that was opened, and unchanged: nobody wrote or replaced it meanwhile.
    pub(super) fn is_current(&self) -> io::Result<bool> {
        let now = match uninterrupted(|| fs::symlink_metadata(&self.lookup)) {
            Ok(file) => Some(Identity::of(&file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(match &self.origin {
            Origin::Lookup(_, identity) => now.as_ref() == Some(identity),
            Origin::Default(..) | Origin::Nothing => now.is_none(),
        })
    }
}

/// Opens `path` for reading where it is a regular file; `None` where nothing is there. Neither a link nor a device nor
/// a pipe that somebody put there is opened, nor waited for.
fn open_regular(path: &Path) -> Result<Option<File>, Error> {
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC)
        .open(path);
    let file = match opened {
        Ok(file) => file,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(unreadable(path, &cause)),
    };
    let metadata = uninterrupted(|| file.metadata()).map_err(|cause| unreadable(path, &cause))?;
    if !metadata.is_file() {
        return Err(not_a_file(path));
    }
    Ok(Some(file))
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
        return Err(Error::environment(format!(
            "the history {} is a link to nothing; remove the link or create its target",
            shown_path(path)
        )));
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let name = path.file_name().ok_or_else(|| not_a_file(path))?;
    let folder = fs::canonicalize(folder).map_err(|cause| {
        Error::environment(format!(
            "the folder of the history {} cannot be used: {cause}; create it or name another file",
            shown_path(path)
        ))
    })?;
    Ok(folder.join(name))
}

fn not_a_file(path: &Path) -> Error {
    Error::environment(format!(
        "the history {} is no regular file; name a CSV file",
        shown_path(path)
    ))
}

/// The error of a history that cannot be read.
pub(super) fn unreadable(path: &Path, cause: &io::Error) -> Error {
    Error::environment(format!(
        "the history {} cannot be read: {cause}; nothing was decided and nothing was written",
        shown_path(path)
    ))
}

/// A path for a message.
pub(super) fn shown_path(path: &Path) -> String {
    shown::escaped(path.as_os_str().as_encoded_bytes())
}

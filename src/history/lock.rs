//! One writer at a time: an exclusive lock on a small file beside the lookup.
//!
//! Not on the lookup itself: a rename replaces it, and the lock would guard a dead file. The lock file's name ends in
//! `.tmp`, so that knowledge bundles and cluster summaries skip it, and it is removed by its holder, while the lock is
//! held; a run that then gets the lock of a removed file sees that and starts again.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::system::{escaped_path, is_link, open_options, uninterrupted};
use crate::text::escape;

/// How long the program waits for another run to finish with the history.
pub const LOCK_WAIT: Duration = Duration::from_secs(30);

/// How long to sleep between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// The most bytes that are read of what a holder wrote about itself.
const HOLDER_BYTES: u64 = 400;

/// The lock, until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    /// Kept open: closing it gives the lock back.
    file: File,
    path: PathBuf,
}

/// Why the lock could not be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum LockError {
    /// The lock file cannot be opened or locked.
    #[error("the lock file {path} cannot be used: {cause}")]
    Unusable {
        /// The lock file.
        path: String,
        /// The system's reason.
        cause: io::Error,
    },
    /// Another run had it all the time.
    #[error("another run held the lock {path} for more than {} seconds: {holder}", waited.as_secs())]
    Held {
        /// The lock file.
        path: String,
        /// How long it was waited for.
        waited: Duration,
        /// What the holder wrote about itself.
        holder: String,
    },
    /// The search was cancelled meanwhile.
    #[error("cancelled while waiting for the lock")]
    Cancelled,
}

impl LockError {
    /// What to do about it; `None` where the lock file needs what all files need.
    pub(super) fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Unusable { cause, .. } if has_no_locks(cause) => Some(
                "its file system has no locks: put the lookup (in Splunk: the app's folder) on a local disk, or mount that file \
                 system with locks",
            ),
            Self::Held { .. } => Some("let that run finish, or end it if it hangs"),
            Self::Unusable { .. } | Self::Cancelled => None,
        }
    }
}

/// Whether a lock failed because the file system has none: NFS without its lock daemon, some FUSE file systems.
fn has_no_locks(cause: &io::Error) -> bool {
    let errors = [Errno::NOSYS, Errno::NOLCK, Errno::OPNOTSUPP];
    errors
        .iter()
        .any(|error| cause.raw_os_error() == Some(error.raw_os_error()))
}

impl Lock {
    /// Waits for the lock on `lookup`, at most `wait`. `holder` says who has it, to those who wait; `cancelled` ends the
    /// wait.
    ///
    /// # Errors
    /// See [`LockError`].
    pub(super) fn acquire(
        lookup: &Path,
        wait: Duration,
        holder: &str,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Self, LockError> {
        let path = lock_path(lookup);
        let unusable = |cause| LockError::Unusable {
            path: escaped_path(&path),
            cause,
        };
        let deadline = Instant::now() + wait;
        loop {
            let mut file = open(&path).map_err(unusable)?;
            match file.try_lock() {
                Ok(()) if is_at(&file, &path).map_err(unusable)? => {
                    // Only a courtesy to those who wait: the lock holds without it.
                    let _ = write_holder(&mut file, holder);
                    return Ok(Self { file, path });
                }
                // The lock of a file that is gone: a program that keeps removing it must not keep this run for ever.
                Ok(()) | Err(fs::TryLockError::WouldBlock) => {}
                Err(fs::TryLockError::Error(cause))
                    if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(fs::TryLockError::Error(cause)) => return Err(unusable(cause)),
            }
            if cancelled() {
                return Err(LockError::Cancelled);
            }
            if Instant::now() >= deadline {
                return Err(LockError::Held {
                    path: escaped_path(&path),
                    waited: wait,
                    holder: read_holder(&mut file),
                });
            }
            thread::sleep(PAUSE);
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A lock file that cannot be removed guards the next run just as well; one that another program has put there
        // is not this run's to remove.
        if is_at(&self.file, &self.path).unwrap_or(false) {
            let _ = uninterrupted(|| fs::remove_file(&self.path));
        }
    }
}

/// `<lookup>.csv.lock.tmp`
pub(super) fn lock_path(lookup: &Path) -> PathBuf {
    let mut name = lookup.as_os_str().to_owned();
    name.push(".lock.tmp");
    name.into()
}

/// Opens the lock file, making it where it is not there. A file of another user is opened for reading, which is enough
/// for a lock.
fn open(path: &Path) -> io::Result<File> {
    let mut options = open_options();
    options.read(true).mode(0o644);
    let file = match options.clone().write(true).create(true).open(path) {
        Err(cause) if cause.kind() == io::ErrorKind::PermissionDenied => {
            options.open(path).map_err(|_| cause)?
        }
        Err(cause) if cause.kind() == io::ErrorKind::IsADirectory || is_link(&cause) => {
            return Err(no_file());
        }
        opened => opened?,
    };
    match uninterrupted(|| file.metadata())?.is_file() {
        true => Ok(file),
        false => Err(no_file()),
    }
}

fn no_file() -> io::Error {
    io::Error::other("it is no regular file; remove it")
}

/// Whether `path` still leads to `file`.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let here = uninterrupted(|| file.metadata())?;
    match uninterrupted(|| fs::symlink_metadata(path)) {
        Ok(there) => Ok((here.dev(), here.ino()) == (there.dev(), there.ino())),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(cause) => Err(cause),
    }
}

fn write_holder(file: &mut File, holder: &str) -> io::Result<()> {
    // A file with a second name may have been planted to be overwritten.
    if file.metadata()?.nlink() != 1 {
        return Ok(());
    }
    file.set_len(0)?;
    file.write_all(holder.as_bytes())
}

fn read_holder(file: &mut File) -> String {
    let mut text = Vec::new();
    let read = file
        .rewind()
        .and_then(|()| file.take(HOLDER_BYTES).read_to_end(&mut text));
    match read {
        Ok(count) if count > 0 => escape::escaped(&text),
        _ => "it did not say who it is".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_holder_says_is_shown_in_one_line_of_limited_length() {
        let limit = HOLDER_BYTES as usize;
        let cases = [
            (String::new(), "it did not say who it is".to_owned()),
            (
                "process 7\n\x1b[2J".to_owned(),
                "process 7\\n\\x1b[2J".to_owned(),
            ),
            ("x".repeat(limit), "x".repeat(limit)),
            ("x".repeat(limit + 1), "x".repeat(limit)),
        ];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("seen.csv.lock.tmp");
        for (written, expected) in cases {
            let mut file = open(&path).unwrap();
            write_holder(&mut file, &written).unwrap();
            assert_eq!(read_holder(&mut file), expected);
            fs::remove_file(&path).unwrap();
        }
    }
}

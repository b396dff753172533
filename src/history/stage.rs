//! The new file while it is being written: in the route's staging folder, under a random name that ends in `.tmp`.
//!
//! Splunk's default bundle and cluster rules skip `*.tmp` (distsearch.conf, server.conf). The file is made only when
//! there is something to write, is never one that was there before, and is removed unless it is put in place.

use std::ffi::OsStr;
use std::fs::{self, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use super::system::{open_options, uninterrupted};
use super::writer::Writer;

/// The hexadecimal digits of a staged file's random part.
const RANDOM_DIGITS: usize = 16;

/// A new file, being written.
#[derive(Debug)]
pub struct Stage {
    path: PathBuf,
    writer: Writer,
    in_place: bool,
}

impl Stage {
    /// Makes `<folder>/<name>.<16 hexadecimal digits>.tmp`. A file that replaces another one is readable by its owner
    /// alone until it gets that one's mode; a first one has the mode that new files have.
    ///
    /// # Errors
    /// The system's.
    pub fn create(folder: &Path, name: &OsStr, replaces: bool) -> io::Result<Self> {
        let random = getrandom::u64()?;
        let mut file_name = name.to_owned();
        file_name.push(format!(".{random:016x}.tmp"));
        let path = folder.join(file_name);
        let file = open_options()
            .write(true)
            .create_new(true)
            .mode(if replaces { 0o600 } else { 0o666 })
            .open(&path)?;
        Ok(Self {
            path,
            writer: Writer::new(file),
            in_place: false,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What to append to.
    pub(super) fn writer(&mut self) -> &mut Writer {
        &mut self.writer
    }

    /// Gives it the mode, the owner and the group of the file that it replaces. An owner or a group that the process may
    /// not give is left: the file then has the process's own, as after any other program's save.
    ///
    /// # Errors
    /// The system's.
    pub fn keep_mode_and_owner(&self, old: &Metadata) -> io::Result<()> {
        let file = self.writer.file();
        let new = uninterrupted(|| file.metadata())?;
        if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
            for (owner, group) in [(None, Some(old.gid())), (Some(old.uid()), None)] {
                match uninterrupted(|| fchown(file, owner, group)) {
                    Err(cause) if may_not_be_given(cause.kind()) => {}
                    result => result?,
                }
            }
        }
        file.set_permissions(Permissions::from_mode(old.mode() & 0o7777))
    }

    /// Says that it has been renamed: there is nothing to remove any more.
    pub fn placed(mut self) {
        self.in_place = true;
    }
}

/// Whether an owner or a group cannot be given: not by this process, or not in its user namespace, where those of the
/// file may have no number.
fn may_not_be_given(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidInput
    )
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !self.in_place {
            // What cannot be removed now is swept by the next run.
            let _ = uninterrupted(|| fs::remove_file(&self.path));
        }
    }
}

/// Removes the staged files of this name that dead runs have left. To be called under the lock, when no living run has
/// one.
///
/// # Errors
/// The folder cannot be read.
pub(super) fn sweep(folder: &Path, name: &OsStr) -> io::Result<()> {
    for entry in uninterrupted(|| fs::read_dir(folder))? {
        let entry = match entry {
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
            entry => entry?,
        };
        if is_staged(&entry.file_name(), name) {
            // A folder of that name, or one that is gone already: neither is in the way.
            let _ = uninterrupted(|| fs::remove_file(entry.path()));
        }
    }
    Ok(())
}

/// Whether `name` is `<lookup>.<16 hexadecimal digits>.tmp`.
pub(super) fn is_staged(name: &OsStr, lookup: &OsStr) -> bool {
    let random = name
        .as_encoded_bytes()
        .strip_prefix(lookup.as_encoded_bytes())
        .and_then(|rest| rest.strip_prefix(b"."))
        .and_then(|rest| rest.strip_suffix(b".tmp"));
    random.is_some_and(|random| {
        random.len() == RANDOM_DIGITS
            && random
                .iter()
                .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_left_overs_are_swept() {
        let folder = tempfile::tempdir().unwrap();
        let ours = "seen.csv.0123456789abcdef.tmp";
        let others = [
            "seen.csv",
            "seen.csv.tmp",
            "seen.csv.lock.tmp",
            "seen.csv.0123456789abcdeg.tmp",
            "seen.csv.0123456789abcde.tmp",
            "other.csv.0123456789abcdef.tmp",
            "seen.csv.0123456789ABCDEF.tmp",
        ];
        for name in others.iter().chain([&ours]) {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        sweep(folder.path(), OsStr::new("seen.csv")).unwrap();
        assert!(!folder.path().join(ours).exists());
        assert!(others.iter().all(|name| folder.path().join(name).exists()));
    }

    #[test]
    fn a_stage_that_is_not_placed_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut stage = Stage::create(folder.path(), OsStr::new("seen.csv"), true).unwrap();
        stage.writer().buffer().extend_from_slice(b"half a file");
        stage.writer().flush().unwrap();
        drop(stage);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

//! The log files that are read, in the order of their names.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use rustix::io::Errno;
use walkdir::{DirEntry, WalkDir};

use super::content::Content;
use crate::history::History;
use crate::text::escape;

/// One source of lines.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// Standard input.
    Stdin,
    /// A file and its size in bytes.
    File(PathBuf, u64),
}

/// What the paths lead to.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) inputs: Vec<Input>,
    /// Links in folders that lead to folders elsewhere, which are not read.
    pub(super) links: Vec<PathBuf>,
    /// Links in folders that lead to nothing.
    pub(super) dangling: Vec<PathBuf>,
    /// Paths and folders that cannot be read: their names, and why.
    pub(super) unreadable: Vec<String>,
}

/// What `paths` lead to: files as they are, the files in folders and below, `-` for standard input, which is also read
/// where there are no paths. The files of `history` are no logs. What a link in a folder leads to is read once where it
/// lies below one of `paths` itself.
pub(super) fn find(paths: &[PathBuf], history: &History) -> Found {
    let mut found = Found::default();
    if paths.is_empty() {
        found.inputs.push(Input::Stdin);
    }
    let real: Vec<_> = paths
        .iter()
        .filter_map(|path| path.canonicalize().ok())
        .collect();
    for path in paths {
        if path == Path::new("-") {
            found.inputs.push(Input::Stdin);
        } else {
            found.walk(path, &real, history);
        }
    }
    found
}

impl Found {
    fn walk(&mut self, path: &Path, real: &[PathBuf], history: &History) {
        for entry in WalkDir::new(path).sort_by_file_name() {
            match entry {
                Ok(entry) => self.add(entry, real, history),
                Err(error) => {
                    let place = error.path().unwrap_or(path);
                    let cause = match error.io_error() {
                        Some(cause) => cause.to_string(),
                        None => error.to_string(),
                    };
                    self.unreadable.push(unreadable(&escaped(place), &cause));
                }
            }
        }
    }

    fn add(&mut self, entry: DirEntry, real: &[PathBuf], history: &History) {
        // A path that is named is read in any case; a file in a folder only if it is a log that is not read anyway.
        let named = entry.depth() == 0;
        let link = !named && entry.path_is_symlink();
        let target = link.then(|| entry.path().canonicalize().ok()).flatten();
        let file = target.as_deref().unwrap_or(entry.path());
        let below = |target: &PathBuf| real.iter().any(|path| target.starts_with(path));
        let read_anyway = target.as_ref().is_some_and(below);
        if !named && history.owns(file) || read_anyway {
            return;
        }
        match std::fs::metadata(entry.path()) {
            Ok(metadata) if metadata.is_file() || named && !metadata.is_dir() => {
                self.inputs
                    .push(Input::File(entry.into_path(), metadata.len()));
            }
            Ok(metadata) if link && metadata.is_dir() => self.links.push(entry.into_path()),
            Ok(_) => {}
            Err(cause) if link && leads_nowhere(&cause) => self.dangling.push(entry.into_path()),
            Err(cause) => {
                let name = escaped(entry.path());
                self.unreadable.push(unreadable(&name, &cause.to_string()));
            }
        }
    }
}

/// Whether this error of looking through a link says that there is nothing at its end, not that it may not be read.
fn leads_nowhere(cause: &io::Error) -> bool {
    let nowhere = [Errno::NOENT, Errno::LOOP, Errno::NOTDIR];
    Errno::from_io_error(cause).is_some_and(|cause| nowhere.contains(&cause))
}

/// The sentence about `name`, which is escaped.
pub(super) fn unreadable(name: &str, cause: &str) -> String {
    format!(
        "{name} cannot be read: {}",
        escape::escaped(cause.as_bytes())
    )
}

fn escaped(path: &Path) -> String {
    escape::escaped(path.as_os_str().as_encoded_bytes())
}

impl Input {
    /// The name for messages.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Stdin => "standard input".to_owned(),
            Self::File(path, _) => escaped(path),
        }
    }

    /// The size in bytes; 0 where it is not known.
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Stdin => 0,
            Self::File(_, size) => *size,
        }
    }

    /// Opens it, decompressing what is gzip by its first bytes. `progress` advances by the bytes as they lie on disk.
    ///
    /// # Errors
    /// It cannot be opened, or its first bytes not be read.
    pub(super) fn open(&self, progress: &ProgressBar) -> io::Result<Content> {
        let raw: Box<dyn Read + Send> = match self {
            Self::Stdin => Box::new(io::stdin()),
            Self::File(path, _) => Box::new(File::open(path)?),
        };
        Content::new(Box::new(progress.wrap_read(raw)))
    }
}

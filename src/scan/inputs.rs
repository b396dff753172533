//! The log files that are read, in the order of their names.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use indicatif::ProgressBar;
use walkdir::WalkDir;

use crate::error::Error;
use crate::history::History;
use crate::text::escape;

/// Bytes of compressed data that are read at once.
const BUFFER_BYTES: usize = 256 << 10;

/// The first bytes of gzip data (RFC 1952).
const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];

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
}

/// What `paths` lead to: files as they are, the files in folders and below, `-` for standard input, which is also read
/// where there are no paths. The files of `history` are no logs. What a link in a folder leads to is read once where it
/// lies below one of `paths` itself.
///
/// # Errors
/// A path that leads to nothing, or a folder that cannot be read.
pub(super) fn find(paths: &[PathBuf], history: &History) -> Result<Found, Error> {
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
            walk(path, &real, history, &mut found)?;
        }
    }
    Ok(found)
}

fn walk(path: &Path, real: &[PathBuf], history: &History, found: &mut Found) -> Result<(), Error> {
    for entry in WalkDir::new(path).sort_by_file_name() {
        let entry = entry.map_err(|cause| {
            let place = cause.path().unwrap_or(path);
            unreadable(
                place,
                &cause
                    .io_error()
                    .map_or_else(|| cause.to_string(), ToString::to_string),
            )
        })?;
        // A path that is named is read in any case; a file in a folder only if it is a log that is not read anyway.
        let named = entry.depth() == 0;
        let link = !named && entry.path_is_symlink();
        let target = link.then(|| entry.path().canonicalize().ok()).flatten();
        let file = target.as_deref().unwrap_or(entry.path());
        let below = |target: &PathBuf| real.iter().any(|path| target.starts_with(path));
        let read_anyway = target.as_ref().is_some_and(below);
        if !named && history.owns(file) || read_anyway {
            continue;
        }
        let metadata = std::fs::metadata(entry.path())
            .map_err(|cause| unreadable(entry.path(), &cause.to_string()))?;
        if metadata.is_file() || named && !metadata.is_dir() {
            let size = metadata.len();
            found.inputs.push(Input::File(entry.into_path(), size));
        } else if link && metadata.is_dir() {
            found.links.push(entry.into_path());
        }
    }
    Ok(())
}

fn unreadable(path: &Path, cause: &str) -> Error {
    Error::environment(format!(
        "{} cannot be read: {}; nothing was written",
        escape::escaped(path.as_os_str().as_encoded_bytes()),
        escape::escaped(cause.as_bytes())
    ))
}

/// Reads no more once there was an end: a terminal has one for each time that it is typed, a named pipe one for each
/// writer.
struct UntilItsEnd<R>(Option<R>);

impl<R: Read> Read for UntilItsEnd<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let Some(input) = &mut self.0 else {
            return Ok(0);
        };
        let count = input.read(out)?;
        if count == 0 && !out.is_empty() {
            self.0 = None;
        }
        Ok(count)
    }
}

/// Decompresses, and says so in its errors: "unexpected end of file" alone would seem to be about the file.
struct Gzip<R>(MultiGzDecoder<R>);

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out).map_err(|cause| {
            io::Error::new(cause.kind(), format!("it is no whole gzip data: {cause}"))
        })
    }
}

impl Input {
    /// The name for messages.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Stdin => "standard input".to_owned(),
            Self::File(path, _) => escape::escaped(path.as_os_str().as_encoded_bytes()),
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
    /// It cannot be opened.
    pub(super) fn open(&self, progress: &ProgressBar) -> Result<Box<dyn Read + Send>, Error> {
        let raw: Box<dyn Read + Send> = match self {
            Self::Stdin => Box::new(io::stdin()),
            Self::File(path, _) => Box::new(File::open(path).map_err(|cause| self.failed(&cause))?),
        };
        let mut raw = UntilItsEnd(Some(progress.wrap_read(raw)));
        // Read and put back, not only looked at: a pipe may bring its first byte alone.
        let mut start = Vec::new();
        (&mut raw)
            .take(GZIP_MAGIC.len() as u64)
            .read_to_end(&mut start)
            .map_err(|cause| self.failed(&cause))?;
        let compressed = start == GZIP_MAGIC;
        let whole = Cursor::new(start).chain(raw);
        Ok(if compressed {
            let buffered = BufReader::with_capacity(BUFFER_BYTES, whole);
            Box::new(Gzip(MultiGzDecoder::new(buffered)))
        } else {
            Box::new(whole)
        })
    }

    /// The error of an input that cannot be read.
    pub(super) fn failed(&self, cause: &io::Error) -> Error {
        Error::environment(format!(
            "{} cannot be read: {cause}; nothing was written",
            self.name()
        ))
    }
}

//! The lookup file that remembers every pair: read as a stream, merged, published.
//!
//! Invariants:
//! - The file is never loaded: memory does not grow with it.
//! - A file that is not a table of pairs and times is never overwritten.
//! - A byte that no sighting changes stays as it is; the order of rows and columns stays.
//! - Merging is min of first times and max of last times, so neither order nor repetition of merges matters.
//! - A reader finds the old file or the new one, never a mixture, never none.
//!
//! ```text
//! bucket_name,remote_ip,firstTime,lastTime             any order, more columns, other spellings of the times
//! billing,192.0.2.7,1433261392,1433347792
//! ```

mod block;
mod confirm;
mod layout;
mod lock;
mod merge;
mod part;
mod publish;
mod route;
mod source;
mod stage;
mod stream;
mod table;
mod writer;

use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;
use source::Source;
use stream::stream;

pub use block::{KeyFilter, Row, RowBatch};
pub use layout::Layout;
pub use lock::LOCK_WAIT;
pub use merge::Merged;
pub use publish::{Publication, PublishError, publish};
pub use route::{Asked, Failure, FileRoute, Replaced, Route};
pub use stage::Stage;

/// Makes a system call again where a signal interrupted it.
fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// What a link is refused with (open(2), O_NOFOLLOW).
fn is_link(cause: &io::Error) -> bool {
    cause.raw_os_error() == Some(libc::ELOOP)
}

/// Which file, and which of its columns make a pair.
#[derive(Debug, Clone)]
pub struct History {
    path: PathBuf,
    keys: Vec<String>,
}

impl History {
    /// The lookup at `path`, which need not exist, with these key fields. Links are followed once, here, so that a
    /// rename later replaces the file and not the link.
    ///
    /// # Errors
    /// The folder is missing, or the path leads to something that is no regular file.
    pub fn new(path: &Path, keys: &[String]) -> Result<Self, Error> {
        Ok(Self {
            path: source::resolve(path)?,
            keys: keys.to_vec(),
        })
    }

    /// The file's path, links resolved.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder it is in.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// The file's name.
    pub fn file_name(&self) -> &Path {
        self.path.file_name().map_or(&self.path, Path::new)
    }

    /// Whether `path`, which is no link itself, is a file of this history: the file, its `.default`, or what a run puts
    /// beside it for a while.
    pub fn owns(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default();
        let history = self.file_name().as_os_str();
        // Of many files that are asked for, hardly one is called so.
        let prefix = history.as_encoded_bytes();
        if !name.as_encoded_bytes().starts_with(prefix) {
            return false;
        }
        let beside = [lock::lock_path(&self.path), source::default_of(&self.path)];
        let ours = name == history
            || stage::is_staged(name, history)
            || beside.iter().any(|file| file.file_name() == Some(name));
        let folder = || path.parent().and_then(|folder| folder.canonicalize().ok());
        ours && folder().is_some_and(|folder| folder == self.folder())
    }

    /// The key fields.
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// The size in bytes of the file that is read, which may be the `.default` beside it; 0 where there is neither.
    pub fn size(&self) -> u64 {
        let lookup = std::fs::metadata(&self.path);
        let read = lookup.or_else(|_| std::fs::metadata(source::default_of(&self.path)));
        read.map_or(0, |file| file.len())
    }

    /// Reads the whole history, calling `visit` with run after run of its rows, in order; before the first with `None`, and
    /// again where somebody wrote the file meanwhile: what came before counts for nothing then. Returns the number of
    /// rows.
    ///
    /// # Errors
    /// The file cannot be read, or is not a history.
    pub fn read(
        &self,
        wanted: KeyFilter<'_>,
        visit: &mut dyn FnMut(Option<&RowBatch<'_>>),
    ) -> Result<u64, Error> {
        let mut attempts = 1;
        loop {
            let source = Source::open(&self.path)?;
            let mut rows = 0;
            visit(None);
            let read = stream(&source, &self.keys, wanted, |_, block| {
                rows += block.pairs();
                visit(Some(&block.batch()));
                Ok::<_, Error>(())
            });
            // A file that somebody is just writing may look broken, or be two halves of two states.
            let settled = match read {
                Ok(_) => source.is_as_it_was()?,
                Err(_) => source.is_current().unwrap_or(true),
            };
            if settled || attempts == publish::ATTEMPTS {
                return read.map(|_| rows);
            }
            attempts += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pair::PairHasher;

    /// A history with this text, in a folder of its own.
    fn history_of(text: &str) -> (tempfile::TempDir, History) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("seen.csv");
        std::fs::write(&path, text).unwrap();
        let keys = ["bucket_name", "remote_ip"].map(str::to_owned);
        let history = History::new(&path, &keys).unwrap();
        (folder, history)
    }

    #[test]
    fn a_file_that_somebody_writes_meanwhile_is_read_from_its_start() {
        let rows = |count: usize| "billing,192.0.2.7,1,2\n".repeat(count);
        let text = |rows: &str| format!("bucket_name,remote_ip,firstTime,lastTime\n{rows}");
        let torn = text(&(rows(50_000) + "billing,192.0"));
        let (_folder, history) = history_of(&torn);
        let hasher = PairHasher::new(&[0; 16]);
        let (mut attempts, mut seen) = (0, 0);
        let read = history.read(KeyFilter::all(&hasher), &mut |run| match run {
            None => {
                attempts += 1;
                seen = 0;
            }
            Some(run) => {
                seen += run.rows.len();
                if attempts == 1 {
                    std::fs::write(history.path(), text(&rows(3))).unwrap();
                }
            }
        });
        assert_eq!((read.unwrap(), attempts, seen), (3, 2, 3));
    }

    /// A pair that moved to the front meanwhile is in neither half that was read.
    #[test]
    fn a_file_of_two_halves_that_fit_is_read_from_its_start() {
        let others = "billing,192.0.2.1,1,2\n".repeat(100_000);
        let (head, pair) = (
            "bucket_name,remote_ip,firstTime,lastTime\n",
            "billing,192.0.2.7,1,2\n",
        );
        let (_folder, history) = history_of(&[head, &others, pair].concat());
        let hasher = PairHasher::new(&[0; 16]);
        let key = hasher.key(b"billing,192.0.2.7,");
        let (mut attempts, mut met) = (0, 0);
        let read = history.read(KeyFilter::all(&hasher), &mut |run| match run {
            None => {
                attempts += 1;
                met = 0;
            }
            Some(run) => {
                if attempts == 1 && met == 0 {
                    std::fs::write(history.path(), [head, pair, &others].concat()).unwrap();
                }
                met += run.rows.iter().filter(|row| row.key == Some(key)).count();
            }
        });
        assert_eq!((read.unwrap(), attempts, met), (100_001, 2, 1));
    }
}

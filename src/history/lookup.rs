//! Which lookup a history is, and reading it.

use std::path::{Path, PathBuf};

use super::block::{KeyFilter, RowBatch};
use super::lock::lock_path;
use super::source::{Source, default_of, resolve};
use super::stage::is_staged;
use super::stream::stream;
use crate::error::Error;

/// How often a history is read, or merged, because another program wrote it meanwhile without taking the lock.
pub(super) const ATTEMPTS: u32 = 5;

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
            path: resolve(path)?,
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

    /// The file's name, without its folder.
    pub fn file_name(&self) -> &Path {
        self.path.file_name().map_or(&self.path, Path::new)
    }

    /// Whether `path`, which is no link itself, is a file of this history: the file, its `.default`, or a lock file or
    /// staged file beside it.
    pub fn owns(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default();
        let history = self.file_name().as_os_str();
        // The cheap test first: hardly a file of a folder of logs is called so.
        let prefix = history.as_encoded_bytes();
        if !name.as_encoded_bytes().starts_with(prefix) {
            return false;
        }
        let beside = [lock_path(&self.path), default_of(&self.path)];
        let ours = name == history
            || is_staged(name, history)
            || beside.iter().any(|file| file.file_name() == Some(name));
        let folder = || path.parent().and_then(|folder| folder.canonicalize().ok());
        ours && folder().is_some_and(|folder| folder == self.folder())
    }

    /// The names of the key fields, in the order of a pair's values.
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// The size in bytes of the file that is read, which may be the `.default` beside it; 0 where there is neither.
    pub fn size(&self) -> u64 {
        let lookup = std::fs::metadata(&self.path);
        let read = lookup.or_else(|_| std::fs::metadata(default_of(&self.path)));
        read.map_or(0, |file| file.len())
    }

    /// Makes `pass` over the rows that `filter` lets through. Returns the number of rows in the file, empty lines not
    /// counted.
    ///
    /// # Errors
    /// The file cannot be read, or is not a history.
    pub fn read(&self, filter: KeyFilter<'_>, pass: &mut dyn Pass) -> Result<u64, Error> {
        self.read_whole(|source| {
            let mut rows = 0;
            pass.restart();
            stream(source, &self.keys, filter, |_, block| {
                rows += block.pairs();
                pass.rows(&block.batch());
                Ok::<_, Error>(())
            })?;
            Ok(rows)
        })
    }

    /// Calls `read` with the open file, and again where another program wrote into it meanwhile, at most [`ATTEMPTS`]
    /// times: what was read may then be parts of two states, and look broken.
    ///
    /// # Errors
    /// Those of `read`; the file cannot be opened.
    pub(super) fn read_whole<T>(
        &self,
        mut read: impl FnMut(&Source) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut attempts = 1;
        loop {
            let source = Source::open(&self.path)?;
            let found = read(&source);
            let settled = match found {
                Ok(_) => source.is_as_it_was()?,
                Err(_) => source.is_current().unwrap_or(true),
            };
            if settled || attempts == ATTEMPTS {
                return found;
            }
            attempts += 1;
        }
    }
}

/// What is done with the rows of a history while it is read.
pub trait Pass {
    /// The reading begins, or begins again because another program wrote the file meanwhile: rows that came before do
    /// not count.
    fn restart(&mut self);

    /// Rows that follow each other, in the order of the file.
    fn rows(&mut self, rows: &RowBatch<'_>);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Row;
    use crate::pair::{PairHasher, PairKey};

    /// A history with this text, in a folder of its own.
    fn history_of(text: &str) -> (tempfile::TempDir, History) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("seen.csv");
        std::fs::write(&path, text).unwrap();
        let keys = ["bucket_name", "remote_ip"].map(str::to_owned);
        let history = History::new(&path, &keys).unwrap();
        (folder, history)
    }

    /// Counts rows; during the first reading, another program writes this text into the file.
    struct Meddled<'a> {
        path: &'a Path,
        written: String,
        key: Option<PairKey>,
        readings: u32,
        counted: usize,
    }

    impl Pass for Meddled<'_> {
        fn restart(&mut self) {
            self.readings += 1;
            self.counted = 0;
        }

        fn rows(&mut self, rows: &RowBatch<'_>) {
            if self.readings == 1 && self.counted == 0 {
                std::fs::write(self.path, &self.written).unwrap();
            }
            let counts = |row: &&Row| self.key.is_none_or(|key| row.key == Some(key));
            self.counted += rows.rows.iter().filter(counts).count();
        }
    }

    /// The rows of the file, how often it was read, and what the last reading counted.
    fn meddled(history: &History, written: String, key: Option<PairKey>) -> (u64, u32, usize) {
        let mut pass = Meddled {
            path: history.path(),
            written,
            key,
            readings: 0,
            counted: 0,
        };
        let hasher = PairHasher::new(&[0; 16]);
        let rows = history.read(KeyFilter::all(&hasher), &mut pass);
        (rows.unwrap(), pass.readings, pass.counted)
    }

    #[test]
    fn a_file_that_is_written_meanwhile_is_read_from_its_start() {
        let rows = |count: usize| "billing,192.0.2.7,1,2\n".repeat(count);
        let text = |rows: &str| format!("bucket_name,remote_ip,firstTime,lastTime\n{rows}");
        let torn = text(&(rows(50_000) + "billing,192.0"));
        let (_folder, history) = history_of(&torn);
        assert_eq!(meddled(&history, text(&rows(3)), None), (3, 2, 3));
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
        let key = PairHasher::new(&[0; 16]).key(b"billing,192.0.2.7,");
        let written = [head, pair, &others].concat();
        assert_eq!(meddled(&history, written, Some(key)), (100_001, 2, 1));
    }
}

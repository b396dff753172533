//! The first line of a history.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::layout::Layout;
use super::part::Part;
use super::row::{BlockError, check_characters};
use super::source::{Source, unreadable};
use super::system::{escaped_path, uninterrupted};
use crate::csv::{Header, LocatedRecord, ReadError, Record, RecordReader, encode_record};
use crate::error::Error;
use crate::text::escape;
use crate::text::timestamp::{FIRST_TIME, LAST_TIME};

/// The UTF-8 byte order mark that some editors write.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// An open history.
#[derive(Debug)]
pub(super) struct Table {
    /// The file.
    pub file: File,
    /// Its first line.
    pub head: Head,
    /// The byte at which the rows begin.
    pub start: u64,
    /// The bytes of the file.
    pub end: u64,
    path: PathBuf,
}

/// The first line of a history, and what it says of the rows.
#[derive(Debug)]
pub(super) struct Head {
    /// The line's bytes as they stand in the file: byte order mark, record, line ending.
    pub bytes: Vec<u8>,
    /// How many of them are a byte order mark.
    pub mark: usize,
    /// Where the columns are.
    pub layout: Layout,
}

impl Head {
    /// Of a history that does not exist yet.
    pub(super) fn first(keys: &[String]) -> Self {
        let names = keys
            .iter()
            .map(String::as_str)
            .chain([FIRST_TIME, LAST_TIME]);
        Self {
            bytes: encode_record(names.map(str::as_bytes)),
            mark: 0,
            layout: Layout::first(keys.len()),
        }
    }

    /// Appends the line with its time columns called firstTime and lastTime.
    pub(super) fn push_renamed(&self, out: &mut Vec<u8>) {
        let (mark, line) = self.bytes.split_at_checked(self.mark).unwrap_or_default();
        out.extend_from_slice(mark);
        if let Ok(Some(line)) = RecordReader::new(line).next_record() {
            self.layout.push_header(out, &line.record);
        }
        out.extend_from_slice(self.ending());
    }

    /// The line ending for new rows: that of this line; LF where it has none.
    pub(super) fn ending(&self) -> &'static [u8] {
        if self.bytes.ends_with(b"\r\n") {
            b"\r\n"
        } else {
            b"\n"
        }
    }
}

impl Table {
    /// Reads the header of `source`. `None` where there is no file: an empty history.
    ///
    /// # Errors
    /// The file cannot be read, has nothing in it, or its header lacks a key field.
    pub(super) fn open(source: &Source, keys: &[String]) -> Result<Option<Self>, Error> {
        let Some((file, path)) = source.file() else {
            return Ok(None);
        };
        let failed = |cause: io::Error| unreadable(path, &cause);
        let file = uninterrupted(|| file.try_clone()).map_err(failed)?;
        let end = uninterrupted(|| file.metadata()).map_err(failed)?.len();
        let mut bytes = Vec::new();
        Part::new(&file, 0, end.min(BYTE_ORDER_MARK.len() as u64))
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        if bytes != BYTE_ORDER_MARK {
            bytes.clear();
        }
        let mark = bytes.len();
        let mut reader = RecordReader::new(Part::new(&file, mark as u64, end));
        let layout = match reader.next_record() {
            Ok(None) => return Err(nothing_in_it(path, mark)),
            Ok(Some(line)) => {
                bytes.extend_from_slice(line.record.bytes());
                bytes.extend_from_slice(line.ending);
                head_layout(path, &line, keys)?
            }
            Err(ReadError::Io(cause)) => return Err(failed(cause)),
            Err(error) => return Err(broken(path, 1, &error.to_string())),
        };
        Ok(Some(Self {
            start: bytes.len() as u64,
            end,
            head: Head {
                bytes,
                mark,
                layout,
            },
            path: path.to_owned(),
            file,
        }))
    }

    /// The error of a block that cannot be read, with its line.
    pub(super) fn error(&self, why: BlockError) -> Error {
        match why {
            BlockError::Unreadable(cause) => unreadable(&self.path, &cause),
            BlockError::BadRow(offset, found) => broken(&self.path, self.line(offset), &found),
        }
    }

    /// The line (from 1) that byte `offset` of the file is on.
    fn line(&self, offset: u64) -> u64 {
        let mut part = Part::new(&self.file, 0, offset);
        let mut piece = [0; 8192];
        let mut line = 1;
        while let Ok(count @ 1..) = part.read(&mut piece) {
            line +=
                memchr::memchr_iter(b'\n', piece.get(..count).unwrap_or_default()).count() as u64;
        }
        line
    }
}

fn head_layout(path: &Path, line: &LocatedRecord<'_>, keys: &[String]) -> Result<Layout, Error> {
    check_characters(&line.record).map_err(|found| broken(path, 1, &found))?;
    Layout::find(&Header::new(&line.record), keys)
        .map_err(|expected| not_a_history(path, &expected, &line.record))
}

fn broken(path: &Path, line: u64, found: &str) -> Error {
    let what = format!("the history {}, line {line}: {found}", escaped_path(path));
    Error::environment(what).with_remedy("correct or remove that line, or restore the file")
}

/// The error of a file that a broken-off writing or a disk has emptied: taken for an empty history, it would make every pair
/// new and then be overwritten.
fn nothing_in_it(path: &Path, mark: usize) -> Error {
    let but = if mark > 0 {
        " but a byte order mark"
    } else {
        ""
    };
    let what = format!(
        "the history {}, line 1: expected a header, found nothing{but}",
        escaped_path(path)
    );
    Error::environment(what).with_remedy("restore the file, or delete it to begin anew")
}

fn not_a_history(path: &Path, expected: &str, header: &Record<'_>) -> Error {
    let what = format!(
        "the history {}, line 1: expected {expected}, found {}",
        escaped_path(path),
        escape::quoted(header.bytes())
    );
    Error::environment(what)
        .with_remedy("name a lookup that has the key fields, or name its fields with by")
}

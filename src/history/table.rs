//! A history as a stream of rows, each checked before it is believed.

use std::fs::File;
use std::io::{self, Chain, Cursor, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::layout::Layout;
use super::source::{Source, shown_path, unreadable};
use crate::error::Error;
use crate::pair::{self, PairHasher, PairKey};
use crate::rows::{Header, Located, ReadError, Record, RecordReader, push_cell};
use crate::shown;
use crate::timestamp::Timestamp;

/// The UTF-8 byte order mark that some editors write.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The rows of an open history.
#[derive(Debug)]
pub struct Table {
    path: PathBuf,
    reader: RecordReader<Chain<Cursor<Vec<u8>>, File>>,
    head: Rc<Head>,
    hasher: PairHasher,
    text: Vec<u8>,
}

/// The first line of a history, and what it says of the rows.
#[derive(Debug)]
pub struct Head {
    /// The line's bytes as they stand in the file: byte order mark, record, line ending.
    pub bytes: Vec<u8>,
    /// How many of them are a byte order mark.
    pub mark: usize,
    /// Where the columns are.
    pub layout: Layout,
}

impl Head {
    /// Of a history that does not exist yet.
    pub fn first(keys: &[String]) -> Self {
        let names = keys
            .iter()
            .map(String::as_bytes)
            .chain([b"firstTime".as_slice(), b"lastTime"]);
        let mut bytes = Vec::new();
        for name in names {
            push_cell(&mut bytes, name);
            bytes.push(b',');
        }
        bytes.pop();
        bytes.push(b'\n');
        let layout = Layout::first(keys.len());
        Self {
            bytes,
            mark: 0,
            layout,
        }
    }

    /// Appends the line with its time columns called firstTime and lastTime.
    pub fn push_renamed(&self, out: &mut Vec<u8>) {
        let (mark, line) = self.bytes.split_at_checked(self.mark).unwrap_or_default();
        out.extend_from_slice(mark);
        if let Ok(Some(line)) = RecordReader::new(line).next_record() {
            self.layout.push_header(out, &line.record);
        }
        out.extend_from_slice(self.ending());
    }

    /// The line ending for new rows: that of this line; LF where it has none.
    pub fn ending(&self) -> &'static [u8] {
        if self.bytes.ends_with(b"\r\n") {
            b"\r\n"
        } else {
            b"\n"
        }
    }
}

/// One row.
#[derive(Debug)]
pub struct HistoryRow<'a> {
    /// Its bytes, line ending and place.
    pub located: Located<'a>,
    /// Its pair; `None` for an empty line, and for a row with an empty key, which no access can match.
    pub key: Option<PairKey>,
    /// Its first time, where it has one.
    pub first: Option<Timestamp>,
    /// Its last time, where it has one.
    pub last: Option<Timestamp>,
}

impl HistoryRow<'_> {
    /// Whether it is an empty line.
    pub fn is_blank(&self) -> bool {
        is_blank(&self.located.record)
    }
}

fn is_blank(record: &Record<'_>) -> bool {
    record.bytes().is_empty()
}

impl Table {
    /// Reads the header of `source`. `None` where there is no file, or one without a byte: an empty history.
    ///
    /// # Errors
    /// The file cannot be read, or its header lacks a key field.
    pub fn open(
        source: &Source,
        keys: &[String],
        hasher: &PairHasher,
    ) -> Result<Option<Self>, Error> {
        let Some((file, path)) = source.file() else {
            return Ok(None);
        };
        let failed = |cause: io::Error| unreadable(path, &cause);
        let mut file = file.try_clone().map_err(failed)?;
        let mut start = Vec::new();
        (&mut file)
            .take(BYTE_ORDER_MARK.len() as u64)
            .read_to_end(&mut start)
            .map_err(failed)?;
        let mut bytes = Vec::new();
        if start == BYTE_ORDER_MARK {
            bytes.append(&mut start);
        }
        let mark = bytes.len();
        let mut reader = RecordReader::new(Cursor::new(start).chain(file));
        let layout = match reader.next_record() {
            Ok(None) => return Ok(None),
            Ok(Some(line)) => {
                bytes.extend_from_slice(line.record.bytes());
                bytes.extend_from_slice(line.ending);
                head_layout(path, &line, keys)?
            }
            Err(error) => return Err(read_error(path, 1, error)),
        };
        Ok(Some(Self {
            path: path.to_owned(),
            reader,
            head: Rc::new(Head {
                bytes,
                mark,
                layout,
            }),
            hasher: hasher.clone(),
            text: Vec::new(),
        }))
    }

    /// The first line.
    pub fn head(&self) -> Rc<Head> {
        Rc::clone(&self.head)
    }

    /// The next row, checked; `None` at the end.
    ///
    /// # Errors
    /// The file cannot be read, or the row is none of this table.
    pub fn next_row(&mut self) -> Result<Option<HistoryRow<'_>>, Error> {
        let line = self.reader.line();
        let located = match self.reader.next_record() {
            Ok(Some(located)) => located,
            Ok(None) => return Ok(None),
            Err(error) => return Err(read_error(&self.path, line, error)),
        };
        if is_blank(&located.record) {
            return Ok(Some(HistoryRow {
                located,
                key: None,
                first: None,
                last: None,
            }));
        }
        let times =
            check(&located, &self.head.layout).map_err(|found| broken(&self.path, line, &found))?;
        self.text.clear();
        let mut usable = true;
        for cell in self.head.layout.key_cells(&located.record) {
            usable &= !matches!(cell.as_ref(), b"" | b"-");
            pair::push_value(&mut self.text, &cell);
        }
        let key = usable.then(|| self.hasher.key(&self.text));
        Ok(Some(HistoryRow {
            located,
            key,
            first: times.0,
            last: times.1,
        }))
    }
}

fn head_layout(path: &Path, line: &Located<'_>, keys: &[String]) -> Result<Layout, Error> {
    check_no_nul(line).map_err(|found| broken(path, 1, &found))?;
    Layout::find(&Header::new(&line.record), keys)
        .map_err(|expected| not_a_history(path, &expected, &line.record))
}

/// The times of a row that is one of this table; else what was expected and what was found.
fn check(
    row: &Located<'_>,
    layout: &Layout,
) -> Result<(Option<Timestamp>, Option<Timestamp>), String> {
    let (cells, columns) = (row.record.cells(), layout.columns());
    if cells != columns {
        return Err(format!(
            "expected {columns} cells as in the header, found {cells}"
        ));
    }
    check_no_nul(row)?;
    layout.times(&row.record).map_err(|wrong| {
        format!(
            "expected epoch seconds or nothing in {}, found {}",
            wrong.column,
            shown::quoted(&wrong.found)
        )
    })
}

fn check_no_nul(row: &Located<'_>) -> Result<(), String> {
    match memchr::memchr(0, row.record.bytes()) {
        Some(at) => Err(format!(
            "expected text, found a NUL byte at byte {} of the line",
            at + 1
        )),
        None => Ok(()),
    }
}

fn broken(path: &Path, line: u64, found: &str) -> Error {
    Error::environment(format!(
        "the history {}, line {line}: {found}; nothing was written; correct or remove that line, or restore the file",
        shown_path(path)
    ))
}

fn not_a_history(path: &Path, expected: &str, header: &Record<'_>) -> Error {
    Error::environment(format!(
        "the history {}, line 1: expected {expected} in the header, found {}; nothing was written; \
         name a lookup that has the key fields, or name its fields with by",
        shown_path(path),
        shown::quoted(header.bytes())
    ))
}

fn read_error(path: &Path, line: u64, error: ReadError) -> Error {
    match error {
        ReadError::Io(cause) => unreadable(path, &cause),
        error => broken(path, line, &error.to_string()),
    }
}

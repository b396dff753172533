//! A block of the history: rows that follow each other, read from the file and checked.

use std::ops::Range;

use super::part::Part;
use super::table::{Table, check_characters, times};
use crate::error::Error;
use crate::pair::{self, PairHasher, PairKey};
use crate::rows::{MAX_RECORD_BYTES, ReadError, Record, Scanned, Scanner};
use crate::timestamp::Timestamp;

/// What is read beyond a block's end for its last row, in bytes; more where that is longer.
const SLACK: usize = 4 << 10;

/// One row.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Its pair; `None` for an empty line, and for a row with an empty key, which no access can match.
    pub key: Option<PairKey>,
    /// Its first time, where it has one.
    pub first: Option<Timestamp>,
    /// Its last time, where it has one.
    pub last: Option<Timestamp>,
    /// Where the row begins in the block, and where it ends without and with its line ending.
    start: u32,
    content: u32,
    end: u32,
}

/// Rows that follow each other, as those see them who only read.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// The rows.
    pub rows: &'a [Row],
    bytes: u64,
}

impl Run<'_> {
    /// About how many rows like these a file of `size` bytes has: a twentieth more than their mean length says.
    pub fn rows_in(&self, size: u64) -> u64 {
        let (rows, bytes) = (self.rows.len() as u128, u128::from(self.bytes.max(1)));
        let expected = u128::from(size) * rows / bytes;
        u64::try_from(expected + expected / 20 + 1).unwrap_or(u64::MAX)
    }
}

/// A block of rows with their bytes.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// Where its rows stand in the file.
    pub(super) place: Range<u64>,
    /// The byte of the file that its first byte is.
    from: u64,
    bytes: Vec<u8>,
    rows: Vec<Row>,
    blank: u64,
}

impl Block {
    /// For those who only read.
    pub(super) fn run(&self) -> Run<'_> {
        Run {
            rows: &self.rows,
            bytes: self.place.end - self.place.start,
        }
    }

    /// The rows.
    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// How many rows there are that are no empty lines.
    pub(super) fn pairs(&self) -> u64 {
        self.rows.len() as u64 - self.blank
    }

    /// The bytes of `row` without its line ending, and its line ending.
    pub(super) fn parts(&self, row: &Row) -> (&[u8], &[u8]) {
        (
            self.between(row.start, row.content),
            self.between(row.content, row.end),
        )
    }

    /// The byte of the file at which `row` begins.
    pub(super) fn offset(&self, row: &Row) -> u64 {
        self.from + u64::from(row.start)
    }

    /// The bytes of rows that follow each other.
    pub(super) fn bytes(&self, rows: &[Row]) -> &[u8] {
        match (rows.first(), rows.last()) {
            (Some(first), Some(last)) => self.between(first.start, last.end),
            _ => b"",
        }
    }

    fn between(&self, from: u32, until: u32) -> &[u8] {
        let range = from as usize..until as usize;
        self.bytes.get(range).unwrap_or_default()
    }
}

/// Where the first row of a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// At the first byte.
    Here,
    /// Behind the first line feed, unless that is inside a quoted cell: whoever puts the blocks together finds out.
    AfterLineFeed,
}

/// Reads blocks of one table.
#[derive(Debug)]
pub(super) struct BlockReader<'a> {
    table: &'a Table,
    hasher: &'a PairHasher,
    scanner: Scanner,
    text: Vec<u8>,
    /// Whether the bytes read last have a character that no text has, or that may be out of place.
    odd: bool,
}

impl<'a> BlockReader<'a> {
    pub(super) fn new(table: &'a Table, hasher: &'a PairHasher) -> Self {
        Self {
            table,
            hasher,
            scanner: Scanner::default(),
            text: Vec::new(),
            odd: false,
        }
    }

    /// Reads the rows that begin between the bytes of `span` into `block`; none where no line feed is among them and
    /// one is to be found.
    ///
    /// # Errors
    /// The file cannot be read, or a row is none of this table.
    pub(super) fn read(
        &mut self,
        span: Range<u64>,
        begin: Begin,
        block: &mut Block,
    ) -> Result<(), Error> {
        block.rows.clear();
        block.blank = 0;
        self.scanner = Scanner::default();
        // A line feed just before the span begins a row at its first byte.
        let from = span.start - u64::from(begin == Begin::AfterLineFeed);
        let length = (span.end - from) as usize;
        let mut filled = self.fill(from, 0, length + SLACK, block)?;
        let mut at = 0;
        if begin == Begin::AfterLineFeed {
            let bytes = block.bytes.get(..length).unwrap_or_default();
            at = memchr::memchr(b'\n', bytes).map_or(length, |line_feed| line_feed + 1);
        }
        block.from = from;
        block.place = from + at as u64..from + at as u64;
        while at < length {
            let complete = from + filled as u64 == self.table.end;
            match self.row(from, at..filled, complete, block)? {
                Some(length) => at += length,
                None => {
                    let wanted = (2 * filled).min(length + MAX_RECORD_BYTES);
                    filled = self.fill(from, filled, wanted, block)?;
                }
            }
        }
        block.place.end = from + at as u64;
        Ok(())
    }

    /// Makes `block` hold the bytes of the file from `from` on, up to `wanted` of them, where it holds `filled`.
    fn fill(
        &mut self,
        from: u64,
        filled: usize,
        wanted: usize,
        block: &mut Block,
    ) -> Result<usize, Error> {
        let left = usize::try_from(self.table.end - from).unwrap_or(usize::MAX);
        let wanted = wanted.min(left);
        if block.bytes.len() < wanted {
            block.bytes.resize(wanted, 0);
        }
        let mut part = Part::new(&self.table.file, from + filled as u64, self.table.end);
        let room = block.bytes.get_mut(filled..wanted).unwrap_or_default();
        let read = std::io::Read::read_exact(&mut part, room);
        read.map_err(|cause| self.table.unreadable(&cause))?;
        let bytes = block.bytes.get(..wanted).unwrap_or_default();
        self.odd = memchr::memchr2(0, b'\r', bytes).is_some();
        Ok(wanted)
    }

    /// Adds the row that begins the `unread` part of the block, which begins at byte `from` of the file; its length, or
    /// `None` where it does not end there.
    #[inline]
    fn row(
        &mut self,
        from: u64,
        unread: Range<usize>,
        complete: bool,
        block: &mut Block,
    ) -> Result<Option<usize>, Error> {
        let (start, offset) = (unread.start, from + unread.start as u64);
        let bytes = block.bytes.get(unread).unwrap_or_default();
        let broken = |error: ReadError| self.table.broken(offset, &error.to_string());
        let (length, content) = match self.scanner.find(bytes, complete) {
            Scanned::Record { length, content } => (length, content),
            Scanned::Unterminated(at) => return Err(broken(ReadError::Unterminated(at))),
            Scanned::AfterQuote(at) => return Err(broken(ReadError::AfterQuote(at))),
            Scanned::Incomplete if bytes.len() >= MAX_RECORD_BYTES => {
                return Err(broken(ReadError::TooLong));
            }
            Scanned::Incomplete => return Ok(None),
        };
        let mut row = Row {
            key: None,
            first: None,
            last: None,
            start: start as u32,
            content: (start + content) as u32,
            end: (start + length) as u32,
        };
        if content == 0 {
            block.blank += 1;
        } else {
            let record = self
                .scanner
                .record(bytes.get(..content).unwrap_or_default());
            let broken = |found: String| self.table.broken(offset, &found);
            let times = times(&record, &self.table.head.layout);
            (row.first, row.last) = times.map_err(broken)?;
            if self.odd {
                check_characters(&record).map_err(broken)?;
            }
            row.key = key(&record, self.table, self.hasher, &mut self.text);
        }
        block.rows.push(row);
        Ok(Some(length))
    }
}

/// The pair of a row; `None` where one of its values is none.
#[inline]
fn key(
    record: &Record<'_>,
    table: &Table,
    hasher: &PairHasher,
    text: &mut Vec<u8>,
) -> Option<PairKey> {
    text.clear();
    for cell in table.head.layout.key_cells(record) {
        if matches!(cell.as_ref(), b"" | b"-") {
            return None;
        }
        pair::push_value(text, &cell);
    }
    Some(hasher.key(text))
}

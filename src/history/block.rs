//! A block of the history: rows that follow each other, read from the file and checked.

use std::io::Read;
use std::ops::Range;

use super::part::Part;
use super::row::{BlockError, check_characters, times};
use super::table::Table;
use crate::bloom::BloomFilter;
use crate::csv::{LocatedRecord, MAX_RECORD_BYTES, ReadError, Record, RecordIndex};
use crate::pair::{self, PairHasher, PairKey};
use crate::text::timestamp::Timestamp;

/// What is read beyond a block's end for its last row, in bytes; more where that is longer.
const SLACK: usize = 4 << 10;

/// One row.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Its pair; `None` for an empty line, for a row with an empty key, which no access can match, and for a pair that
    /// the filter does not let through.
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

/// Rows that follow each other, for a [`Pass`](crate::history::Pass).
#[derive(Debug, Clone, Copy)]
pub struct RowBatch<'a> {
    /// The rows.
    pub rows: &'a [Row],
    bytes: u64,
}

impl RowBatch<'_> {
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
    /// Its rows without their bytes.
    pub(super) fn batch(&self) -> RowBatch<'_> {
        RowBatch {
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

    /// The error of what stands at byte `at` of the block.
    fn bad_row(&self, at: usize, found: String) -> BlockError {
        BlockError::BadRow(self.from + at as u64, found)
    }

    fn between(&self, from: u32, until: u32) -> &[u8] {
        let range = from as usize..until as usize;
        self.bytes.get(range).unwrap_or_default()
    }
}

/// Which pairs a reading of the history looks for.
#[derive(Debug, Clone, Copy)]
pub struct KeyFilter<'a> {
    hasher: &'a PairHasher,
    bloom: Option<&'a BloomFilter>,
}

impl<'a> KeyFilter<'a> {
    /// All pairs, with keys from `hasher`.
    pub fn all(hasher: &'a PairHasher) -> Self {
        Self {
            hasher,
            bloom: None,
        }
    }

    /// Those that pass `bloom`.
    pub(crate) fn of(bloom: &'a BloomFilter, hasher: &'a PairHasher) -> Self {
        Self {
            hasher,
            bloom: Some(bloom),
        }
    }

    /// The key of the pair with this text, where it may be wanted.
    #[inline]
    fn key(&self, text: &[u8]) -> Option<PairKey> {
        let key = self.hasher.key(text);
        let passes = self.bloom.is_none_or(|bloom| bloom.may_contain(key));
        passes.then_some(key)
    }
}

/// Where the first row of a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// At the first byte.
    Here,
    /// After the first line feed, which may be inside a quoted cell: the stream compares with where the block before ended.
    AfterLineFeed,
}

/// Reads blocks of one table.
#[derive(Debug)]
pub(super) struct BlockReader<'a> {
    rows: RowReader<'a>,
    index: RecordIndex,
}

/// Reads rows of one table.
#[derive(Debug)]
struct RowReader<'a> {
    table: &'a Table,
    wanted: KeyFilter<'a>,
    text: Vec<u8>,
    /// Whether a NUL byte or a CR is among the bytes read last.
    needs_check: bool,
    /// Whether a quote is among them.
    quoted: bool,
}

impl<'a> BlockReader<'a> {
    pub(super) fn new(table: &'a Table, wanted: KeyFilter<'a>) -> Self {
        let rows = RowReader {
            table,
            wanted,
            text: Vec::new(),
            needs_check: false,
            quoted: false,
        };
        Self {
            rows,
            index: RecordIndex::default(),
        }
    }

    /// Reads the rows that begin between the bytes of `span` into `block`. There are none where the first one begins after
    /// a line feed and the span has no line feed.
    ///
    /// # Errors
    /// The file cannot be read, or a row is not one of this table.
    pub(super) fn read(
        &mut self,
        span: Range<u64>,
        begin: Begin,
        block: &mut Block,
    ) -> Result<(), BlockError> {
        block.rows.clear();
        block.blank = 0;
        // A line feed just before the span begins a row at its first byte.
        block.from = span.start - u64::from(begin == Begin::AfterLineFeed);
        let length = (span.end - block.from) as usize;
        let mut filled = self.fill(0, length + SLACK, block)?;
        let mut at = 0;
        if begin == Begin::AfterLineFeed {
            let bytes = block.bytes.get(..length).unwrap_or_default();
            at = memchr::memchr(b'\n', bytes).map_or(length, |line_feed| line_feed + 1);
        }
        block.place = block.from + at as u64..span.end;
        self.index.clear(at);
        loop {
            let bytes = block.bytes.get(..filled).unwrap_or_default();
            let complete = block.from + filled as u64 == self.rows.table.end;
            let found = self.index.find(bytes, complete);
            self.add_rows(length, block)?;
            at = self.index.end();
            if at >= length {
                break;
            }
            let found = match found {
                Ok(()) if filled - at >= MAX_RECORD_BYTES => Err(ReadError::TooLong),
                found => found,
            };
            found.map_err(|error| block.bad_row(at, error.to_string()))?;
            let wanted = (2 * filled).min(length + MAX_RECORD_BYTES);
            filled = self.fill(filled, wanted, block)?;
        }
        block.place.end = block
            .rows
            .last()
            .map_or(block.place.start, |last| block.from + u64::from(last.end));
        Ok(())
    }

    /// Makes `block`, which holds `filled` bytes, hold `wanted`, or all up to the file's end; how many it holds then.
    fn fill(
        &mut self,
        filled: usize,
        wanted: usize,
        block: &mut Block,
    ) -> Result<usize, BlockError> {
        let left = usize::try_from(self.rows.table.end - block.from).unwrap_or(usize::MAX);
        let wanted = wanted.min(left);
        if block.bytes.len() < wanted {
            block.bytes.resize(wanted, 0);
        }
        let mut part = Part::new(
            &self.rows.table.file,
            block.from + filled as u64,
            self.rows.table.end,
        );
        let room = block.bytes.get_mut(filled..wanted).unwrap_or_default();
        part.read_exact(room).map_err(BlockError::Unreadable)?;
        let bytes = block.bytes.get(..wanted).unwrap_or_default();
        self.rows.needs_check = memchr::memchr2(0, b'\r', bytes).is_some();
        self.rows.quoted = memchr::memchr(b'"', bytes).is_some();
        Ok(wanted)
    }

    /// Adds the rows that were found and are not in the block yet, up to the last one that begins before byte `length`.
    fn add_rows(&mut self, length: usize, block: &mut Block) -> Result<(), BlockError> {
        while let Some(located) = self.index.get(block.rows.len(), &block.bytes) {
            let start = located.offset as usize;
            if start >= length {
                break;
            }
            let row = self.rows.read(&located);
            let row = row.map_err(|found| block.bad_row(start, found))?;
            block.blank += u64::from(located.record.bytes().is_empty());
            block.rows.push(row);
        }
        Ok(())
    }
}

impl RowReader<'_> {
    /// The row.
    ///
    /// # Errors
    /// It is not one of the table: what was expected and what was found.
    #[inline]
    fn read(&mut self, located: &LocatedRecord<'_>) -> Result<Row, String> {
        let record = &located.record;
        let start = located.offset as usize;
        let content = start + record.bytes().len();
        let mut row = Row {
            key: None,
            first: None,
            last: None,
            start: start as u32,
            content: content as u32,
            end: (content + located.ending.len()) as u32,
        };
        if content > start {
            (row.first, row.last) = times(record, &self.table.head.layout)?;
            if self.needs_check {
                check_characters(record)?;
            }
            row.key = self.key(record);
        }
        Ok(row)
    }

    /// The pair of a row; `None` where one of its values is empty or `-`, or the filter does not let it through.
    #[inline]
    fn key(&mut self, record: &Record<'_>) -> Option<PairKey> {
        let layout = &self.table.head.layout;
        let plain = !self.needs_check && !self.quoted;
        if let Some(text) = plain.then(|| layout.pair_text(record)).flatten() {
            return self.wanted.key(text);
        }
        self.text.clear();
        for cell in layout.key_cells(record) {
            if !pair::is_value(&cell) {
                return None;
            }
            pair::push_value(&mut self.text, &cell);
        }
        self.wanted.key(&self.text)
    }
}

//! Where the records and cells of a buffer are.

use super::regular::find_regular;
use super::{Located, ReadError, Record, Scanned, scan};

/// Records that follow each other in a buffer.
#[derive(Debug, Default)]
pub struct RecordIndex {
    /// Where the first record begins.
    start: usize,
    /// Where cells end, in bytes from the buffer's start.
    ends: Vec<u32>,
    records: Vec<Extent>,
}

/// A record.
#[derive(Debug, Clone, Copy)]
struct Extent {
    /// Where the next one begins, in bytes from the buffer's start.
    next: usize,
    /// How many of the cell ends are its own or those of records before it.
    ends: usize,
}

impl RecordIndex {
    /// Forgets all records; the next one begins at byte `start` of its buffer.
    pub fn clear(&mut self, start: usize) {
        self.start = start;
        self.ends.clear();
        self.records.clear();
    }

    /// Finds all records of `buffer` that follow those found before; the beginning of one may be behind them. `complete`
    /// says that nothing follows `buffer`: its end is then that of its last record.
    ///
    /// # Errors
    /// What is behind the records that were found is none; its places count from its own start.
    pub fn find(&mut self, buffer: &[u8], complete: bool) -> Result<(), ReadError> {
        let mut ends = Vec::new();
        loop {
            find_regular(buffer, self.end(), self);
            // The cells of a record that does not end there, or is irregular.
            self.ends.truncate(self.cells());
            let start = self.end();
            let unread = buffer.get(start..).unwrap_or_default();
            if unread.is_empty() {
                return Ok(());
            }
            match scan(unread, complete, &mut ends) {
                Scanned::Record { length, .. } => {
                    self.ends
                        .extend(ends.iter().map(|end| (start as u32) + *end));
                    self.records.push(Extent {
                        next: start + length,
                        ends: self.ends.len(),
                    });
                }
                Scanned::Incomplete => return Ok(()),
                // Bytes are counted from 1 for people.
                Scanned::Unterminated(at) => return Err(ReadError::Unterminated(at + 1)),
                Scanned::AfterQuote(at) => return Err(ReadError::AfterQuote(at)),
            }
        }
    }

    /// How many records.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Where the last record ends, with its line ending.
    pub fn end(&self) -> usize {
        self.records.last().map_or(self.start, |record| record.next)
    }

    /// Record `number` (from 0) of `buffer`, its place being counted from the buffer's start.
    #[inline]
    pub fn get<'a>(&'a self, number: usize, buffer: &'a [u8]) -> Option<Located<'a>> {
        let record = self.records.get(number)?;
        let before = number
            .checked_sub(1)
            .and_then(|before| self.records.get(before));
        let (start, first) = before.map_or((self.start, 0), |before| (before.next, before.ends));
        let ends = self.ends.get(first..record.ends)?;
        let content = *ends.last()? as usize;
        Some(Located {
            record: Record::within(buffer.get(start..content)?, ends, start),
            ending: buffer.get(content..record.next)?,
            offset: start as u64,
        })
    }

    /// How many cell ends belong to whole records.
    fn cells(&self) -> usize {
        self.records.last().map_or(0, |record| record.ends)
    }

    /// How many cell ends there are.
    #[inline(always)]
    pub(super) fn cell_ends(&self) -> usize {
        self.ends.len()
    }

    /// Adds cells that end at these bytes.
    #[inline(always)]
    pub(super) fn push_cells(&mut self, ends: impl Iterator<Item = u32>) {
        self.ends.extend(ends);
    }

    /// Ends a record with the last of `cells` cell ends, at a line feed at byte `line_feed` of `input`. The CR of a CR LF
    /// belongs to neither the cell nor the record.
    #[inline(always)]
    pub(super) fn end_record(&mut self, input: &[u8], cells: usize, line_feed: usize) {
        let before = line_feed
            .checked_sub(1)
            .filter(|before| *before >= self.start);
        let returns = before.is_some_and(|before| input.get(before) == Some(&b'\r'));
        if returns && let Some(end) = self.ends.get_mut(cells - 1) {
            *end -= 1;
        }
        self.records.push(Extent {
            next: line_feed + 1,
            ends: cells,
        });
    }
}

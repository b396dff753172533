//! Where the records and cells of a buffer end.

use super::record::{LocatedRecord, Record};

/// The ends of records that follow each other in a buffer, and of their cells.
#[derive(Debug, Default)]
pub(crate) struct RecordIndex {
    /// The byte of the buffer at which the first record begins.
    start: usize,
    /// The byte of the buffer at which each cell ends.
    cell_ends: Vec<u32>,
    records: Vec<RecordEnd>,
}

/// The end of a record.
#[derive(Debug, Clone, Copy)]
struct RecordEnd {
    /// The byte of the buffer at which the next record begins.
    next: usize,
    /// The number of cells up to here: those of this record and of all before it.
    cells: usize,
}

impl RecordIndex {
    /// Removes all records; the first of those that are found next begins at byte `start` of its buffer.
    pub(crate) fn clear(&mut self, start: usize) {
        self.start = start;
        self.cell_ends.clear();
        self.records.clear();
    }

    /// The number of records.
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// The byte of the buffer after the last record and its line ending.
    pub(crate) fn end(&self) -> usize {
        self.records.last().map_or(self.start, |record| record.next)
    }

    /// Record `number` (from 0) of `buffer`, with its offset in the buffer.
    #[inline]
    pub(crate) fn get<'a>(&'a self, number: usize, buffer: &'a [u8]) -> Option<LocatedRecord<'a>> {
        let record = self.records.get(number)?;
        let before = number
            .checked_sub(1)
            .and_then(|before| self.records.get(before));
        let (start, first) = before.map_or((self.start, 0), |before| (before.next, before.cells));
        let ends = self.cell_ends.get(first..record.cells)?;
        let content = *ends.last()? as usize;
        Some(LocatedRecord {
            record: Record::within(buffer.get(start..content)?, ends, start),
            ending: buffer.get(content..record.next)?,
            offset: start as u64,
        })
    }

    /// Adds the next record, of `length` bytes with its line ending. `ends` are the ends of its cells, which count from its
    /// start.
    pub(super) fn push_record(&mut self, ends: &[u32], length: usize) {
        let start = self.end();
        self.cell_ends
            .extend(ends.iter().map(|end| (start as u32) + *end));
        self.records.push(RecordEnd {
            next: start + length,
            cells: self.cell_ends.len(),
        });
    }

    /// Removes the cells after the last record: those of a record that is incomplete or irregular.
    pub(super) fn remove_partial_record(&mut self) {
        let cells = self.records.last().map_or(0, |record| record.cells);
        self.cell_ends.truncate(cells);
    }

    /// The number of cells, those after the last record included.
    #[inline(always)]
    pub(super) fn cells(&self) -> usize {
        self.cell_ends.len()
    }

    /// Adds cells that end at these bytes.
    #[inline(always)]
    pub(super) fn push_cells(&mut self, ends: impl Iterator<Item = u32>) {
        self.cell_ends.extend(ends);
    }

    /// Adds the record that ends with the last of the first `cells` cells, at the line feed at byte `line_feed` of `input`.
    /// The CR of a CR LF belongs to neither the cell nor the record.
    #[inline(always)]
    pub(super) fn end_record(&mut self, input: &[u8], cells: usize, line_feed: usize) {
        let before = line_feed
            .checked_sub(1)
            .filter(|before| *before >= self.start);
        let returns = before.is_some_and(|before| input.get(before) == Some(&b'\r'));
        if returns && let Some(end) = self.cell_ends.get_mut(cells - 1) {
            *end -= 1;
        }
        self.records.push(RecordEnd {
            next: line_feed + 1,
            cells,
        });
    }
}

//! The records of a chunk, and the accesses read from them: all the work on rows that needs no detector.

use std::io::Read;

use super::header::{ChunkHeader, HeldColumns};
use crate::access::Unusable;
use crate::csv::{ReadError, Record, RecordBuffer, RecordReader};
use crate::detector::{AccessBatch, Batch, HeaderId};
use crate::pair::PairHasher;
use crate::rules::{Output, StatusList};

/// How to read the rows of a chunk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) header: &'a ChunkHeader,
    /// The number of the header.
    pub(super) number: HeaderId,
    pub(super) success: &'a StatusList,
    pub(super) hasher: &'a PairHasher,
    /// What the search returns: it decides what is held of a row.
    pub(super) output: Output,
}

/// Records that were read at once, and the accesses of some that follow each other.
#[derive(Debug, Default)]
pub(super) struct RecordBatch {
    records: RecordBuffer,
    accesses: AccessBatch,
    header: HeaderId,
    /// The number of each row's record.
    numbers: Vec<usize>,
    held: HeldColumns,
    /// The number of a record with another number of cells than its header; it follows the rows of `accesses`.
    ragged: Option<usize>,
    /// Whether the batch is one row, and no record: it is too long to be held.
    too_long: bool,
}

impl RecordBatch {
    /// Fills the batch with the next records of `reader`, or with a row that is too long. Returns `false` at the end.
    ///
    /// # Errors
    /// The stream failed, or is not CSV.
    pub(super) fn take(
        reader: &mut &mut RecordReader<impl Read>,
        batch: &mut Self,
    ) -> Result<bool, ReadError> {
        let spare = std::mem::take(&mut batch.records);
        let next = reader.next_records(spare);
        batch.too_long = matches!(next, Err(ReadError::TooLong));
        if batch.too_long {
            reader.skip_record()?;
            return Ok(true);
        }
        let next = next?;
        let more = next.is_some();
        batch.records = next.unwrap_or_default();
        Ok(more)
    }

    /// Reads the accesses of the next rows, as many as fit; none once all rows were read.
    pub(super) fn read(&mut self, reading: &Reading<'_>) {
        let Reading {
            header,
            success,
            hasher,
            ..
        } = reading;
        self.header = reading.number;
        self.held = header.held(reading.output);
        self.accesses.clear();
        self.numbers.clear();
        if std::mem::take(&mut self.too_long) {
            self.accesses.add(hasher, |_| Err(Unusable::RowTooLong));
            return;
        }
        while !self.accesses.is_full() {
            let number = self.records.next_number();
            let Some(row) = self.records.next_record() else {
                break;
            };
            if header.fits(&row.record) {
                let read = |texts: &mut _| header.columns.read(&row.record, success, texts);
                self.accesses.add(hasher, read);
                self.numbers.push(number);
            } else if !row.record.bytes().is_empty() {
                self.ragged = Some(number);
                break;
            }
        }
    }

    /// Whether the last [`RecordBatch::read`] found no row any more.
    pub(super) fn is_read(&self) -> bool {
        self.accesses.is_empty()
    }

    /// The record after the rows that has another number of cells than its header.
    pub(super) fn ragged(&self) -> Option<Record<'_>> {
        self.record(self.ragged?)
    }

    fn record(&self, number: usize) -> Option<Record<'_>> {
        self.records.get(number).map(|row| row.record)
    }
}

impl Batch for RecordBatch {
    fn accesses(&self) -> &AccessBatch {
        &self.accesses
    }

    fn header(&self) -> HeaderId {
        self.header
    }

    fn write_held(&self, row: usize, held: &mut Vec<u8>) {
        let record = self
            .numbers
            .get(row)
            .and_then(|number| self.record(*number));
        if let (Some(record), Some(access)) = (record, self.accesses.access(row)) {
            self.held.write(&record, access, held);
        }
    }
}

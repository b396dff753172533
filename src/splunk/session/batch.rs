//! Rows that were read at once, and what they say: all that can be done with rows before the detector sees them.

use std::io::Read;

use super::intake::ChunkHeader;
use crate::csv::{ReadError, Record, RecordReader, Records};
use crate::detector::AccessBatch;
use crate::pair::PairHasher;
use crate::rules::StatusList;

/// What must be known to read rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'a> {
    /// The header they came under.
    pub(super) header: &'a ChunkHeader,
    /// What counts as a success.
    pub(super) success: &'a StatusList,
    /// What makes the keys of pairs.
    pub(super) hasher: &'a PairHasher,
}

/// The rows.
#[derive(Debug, Default)]
pub(super) struct Batch {
    records: Records,
    accesses: AccessBatch,
    /// The number of the record of each row_number.
    numbers: Vec<usize>,
    /// The number of a record with another number of cells than its header, behind those that have arrived.
    ragged: Option<usize>,
}

impl Batch {
    /// Puts the next records of `reader` into the batch. `false` at the end.
    ///
    /// # Errors
    /// Why there are none.
    pub(super) fn take(
        reader: &mut &mut RecordReader<impl Read>,
        batch: &mut Self,
    ) -> Result<bool, ReadError> {
        let spare = std::mem::take(&mut batch.records);
        let next = reader.next_records(spare)?;
        let more = next.is_some();
        batch.records = next.unwrap_or_default();
        Ok(more)
    }

    /// Reads the rows that were not read yet, as many as may be at a time.
    pub(super) fn read(&mut self, reading: &Reading<'_>) {
        let Reading {
            header,
            success,
            hasher,
        } = reading;
        self.accesses.clear();
        self.numbers.clear();
        while !self.accesses.are_enough() {
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

    /// The rows that were read last; there are none where all were read before.
    pub(super) fn accesses(&self) -> &AccessBatch {
        &self.accesses
    }

    /// The record of the row_number with this number.
    pub(super) fn record(&self, row_number: usize) -> Option<Record<'_>> {
        self.at(*self.numbers.get(row_number)?)
    }

    /// The record behind the accesses that has another number of cells than its header.
    pub(super) fn ragged(&self) -> Option<Record<'_>> {
        self.at(self.ragged?)
    }

    fn at(&self, number: usize) -> Option<Record<'_>> {
        self.records.get(number).map(|row| row.record)
    }
}

//! Rows that were read at once, and what they say: all that can be done with rows before the detector sees them, by the
//! threads that read.

use std::io::Read;
use std::ops::Range;

use super::intake::ChunkHeader;
use crate::access::{Access, PairTexts, Unusable};
use crate::options::StatusList;
use crate::pair::{PairHasher, PairKey};
use crate::rows::{ReadError, Record, RecordReader, Records};

/// The pairs of a batch are read so many at a time, or a few rows with multivalue fields would fill the memory.
const MOST_PAIRS: usize = 16 << 10;

/// The same in bytes of their texts.
const MOST_TEXT: usize = 2 << 20;

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

/// A row, and what it says.
#[derive(Debug)]
pub(super) struct Arrival {
    record: usize,
    /// What it says; `None` where it has not as many cells as its header.
    pub(super) access: Option<Result<Access, Unusable>>,
    /// Which of the batch's pairs are its own: none where it is no successful access.
    pub(super) pairs: Range<usize>,
}

/// The rows.
#[derive(Debug, Default)]
pub(super) struct Batch {
    records: Records,
    failed: Option<ReadError>,
    arrivals: Vec<Arrival>,
    texts: PairTexts,
    keys: Vec<PairKey>,
}

impl Batch {
    /// Puts the next records of `reader` into the batch, or why there are none: then nothing more is read. `false` at
    /// the end.
    pub(super) fn take(
        reader: &mut Option<&mut RecordReader<impl Read>>,
        batch: &mut Self,
    ) -> bool {
        let Some(source) = reader else {
            return false;
        };
        let spare = std::mem::take(&mut batch.records);
        match source.next_records(spare) {
            Ok(None) => return false,
            Ok(Some(records)) => batch.records = records,
            Err(error) => {
                batch.failed = Some(error);
                *reader = None;
            }
        }
        true
    }

    /// Reads the rows that were not read yet, as many as may be at a time: there are none left where there are no
    /// arrivals then.
    pub(super) fn read(&mut self, reading: &Reading<'_>) {
        self.arrivals.clear();
        self.texts.clear();
        self.keys.clear();
        while self.keys.len() < MOST_PAIRS && self.texts.bytes() < MOST_TEXT {
            let number = self.records.next_number();
            let Some(row) = self.records.next_record() else {
                break;
            };
            let first = self.keys.len();
            let access = reading.header.fits(&row.record).then(|| {
                let access =
                    reading
                        .header
                        .columns
                        .read(&row.record, reading.success, &mut self.texts);
                if access.is_ok_and(|access| !access.success) {
                    self.texts.truncate(first);
                }
                access
            });
            if access.is_none() && row.record.bytes().is_empty() {
                continue;
            }
            let keys = (first..self.texts.len()).map(|pair| self.texts.get(pair));
            self.keys.extend(keys.map(|text| reading.hasher.key(text)));
            self.arrivals.push(Arrival {
                record: number,
                access,
                pairs: first..self.keys.len(),
            });
        }
    }

    /// Why there are no rows.
    pub(super) fn failed(&mut self) -> Option<ReadError> {
        self.failed.take()
    }

    /// The rows that were read last.
    pub(super) fn arrivals(&self) -> &[Arrival] {
        &self.arrivals
    }

    /// The record of a row.
    pub(super) fn record(&self, arrival: &Arrival) -> Option<Record<'_>> {
        self.records.get(arrival.record).map(|row| row.record)
    }

    /// The keys of pairs.
    pub(super) fn keys(&self, pairs: Range<usize>) -> &[PairKey] {
        self.keys.get(pairs).unwrap_or_default()
    }

    /// The texts of pairs.
    pub(super) fn texts(&self, pairs: Range<usize>) -> impl Iterator<Item = &[u8]> {
        pairs.map(|pair| self.texts.get(pair))
    }
}

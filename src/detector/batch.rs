//! Rows on their way to the detector, with the accesses that were read from them.

use std::ops::Range;

use super::spill::HeaderId;
use crate::access::{Access, PairTexts, Unusable};
use crate::pair::{PairHasher, PairKey};

/// Rows that follow each other in the input, and their accesses.
pub(crate) trait Batch {
    /// The accesses, one for each row.
    fn accesses(&self) -> &AccessBatch;

    /// The header that the rows came under.
    fn header(&self) -> HeaderId;

    /// Appends the bytes to hold of row `row` (from 0): what is needed to return it.
    fn write_held(&self, row: usize, held: &mut Vec<u8>);
}

/// The most rows, and the most pairs, of a batch: a few rows with multivalue fields would fill the memory otherwise.
const MAX_ROWS: usize = 16 << 10;

/// The most bytes of the pairs' texts, which the last row of a batch may exceed.
const MAX_TEXT_BYTES: usize = 2 << 20;

/// The accesses of the rows of a batch.
#[derive(Debug, Default)]
pub(crate) struct AccessBatch {
    rows: Vec<RowAccess>,
    texts: PairTexts,
    keys: Vec<PairKey>,
}

/// The access of one row.
#[derive(Debug)]
pub(super) struct RowAccess {
    pub(super) access: Result<Access, Unusable>,
    /// The numbers of its pairs: an empty range for anything but a successful access.
    pub(super) pairs: Range<usize>,
}

impl AccessBatch {
    /// Removes all rows and keeps their memory.
    pub(crate) fn clear(&mut self) {
        self.rows.clear();
        self.texts.clear();
        self.keys.clear();
    }

    /// Adds a row: `read` adds the texts of its pairs and returns its access.
    #[inline]
    pub(crate) fn add(
        &mut self,
        hasher: &PairHasher,
        read: impl FnOnce(&mut PairTexts) -> Result<Access, Unusable>,
    ) {
        let first = self.keys.len();
        let access = read(&mut self.texts);
        if !access.is_ok_and(|access| access.success) {
            self.texts.truncate(first);
        }
        for pair in first..self.texts.len() {
            self.keys.push(hasher.key(self.texts.get(pair)));
        }
        let pairs = first..self.keys.len();
        self.rows.push(RowAccess { access, pairs });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether the detector should take the rows before more are added.
    pub(crate) fn is_full(&self) -> bool {
        self.rows.len().max(self.keys.len()) >= MAX_ROWS || self.texts.bytes() >= MAX_TEXT_BYTES
    }

    /// The access of row `row` (from 0), if it could be used.
    pub(crate) fn access(&self, row: usize) -> Option<Access> {
        self.rows.get(row)?.access.ok()
    }

    pub(super) fn rows(&self) -> &[RowAccess] {
        &self.rows
    }

    pub(super) fn keys(&self, pairs: Range<usize>) -> &[PairKey] {
        self.keys.get(pairs).unwrap_or_default()
    }

    pub(super) fn text(&self, pair: usize) -> &[u8] {
        self.texts.get(pair)
    }
}

//! Rows on their way to the detector: what they say, found out by whoever reads them.

use std::ops::Range;

use crate::access::{Access, PairTexts, Unusable};
use crate::pair::{PairHasher, PairKey};

/// So many rows or pairs are enough for one go, or a few rows with multivalue fields would fill the memory.
const MOST: usize = 16 << 10;

/// The same in bytes of the pairs' texts.
const MOST_TEXT: usize = 2 << 20;

/// Rows that follow each other.
#[derive(Debug, Default)]
pub struct AccessBatch {
    rows: Vec<RowAccess>,
    texts: PairTexts,
    keys: Vec<PairKey>,
}

/// What one row says.
#[derive(Debug)]
pub(super) struct RowAccess {
    pub(super) access: Result<Access, Unusable>,
    /// The numbers of its pairs: none where it is no successful access.
    pub(super) pairs: Range<usize>,
}

impl AccessBatch {
    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.texts.clear();
        self.keys.clear();
    }

    /// Adds a row: `read` adds the texts of its pairs and returns what it says.
    #[inline]
    pub fn add(
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

    /// How many rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether they are enough for one go.
    pub fn are_enough(&self) -> bool {
        self.rows.len().max(self.keys.len()) >= MOST || self.texts.bytes() >= MOST_TEXT
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

//! The first record of a CSV: the names of its columns.

use super::cell::decoded;
use super::record::Record;

/// Column names in their order, decoded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    names: Vec<Vec<u8>>,
}

impl Header {
    /// From the first record of a CSV.
    pub fn new(record: &Record<'_>) -> Self {
        let names = (0..record.cells())
            .map(|index| decoded(record.raw(index)).into_owned())
            .collect();
        Self { names }
    }

    /// The position (from 0) of the first column with this name.
    pub fn position(&self, name: &[u8]) -> Option<usize> {
        self.names.iter().position(|column| column == name)
    }

    /// The names in their order.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.names.iter().map(Vec::as_slice)
    }

    /// The number of columns.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is no column at all.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

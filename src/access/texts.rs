//! The texts of pairs, one after the other in one buffer.

use crate::pair;

/// The texts of pairs, in one buffer that is used again for the next rows.
#[derive(Debug, Default)]
pub struct PairTexts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl PairTexts {
    /// Removes all texts and keeps their memory.
    pub(crate) fn clear(&mut self) {
        self.truncate(0);
    }

    /// Removes the texts from number `count` (from 0) on, and the one being written.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.ends.truncate(count);
        self.bytes.truncate(self.start(count));
    }

    /// Adds a value to the pair being written.
    pub(crate) fn push_value(&mut self, value: &[u8]) {
        pair::push_value(&mut self.bytes, value);
    }

    /// Ends the pair being written.
    pub(crate) fn end(&mut self) {
        self.ends.push(self.bytes.len());
    }

    pub(super) fn push_text(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.end();
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The bytes of all texts together.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The text with this number (from 0); empty beyond the last.
    #[inline]
    pub(crate) fn get(&self, number: usize) -> &[u8] {
        let end = self.ends.get(number).copied().unwrap_or_default();
        self.bytes.get(self.start(number)..end).unwrap_or_default()
    }

    /// Where the text with this number begins.
    fn start(&self, number: usize) -> usize {
        let before = number.checked_sub(1);
        before.map_or(0, |before| {
            self.ends.get(before).copied().unwrap_or_default()
        })
    }
}

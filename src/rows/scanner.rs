//! Record after record in a buffer: many at a time where they are regular, else one at a time.

use super::regular::{Extent, find_regular};
use super::{Record, Scanned, scan};

/// Finds the records of a buffer, one after the other.
#[derive(Debug, Default)]
pub struct Scanner {
    /// Ends of cells, in bytes from where the last look began.
    ends: Vec<u32>,
    /// Records that the last look found.
    found: Vec<Extent>,
    /// How many of them were handed out.
    handed_out: usize,
    /// Where the record that was handed out last begins, and which of the ends are its own.
    start: usize,
    cells: (usize, usize),
}

impl Scanner {
    /// Finds the record that `unread` starts with: what follows the record found before. `complete` says that nothing
    /// follows `unread` (see [`scan`]).
    #[inline]
    pub fn find(&mut self, unread: &[u8], complete: bool) -> Scanned {
        let mut before = self
            .handed_out
            .checked_sub(1)
            .and_then(|last| self.found.get(last))
            .copied();
        if self.handed_out == self.found.len() {
            find_regular(unread, &mut self.ends, &mut self.found);
            self.handed_out = 0;
            before = None;
        }
        let (start, first_end) = before.map_or((0, 0), |record| (record.next, record.ends));
        self.start = start;
        match self.found.get(self.handed_out) {
            Some(record) => {
                self.handed_out += 1;
                self.cells = (first_end, record.ends);
                Scanned::Record {
                    length: record.next - start,
                    content: record.content - start,
                }
            }
            None => {
                let scanned = scan(unread, complete, &mut self.ends);
                self.cells = (0, self.ends.len());
                scanned
            }
        }
    }

    /// The record found last, `content` being its bytes without line ending.
    #[inline]
    pub fn record<'a>(&'a self, content: &'a [u8]) -> Record<'a> {
        let (first, last) = self.cells;
        let ends = self.ends.get(first..last).unwrap_or_default();
        Record::within(content, ends, self.start)
    }
}

//! Finds the records of a buffer: regular ones many at a time, the others one by one.

use super::error::ReadError;
use super::index::RecordIndex;
use super::record::{RecordScan, scan_record};
use super::regular::find_regular;

impl RecordIndex {
    /// Finds the records of `buffer` after those found before. An incomplete record at the end is left alone. `complete` says
    /// that nothing follows `buffer`, so that its end also ends its last record.
    ///
    /// # Errors
    /// The bytes after the records that were found are not CSV. The error's places count from the start of these bytes.
    pub(crate) fn find(&mut self, buffer: &[u8], complete: bool) -> Result<(), ReadError> {
        let mut ends = Vec::new();
        loop {
            find_regular(buffer, self.end(), self);
            self.remove_partial_record();
            let unread = buffer.get(self.end()..).unwrap_or_default();
            if unread.is_empty() {
                return Ok(());
            }
            match scan_record(unread, complete, &mut ends) {
                RecordScan::Record { length, .. } => self.push_record(&ends, length),
                RecordScan::Incomplete => return Ok(()),
                // Bytes are counted from 1 for people.
                RecordScan::Unterminated(at) => return Err(ReadError::Unterminated(at + 1)),
                RecordScan::AfterQuote(at) => return Err(ReadError::AfterQuote(at)),
            }
        }
    }
}

//! Reads records from a stream, through one buffer that grows only for a record that does not fit.

use std::io::{self, Read};

use super::error::{MAX_RECORD_BYTES, ReadError};
use super::index::RecordIndex;
use super::record::LocatedRecord;
use super::skip::RecordSkip;

/// The buffer's size at the start: reading more at once from a pipe or a disk is not faster.
const BUFFER_BYTES: usize = 256 << 10;

/// Reads records, one or many at a time.
#[derive(Debug)]
pub struct RecordReader<R> {
    source: R,
    records: RecordBuffer,
    /// Whether the source has ended.
    ended: bool,
}

/// Records in memory. [`RecordBuffer::next_record`] returns each once, [`RecordBuffer::get`] any of them.
#[derive(Debug, Default)]
pub(crate) struct RecordBuffer {
    buffer: Vec<u8>,
    /// The bytes of the buffer that were read from the source.
    filled: usize,
    /// The offset in the source of the buffer's first byte.
    offset: u64,
    index: RecordIndex,
    /// The number of the next record.
    next: usize,
    /// What is wrong with the bytes after the records.
    error: Option<ReadError>,
}

impl RecordBuffer {
    /// The next record; `None` after the last one.
    #[inline]
    pub(crate) fn next_record(&mut self) -> Option<LocatedRecord<'_>> {
        let number = self.next;
        self.next = self.index.len().min(number + 1);
        self.get(number)
    }

    /// The number (from 0) of the next record.
    pub(crate) fn next_number(&self) -> usize {
        self.next
    }

    /// The record with this number, from 0.
    #[inline]
    pub(crate) fn get(&self, number: usize) -> Option<LocatedRecord<'_>> {
        let mut located = self.index.get(number, &self.buffer)?;
        located.offset += self.offset;
        Some(located)
    }

    /// Whether all records were returned.
    fn is_exhausted(&self) -> bool {
        self.next == self.index.len()
    }

    /// The beginning of a record, after those that are whole.
    fn remainder(&self) -> &[u8] {
        let remainder = self.buffer.get(self.index.end()..self.filled);
        remainder.unwrap_or_default()
    }

    /// Removes all records: moves the remainder to the buffer's start.
    fn discard_records(&mut self) {
        let (start, length) = (self.index.end(), self.remainder().len());
        self.buffer.copy_within(start..self.filled, 0);
        self.reset(length, self.offset + start as u64);
    }

    /// Takes what comes after the records of `before`: its remainder and its error.
    fn continue_after(&mut self, before: &mut Self) {
        let remainder = before.remainder();
        if self.buffer.len() < remainder.len() {
            self.buffer.resize(remainder.len(), 0);
        }
        for (to, from) in self.buffer.iter_mut().zip(remainder) {
            *to = *from;
        }
        self.reset(remainder.len(), before.offset + before.index.end() as u64);
        self.error = before.error.take();
    }

    /// Removes all records, and frees memory that only a long one needed.
    fn reset(&mut self, filled: usize, offset: u64) {
        let enough = BUFFER_BYTES.max(2 * filled);
        if self.buffer.len() > 2 * enough {
            self.buffer.truncate(enough);
            self.buffer.shrink_to_fit();
            self.index = RecordIndex::default();
        }
        self.index.clear(0);
        self.next = 0;
        self.filled = filled;
        self.offset = offset;
    }

    /// Removes the first `length` bytes, where no record was found.
    fn remove_front(&mut self, length: usize) {
        self.buffer.copy_within(length..self.filled, 0);
        self.reset(self.filled - length, self.offset + length as u64);
    }

    /// Makes room in a buffer that the beginning of one record fills.
    ///
    /// # Errors
    /// The buffer has the largest size.
    fn grow(&mut self) -> Result<(), ReadError> {
        let length = (self.buffer.len() * 2).clamp(BUFFER_BYTES, MAX_RECORD_BYTES);
        if length == self.buffer.len() {
            return Err(ReadError::TooLong);
        }
        self.buffer.resize(length, 0);
        Ok(())
    }
}

impl<R: Read> RecordReader<R> {
    /// A reader of `source`. The first call for a record is the first to read.
    pub fn new(source: R) -> Self {
        Self::with_buffer(source, RecordBuffer::default())
    }

    /// A reader of `source` that reuses the memory of `buffer`.
    pub(crate) fn with_buffer(source: R, mut buffer: RecordBuffer) -> Self {
        buffer.reset(0, 0);
        buffer.error = None;
        Self {
            source,
            records: buffer,
            ended: false,
        }
    }

    /// The memory, for the next reader.
    pub(crate) fn into_buffer(self) -> RecordBuffer {
        self.records
    }

    /// The next record, or `None` at the end of the input.
    ///
    /// # Errors
    /// The stream fails, the text is not CSV, or a record is longer than [`MAX_RECORD_BYTES`].
    #[inline]
    pub fn next_record(&mut self) -> Result<Option<LocatedRecord<'_>>, ReadError> {
        if self.records.is_exhausted() {
            self.read_more()?;
        }
        Ok(self.records.next_record())
    }

    /// The next records, as many as are read at once, or `None` at the end of the input. The records after them are read into
    /// the memory of `buffer`.
    ///
    /// # Errors
    /// Those of [`RecordReader::next_record`].
    pub(crate) fn next_records(
        &mut self,
        mut buffer: RecordBuffer,
    ) -> Result<Option<RecordBuffer>, ReadError> {
        if self.records.is_exhausted() {
            self.read_more()?;
        }
        if self.records.is_exhausted() {
            return Ok(None);
        }
        buffer.continue_after(&mut self.records);
        Ok(Some(std::mem::replace(&mut self.records, buffer)))
    }

    /// Passes over a record that is [`ReadError::TooLong`], to its end, and holds none of it: the next record is the one
    /// after it.
    ///
    /// # Errors
    /// The stream's own; the record is not CSV.
    pub(crate) fn skip_record(&mut self) -> Result<(), ReadError> {
        let records = &mut self.records;
        let mut skip = RecordSkip::default();
        loop {
            let filled = records.buffer.get(..records.filled).unwrap_or_default();
            if let Some(length) = skip.advance(filled)? {
                records.remove_front(length);
                return Ok(());
            }
            records.remove_front(records.filled);
            if self.ended {
                return skip.finish();
            }
            records.filled = read_full(&mut self.source, &mut records.buffer)?;
            self.ended = records.filled < records.buffer.len();
        }
    }

    /// Reads until there is a whole record, or the input ends.
    fn read_more(&mut self) -> Result<(), ReadError> {
        let records = &mut self.records;
        while records.is_exhausted() {
            if let Some(error) = records.error.take() {
                return Err(error);
            }
            records.discard_records();
            if self.ended && records.filled == 0 {
                return Ok(());
            }
            if records.filled == records.buffer.len() {
                records.grow()?;
            }
            // Fills the room, so that a long record is not scanned again after every small read.
            let room = records.buffer.get_mut(records.filled..).unwrap_or_default();
            let read = read_full(&mut self.source, room)?;
            self.ended = read < room.len();
            records.filled += read;
            let filled = records.buffer.get(..records.filled).unwrap_or_default();
            records.error = records.index.find(filled, self.ended).err();
        }
        Ok(())
    }
}

/// Reads until `room` is full or `source` ends. Returns the number of bytes that were read.
///
/// # Errors
/// `source` fails.
fn read_full(source: &mut impl Read, room: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(room @ [_, ..]) = room.get_mut(filled..) {
        match source.read(room) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream that hands out a given number of bytes a read.
    struct Pieces<'a>(&'a [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(out.len());
            out[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn read_all(input: &[u8], piece: usize) -> Vec<(Vec<u8>, u64)> {
        let mut reader = RecordReader::new(Pieces(input, piece));
        let mut found = Vec::new();
        while let Some(located) = reader.next_record().unwrap() {
            found.push((located.record.bytes().to_vec(), located.offset));
        }
        found
    }

    #[test]
    fn how_the_stream_is_cut_changes_nothing() {
        let input = b"a,b\n\"x\ny\",2\r\n\nlast,\"\"\"\"";
        let expected = vec![
            (b"a,b".to_vec(), 0),
            (b"\"x\ny\",2".to_vec(), 4),
            (b"".to_vec(), 13),
            (b"last,\"\"\"\"".to_vec(), 14),
        ];
        for piece in 1..=input.len() {
            assert_eq!(read_all(input, piece), expected, "{piece} bytes a read");
        }
    }

    #[test]
    fn a_record_longer_than_the_buffer_is_read_whole() {
        let long = format!("\"{}\",end\nnext\n", "x\n".repeat(400_000));
        let found = read_all(long.as_bytes(), 70_000);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].0.len(), long.len() - "\nnext\n".len());
        assert_eq!(found[1].0, b"next");
    }

    #[test]
    fn the_memory_of_a_long_record_is_given_back() {
        let long = format!("{},\"x\"\n", "x".repeat(20 * BUFFER_BYTES));
        let text = format!("a,b\n{long}{}", "c,d\n".repeat(BUFFER_BYTES));
        let mut reader = RecordReader::new(text.as_bytes());
        let mut records = 0;
        while reader.next_record().unwrap().is_some() {
            records += 1;
        }
        assert_eq!(records, 2 + BUFFER_BYTES);
        assert!(reader.into_buffer().buffer.capacity() <= 2 * BUFFER_BYTES);
    }

    #[test]
    fn an_endless_record_is_refused_at_the_limit() {
        let mut reader = RecordReader::new(io::repeat(b'x'));
        assert!(matches!(reader.next_record(), Err(ReadError::TooLong)));
        assert_eq!(reader.records.buffer.len(), MAX_RECORD_BYTES);
    }

    #[test]
    fn a_record_beyond_the_limit_is_passed_over() {
        for end in ["x\n", "\"x,\"\"\n\"\r\n", "\n", ""] {
            for length in [MAX_RECORD_BYTES, MAX_RECORD_BYTES + 3 * BUFFER_BYTES + 7] {
                let long = [vec![b'x'; length], b",".to_vec(), end.into()].concat();
                let after: &[u8] = if end.is_empty() {
                    b""
                } else {
                    b"next,\"row\"\n"
                };
                let input = [b"a,b\n", long.as_slice(), after].concat();
                let mut reader = RecordReader::new(input.as_slice());
                assert!(reader.next_record().unwrap().is_some());
                assert!(matches!(reader.next_record(), Err(ReadError::TooLong)));
                reader.skip_record().unwrap();
                assert!(reader.records.buffer.len() <= 2 * BUFFER_BYTES);
                let next = reader.next_record().unwrap();
                let next = next.map(|next| (next.record.bytes().to_vec(), next.offset));
                let expected = (b"next,\"row\"".to_vec(), 4 + long.len() as u64);
                assert_eq!(next, (!end.is_empty()).then_some(expected));
            }
        }
    }

    #[test]
    fn a_record_beyond_the_limit_that_is_no_csv_is_refused() {
        let text = |end: &str| [b"\"".to_vec(), vec![b'x'; MAX_RECORD_BYTES], end.into()].concat();
        for (end, broken) in [("", "does not end"), ("\"x\n", "after the closing quote")] {
            let input: Vec<u8> = text(end);
            let mut reader = RecordReader::new(input.as_slice());
            assert!(matches!(reader.next_record(), Err(ReadError::TooLong)));
            let error = reader.skip_record().unwrap_err().to_string();
            assert!(error.contains(broken), "{error}");
        }
    }

    #[test]
    fn a_record_of_just_the_limit_is_read() {
        let mut input = vec![b'x'; MAX_RECORD_BYTES - 1];
        input.push(b'\n');
        let mut reader = RecordReader::new(input.as_slice());
        let found = reader.next_record().unwrap().unwrap();
        assert_eq!(found.record.bytes().len(), MAX_RECORD_BYTES - 1);
    }
}

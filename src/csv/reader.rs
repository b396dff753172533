//! Records out of a stream, through one buffer that grows only for a record that needs it.

use std::io::{self, Read};

use super::skip::Skip;
use super::{Record, RecordIndex};

/// The longest record that is read, in bytes. Splunk cuts events at 10,000 bytes by default and its Python SDK allows
/// 10 MB a field; beyond this a sender is broken or hostile.
pub const MAX_RECORD_BYTES: usize = 64 << 20;

/// The buffer's size at the start: as much as a pipe and a disk are worth asking for at once.
const BUFFER_BYTES: usize = 256 << 10;

/// Why the next record could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The stream failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The input ends inside a quoted cell: the byte of the record, from 1, where that begins.
    #[error(
        "a quoted cell that begins at byte {0} of the row does not end: expected a closing quote, found the end of the data"
    )]
    Unterminated(usize),
    /// Something follows a closing quote: the byte of the record, from 1, that the quote is.
    #[error(
        "expected a comma or the end of the line after the closing quote at byte {0} of the row, found something else"
    )]
    AfterQuote(usize),
    /// The record is longer than [`MAX_RECORD_BYTES`].
    #[error("a row is longer than {MAX_RECORD_BYTES} bytes")]
    TooLong,
}

/// Reads one record after the other.
#[derive(Debug)]
pub struct RecordReader<R> {
    source: R,
    records: Records,
    ended: bool,
}

/// Records in memory, handed out one after the other.
#[derive(Debug, Default)]
pub struct Records {
    buffer: Vec<u8>,
    /// How much of the buffer was read from the source.
    filled: usize,
    /// The byte of the source that the buffer begins with.
    offset: u64,
    index: RecordIndex,
    handed_out: usize,
    /// What is behind the records, where that is none.
    broken: Option<ReadError>,
}

/// A record with its line ending and place.
#[derive(Debug, Clone, Copy)]
pub struct Located<'a> {
    /// The record.
    pub record: Record<'a>,
    /// Its line ending: LF, CR LF, or nothing at the end of the input.
    pub ending: &'a [u8],
    /// The byte it begins at, from 0.
    pub offset: u64,
}

impl Records {
    /// The next one.
    #[inline]
    pub fn next_record(&mut self) -> Option<Located<'_>> {
        let number = self.handed_out;
        self.handed_out = self.index.len().min(number + 1);
        self.get(number)
    }

    /// The number of the next one.
    pub fn next_number(&self) -> usize {
        self.handed_out
    }

    /// The one with this number.
    #[inline]
    pub fn get(&self, number: usize) -> Option<Located<'_>> {
        let mut located = self.index.get(number, &self.buffer)?;
        located.offset += self.offset;
        Some(located)
    }

    fn are_handed_out(&self) -> bool {
        self.handed_out == self.index.len()
    }

    /// The beginning of a record behind those that are whole.
    fn rest(&self) -> &[u8] {
        let rest = self.buffer.get(self.index.end()..self.filled);
        rest.unwrap_or_default()
    }

    /// Moves the rest to the buffer's start: all records are forgotten.
    fn keep_rest(&mut self) {
        let (start, length) = (self.index.end(), self.rest().len());
        self.buffer.copy_within(start..self.filled, 0);
        self.begin(length, self.offset + start as u64);
    }

    /// Takes over what is behind the records of `before`.
    fn follow(&mut self, before: &mut Self) {
        let rest = before.rest();
        if self.buffer.len() < rest.len() {
            self.buffer.resize(rest.len(), 0);
        }
        for (to, from) in self.buffer.iter_mut().zip(rest) {
            *to = *from;
        }
        self.begin(rest.len(), before.offset + before.index.end() as u64);
        self.broken = before.broken.take();
    }

    /// Forgets all records, and the memory that only a long one needed.
    fn begin(&mut self, filled: usize, offset: u64) {
        let enough = BUFFER_BYTES.max(2 * filled);
        if self.buffer.len() > 2 * enough {
            self.buffer.truncate(enough);
            self.buffer.shrink_to_fit();
            self.index = RecordIndex::default();
        }
        self.index.clear(0);
        self.handed_out = 0;
        self.filled = filled;
        self.offset = offset;
    }

    /// Forgets the first `length` bytes, which are no record or its beginning.
    fn leave_out(&mut self, length: usize) {
        self.buffer.copy_within(length..self.filled, 0);
        self.begin(self.filled - length, self.offset + length as u64);
    }

    /// Makes room for more where a record fills the buffer alone.
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
    /// Reads from `source`; nothing is read before the first record is asked for.
    pub fn new(source: R) -> Self {
        Self::with_spare(source, Records::default())
    }

    /// Reads from `source` into the memory of records that nobody needs any more.
    pub fn with_spare(source: R, mut spare: Records) -> Self {
        spare.begin(0, 0);
        spare.broken = None;
        Self {
            source,
            records: spare,
            ended: false,
        }
    }

    /// What was read, for the next reader.
    pub fn into_spare(self) -> Records {
        self.records
    }

    /// The next record, or `None` at the end of the input.
    ///
    /// # Errors
    /// The stream's own, text that is not CSV, a record beyond the limit.
    #[inline]
    pub fn next_record(&mut self) -> Result<Option<Located<'_>>, ReadError> {
        if self.records.are_handed_out() {
            self.read_more()?;
        }
        Ok(self.records.next_record())
    }

    /// The next records, as many as are read at once, or `None` at the end of the input. `spare` is memory for those after
    /// them.
    ///
    /// # Errors
    /// Those of [`RecordReader::next_record`].
    pub fn next_records(&mut self, mut spare: Records) -> Result<Option<Records>, ReadError> {
        if self.records.are_handed_out() {
            self.read_more()?;
        }
        if self.records.are_handed_out() {
            return Ok(None);
        }
        spare.follow(&mut self.records);
        Ok(Some(std::mem::replace(&mut self.records, spare)))
    }

    /// Passes over a record that is [`ReadError::TooLong`], to its end, and holds none of it: the next record is the one
    /// after it.
    ///
    /// # Errors
    /// The stream's own; the record is not CSV.
    pub fn skip_record(&mut self) -> Result<(), ReadError> {
        let records = &mut self.records;
        let mut skip = Skip::default();
        loop {
            let filled = records.buffer.get(..records.filled).unwrap_or_default();
            if let Some(length) = skip.advance(filled)? {
                records.leave_out(length);
                return Ok(());
            }
            records.leave_out(records.filled);
            if self.ended {
                return skip.finish();
            }
            records.filled = fill(&mut self.source, &mut records.buffer)?;
            self.ended = records.filled < records.buffer.len();
        }
    }

    /// Reads until there is a whole record, or the input ends.
    fn read_more(&mut self) -> Result<(), ReadError> {
        let records = &mut self.records;
        while records.are_handed_out() {
            if let Some(broken) = records.broken.take() {
                return Err(broken);
            }
            records.keep_rest();
            if self.ended && records.filled == 0 {
                return Ok(());
            }
            if records.filled == records.buffer.len() {
                records.grow()?;
            }
            // To the brim, so that a long record is not looked at once per read.
            let room = records.buffer.get_mut(records.filled..).unwrap_or_default();
            let read = fill(&mut self.source, room)?;
            self.ended = read < room.len();
            records.filled += read;
            let filled = records.buffer.get(..records.filled).unwrap_or_default();
            records.broken = records.index.find(filled, self.ended).err();
        }
        Ok(())
    }
}

/// Fills `room` to the brim, or to the input's end: how many bytes came.
///
/// # Errors
/// The stream's own.
pub fn fill(source: &mut impl Read, room: &mut [u8]) -> io::Result<usize> {
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
        assert!(reader.into_spare().buffer.capacity() <= 2 * BUFFER_BYTES);
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
